"""What a phone sends from the field: a batch of commands it made itself, with or without a network."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.config import JsonDict
from pydantic.functional_validators import ModelWrapValidatorHandler, WrapValidator

from services.assistance.commands import RecordHelpStep
from services.assistance.mediation_commands import RecordSession
from services.complaints.commands import ATTACHMENTS_AT_MOST, AttachmentIds
from services.complaints.field_reports import FieldReport, UploadIds
from services.platform.text import Words
from services.tickets.command_parts import FileRole
from services.tickets.commands import TicketCommand
from services.visits.commands import CompleteVisit, RecordStep, RecordVisit
from services.visits.opinions_commands import ConfirmInTheField, FileTicket, HearOpinion, OpinionBecame, RewordOpinion

COMMANDS_AT_MOST = 100
_UUID7 = 7
_YEARS = range(1970, 2100)


def _made_by_a_phone(found: UUID) -> UUID:
    if found.version != _UUID7:
        raise ValueError("must be a UUID of version 7")
    return found


def _conceivable(at: datetime) -> datetime:
    """Refuse years that no device's clock stands at: times near the ends of the calendar cannot be reckoned with."""
    if at.year not in _YEARS:
        raise ValueError(f"must lie between {_YEARS[0]} and {_YEARS[-1]}")
    return at


CommandId = Annotated[UUID, AfterValidator(_made_by_a_phone)]
DeviceInstant = Annotated[AwareDatetime, AfterValidator(_conceivable)]


class _Command(BaseModel):
    """What every command has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command_id: CommandId = Field(description="Made on the phone; the same command again is the same command, for good.")
    happened_at: DeviceInstant = Field(description="When it was done, by the clock of the device.")
    depends_on: tuple[CommandId, ...] = Field(
        default=(), max_length=20, description="Commands this one builds on: it waits until they are applied."
    )

    @model_validator(mode="after")
    def _not_on_itself(self) -> "_Command":
        if self.command_id in self.depends_on:
            raise ValueError("a command cannot depend on itself")
        return self


class ReportCommand(_Command):
    """File a report. Its own `happened_at`, where given, is the device's too."""

    kind: Literal["report"]
    report: FieldReport

    @model_validator(mode="after")
    def _when(self) -> "ReportCommand":
        said_at(self)
        return self


class SupplementCommand(_Command):
    """Tell more of an own report: words, files, or both."""

    kind: Literal["supplement"]
    report_id: UUID
    words: Words | None = None
    attachment_ids: AttachmentIds = ()
    upload_ids: UploadIds = ()

    @model_validator(mode="after")
    def _something(self) -> "SupplementCommand":
        files = len(self.attachment_ids) + len(self.upload_ids)
        if self.words is None and not files:
            raise ValueError("a supplement has words or files")
        if files > ATTACHMENTS_AT_MOST:
            raise ValueError(f"a supplement has {ATTACHMENTS_AT_MOST} files at most")
        return self


class RewordCommand(_Command):
    """Lay another wording over an own report; the first stays."""

    kind: Literal["reword"]
    report_id: UUID
    words: Words


class UploadedFile(BaseModel):
    """An upload by the id the phone gave it, and what it shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    upload_id: UUID
    role: FileRole = "evidence"


class ActionCommand(_Command):
    """Take an action on a ticket: any that the lifecycle gives whoever works on it."""

    kind: Literal["action"]
    ticket: Annotated[str, Field(min_length=1, max_length=64, examples=["20261122-000123-6"])] = Field(
        description="The ticket's number, or the `report_id` of an own report, whose number the phone may not know yet."
    )
    if_version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="The version seen when it was decided.")
    action: TicketCommand
    uploads: tuple[UploadedFile, ...] = Field(default=(), max_length=20, description="Further files of the action, by their uploads.")

    @model_validator(mode="after")
    def _shows_work(self) -> "ActionCommand":
        if self.uploads and "files" not in type(self.action).model_fields:
            raise ValueError("this action takes no files; send them with a work log")
        said_at(self)
        return self


class ShiftCommand(_Command):
    """On duty (上岗) or off (下岗). There is no place for a position here: commands are kept, positions are not."""

    kind: Literal["shift"]
    state: Literal["on", "off"]


class ServiceStepCommand(_Command):
    """A step of one's round of a month. Its own `happened_at`, where given, is the device's too."""

    kind: Literal["service_step"]
    service_step: RecordStep


class VisitCommand(_Command):
    """A visit to a household, or an attempt at one. Its own `happened_at`, where given, is the device's too."""

    kind: Literal["visit"]
    visit: RecordVisit


