"""Every router of the intake door, one line each; an address is looked for in this order, so the busiest come first."""

from fastapi import APIRouter

from intake_api import (
    attachments,
    call_records,
    calls,
    categories,
    complaints,
    connections,
    desk,
    field_reports,
    field_sync,
    hotline,
    members,
    open311,
    petitions,
    sessions,
    tickets,
    units,
    webhook_subscriptions,
    uploads,
    wechat,
    wecom,
)

ROUTERS: tuple[APIRouter, ...] = (
    hotline.router,
    call_records.router,
    calls.router,
    wechat.router,
    wecom.router,
    field_reports.router,
    field_sync.router,
    petitions.router,
    tickets.router,
    complaints.router,
    attachments.router,
    uploads.router,
    sessions.router,
    categories.router,
    units.router,
    members.router,
    connections.router,
    desk.router,
    webhook_subscriptions.router,
    open311.router,
)
