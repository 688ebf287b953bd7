"""What units are told of clocks that run out: one message a ticket, and one digest where there would be many. Pure.

A `ticket.escalated` event says whom of what (`tells`, see `services/tickets/lateness.py`). Told is the highest level whose clock still runs
when the message is written: nobody is urged to do what has been done meanwhile.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.platform.clock import local_text

FEW = 5
"""As many messages of escalations a unit gets at once; where there would be more, it gets one digest."""
_SHOWN = 5
_RANKS = ("urge", "supervise", "raise", "list")
LEVELS: Mapping[str, str] = {"urge": "催办", "supervise": "督办", "raise": "上报上一级", "list": "通报"}
STAGES: Mapping[str, str] = {
    "dispatch": "派单",
    "accept": "签收",
    "inform": "受理告知",
    "first_contact": "首次联系",
    "contain": "现场围护",
    "repair": "修复",
    "restore": "恢复",
    "resolve": "处置",
    "answer": "反馈",
    "verify": "核实",
    "review": "挂起复核",
    "respond": "到场",
    "task": "协办",
    "instruct": "批示落实",
    "adjudicate": "裁定",
}


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
    stages, by = "、".join(STAGES.get(stage, stage) for stage in late.stages), local_text(late.due_at)
    if late.early:
        return f"提醒：{matter}的{stages}时限即将到期（{by}），尚未超期，请抓紧办理。"
    if late.role == "holder":
        return f"{matter}在{late_unit or '原单位'}逾期未{stages}，现上报由{unit or '你单位'}办理，请立即处理。"
    if late.role == "above":
        return f"{late_unit or '承办单位'}的{matter}已超过{stages}时限（{by}），现予{LEVELS[late.name]}，请督促办理。"
    return f"{matter}已超过{stages}时限（{by}），现予{LEVELS[late.name]}，请立即处理。"


def digest_of(told: Sequence[Late]) -> str:
    """Return one text about many tickets for one unit: how many of what, the most urgent ones by number, and where all are."""
    ordered = sorted(told, key=lambda late: late.urgency)
    own = sum(1 for late in told if late.role in ("late", "holder") and not late.early)
    parts = [
        (own, "你单位有{}件工单超期"),
        (sum(1 for late in told if late.role == "above" and not late.early), "你单位督办的有{}件工单超期"),
        (sum(1 for late in told if late.early), "有{}件工单即将到期"),
        (sum(1 for late in told if late.role == "relieved" and not late.early), "有{}件工单因逾期已转由上一级办理，你单位不再主办"),
    ]
    counted = "，".join(text.format(count) for count, text in parts if count)
    numbers = "、".join(late.number for late in ordered[:_SHOWN])
    more = "等" if len(ordered) > _SHOWN else ""
    return f"{counted}。最急的是：{numbers}{more}。请立即处理；全部工单见“我的工作”和“超期工单”。"
