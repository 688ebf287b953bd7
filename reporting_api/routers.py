"""Every router of the reporting door, one line each."""

from fastapi import APIRouter

from reporting_api import backlog, reports

ROUTERS: tuple[APIRouter, ...] = (reports.router, backlog.router)
