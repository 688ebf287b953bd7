"""A ticket's status in the words of Open311 and of FixMyStreet, and back. Pure.

Open311 knows open and closed. What lies between is said in `status_notes`, and to clients that ask for `extensions` in FixMyStreet's words.
"""

from datetime import datetime

from services.platform.clock import SHANGHAI
from services.tickets.lifecycle import OPEN, STATUS_NAMES

ENDED = tuple(status for status in STATUS_NAMES if status not in OPEN)
_FIXMYSTREET = {
    "received": "OPEN",
    "dispatched": "INVESTIGATING",
    "accepted": "IN_PROGRESS",
    "resolved": "IN_PROGRESS",
    "answered": "FIXED",
    "closed": "CLOSED",
    "rejected": "NO_FURTHER_ACTION",
    "cancelled": "CANCELLED",
    "merged": "DUPLICATE",
}
"""`resolved` is still in progress: the work is said to be done, and nobody else has looked yet."""

SENT = frozenset(
    {
        "OPEN", "CLOSED", "FIXED", "IN_PROGRESS", "ACTION_SCHEDULED", "INVESTIGATING", "DUPLICATE", "NOT_COUNCILS_RESPONSIBILITY",
        "NO_FURTHER_ACTION", "INTERNAL_REFERRAL", "FOR_TRIAGE", "CANCELLED", "REOPEN",
    }
)  # fmt: skip
"""Statuses that clients send with an update."""
_VERDICTS = {"FIXED": True, "REOPEN": False}


def open_or_closed(status: str) -> str:
    """Return a ticket's status as Open311 knows it."""
    return "open" if status in OPEN else "closed"


def fixmystreet_status(status: str) -> str:
    """Return a ticket's status as FixMyStreet calls it."""
    return _FIXMYSTREET[status]


def solved_by(status: str) -> bool | None:
    """Return what a status that a complainant sends says of the result: solved, not solved, or nothing."""
    return _VERDICTS.get(status)


def w3c(instant: datetime | None) -> str | None:
    """Return an instant as Open311 writes it: ``2026-11-22T10:10:00+08:00``."""
    return None if instant is None else instant.astimezone(SHANGHAI).isoformat(timespec="seconds")
