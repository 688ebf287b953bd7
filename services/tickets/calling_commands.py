"""What calls on other units, and what they answer: co-handlers' tasks, 催办, 督办, 批示, 吹哨."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.platform.text import Code, ShortTextOfNobody, WordsOfNobody
from services.tickets.command_parts import example


class CoTask(BaseModel):
    """A co-handler's task, and how long it may take: as the category says where nothing is said here, else three working days."""

    model_config = ConfigDict(extra="forbid")

    unit: Code
    task: WordsOfNobody
    within_working_days: int | None = Field(default=None, ge=1, le=60)
    within_minutes: int | None = Field(default=None, ge=10, le=14_400, description="Instead of working days: day and night.")


class Urge(BaseModel):
    """催办."""

    model_config = example(action="urge", words="群众再次来电催问,请尽快到场")

    action: Literal["urge"]
    words: WordsOfNobody


class Supervise(BaseModel):
    """督办."""

    model_config = example(action="supervise", words="限今日 18 时前报告进展")

    action: Literal["supervise"]
    words: WordsOfNobody


class Instruct(BaseModel):
    """批示: a leader's instruction, past the tiers between where it must be. The unit acknowledges it within a working day."""

    model_config = example(action="instruct", unit="441624108205", words="请村书记现场督促,当日反馈", report_in_working_days=1)

    action: Literal["instruct"]
    unit: Code
    words: WordsOfNobody
    report_in_working_days: int | None = Field(default=None, ge=1, le=60, description="How soon after that it must report back.")


class Acknowledge(BaseModel):
    """Take note of an instruction (批示签收). Without `directive`: of the oldest one that waits for one's unit."""

    model_config = example(action="acknowledge")

    action: Literal["acknowledge"]
    directive: UUID | None = None


class ReportBack(BaseModel):
    """Say how an instruction was followed (落实反馈). Without `directive`: the oldest one of one's unit."""

    model_config = example(action="report_back", words="书记已到场,今晚恢复供水")

    action: Literal["report_back"]
    directive: UUID | None = None
    words: WordsOfNobody


class BlowWhistle(BaseModel):
    """吹哨: call county departments to the site at a set time. Each has until then to be there."""

    model_config = example(
        action="whistle",
        kind="hard_problem",
        units=["441624-D-SLJ", "441624-D-JTJ"],
        meet_at="2026-11-23T01:30:00Z",
        place="水口村小学门前公路",
        words="管线与县道交叉,请到场划清责任",
    )

    action: Literal["whistle"]
    kind: Literal["hard_problem", "joint_enforcement", "emergency"]
    units: list[Code] = Field(min_length=1, max_length=20)
    meet_at: AwareDatetime
    place: ShortTextOfNobody
    words: WordsOfNobody


class Respond(BaseModel):
    """Answer a whistle: that one comes, why one does not, that one is there. Only being there stops the clock."""

    model_config = example(action="respond", answer="arrived")

    action: Literal["respond"]
    answer: Literal["coming", "not_coming", "arrived"]
    words: WordsOfNobody | None = None
    happened_at: AwareDatetime | None = None


class ConcludeWhistle(BaseModel):
    """End a whistle with its outcome: who does what. A desk may name the lead, who is designated by it; others become co-handlers."""

    model_config = example(
        action="conclude_whistle",
        words="主管由水利局更换,路面由交通运输局修复",
        lead="441624-D-SLJ",
        co_handlers=[{"unit": "441624-D-JTJ", "task": "修复路面", "within_working_days": 5}],
    )

    action: Literal["conclude_whistle"]
    words: WordsOfNobody
    lead: Code | None = None
    co_handlers: list[CoTask] = Field(default_factory=list, max_length=20)
