"""A ticket's fact from its events alone: pure.

Every event of a ticket says in ``data["now"]`` which columns it changed and to what (`services/tickets/telling.py`), and what became of the
clocks that reports judge. So a fact follows from the journal: the same events give the same fact whenever they are read, and all but the
newest events give the fact as it was known before.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from services.reports.facts import EXCLUDED, RAISED_WITHIN, Fact, Places, higher, rounded_minutes

RECEIVED, RESTATED = "ticket.received", "ticket.restated"
_IN_FORCE = ("granted", "upheld")
_INSTANTS = frozenset({"received_at", "dispatched_at", "accepted_at", "resolved_at", "closed_at", "suspended_at"})
_IDS = frozenset({"lead_unit_id", "lead_member_id", "desk_unit_id"})
_STAGES = frozenset({"accept", "resolve", "answer"})


class Seen(NamedTuple):
    """An event as folding sees it."""

    seq: int
    type: str
    happened_at: datetime
    recorded_at: datetime
    data: Mapping[str, Any]


class Told(NamedTuple):
    """What an event told of a clock; `paused` in seconds."""

    state: str
    first_due: datetime
    due: datetime
    stopped: datetime | None
    paused: int


class Folding:
    """What a ticket is after the events taken so far. `told` is False until an event said what the ticket was from its beginning."""

    def __init__(self, ticket_id: UUID) -> None:
        self.ticket_id = ticket_id
        self.told = False
        self.version = 0
        self.known_at: datetime | None = None
        self._now: dict[str, Any] = {"hand_offs": 0, "returns": 0}
        self._clocks: dict[tuple[str, int, int], Told] = {}
        self._first_accepted: datetime | None = None
        self._extended = self._paused = self._reopened = self._raised = self._unreasonable = False
        self._settled_at: datetime | None = None
        self._settled_tier: str | None = None
        self._called_at: datetime | None = None
        self._called_round = 0
        self._words: dict[str, bool | None] = {}

    def take(self, event: Seen) -> None:
        """Take the next event; events come in the order of `seq`. One that was taken before is skipped."""
        if event.seq <= self.version:
            return
        self.version = event.seq
        self.known_at = max(self.known_at or event.recorded_at, event.recorded_at)
        if event.type == RECEIVED and "area_path" in event.data:
            self._begin(event)
        before = self._now.get("round"), self._now.get("status")
        now = event.data.get("now")
        if now:
            self._change(now)
            self.told = self.told or event.type == RESTATED
        special = _SPECIAL.get(event.type)
        if special is not None:
            special(self, event, before[0])
        if now and self.told:
            self._follow(event, before[0], before[1])

    def _begin(self, event: Seen) -> None:
        data = event.data
        self.told = True
        names = ("number", "channel", "source", "urgency", "privacy", "area_path")
        self._now |= {name: data[name] for name in names}
        self._now |= {"category_code": data["category"], "status": "received", "round": 1, "received_at": event.happened_at}

    def _change(self, now: Mapping[str, Any]) -> None:
        for name, value in now.items():
            if name in _STAGES:
                for number, turn, state, first_due, due, stopped, paused in value:
                    ended = datetime.fromisoformat(stopped) if stopped else None
                    told = Told(state, datetime.fromisoformat(first_due), datetime.fromisoformat(due), ended, paused)
                    self._clocks[name, number, turn] = told
            elif value is not None and name in _INSTANTS:
                self._now[name] = datetime.fromisoformat(value)
            elif value is not None and name in _IDS:
                self._now[name] = UUID(value)
            else:
                self._now[name] = value

    def _follow(self, event: Seen, round_before: int | None, status_before: str | None) -> None:
        """Take note of what happened in the order it did: first acceptance, pauses, closings, and what came after them."""
        now = self._now
        if self._first_accepted is None:
            self._first_accepted = now.get("accepted_at")
        self._paused = self._paused or now.get("suspended_at") is not None
        if round_before is not None and now["round"] > round_before:
            self._unreasonable = False
            self._reopened = self._reopened or status_before == "closed"
        if now["status"] == "closed" and self._settled_at is None:
            self._settled_at, self._settled_tier = now.get("closed_at"), now.get("tier")
        elif self._settled_at is not None and now["status"] != "closed" and event.recorded_at - self._settled_at <= RAISED_WITHIN:
            self._raised = self._raised or higher(now.get("tier"), self._settled_tier)

    def _called(self, event: Seen, round_: int | None) -> None:
        number, data = round_ or 1, event.data
        if number > self._called_round:
            self._called_round, self._words = number, {}
        self._called_at = event.recorded_at
        self._words["reached"] = bool(data["reached"] or self._words.get("reached"))
        for word in ("contacted", "solved", "satisfied"):
            if data.get(word) is not None:
                self._words[word] = data[word]

    def _excluded(self, event: Seen, _round: int | None) -> None:
        if event.data.get("round") == self._now.get("round"):
            self._unreasonable = event.data.get("state") in _IN_FORCE

    def _more_time(self, event: Seen, _round: int | None) -> None:
        self._extended = self._extended or bool(event.data.get("granted"))

    def _restated(self, event: Seen, _round: int | None) -> None:
        """Take over what an older journal did not tell; see :func:`services.reports.restating.restate`."""
        told = event.data["so_far"]
        self._extended, self._paused = told["extended"], told["paused"]
        self._reopened, self._unreasonable = told["reopened"], told["unreasonable"]
        self._first_accepted = _instant(told["first_accepted_at"])
        self._settled_at, self._settled_tier = _instant(told["settled_at"]), told["settled_tier"]
        self._called_at, self._called_round = _instant(told["called_at"]), told["called_round"] or 0
        self._words = {name: told[name] for name in ("reached", "contacted", "solved", "satisfied")} if self._called_at else {}

    def _clock(self, stage: str, *, first: bool = False) -> Told | None:
        number = self._now["round"]
        turns = [key[2] for key, told in self._clocks.items() if key[0] == stage and key[1] == number and told.state != "cancelled"]
        return self._clocks[stage, number, min(turns) if first else max(turns)] if turns else None

    def fact(self, places: Places) -> Fact:
        """Return the fact; only where `told`."""
        now, words = self._now, self._words
        assert self.known_at is not None
        status, closed_at, lead = now["status"], now.get("closed_at"), now.get("lead_unit_id")
        completed_at = closed_at if status == "closed" else None
        resolve = self._clock("resolve")
        _county, *areas = places.of(now["area_path"])
        return Fact._make(
            (
                *(self.ticket_id, now["number"], self.version, self.known_at, now["round"], status, now["source"], now["channel"]),
                *(now["category_code"], now["urgency"], now["privacy"], now["area_path"], *areas),
                *(
                    now.get("tier"),
                    lead,
                    now.get("lead_member_id"),
                    now.get("desk_unit_id"),
                    now["received_at"],
                    now.get("dispatched_at"),
                    now.get("accepted_at"),
                ),
                *(now.get("resolved_at"), closed_at, completed_at),
                *((resolve.due, resolve.first_due, resolve.stopped) if resolve else (None, None, None)),
                status not in EXCLUDED,
                now.get("dispatched_at") is not None,
                completed_at is not None,
                now.get("resolved_at") is not None,
                completed_at is not None and lead is not None and lead == now.get("desk_unit_id"),
                *_verdicts(resolve, completed_at),
                _kept(self._clock("accept", first=True)),
                _kept(self._clock("answer")),
                completed_at is None and now.get("suspended_at") is not None,
                *(self._paused, self._extended, now["returns"] > 0, now["hand_offs"] > 0),
                *(self._settled_at, self._settled_tier, self._reopened, self._raised),
                self._called_at,
                *(words.get(word) for word in ("reached", "contacted", "solved", "satisfied")),
                now["round"] > 1,
                self._unreasonable,
                *self._durations(completed_at),
            )
        )

    def _durations(self, completed_at: datetime | None) -> tuple[int | None, ...]:
        now, began = self._now, self._first_accepted
        received, dispatched, resolved = now["received_at"], now.get("dispatched_at"), now.get("resolved_at")
        less = timedelta(seconds=sum(told.paused for key, told in self._clocks.items() if key[0] == "resolve"))
        return (
            rounded_minutes(received, dispatched),
            rounded_minutes(dispatched, began),
            rounded_minutes(began, resolved),
            rounded_minutes(began, resolved, less),
            rounded_minutes(received, completed_at),
            rounded_minutes(received, completed_at, less),
        )


def _verdicts(resolve: Told | None, completed_at: datetime | None) -> tuple[bool | None, ...]:
    """Return whether it was closed by the present and by the first due instant, and the disposal over by the present one."""
    if resolve is None or completed_at is None:
        return None, None, None
    disposed = resolve.stopped is not None and resolve.stopped <= resolve.due
    return completed_at <= resolve.due, completed_at <= resolve.first_due, disposed


def _kept(clock: Told | None) -> bool | None:
    return clock.stopped <= clock.due if clock and clock.stopped else None


_SPECIAL = {
    "ticket.called_back": Folding._called,  # noqa: SLF001  its own methods
    "ticket.exclusion_decided": Folding._excluded,  # noqa: SLF001
    "ticket.exclusion_appealed": Folding._excluded,  # noqa: SLF001
    "ticket.exclusion_closed": Folding._excluded,  # noqa: SLF001
    "ticket.extension_decided": Folding._more_time,  # noqa: SLF001
    RESTATED: Folding._restated,  # noqa: SLF001
}


TELLING = sorted({RECEIVED, *_SPECIAL})
"""Types of event that tell something of a ticket beside what stands in ``now``."""


def steps(ticket_id: UUID, events: Iterable[Seen], places: Places) -> list[Fact]:
    """Return the fact after each event that changed it, oldest first; none for a ticket whose journal does not tell."""
    folding, found = Folding(ticket_id), list[Fact]()
    for event in events:
        folding.take(event)
        if folding.told:
            follow(found, folding.fact(places))
    return found


def follow(found: list[Fact], fact: Fact) -> None:
    """Let `fact` come after those found so far, where it says something else than the last of them.

    Of several events recorded at the same instant only the last counts: nobody could know of the ones between.
    """
    last = found[-1] if found else None
    if last is None or last.known_at < fact.known_at:
        if last is None or not same(last, fact):
            found.append(fact)
    else:
        found[-1] = fact


def same(one: Fact, other: Fact) -> bool:
    """Tell whether two facts say the same of a ticket, whichever event said so."""
    return one[4:] == other[4:]


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
