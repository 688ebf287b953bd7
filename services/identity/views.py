"""Answers about who is signed in."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.identity.permissions import PERMISSIONS, may
from services.organization.models import ROLES
from services.platform.actor import Actor

_SEAT: dict[str, Any] = {
    "role": "township_dispatcher",
    "title": "乡镇调度员",
    "unit_code": "441624108",
    "tier": "township",
    "function": None,
}
_MEMBER: dict[str, Any] = {"id": "0198f2a0-7c00-7000-8000-000000000001", "name": "黄小明"}


class SeatView(BaseModel):
    """A post held now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SEAT]})

    role: str
    title: str
    unit_code: str
    tier: str
    function: str | None


class MemberName(BaseModel):
    """Who it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MEMBER]})

    id: UUID
    name: str


class Me(BaseModel):
    """Who is signed in, the seats they hold (the main one first), and what they may do."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"member": _MEMBER, "seats": [_SEAT], "permissions": ["hotline.file", "ticket.read"]}]}
    )

    member: MemberName
    seats: list[SeatView]
    permissions: list[str] = Field(description="Actions outside of tickets; those of a ticket depend on the ticket.")


class SessionView(BaseModel):
    """A session: send `access_token` as ``Authorization: Bearer …`` until `expires_at`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "access_token": "eyJhbGciOiJIUzI1NiJ9.….…",
                    "token_type": "bearer",
                    "expires_at": "2026-11-22T16:00:00Z",
                    "member": _MEMBER,
                    "seats": [_SEAT],
                }
            ]
        }
    )

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  the word RFC 6750 wants
    expires_at: datetime
    member: MemberName
    seats: list[SeatView]


def member_name(actor: Actor) -> MemberName:
    """Return the member an actor is."""
    assert actor.member_id is not None
    return MemberName(id=actor.member_id, name=actor.name)


def seats_of(actor: Actor) -> list[SeatView]:
    """Return the seats of an actor, the main one first."""
    return [
        SeatView(role=seat.role, title=ROLES[seat.role], unit_code=seat.unit_code, tier=seat.tier, function=seat.function)
        for seat in actor.seats
    ]


def me(actor: Actor) -> Me:
    """Return who is signed in."""
    return Me(member=member_name(actor), seats=seats_of(actor), permissions=sorted(action for action in PERMISSIONS if may(actor, action)))
