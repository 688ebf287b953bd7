"""What can be asked of a ticket: one command for each action, all taken by one endpoint, told apart by `action`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonValue

from services.platform.text import Code, ShortText, Words

FileRole = Literal["evidence", "before", "after", "signature", "recording"]


def _example(**values: JsonValue) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [values]})


class File(BaseModel):
    """An uploaded file, and what it shows."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    role: FileRole = "evidence"


class Triage(BaseModel):
    """Set or correct what the matter is about, where it is, or how urgent; the original words stay."""

    model_config = _example(action="triage", category="water.pipe_burst", place="441624108205", words="来电人补充:在水口村小学旁")

    action: Literal["triage"]
    category: Code | None = None
    place: Code | None = None
    urgency: Literal["normal", "urgent", "emergency"] | None = None
    words: Words


class Dispatch(BaseModel):
    """Give the ticket to a unit. `designate`: an adjudication, after which there is no return."""

    model_config = _example(action="dispatch", unit="441624108", words="属镇级事权", designate=False)

    action: Literal["dispatch"]
    unit: Code
    words: Words
    designate: bool = False


class Accept(BaseModel):
    """Take the ticket on, for one's seat."""

    model_config = _example(action="accept")

    action: Literal["accept"]
    happened_at: AwareDatetime | None = None


class Return(BaseModel):
    """Give the ticket back to the desk: with a reason, and the right unit if one knows it."""

    model_config = _example(action="return", reason="not_ours", words="该路段属县道,由县交通运输局管养", right_unit="441624-D-JTJ")

    action: Literal["return"]
    reason: Literal["not_ours", "wrong_place", "wrong_category", "needs_more_information", "duplicate"]
    words: Words
    right_unit: Code | None = None
    happened_at: AwareDatetime | None = None


class HandUp(BaseModel):
    """Hand the ticket to the next tier up: same number, same clocks."""

    model_config = _example(action="hand_up", reason="needs_funds", words="村里无力承担管道更换费用")

    action: Literal["hand_up"]
    reason: Literal["beyond_authority", "needs_funds", "needs_department", "needs_higher_level"]
    words: Words
    happened_at: AwareDatetime | None = None


class Transfer(BaseModel):
    """Move the ticket to another unit."""

    model_config = _example(action="transfer", unit="441624109", words="事发地属合水镇")

    action: Literal["transfer"]
    unit: Code
    words: Words
    designate: bool = False


class Join(BaseModel):
    """Bring in a co-handler with a task of its own; the lead stays responsible."""

    model_config = _example(action="join", unit="441624-D-SLJ", task="检测主管并更换爆裂管段")

    action: Literal["join"]
    unit: Code
    task: Words


class FinishTask(BaseModel):
    """A co-handler says that its task is done."""

    model_config = _example(action="finish_task", words="已更换主管 12 米", files=[])

    action: Literal["finish_task"]
    words: Words
    happened_at: AwareDatetime | None = None
    files: list[File] = Field(default_factory=list, max_length=20)


class LogWork(BaseModel):
    """Write down what was done. `contacted`: the complainant was spoken to."""

    model_config = _example(action="log_work", words="已到现场,先关阀止水", contacted=True, files=[])

    action: Literal["log_work"]
    words: Words
    contacted: bool = False
    happened_at: AwareDatetime | None = None
    files: list[File] = Field(default_factory=list, max_length=20)


class RequestExtension(BaseModel):
    """Ask for more time, before the limit is over."""

    model_config = _example(action="request_extension", working_days=3, reason="materials", words="管件需从县城调运")

    action: Literal["request_extension"]
    working_days: int | None = Field(default=None, ge=1, le=60)
    natural_days: int | None = Field(default=None, ge=1, le=30, description="Instead of working days, under the petition rules.")
    reason: Literal["materials", "weather", "funds", "approval", "coordination", "complexity"]
    words: Words


class DecideExtension(BaseModel):
    """Grant or refuse a request for more time; never one's own."""

    model_config = _example(action="decide_extension", granted=True, words="同意延期 3 个工作日")

    action: Literal["decide_extension"]
    granted: bool
    words: Words


class Suspend(BaseModel):
    """Stop the clocks, for a reason that nobody here can do anything about, until the desk looks at it again."""

    model_config = _example(action="suspend", reason="waiting_for_season", review_in_working_days=20, words="汛期结束后方可施工")

    action: Literal["suspend"]
    reason: Literal["waiting_for_complainant", "waiting_for_season", "waiting_for_funds", "legal_proceedings", "force_majeure"]
    review_in_working_days: int = Field(default=5, ge=1, le=60, description="When the desk must look at it again, if nobody resumed it.")
    words: Words


class Resume(BaseModel):
    """Go on after a suspension."""

    model_config = _example(action="resume", words="汛期已过,恢复施工")

    action: Literal["resume"]
    words: Words


