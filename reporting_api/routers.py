"""Every router of the reporting door, one line each."""

from fastapi import APIRouter

from reporting_api import (
    activities,
    anchors,
    assessment,
    backlog,
    brigading,
    bulletins,
    coverage,
    dashboard,
    exports,
    hand_offs,
    hotline,
    notice,
    page_files,
    pairings,
    petition_figures,
    repeats,
    reports,
    saved,
    tickets,
    warnings,
)

ROUTERS: tuple[APIRouter, ...] = (
    hotline.router,
    hand_offs.router,
    repeats.router,
    activities.router,
    coverage.router,
    pairings.router,
    petition_figures.router,
    assessment.router,
    reports.router,
    tickets.router,
    backlog.router,
    notice.router,
    anchors.router,
    page_files.router,
    dashboard.router,
    bulletins.router,
    exports.router,
    saved.router,
    warnings.router,
    brigading.router,
)
