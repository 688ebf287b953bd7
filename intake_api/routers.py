"""Every router of the intake door, one line each."""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
