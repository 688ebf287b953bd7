"""Every router of the reporting door, one line each."""

from fastapi import APIRouter

from reporting_api import activities, assessment, backlog, dashboard, hand_offs, hotline, page_files, repeats, reports

ROUTERS: tuple[APIRouter, ...] = (
    hotline.router,
    hand_offs.router,
    repeats.router,
    activities.router,
    assessment.router,
    reports.router,
    backlog.router,
    page_files.router,
    dashboard.router,
)
