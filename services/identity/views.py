"""Answers about who is signed in."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.identity.permissions import PERMISSIONS, may
from services.identity.sessions import Opened
from services.organization.models import ROLES
from services.platform.actor import Actor

_SEAT: dict[str, Any] = {
    "role": "township_dispatcher",
    "title": "乡镇调度员",
    "unit_code": "441624108",
    "tier": "township",
    "function": None,
    "acting_for": None,
    "acting_until": None,
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
    acting_for: str | None = Field(default=None, description="Whose post it is, where one acts for somebody on leave (代班).")
    acting_until: date | None = Field(default=None, description="The first day that is over.")


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


_SESSION_ID = "0198f2a0-7c00-7000-8000-000000000002"
_SESSION: dict[str, Any] = {
    "session_id": _SESSION_ID,
    "access_token": "eyJhbGciOiJIUzI1NiJ9.….…",
    "token_type": "bearer",
    "expires_at": "2026-11-22T08:15:00Z",
    "expires_in": 900,
    "refresh_token": "dgjr_AZ…",
    "refresh_expires_at": "2026-11-22T16:00:00Z",
    "due": None,
    "member": _MEMBER,
    "seats": [_SEAT],
}


class SessionView(BaseModel):
    """A session: `access_token` is the bearer token until `expires_at`; before that, `refresh_token` gives the next pair."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SESSION]})

    session_id: UUID
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  the word RFC 6750 wants
    expires_at: datetime
    expires_in: int = Field(description="Seconds until then, for clients whose clock is wrong.")
    refresh_token: str = Field(description="Good once, for POST /v1/sessions/refresh.")
    refresh_expires_at: datetime = Field(description="When the session is over unless it is refreshed.")
    due: Literal["password", "second_factor"] | None = Field(
        description="What must be done before anything else is answered: change a password for once, or enrol a second factor."
    )
    member: MemberName
    seats: list[SeatView]


class DeviceView(BaseModel):
    """A live session of one's own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _SESSION_ID,
                    "device": "Chrome · Windows",
                    "current": True,
                    "second_factor": False,
                    "opened_at": "2026-11-22T00:31:00Z",
                    "used_at": "2026-11-22T08:00:00Z",
                    "expires_at": "2026-11-22T16:00:00Z",
                }
            ]
        }
    )

    id: UUID
    device: str
    current: bool = Field(description="Whether this request is of that session.")
    second_factor: bool = Field(description="Whether it was opened with a second factor.")
    opened_at: datetime
    used_at: datetime = Field(description="The hour in which it was last refreshed.")
    expires_at: datetime


class EnrolmentView(BaseModel):
    """What an authenticator is told, this once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
                    "uri": "otpauth://totp/%E5%A4%A7%E7%AE%A1%E5%AE%B6:pengzhai?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=…",
                }
            ]
        }
    )

    secret: str = Field(description="Base32, to be typed in.")
    uri: str = Field(description="The same as an otpauth URI, for a picture or a link.")


_CODES: list[Any] = ["K7QPM-2XWRT", "9BHCD-E4FGJ"]


class RecoveryCodesView(BaseModel):
    """Codes that each stand in for the authenticator once. They are not shown again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"recovery_codes": _CODES}]})

    recovery_codes: list[str]


class ConfirmedView(RecoveryCodesView):
    """A second factor that counts from now on; `session` has the tokens of this session from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"recovery_codes": _CODES, "session": _SESSION}]})

    session: SessionView | None = Field(description="null for a token of no session: sign in.")


class SecondFactorView(BaseModel):
    """How it stands with one's second factor."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"confirmed_at": "2026-11-20T01:00:00Z", "recovery_codes_left": 10, "wanted": True, "enforced": False}]
        }
    )

    confirmed_at: datetime | None = Field(description="Since when a code is asked for; null: none is.")
    recovery_codes_left: int
    wanted: bool = Field(description="Whether one of your posts should have one.")
    enforced: bool = Field(description="Whether such a post can do nothing without.")


class AccountView(BaseModel):
    """An account as administrators see it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "member_id": _MEMBER["id"],
                    "login": "pengzhai",
                    "name": "黄小明",
                    "disabled": False,
                    "disabled_at": None,
                    "disabled_why": None,
                    "left_on": None,
                    "locked_until": None,
                    "one_time_until": None,
                    "second_factor": True,
                    "sessions": 2,
                }
            ]
        }
    )

    member_id: UUID
    login: str
    name: str
    disabled: bool = Field(description="Closed (停用): nobody signs in, and no key borrows from it.")
    disabled_at: datetime | None
    disabled_why: str | None = Field(description="left, transferred, suspended, compromised, unused, mistake or other.")
    left_on: date | None = Field(description="Since when the member is gone: from that day nobody signs in either.")
    locked_until: datetime | None
    one_time_until: datetime | None = Field(description="Until when a password for once is good; null where they have one of their own.")
    second_factor: bool
    sessions: int = Field(description="Live sessions.")


class OneTimePasswordView(BaseModel):
    """A password for once: it is not shown again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"login": "pengzhai", "password": "k7qp-m2xw-rt9b-hcde", "until": "2026-11-25T08:00:00Z"}]}
    )

    login: str
    password: str
    until: datetime


def session_view(opened: Opened) -> SessionView:
    """Return a session as its client is told."""
    return SessionView(
        session_id=opened.session_id,
        access_token=opened.token,
        expires_at=opened.expires_at,
        expires_in=opened.expires_in,
        refresh_token=opened.refresh_token,
        refresh_expires_at=opened.refresh_expires_at,
        due=opened.due,
        member=member_name(opened.actor),
        seats=seats_of(opened.actor),
    )


def member_name(actor: Actor) -> MemberName:
    """Return the member an actor is."""
    assert actor.member_id is not None
    return MemberName(id=actor.member_id, name=actor.name)


def seats_of(actor: Actor) -> list[SeatView]:
    """Return the seats of an actor, the main one first."""
    return [
        SeatView(
            role=seat.role,
            title=ROLES[seat.role],
            unit_code=seat.unit_code,
            tier=seat.tier,
            function=seat.function,
            acting_for=seat.acting.name if seat.acting else None,
            acting_until=seat.acting.until if seat.acting else None,
        )
        for seat in actor.seats
    ]


def me(actor: Actor) -> Me:
    """Return who is signed in."""
    return Me(member=member_name(actor), seats=seats_of(actor), permissions=sorted(action for action in PERMISSIONS if may(actor, action)))
