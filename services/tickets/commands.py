"""What can be asked of a ticket: one command for each action, all taken by one endpoint, told apart by `action`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.platform.text import Code, ShortText, Words, WordsOfNobody
from services.tickets.calling_commands import (
    Acknowledge,
    BlowWhistle,
    ConcludeWhistle,
    CoTask,
    Instruct,
    ReportBack,
    Respond,
    Supervise,
    Urge,
)
from services.tickets.command_parts import File, example
from services.tickets.pausing_commands import DecideExtension, DecideSuspension, RequestExtension, RequestSuspension, Resume, Suspend


class Triage(BaseModel):
    """Set or correct what the matter is about, where it is, or how urgent; the original words stay."""

    model_config = example(action="triage", category="water.pipe_burst", place="441624108205", words="来电人补充:在水口村小学旁")

    action: Literal["triage"]
    category: Code | None = None
    place: Code | None = None
    urgency: Literal["normal", "urgent", "emergency"] | None = None
    words: WordsOfNobody


class Dispatch(BaseModel):
    """Give the ticket to a unit. `designate`: an adjudication, after which there is no return."""

    model_config = example(action="dispatch", unit="441624108", words="属镇级事权", designate=False)

    action: Literal["dispatch"]
    unit: Code
    words: WordsOfNobody
    designate: bool = False


class Adjudicate(BaseModel):
    """Decide whose a ticket is that was given back three times, and designate that unit: after this there is no return."""

    model_config = example(action="adjudicate", unit="441624-D-SLJ", words="经会商,主管管养属县水利局,由其主办")

    action: Literal["adjudicate"]
    unit: Code
    words: WordsOfNobody


class Accept(BaseModel):
    """Take the ticket on, for one's seat."""

    model_config = example(action="accept")

    action: Literal["accept"]
    happened_at: AwareDatetime | None = None


class Return(BaseModel):
    """Give the ticket back to the desk: with a reason, and the right unit if one knows it."""

    model_config = example(action="return", reason="not_ours", words="该路段属县道,由县交通运输局管养", right_unit="441624-D-JTJ")

    action: Literal["return"]
    reason: Literal["not_ours", "wrong_place", "wrong_category", "needs_more_information", "duplicate"]
    words: WordsOfNobody
    right_unit: Code | None = None
    happened_at: AwareDatetime | None = None


class HandUp(BaseModel):
    """Hand the ticket to the next tier up: same number, same clocks."""

    model_config = example(action="hand_up", reason="needs_funds", words="村里无力承担管道更换费用")

    action: Literal["hand_up"]
    reason: Literal["beyond_authority", "needs_funds", "needs_department", "needs_higher_level"]
    words: WordsOfNobody
    happened_at: AwareDatetime | None = None


class Transfer(BaseModel):
    """Move the ticket to another unit. `wished`: the unit that has it asked for that, which counts as passing it on."""

    model_config = example(action="transfer", unit="441624109", words="事发地属合水镇")

    action: Literal["transfer"]
    unit: Code
    words: WordsOfNobody
    designate: bool = False
    wished: bool = False


class Join(CoTask):
    """Bring in a co-handler with a task and a clock of its own; the lead stays responsible."""

    model_config = example(action="join", unit="441624-D-SLJ", task="检测主管并更换爆裂管段", within_working_days=2)

    action: Literal["join"]


class FinishTask(BaseModel):
    """A co-handler says that its task is done."""

    model_config = example(action="finish_task", words="已更换主管 12 米", files=[])

    action: Literal["finish_task"]
    words: WordsOfNobody
    happened_at: AwareDatetime | None = None
    files: list[File] = Field(default_factory=list, max_length=20)


class LogWork(BaseModel):
    """Write down what was done. `contacted`: the complainant was spoken to."""

    model_config = example(action="log_work", words="已到现场,先关阀止水", contacted=True, files=[])

    action: Literal["log_work"]
    words: WordsOfNobody
    contacted: bool = False
    finished: Literal["contain", "repair", "restore"] | None = Field(
        default=None, description="A stage of the work that is done with this: 现场围护, 修复, 恢复."
    )
    happened_at: AwareDatetime | None = None
    files: list[File] = Field(default_factory=list, max_length=20)


class Resolve(BaseModel):
    """Say that the work is done, with the evidence the category demands.

    `open_tasks_reason`: why it is done although co-handlers have not finished; their tasks end as unfinished.
    """

    model_config = example(action="resolve", words="爆裂水管已更换,恢复供水", files=[])

    action: Literal["resolve"]
    words: WordsOfNobody
    open_tasks_reason: WordsOfNobody | None = None
    happened_at: AwareDatetime | None = None
    files: list[File] = Field(default_factory=list, max_length=20)


