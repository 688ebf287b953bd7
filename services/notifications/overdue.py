"""What units are told of clocks that run out: one message a ticket, and one digest where there would be many. Pure.

A `ticket.escalated` event says whom of what (`tells`, see `services/tickets/lateness.py`). Told is the highest level whose clock still runs
when the message is written: nobody is urged to do what has been done meanwhile.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.deadlines.models import STAGE_NAMES
from services.platform.clock import local_text

FEW = 5
"""As many messages of escalations a unit gets at once; where there would be more, it gets one digest."""
_SHOWN = 5
_KEPT = _SHOWN + 1
_RANKS = ("urge", "supervise", "raise", "list")
LEVELS: Mapping[str, str] = {"urge": "催办", "supervise": "督办", "raise": "上报上一级", "list": "通报"}


@dataclass(frozen=True, slots=True)
class Late:
    """What one unit is told of one ticket: as what (`late`, `above`, `holder`, `relieved`), the highest level, and of which stages."""

    role: str
    name: str
    stages: tuple[str, ...]
    early: bool
    due_at: datetime
    late_unit_id: UUID | None
    number: str

    @property
    def urgency(self) -> tuple[int, datetime, str]:
        """The most urgent come first: by the level, then the longest overdue."""
        return (-(0 if self.early else 1 + _RANKS.index(self.name)), self.due_at, self.number)


def late_of(tell: Mapping[str, Any], number: str, over: Collection[UUID]) -> Late | None:
    """Return what a unit is told of a ticket; None where every clock it would be about is over by now."""
    levels = [level for level in tell["levels"] if UUID(level["clock_id"]) not in over]
    if not levels:
        return None
    highest = max(levels, key=lambda level: (not level["early"], _RANKS.index(level["name"])))
    late = highest["late_unit_id"]
    return Late(
        role=tell["as"],
        name=highest["name"],
        stages=tuple(dict.fromkeys(level["stage"] for level in levels if level["early"] == highest["early"])),
        early=highest["early"],
        due_at=datetime.fromisoformat(highest["due_at"]),
        late_unit_id=UUID(late) if late else None,
        number=number,
    )


def words_of(late: Late, matter: str, late_unit: str | None, unit: str | None) -> str:
    """Return the text about one ticket for one unit. `matter` names the ticket."""
    stages, by = "、".join(STAGE_NAMES[stage] for stage in late.stages), local_text(late.due_at)
    if late.early:
        return f"提醒：{matter}的{stages}时限即将到期（{by}），尚未超期，请抓紧办理。"
    if late.role == "holder":
        return f"{matter}在{late_unit or '原单位'}逾期未{stages}，现上报由{unit or '你单位'}办理，请立即处理。"
    if late.role == "above":
        return f"{late_unit or '承办单位'}的{matter}已超过{stages}时限（{by}），现予{LEVELS[late.name]}，请督促办理。"
    return f"{matter}已超过{stages}时限（{by}），现予{LEVELS[late.name]}，请立即处理。"


@dataclass(frozen=True, slots=True)
class Tally:
    """What a digest counts, each ticket once, and the most urgent tickets (rank, due instant, number), most urgent first."""

    own: int = 0
    above: int = 0
    early: int = 0
    relieved: int = 0
    top: tuple[tuple[int, str, str], ...] = ()

    def __add__(self, other: "Tally") -> "Tally":
        """Return what both count together."""
        top = tuple(sorted({*self.top, *other.top})[:_KEPT])
        counts = (self.own + other.own, self.above + other.above, self.early + other.early, self.relieved + other.relieved)
        return Tally(*counts, top)


def tally_of(told: Sequence[Late]) -> Tally:
    """Return the tally of what one unit is told of some tickets."""
    late = [one for one in told if not one.early]
    own = sum(one.role in ("late", "holder") for one in late)
    above, relieved = (sum(one.role == role for one in late) for role in ("above", "relieved"))
    ordered = sorted(
        (rank, due.astimezone(UTC).isoformat(timespec="microseconds"), number) for rank, due, number in (one.urgency for one in told)
    )
    return Tally(own, above, len(told) - len(late), relieved, tuple(ordered[:_KEPT]))


def digest_of(tally: Tally) -> str:
    """Return one text about many tickets for one unit: how many of what, the most urgent ones by number, and where all are."""
    parts = [
        (tally.own, "你单位有{}件工单超期"),
        (tally.above, "你单位督办的有{}件工单超期"),
        (tally.early, "有{}件工单即将到期"),
        (tally.relieved, "有{}件工单因逾期已转由上一级办理，你单位不再主办"),
    ]
    counted = "，".join(text.format(count) for count, text in parts if count)
    numbers = "、".join(number for _rank, _due, number in tally.top[:_SHOWN])
    more = "等" if len(tally.top) > _SHOWN else ""
    return f"{counted}。最急的是：{numbers}{more}。请立即处理；全部工单见“我的工作”和“超期工单”。"
