"""Every router of the intake door, one line each."""

from fastapi import APIRouter

from intake_api import categories, complaints, hotline, members, sessions, tickets, units, wechat

ROUTERS: tuple[APIRouter, ...] = (
    categories.router,
    complaints.router,
    hotline.router,
    members.router,
    sessions.router,
    tickets.router,
    units.router,
    wechat.router,
)