class Resolve(BaseModel):
    """Say that the work is done, with the evidence the category demands."""

    model_config = _example(action="resolve", words="爆裂水管已更换,恢复供水", files=[])

    action: Literal["resolve"]
    words: Words
    happened_at: AwareDatetime | None = None
    files: list[File] = Field(default_factory=list, max_length=20)


class GiveAnswer(BaseModel):
    """Tell every complainant who wants an answer what came of it."""

    model_config = _example(action="answer", words="您反映的水管爆裂已于今日修复,感谢您的监督。")

    action: Literal["answer"]
    words: Words


class MakeCallBack(BaseModel):
    """What the complainant said when asked. Whoever was not reached said nothing: not "satisfied"."""

    model_config = _example(action="call_back", reached=True, contacted=True, solved=True, satisfied=True, words="已通水")

    action: Literal["call_back"]
    reached: bool
    contacted: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    words: Words | None = None


class Close(BaseModel):
    """Verify and end the ticket: never by who did the work."""

    model_config = _example(action="close", verified_by="call_back", words="回访确认已解决")

    action: Literal["close"]
    verified_by: Literal["call_back", "site_check", "documents"]
    words: Words


class Reopen(BaseModel):
    """Start the next round: the matter is not solved."""

    model_config = _example(action="reopen", words="修好次日又漏水")

    action: Literal["reopen"]
    words: Words


class Reject(BaseModel):
    """Do not take the matter on, with the reason and the right way."""

    model_config = _example(action="reject", reason="legal_proceedings", words="该纠纷已在法院审理,请依诉讼程序办理")

    action: Literal["reject"]
    reason: Literal["legal_proceedings", "petition_final", "emergency_line", "secret", "outside_duties", "unlawful"]
    words: Words


class Cancel(BaseModel):
    """End the ticket because it is no longer wanted or was entered by mistake."""

    model_config = _example(action="cancel", reason="withdrawn", words="诉求人来电撤回")

    action: Literal["cancel"]
    reason: Literal["withdrawn", "entered_by_mistake"]
    words: Words


class Merge(BaseModel):
    """Join the ticket to another about the same matter; each complainant still gets an answer."""

    model_config = _example(action="merge", into="20261122-000123-6", words="同一处爆管")

    action: Literal["merge"]
    into: ShortText
    words: Words


class Unmerge(BaseModel):
    """Undo a merge."""

    model_config = _example(action="unmerge", words="经核实为两处不同管段")

    action: Literal["unmerge"]
    words: Words


class Inform(BaseModel):
    """Tell a petitioner in writing that the petition is taken on (受理告知)."""

    model_config = _example(action="inform", words="您反映的水渠占用问题已受理,由彭寨镇办理")

    action: Literal["inform"]
    words: Words


class Seal(BaseModel):
    """Keep in confidence who complained, from now on, because they ask for it (保密). It is never taken back."""

    model_config = _example(action="seal", words="来电人要求保密")

    action: Literal["seal"]
    words: Words


class Urge(BaseModel):
    """催办."""

    model_config = _example(action="urge", words="群众再次来电催问,请尽快到场")

    action: Literal["urge"]
    words: Words


class Supervise(BaseModel):
    """督办."""

    model_config = _example(action="supervise", words="限今日 18 时前报告进展")

    action: Literal["supervise"]
    words: Words


class Instruct(BaseModel):
    """批示: a leader's instruction, past the tiers between where it must be."""

    model_config = _example(action="instruct", unit="441624108205", words="请村书记现场督促,当日反馈")

    action: Literal["instruct"]
    unit: Code
    words: Words


class Supplement(BaseModel):
    """What a complainant told later, as far as the ticket needs to know it: the words themselves stay with the complaint.

    It is made by the room of complaints and is no part of `TicketCommand`: nobody supplements what somebody else told. `lat` and `lon` are
    WGS-84. `quiet`: the unit was told of a supplement a moment ago, so that nine pictures are not nine messages.
    """

    action: Literal["supplement"] = "supplement"
    supplement_id: UUID
    complaint_id: UUID
    words: bool = False
    files: int = 0
    lat: float | None = None
    lon: float | None = None
    placed: bool = False
    danger: str | None = None
    quiet: bool = False


TicketCommand = Annotated[
    Triage
    | Inform
    | Seal
    | Dispatch
    | Accept
    | Return
    | HandUp
    | Transfer
    | Join
    | FinishTask
    | LogWork
    | RequestExtension
    | DecideExtension
    | Suspend
    | Resume
    | Resolve
    | GiveAnswer
    | MakeCallBack
    | Close
    | Reopen
    | Reject
    | Cancel
    | Merge
    | Unmerge
    | Urge
    | Supervise
    | Instruct,
    Field(discriminator="action"),
]


def happened(command: object, now: datetime) -> datetime:
    """Return when the deed was done: as the command says, else now."""
    return getattr(command, "happened_at", None) or now
