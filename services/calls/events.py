"""What an exchange says of a call, in one vocabulary whatever the exchange: a post becomes items, an item becomes events. Pure values.

Personal data (`number`, `recording`) is kept out of `Facts`, which is stored in clear; values that hold it have no `repr`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from services.calls.models import DIRECTIONS, DISPOSITIONS, SIDES
from services.platform.text import storable

STARTED, QUEUED, RINGING, ANSWERED = "started", "queued", "ringing", "answered"
COMPLETED, ABANDONED, LEFT = "completed", "abandoned", "left"
ENDED, RECORDING, RATED, NOTED = "ended", "recording", "rated", "noted"
KINDS = (STARTED, QUEUED, RINGING, ANSWERED, COMPLETED, ABANDONED, LEFT, ENDED, RECORDING, RATED, NOTED)
"""`started` a call came in · `queued` it asked for a person · `ringing` a person's telephone rang · `answered` a person answered ·
`completed` that talk is over · `abandoned` the caller hung up in the queue · `left` the queue let it go without an answer ·
`ended` it is over, with its record · `recording` there is a recording · `rated` the caller pressed a key after it ·
`noted` kept, says nothing about the call."""

LONGEST_ID = 200
LONGEST_WORD = 200
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


class Unreadable(ValueError):  # noqa: N818  raised like a finding about what came, not like an error of ours
    """What came cannot be read; its text is a short code without anything of what came, such as ``time.malformed``."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an event says, without personal data. `outcome` is what a call record makes of the call; `queued` that it asked for a person.

    `agent_name` is what a queue calls the agent, `extension` the telephone; instants are UTC, seconds whole. `satisfaction` is 1, 2 or 3.
    """

    direction: str | None = None
    dnis: str | None = None
    queue: str | None = None
    arrived_at: datetime | None = None
    queued_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    agent: str | None = None
    agent_name: str | None = None
    extension: str | None = None
    outcome: str | None = None
    queued: bool | None = None
    wait_seconds: int | None = None
    talk_seconds: int | None = None
    hang_up_side: str | None = None
    satisfaction: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the facts there are, for the row."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items() if value is not None}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Facts":
        """Return the facts of a row."""
        found: dict[str, Any] = {name: datetime.fromisoformat(value) if name.endswith("_at") else value for name, value in kept.items()}
        return cls(**found)


@dataclass(frozen=True, slots=True, repr=False)
class CallEvent:
    """One event. `part` tells several of a kind apart (the queue's name, say); `number` is the other person's telephone, as it came.

    `recording` is the name or address of a recording, as it came.
    """

    call_id: str
    kind: str
    part: str = ""
    linked_id: str | None = None
    happened_at: datetime | None = None
    facts: Facts = field(default_factory=Facts)
    number: str | None = None
    recording: str | None = None

    @property
    def event(self) -> str:
        """What makes the event one with its repeats."""
        return f"{self.kind}:{self.part}" if self.part else self.kind


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """One item of a post: its bytes unchanged, and the events that were read from it, or why none could be."""

    raw: bytes
    events: tuple[CallEvent, ...] = ()
    error: str | None = None


def checked(event: CallEvent) -> CallEvent:
    """Return `event`; raise Unreadable where it could not be kept or says what cannot be."""
    for name in (event.call_id, event.linked_id, event.part or None):
        if name is not None and (not name or len(name) > LONGEST_ID or _UNPRINTABLE.search(name)):
            raise Unreadable("call_id.malformed")
    facts = event.facts
    for word in (facts.dnis, facts.queue, facts.agent, facts.agent_name, facts.extension, event.number, event.call_id, event.linked_id):
        if word is not None:
            _require_word(word)
    for seconds in (facts.wait_seconds, facts.talk_seconds):
        if seconds is not None and not 0 <= seconds < 2**31:
            raise Unreadable("seconds.malformed")
    for value, known in ((facts.direction, DIRECTIONS), (facts.outcome, DISPOSITIONS), (facts.hang_up_side, SIDES), (event.kind, KINDS)):
        if value is not None and value not in known:
            raise Unreadable("value.unknown")
    return event


def _require_word(word: str) -> None:
    try:
        storable(word)
    except ValueError:
        raise Unreadable("text.not_storable") from None
    if len(word) > LONGEST_WORD:
        raise Unreadable("text.too_long")
