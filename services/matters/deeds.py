"""The actions on a matter: one command each, told apart by `action`."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from services.matters.commands import MEMBER_EXAMPLE, Command, Tension, TicketNumber
from services.matters.deed_parts import ClientId, Day, Photos, example_of
from services.matters.striking_deeds import StrikingDeed
from services.platform.text import Code, ShortTextOfNobody, WordsOfNobody

Level = Literal["county", "township", "village"]
LookedAt = Literal["township", "village", "work"]
BlockerCode = Literal["funding", "no_responsible_unit", "no_consensus", "land", "approval", "technical", "weather", "other"]
SourceName = Literal["finance", "donation", "members", "collective", "villagers", "other"]
FEN_AT_MOST, HALF_DAYS_AT_MOST = 10**13, 200_000
_TASK = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e10"


class Register(Command):
    """挂号: put a focus issue into the county's register. It gets the next number of the year, and a lead unit."""

    model_config = example_of("register", lead="441624-D-SLJ", words="列入县级台账,由县水利局牵头。")
    action: Literal["register"]
    lead: Code
    words: WordsOfNobody


class Decline(Command):
    """Leave a focus issue out of the register, with a reason. Its tickets are free again."""

    model_config = example_of("decline", words="属省管工程,已转报。")
    action: Literal["decline"]
    words: WordsOfNobody


class NameSupervisor(Command):
    """Name who supervises at a level (督办责任人). Whoever did until now does no more."""

    model_config = example_of("name_supervisor", level="township", member_id=MEMBER_EXAMPLE)
    action: Literal["name_supervisor"]
    level: Level
    member_id: UUID


class NoteSupervision(Command):
    """Leave a note of supervision (督办记录): each level looks at the one below. The county may look at a village directly (下抓一级)."""

    model_config = example_of("supervise", happened_on="2026-11-20", words="到镇检查,渠首段进度滞后,要求月底前完成。")
    action: Literal["supervise"]
    happened_on: Day
    words: WordsOfNobody
    about: LookedAt | None = Field(default=None, description="What was looked at; the level below where it is not said.")


class ChangeLead(Command):
    """Give the lead to another unit, with a reason: a hand-off that is counted."""

    model_config = example_of("change_lead", lead="441624-D-JTJ", words="机耕路部分为主,改由交通运输局牵头。")
    action: Literal["change_lead"]
    lead: Code
    words: WordsOfNobody


class SetTension(Command):
    """Say how tense it is now."""

    model_config = example_of("set_tension", tension=5, words="两村争水。")
    action: Literal["set_tension"]
    tension: Tension
    words: WordsOfNobody


class JoinMatter(Command):
    """Make tickets and opinions of the handbook part of the matter."""

    model_config = example_of("join", tickets=["20261122-000123-6"])
    action: Literal["join"]
    tickets: Annotated[tuple[TicketNumber, ...], Field(max_length=200)] = ()
    opinions: Annotated[tuple[UUID, ...], Field(max_length=200, description="Ids of opinions of the handbook.")] = ()

    @model_validator(mode="after")
    def _something(self) -> "JoinMatter":
        if not self.tickets and not self.opinions:
            raise ValueError("name a ticket or an opinion")
        return self


class SetTask(Command):
    """Give a unit a sub-task with a day of its own: to a helper, or to the lead itself."""

    model_config = example_of("set_task", unit="441624-D-SLJ", title="测量3.5公里渠段", due_on="2026-12-31")
    action: Literal["set_task"]
    unit: Code
    title: ShortTextOfNobody
    due_on: date


class ReportTask(Command):
    """Say that a sub-task is done."""

    model_config = example_of("report_task", task_id=_TASK, done_on="2026-11-20", words="已测量完毕。")
    action: Literal["report_task"]
    task_id: UUID
    done_on: Day
    words: WordsOfNobody
    attachment_ids: Photos = ()


class DecideTask(Command):
    """Accept a sub-task that is said to be done, or give it back. Never by whoever did it."""

    model_config = example_of("decide_task", task_id=_TASK, accepted=True, words="现场核实,属实。")
    action: Literal["decide_task"]
    task_id: UUID
    accepted: bool
    words: WordsOfNobody


class AttachFollower(Command):
    """Have a paired member follow the matter, at a rhythm (挂钩党员动态跟进). Whoever did until now does no more."""

    model_config = example_of("attach_follower", member_id=MEMBER_EXAMPLE, rhythm_days=30)
    action: Literal["attach_follower"]
    member_id: UUID
    rhythm_days: int = Field(ge=1, le=92)


class ReportFollowUp(Command):
    """Report how it goes, as the member who follows."""

    model_config = example_of(
        "follow_up", follow_up_id="019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e11", happened_on="2026-11-20", words="渠首已开工。"
    )
    action: Literal["follow_up"]
    follow_up_id: ClientId
    happened_on: Day
    words: WordsOfNobody
    attachment_ids: Photos = ()


