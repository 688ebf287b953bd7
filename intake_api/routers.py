"""Every router of the intake door, one line each."""

from fastapi import APIRouter

from intake_api import attachments, categories, complaints, field_reports, hotline, members, sessions, tickets, units, wechat

ROUTERS: tuple[APIRouter, ...] = (
    attachments.router,
    categories.router,
    complaints.router,
    field_reports.router,
    hotline.router,
    members.router,
    sessions.router,
    tickets.router,
    units.router,
    wechat.router,
)
