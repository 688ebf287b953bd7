"""What becomes of the same matter told again: told what is known, or refused with the way it has to go. Pure.

A repeat brings nothing new: it gets no ticket, the person is told the answer there was, or how far it is. What is new goes another way, and
the refusal names it in `use`: ``supplement`` while the matter is open, ``reopen`` while that is allowed, else ``file``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.platform.errors import Conflict
from services.tickets.lifecycle import OPEN

WITHIN = timedelta(hours=1)
"""Several repeats of one person within this long are counted as one: an angry quarter of an hour is not five people."""
ANSWER, PROGRESS = "answer", "progress"
_ANSWERED = ("answered", "closed")
_ADVICE = {
    "supplement": "It is still open: lay what is new beside it with POST /v1/tickets/{number}/supplements.",
    "reopen": "It has ended: take the action `reopen` on it, with what is new in its words.",
    "file": "It has ended for good: file what is new as a complaint that names this number.",
}


@dataclass(frozen=True, slots=True)
class Matter:
    """How a matter stands that is told again. `status` is that of the ticket it goes on in, `in_confidence` how its people told it."""

    status: str
    urgency: str
    closed_at: datetime | None
    reopen_days: int
    has_answer: bool
    in_confidence: bool


@dataclass(frozen=True, slots=True)
class Again:
    """What is told again. `danger` is the word that speaks of danger to life."""

    new_facts: bool
    danger: str | None
    same_person: bool


def told(matter: Matter, again: Again, now: datetime) -> str:
    """Return what the person is told, `ANSWER` or `PROGRESS`.

    Raises Conflict ``repeat.cancelled`` for a matter nobody handled, ``repeat.new_facts`` for what is no repeat, and
    ``repeat.in_confidence`` where somebody else must not learn how it stands.
    """
    if matter.status == "cancelled":
        raise Conflict("repeat.cancelled", "That ticket was withdrawn, nobody handled it. " + _ADVICE["file"], extra={"use": "file"})
    danger = again.danger is not None and (matter.status not in OPEN or matter.urgency != "emergency")
    if again.new_facts or danger:
        use = _way(matter, now, danger=danger)
        raise Conflict("repeat.new_facts", "This brings something new, so it is no repeat. " + _ADVICE[use], extra={"use": use})
    if matter.in_confidence and not again.same_person:
        raise in_confidence()
    return ANSWER if matter.has_answer and matter.status in _ANSWERED else PROGRESS


def in_confidence() -> Conflict:
    """Return the refusal where somebody else told the matter in confidence."""
    detail = "That matter was told in confidence by somebody else. File this one for itself; the desk may merge the two."
    return Conflict("repeat.in_confidence", detail, extra={"use": "file"})


def is_counted(now: datetime, before: list[datetime]) -> bool:
    """Tell whether a repeat counts: no repeat of the same person that was counted (`before`) lies within the hour.

    Of two at the same moment the one that waited for the other may have begun first: what is a little later than `now` counts as before.
    """
    return not any(at > now - WITHIN for at in before)


def _way(matter: Matter, now: datetime, *, danger: bool) -> str:
    if matter.status in OPEN:
        return "supplement"
    if danger or matter.status not in ("closed", "rejected"):
        return "file"
    late = matter.closed_at is not None and now > matter.closed_at + timedelta(days=matter.reopen_days)
    return "file" if late else "reopen"
