"""What all events of a call mean together: one pure function, whatever the order they came in.

The truth is in the queue's events. A call record alone (CDR) calls everything answered that the voice menu picked up: so its word counts
only where the queue said nothing, and then wait and talk stay unknown. A late start opens nothing again, a lost one loses nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from services.calls.events import ABANDONED, ANSWERED, COMPLETED, ENDED, LEFT, QUEUED, RINGING, STARTED, Facts

_QUEUE_KINDS = frozenset({QUEUED, RINGING, ANSWERED, COMPLETED, ABANDONED, LEFT})
_ASKED_FOR_A_PERSON = frozenset({"answered", "abandoned_in_queue"})
_SAME_SECOND = 1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as it is kept."""

    call_id: str
    kind: str
    event: str
    happened_at: datetime | None
    received_at: datetime
    facts: Facts

    @property
    def at(self) -> datetime:
        """When it happened; where the exchange does not say, when we heard of it."""
        return self.happened_at or self.received_at


@dataclass(frozen=True, slots=True)
class Reading:
    """A call. `disposition` is None until it has ended; seconds are None where nobody knows them."""

    direction: str
    dnis: str | None
    queue: str | None
    arrived_at: datetime
    queued_at: datetime | None
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    agent: str | None
    extension: str | None
    disposition: str | None
    basis: str
    queued: bool
    wait_seconds: int | None
    talk_seconds: int | None
    hang_up_side: str | None
    satisfaction: int | None


def read_call(root: str, heard: Sequence[Heard]) -> Reading:
    """Return what the events `heard` (at least one) of the call `root` and its legs mean."""
    return _Call(root, heard).reading()