class Block(Command):
    """Say what stands in the way, since when."""

    model_config = example_of("block", code="funding", since="2026-09-01", words="启动资金缺口四十万元。")
    action: Literal["block"]
    code: BlockerCode
    since: Day
    words: WordsOfNobody


class Unblock(Command):
    """Say that it no longer stands in the way."""

    model_config = example_of("unblock", code="funding", on="2026-11-20", words="县水利局资金到位。")
    action: Literal["unblock"]
    code: BlockerCode
    on: Day
    words: WordsOfNobody


class SetMilestone(Command):
    """Plan a milestone. Its first plan stays to be seen, however often it moves."""

    model_config = example_of("set_milestone", title="渠首段完工", planned_on="2027-01-31")
    action: Literal["set_milestone"]
    title: ShortTextOfNobody
    planned_on: date


class MoveMilestone(Command):
    """Plan a milestone for another day, with a reason."""

    model_config = example_of("move_milestone", milestone_id=_TASK, planned_on="2027-02-28", words="连续降雨。")
    action: Literal["move_milestone"]
    milestone_id: UUID
    planned_on: date
    words: WordsOfNobody


class FinishMilestone(Command):
    """Say that a milestone is reached, with pictures."""

    model_config = example_of("finish_milestone", milestone_id=_TASK, done_on="2026-11-20", words="渠首段通水。")
    action: Literal["finish_milestone"]
    milestone_id: UUID
    done_on: Day
    words: WordsOfNobody
    attachment_ids: Photos = ()


class AddSite(Command):
    """Name a place where there is something to be done; of an asset from metre to metre."""

    model_config = example_of("add_site", name="水口村渠段", from_m=118000, to_m=121500)
    action: Literal["add_site"]
    name: ShortTextOfNobody
    from_m: int | None = Field(default=None, ge=0, le=10_000_000)
    to_m: int | None = Field(default=None, ge=1, le=10_000_000)

    @model_validator(mode="after")
    def _both(self) -> "AddSite":
        if (self.from_m is None) != (self.to_m is None):
            raise ValueError("name both metres or neither")
        if self.from_m is not None and self.to_m is not None and self.to_m <= self.from_m:
            raise ValueError("to_m must be behind from_m")
        return self


class ShowSite(Command):
    """Show a site in pictures, before or after the work."""

    model_config = example_of("show_site", site_id=_TASK, shown="before", happened_on="2026-11-20", attachment_ids=[_TASK])
    action: Literal["show_site"]
    site_id: UUID
    shown: Literal["before", "after"]
    happened_on: Day
    attachment_ids: Annotated[Photos, Field(min_length=1)]


class InspectSite(Command):
    """Say what was found on a site that was looked at."""

    model_config = example_of("inspect_site", site_id=_TASK, happened_on="2026-11-20", passed=True, words="全段通水,无渗漏。")
    action: Literal["inspect_site"]
    site_id: UUID
    happened_on: Day
    passed: bool
    words: WordsOfNobody


class EnterMoney(Command):
    """Enter money in fen: what a source gave its word for, what came, was spent, given back, or will never come (write_off)."""

    model_config = example_of(
        "enter_money", entry_id="019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e12", deed="receive", source="finance", amount_fen=40_000_000,
        happened_on="2026-11-20", words="县水利局首期款。",
    )  # fmt: skip
    action: Literal["enter_money"]
    entry_id: ClientId
    deed: Literal["pledge", "receive", "spend", "give_back", "write_off"]
    source: SourceName
    amount_fen: int = Field(ge=1, le=FEN_AT_MOST)
    happened_on: Day
    words: WordsOfNobody


class EnterLabour(Command):
    """Enter labour in half-days (以工代劳): what was promised, what was worked."""

    model_config = example_of(
        "enter_labour", entry_id="019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e13", deed="receive", source="villagers", half_days=37,
        happened_on="2026-11-20", words="村民投工清淤。",
    )  # fmt: skip
    action: Literal["enter_labour"]
    entry_id: ClientId
    deed: Literal["pledge", "receive", "write_off"]
    source: SourceName
    half_days: int = Field(ge=1, le=HALF_DAYS_AT_MOST)
    happened_on: Day
    words: WordsOfNobody


class ReverseEntry(Command):
    """Reverse an entry that was wrong. Both stay to be seen."""

    model_config = example_of("reverse_entry", entry_id="019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e14", reverses_id=_TASK, words="重复录入。")
    action: Literal["reverse_entry"]
    entry_id: ClientId
    reverses_id: UUID
    words: WordsOfNobody


Deed = (
    Register | Decline | NameSupervisor | NoteSupervision | ChangeLead | SetTension | JoinMatter | SetTask | ReportTask | DecideTask
    | AttachFollower | ReportFollowUp | Block | Unblock | SetMilestone | MoveMilestone | FinishMilestone | AddSite | ShowSite | InspectSite
    | EnterMoney | EnterLabour | ReverseEntry | StrikingDeed
)  # fmt: skip
AnyDeed = Annotated[Deed, Field(discriminator="action")]
