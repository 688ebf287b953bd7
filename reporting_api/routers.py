"""Every router of the reporting door, one line each."""

from fastapi import APIRouter

from reporting_api import backlog, hotline, reports

ROUTERS: tuple[APIRouter, ...] = (hotline.router, reports.router, backlog.router)