class _Call:
    """All events of a call in one order that does not depend on their arrival: the call's own before its legs', then by time."""

    def __init__(self, root: str, heard: Sequence[Heard]) -> None:
        order = sorted(heard, key=lambda one: (one.call_id != root, one.happened_at is None, one.at, one.event, one.call_id))
        main = root if any(one.call_id == root for one in order) else order[0].call_id
        self.all = order
        self.own = [one for one in order if one.call_id == main]
        self.by_kind: dict[str, list[Heard]] = {}
        for one in order:
            self.by_kind.setdefault(one.kind, []).append(one)

    def reading(self) -> Reading:
        queued_at = self._instant("queued_at", (QUEUED,))
        answered_at = self._instant("answered_at", (ANSWERED,))
        ended_at = self._ended_at()
        answered, abandoned, left = (bool(self.by_kind.get(kind)) for kind in (ANSWERED, ABANDONED, LEFT))
        answered = answered or bool(self.by_kind.get(COMPLETED)) or answered_at is not None
        by_queue = any(one.kind in _QUEUE_KINDS for one in self.all)
        outcome = self._first("outcome", self.own)
        disposition = None
        if ended_at is not None:
            disposition = _disposition(answered, abandoned, left, by_queue, outcome)
        reached = answered or (disposition == "answered")
        asked = self._first("queued") or self._has(QUEUED, ANSWERED, COMPLETED, ABANDONED) or disposition in _ASKED_FOR_A_PERSON
        return Reading(
            direction=self._first("direction", self.own) or self._first("direction") or "inbound",
            dnis=self._first("dnis", self.own) or self._first("dnis"),
            queue=self._first("queue"),
            arrived_at=self._arrived_at(queued_at, answered_at),
            queued_at=queued_at,
            ringing_at=self._instant("ringing_at", (RINGING,)),
            answered_at=answered_at,
            ended_at=ended_at,
            agent=self._agent() if reached else None,
            extension=_extension(self._first("extension") or self._first("agent")) if reached else None,
            disposition=disposition,
            basis="queue" if by_queue else "record",
            queued=bool(asked),
            wait_seconds=self._wait(queued_at, answered_at),
            talk_seconds=self._talk(disposition, answered_at, ended_at),
            hang_up_side=self._first("hang_up_side"),
            satisfaction=self._first("satisfaction"),
        )

    def _has(self, *kinds: str) -> bool:
        return any(kind in self.by_kind for kind in kinds)

    def _first(self, name: str, among: Sequence[Heard] | None = None) -> Any:
        return next(_present(getattr(one.facts, name) for one in (self.all if among is None else among)), None)

    def _instant(self, name: str, kinds: Iterable[str]) -> datetime | None:
        """The earliest instant that is said; where none is, when we heard of the events of `kinds`."""
        own = [one for kind in kinds for one in self.by_kind.get(kind, ())]
        return self._told(name, kinds) or min((one.received_at for one in own), default=None)

    def _told(self, name: str, kinds: Iterable[str]) -> datetime | None:
        """The earliest instant the exchange says, or at which events of `kinds` happened."""
        said = list(_present(getattr(one.facts, name) for one in self.all))
        said += _present(one.happened_at for kind in kinds for one in self.by_kind.get(kind, ()))
        return min(said, default=None)

    def _arrived_at(self, *later: datetime | None) -> datetime:
        said = list(_present(one.facts.arrived_at for one in self.own))
        said += [one.happened_at for one in self.own if one.kind == STARTED and one.happened_at is not None]
        if said:
            return min(said)
        known = [*_present(later), *_present(one.facts.arrived_at for one in self.all), *_present(one.happened_at for one in self.all)]
        return min(known or [one.received_at for one in self.all])

    def _ended_at(self) -> datetime | None:
        """When the call itself ended: a leg that ends ends nothing but itself. The queue's word that talk or wait is over will do."""
        ends = [one for one in self.own if one.kind == ENDED or one.facts.ended_at is not None]
        said = list(_present(one.facts.ended_at or one.happened_at for one in ends))
        if said:
            return max(said)
        if ends:
            return max(one.received_at for one in ends)
        over = [one for one in self.own if one.kind in (COMPLETED, ABANDONED)]
        return max((one.at for one in over), default=None)

    def _agent(self) -> str | None:
        found: str | None = self._first("agent") or self._first("extension") or self._first("agent_name")
        return found

    def _wait(self, queued_at: datetime | None, answered_at: datetime | None) -> int | None:
        """As the queue says; where the caller went through it several times, all of it together."""
        kinds = (ANSWERED, COMPLETED) if self._has(ANSWERED, COMPLETED) else (ABANDONED, LEFT)
        ends = [one for kind in kinds for one in self.by_kind.get(kind, ())]
        said = next(_present(one.facts.wait_seconds for one in ends), None)
        said = self._first("wait_seconds", self.own) if said is None else said
        over = max(_present(one.happened_at for one in ends if one.kind in (ABANDONED, LEFT)), default=None)
        passed = _seconds(self._told("queued_at", (QUEUED,)), self._told("answered_at", (ANSWERED,)) or over)
        if said is None:
            return _seconds(queued_at, answered_at or over) if passed is None else passed
        return passed if passed is not None and passed - said > _SAME_SECOND else said

    def _talk(self, disposition: str | None, answered_at: datetime | None, ended_at: datetime | None) -> int | None:
        if disposition is None:
            return None
        if disposition != "answered":
            return 0
        said = list(_present(one.facts.talk_seconds for one in self.by_kind.get(COMPLETED, ())))
        if said:
            return sum(said)
        of_record: int | None = self._first("talk_seconds", self.own)
        return of_record if of_record is not None else _seconds(answered_at, ended_at)


def _disposition(answered: bool, abandoned: bool, left: bool, by_queue: bool, outcome: str | None) -> str:
    """What became of a call that has ended: the queue's word before the record's."""
    if answered:
        return "answered"
    if abandoned:
        return "abandoned_in_queue"
    if left:
        return outcome if outcome in ("out_of_hours", "busy") else "failed"
    if by_queue:  # it stood in the queue, nobody answered, and the record says it is over
        return outcome if outcome in ("out_of_hours", "busy", "failed") else "abandoned_in_queue"
    return outcome or "failed"


def _extension(interface: str | None) -> str | None:
    """``PJSIP/agent1001`` rings at ``agent1001``."""
    return interface.rpartition("/")[2] or None if interface else None


def _seconds(begin: datetime | None, end: datetime | None) -> int | None:
    return max(0, int((end - begin).total_seconds())) if begin is not None and end is not None else None


def _present(values: Iterable[T | None]) -> Iterator[T]:
    return (value for value in values if value is not None)