class CompletionCommand(_Command):
    """A visit is over."""

    kind: Literal["visit_completion"]
    visit_id: UUID
    completion: CompleteVisit


class OpinionCommand(_Command):
    """An opinion that was heard. When is as this command says: its own `heard_at` is the device's too."""

    kind: Literal["opinion"]
    opinion: HearOpinion


class WordingCommand(_Command):
    """Another wording of an opinion one heard."""

    kind: Literal["opinion_wording"]
    opinion_id: UUID
    wording: RewordOpinion


class ConfirmationCommand(_Command):
    """A villager stands by words: by signature, by witness, or in a recorded call. A code is entered at the door it was asked for at."""

    kind: Literal["confirmation"]
    opinion_id: UUID
    confirmation: ConfirmInTheField


class OutcomeCommand(_Command):
    """What became of an opinion; with `file` it becomes a ticket."""

    kind: Literal["opinion_outcome"]
    opinion_id: UUID
    outcome: OpinionBecame | None = None
    file: FileTicket | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "OutcomeCommand":
        if (self.outcome is None) == (self.file is None):
            raise ValueError("either outcome or file is needed")
        return self


class HelpStepCommand(_Command):
    """A deed of a help item (帮扶)."""

    kind: Literal["help_step"]
    item_id: UUID
    step: RecordHelpStep


class MediationSessionCommand(_Command):
    """A session of a mediation (调解)."""

    kind: Literal["mediation_session"]
    mediation_id: UUID
    session: RecordSession


AssistanceCommand = HelpStepCommand | MediationSessionCommand
HandbookCommand = OpinionCommand | WordingCommand | ConfirmationCommand | OutcomeCommand
CallCommand = ServiceStepCommand | VisitCommand | CompletionCommand
TicketCommands = ReportCommand | SupplementCommand | RewordCommand | ActionCommand | ShiftCommand
FieldCommand = TicketCommands | CallCommand | HandbookCommand | AssistanceCommand


class Unreadable:
    """An item that is no command: which it says it is, where that can be read, and what is wrong with it."""

    def __init__(self, given: Any, error: ValidationError) -> None:
        self.given = given
        # pydantic names the kind of the command before the place; no such place is in it
        faults = error.errors(include_url=False, include_input=False)
        self.faults: list[dict[str, Any]] = [{**fault, "loc": fault["loc"][1:]} for fault in faults]
        self.command_id = _id_of(given)


def _id_of(given: Any) -> UUID | None:
    try:
        return UUID(given["command_id"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _apart(given: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
    """Keep an item that cannot be read apart: its neighbours are read all the same."""
    try:
        return handler(given)
    except ValidationError as error:
        return Unreadable(given, error)


Item = Annotated[Annotated[FieldCommand, Field(discriminator="kind")], WrapValidator(_apart)]

_EXAMPLE_REPORT: JsonDict = {
    "kind": "report",
    "command_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d50",
    "happened_at": "2026-11-22T07:40:00+08:00",
    "report": {"report_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d41", "words": "村口水管爆裂，水漫到路上。", "category": "water.pipe_burst"},
}
_EXAMPLE_ACTION: JsonDict = {
    "kind": "action",
    "command_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d51",
    "happened_at": "2026-11-22T08:10:00+08:00",
    "depends_on": ["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d50"],
    "ticket": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d41",
    "action": {"action": "log_work", "words": "已到现场，先关阀止水"},
}


class FieldBatch(BaseModel):
    """What a phone sends at once."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "device_id": "019aa7c0-0000-7000-8000-0000000000d1",
                    "sent_at": "2026-11-22T08:30:00+08:00",
                    "commands": [_EXAMPLE_REPORT, _EXAMPLE_ACTION],
                }
            ]
        },
    )

    device_id: UUID = Field(description="Made on the phone once, at random; it names the device and nobody.")
    sent_at: DeviceInstant = Field(description="The clock of the device as it sends this.")
    commands: list[Item] = Field(max_length=COMMANDS_AT_MOST)


def said_at(command: "FieldCommand") -> datetime:
    """Return when the device says it happened, in UTC: as a report or an action says of itself, else as its command says.

    Raises ValueError for a year no device's clock stands at.
    """
    inner = next((getattr(command, name) for name in ("report", "action", "service_step", "visit") if hasattr(command, name)), None)
    return _conceivable(getattr(inner, "happened_at", None) or command.happened_at).astimezone(UTC)
