"""Every router of the intake door, one line each."""

from fastapi import APIRouter

from intake_api import hotline

ROUTERS: tuple[APIRouter, ...] = (hotline.router,)
