"""Every router of the reporting door, one line each."""

from fastapi import APIRouter

from reporting_api import backlog, dashboard, hand_offs, hotline, page_files, repeats, reports

ROUTERS: tuple[APIRouter, ...] = (
    hotline.router,
    hand_offs.router,
    repeats.router,
    reports.router,
    backlog.router,
    page_files.router,
    dashboard.router,
)