class GiveAnswer(BaseModel):
    """Tell every complainant who wants an answer what came of it."""

    model_config = example(action="answer", words="您反映的水管爆裂已于今日修复,感谢您的监督。")

    action: Literal["answer"]
    words: WordsOfNobody


class MakeCallBack(BaseModel):
    """What the complainant said when asked. Whoever was not reached said nothing: not "satisfied"."""

    model_config = example(action="call_back", reached=True, contacted=True, solved=True, satisfied=True, words="已通水")

    action: Literal["call_back"]
    reached: bool
    contacted: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    words: Words | None = None
    way: Literal["phone", "visit"] = Field(default="phone", description="By telephone, or at their door.")
    complaint_id: UUID | None = Field(default=None, description="Whose word it is, where the ticket has several complainants.")


class Confirmation(MakeCallBack):
    """What came by another way than a call, made by the rooms that know the way is true; it is no part of `TicketCommand`.

    On paper it is signed (`signature_id`, a file) before a witness: a colleague, or somebody whose name lies in a sealed paper.
    """

    way: Literal["phone", "visit", "wechat", "code", "paper", "open311"]  # type: ignore[assignment]  # wider than what the door takes
    signature_id: UUID | None = None
    witness_account_id: UUID | None = None
    paper_id: UUID | None = None


class Close(BaseModel):
    """Verify and end the ticket: never by who did the work."""

    model_config = example(action="close", verified_by="call_back", words="回访确认已解决")

    action: Literal["close"]
    verified_by: Literal["call_back", "site_check", "documents"]
    words: WordsOfNobody
    flags_words: WordsOfNobody | None = Field(
        default=None, description="Why flagged pictures (GET …/evidence), or those not compared yet, are all right."
    )


class Reopen(BaseModel):
    """Start the next round: the matter is not solved."""

    model_config = example(action="reopen", words="修好次日又漏水")

    action: Literal["reopen"]
    words: WordsOfNobody


class Reject(BaseModel):
    """Do not take the matter on, with the reason and the right way."""

    model_config = example(action="reject", reason="legal_proceedings", words="该纠纷已在法院审理,请依诉讼程序办理")

    action: Literal["reject"]
    reason: Literal["legal_proceedings", "petition_final", "emergency_line", "secret", "outside_duties", "unlawful"]
    words: WordsOfNobody


class Cancel(BaseModel):
    """End the ticket because it is no longer wanted or was entered by mistake."""

    model_config = example(action="cancel", reason="withdrawn", words="诉求人来电撤回")

    action: Literal["cancel"]
    reason: Literal["withdrawn", "entered_by_mistake"]
    words: WordsOfNobody


class Merge(BaseModel):
    """Join the ticket to another about the same matter; each complainant still gets an answer."""

    model_config = example(action="merge", into="20261122-000123-6", words="同一处爆管")

    action: Literal["merge"]
    into: ShortText
    words: WordsOfNobody


class Unmerge(BaseModel):
    """Undo a merge."""

    model_config = example(action="unmerge", words="经核实为两处不同管段")

    action: Literal["unmerge"]
    words: WordsOfNobody


class Inform(BaseModel):
    """Tell a petitioner in writing that the petition is taken on (受理告知)."""

    model_config = example(action="inform", words="您反映的水渠占用问题已受理,由彭寨镇办理")

    action: Literal["inform"]
    words: WordsOfNobody


class Seal(BaseModel):
    """Keep in confidence who complained, from now on, because they ask for it (保密). It is never taken back.

    With `accused` (举报) the matter goes to the first desk above these units, and is hidden from them altogether; an empty list is for whom
    nobody named: then to the desk of the jurisdiction.
    """

    model_config = example(action="seal", words="来电人要求保密")

    action: Literal["seal"]
    words: WordsOfNobody
    accused: Annotated[tuple[Code, ...], Field(max_length=5)] | None = None


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
    | Adjudicate
    | Accept
    | Return
    | HandUp
    | Transfer
    | Join
    | FinishTask
    | LogWork
    | RequestExtension
    | DecideExtension
    | RequestSuspension
    | DecideSuspension
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
    | Instruct
    | Acknowledge
    | ReportBack
    | BlowWhistle
    | Respond
    | ConcludeWhistle,
    Field(discriminator="action"),
]


def happened(command: object, now: datetime) -> datetime:
    """Return when the deed was done: as the command says, else now."""
    return getattr(command, "happened_at", None) or now
