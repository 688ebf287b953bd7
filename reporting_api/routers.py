"""Every router of the reporting door, one line each."""

from fastapi import APIRouter

from reporting_api import backlog, hotline, repeats, reports

ROUTERS: tuple[APIRouter, ...] = (hotline.router, repeats.router, reports.router, backlog.router)
