"""What is recorded, one kind each; what is corrected, withdrawn and declared. Each kind has a counting unit of its own."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.config import JsonValue
from pydantic.functional_validators import ModelWrapValidatorHandler, WrapValidator

from services.platform.text import Code, ShortText, ShortTextOfNobody, Words

BATCH_AT_MOST = 100
PERSONS_AT_MOST = 200
FEN_AT_MOST = 10**13
_UUID7 = 7

VisitOutcome = Literal["met", "absent", "refused", "moved"]
Stage = Literal["pledged", "received", "spent"]
Source = Literal["finance", "donation", "members", "collective", "villagers", "other"]
Reason = Literal["typing_error", "recorded_twice", "did_not_happen", "wrong_place", "wrong_person", "wrong_amount", "other"]
KindName = Literal["visit", "opinion", "thing", "funds", "help", "dispute", "labour"]
ACTIVITY_EXAMPLE = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d60"


def _made_by_a_client(found: UUID) -> UUID:
    if found.version != _UUID7:
        raise ValueError("must be a UUID of version 7")
    return found


ActivityId = Annotated[UUID, AfterValidator(_made_by_a_client)]
Number = Annotated[ShortText, Field(max_length=64)]
HouseholdNumber = Annotated[
    Number,
    Field(
        description="The household's number in the village's own register, never a name or an address. Kept as a keyed reference only.",
        examples=["3-012"],
    ),
]
TicketNumber = Annotated[str, Field(min_length=1, max_length=64, examples=["20261122-000123-6"])]


def _config(**said: JsonValue) -> ConfigDict:
    """Return the configuration of a kind, with an example of it."""
    example = {"activity_id": ACTIVITY_EXAMPLE, "happened_on": "2026-11-20", "unit": "441624108213001", **said}
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [example]})


class _Activity(BaseModel):
    """What every kind has. `unit` is where it happened; `member_id` who did it, the recorder where absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    activity_id: Annotated[ActivityId, Field(description="Made by the client: the same again is the same.", examples=[ACTIVITY_EXAMPLE])]
    happened_on: date = Field(description="Day in Asia/Shanghai; may be long ago, never to come.", examples=["2026-11-20"])
    unit: Code = Field(description="Where: a grid, village, township or the county.", examples=["441624108213001"])
    member_id: UUID | None = Field(default=None, description="Who did it, where somebody else writes it down.", examples=[None])


class EnterVisit(_Activity):
    """A visit (次) to a household (户). Only one where somebody was met counts; the others are attempts."""

    model_config = _config(kind="visit", household="3-012")

    kind: Literal["visit"]
    household: HouseholdNumber
    outcome: VisitOutcome = "met"
    ticket: TicketNumber | None = Field(default=None, description="The matter it was about, if any.")
    words: Words | None = None


class RecordOpinion(_Activity):
    """An opinion or suggestion (条), in the villager's words."""

    model_config = _config(kind="opinion", words="水渠要修。")

    kind: Literal["opinion"]
    words: Words
    household: HouseholdNumber | None = None
    within_id: UUID | None = Field(default=None, description="The visit it was heard at.")


class RecordThing(_Activity):
    """A practical thing that was done (件)."""

    model_config = _config(kind="thing", words="修好了水渠。")

    kind: Literal["thing"]
    words: Words
    household: HouseholdNumber | None = None
    opinion_ids: tuple[UUID, ...] = Field(default=(), max_length=100, description="The opinions it was done about.")
    ticket: TicketNumber | None = Field(default=None, description="The ticket it belongs to: then it is counted there when that is closed.")


class RecordFunds(_Activity):
    """Money (元), in fen. What was pledged, what came and what was spent are three entries, and three figures."""

    model_config = _config(kind="funds", stage="received", source="finance", amount_fen=1085000)

    kind: Literal["funds"]
    stage: Stage = Field(examples=["received"])
    source: Source = Field(examples=["finance"])
    amount_fen: int = Field(ge=1, le=FEN_AT_MOST, examples=[1_085_000])
    within_id: UUID | None = Field(default=None, description="The thing it is for.")
    words: Words | None = None


class RecordHelp(_Activity):
    """Help to people (人). Who is listed is counted once however often; a group that nobody listed is counted apart (人次)."""

    model_config = _config(kind="help", persons=["3-012-1", "3-012-2"])

    kind: Literal["help"]
    persons: tuple[Annotated[Number, Field(examples=["3-012-2"])], ...] = Field(
        default=(), max_length=PERSONS_AT_MOST, description="Numbers of persons in the village's register; kept as keyed references."
    )
    people: int | None = Field(default=None, ge=1, le=100_000, description="How many, where nobody is listed.")
    within_id: UUID | None = Field(default=None, description="The thing it was part of.")
    words: Words | None = None

    @model_validator(mode="after")
    def _either(self) -> "RecordHelp":
        if bool(self.persons) == (self.people is not None):
            raise ValueError("say who was helped with persons, or how many with people: one of both")
        return self


class RecordDispute(_Activity):
    """A dispute that was mediated (起), settled or not yet."""

    model_config = _config(kind="dispute", outcome="settled")

    kind: Literal["dispute"]
    outcome: Literal["settled", "unsettled"] = "settled"
    ticket: TicketNumber | None = None
    words: Words | None = None


class RecordLabour(_Activity):
    """Labour in kind (天): days of work of all hands together, to half a day."""

    model_config = _config(kind="labour", days=12.5)

    kind: Literal["labour"]
    days: float = Field(multiple_of=0.5, ge=0.5, le=100_000, allow_inf_nan=False, examples=[12.5])
    within_id: UUID | None = Field(default=None, description="The thing it was for.")
    words: Words | None = None


RecordActivity = EnterVisit | RecordOpinion | RecordThing | RecordFunds | RecordHelp | RecordDispute | RecordLabour
AnyActivity = Annotated[RecordActivity, Field(discriminator="kind")]


class Unreadable:
    """An item of a batch that is none: what it was, and what is wrong with it."""

    def __init__(self, given: Any, error: ValidationError) -> None:
        self.given = given
        # pydantic names the kind before the place; no such place is in it
        faults = error.errors(include_url=False, include_input=False)
        self.faults: list[dict[str, Any]] = [{**fault, "loc": fault["loc"][1:]} for fault in faults]
        try:
            self.activity_id: UUID | None = UUID(given["activity_id"])
        except (TypeError, KeyError, ValueError, AttributeError):
            self.activity_id = None


def _apart(given: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
    """Keep an item that cannot be read apart: its neighbours are read all the same."""
    try:
        return handler(given)
    except ValidationError as error:
        return Unreadable(given, error)


class ActivityBatch(BaseModel):
    """Some activities, each taken for itself in this order: a later one may belong to an earlier one."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        json_schema_extra={
            "examples": [
                {
                    "activities": [
                        {
                            "kind": "visit", "activity_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d61", "happened_on": "2026-11-20",
                            "unit": "441624108213001", "household": "3-012",
                        },
                        {
                            "kind": "opinion", "activity_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d62", "happened_on": "2026-11-20",
                            "unit": "441624108213001", "words": "水渠要修。", "within_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d61",
                        },
                    ]
                }
            ]
        },
    )  # fmt: skip

    activities: tuple[Annotated[AnyActivity, WrapValidator(_apart)], ...] = Field(min_length=1, max_length=BATCH_AT_MOST)


class WithdrawActivity(BaseModel):
    """Take an entry out of the figures; it stays to be seen. `words` say more, and are sealed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason = Field(examples=["recorded_twice"])
    words: Words | None = Field(default=None, examples=[None])


class CorrectActivity(WithdrawActivity):
    """Put another entry, with an id of its own, in the place of one that was wrong."""

    activity: AnyActivity


class DeclareTotal(BaseModel):
    """A total from paper, of a unit and a period of the time before the system."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    declared_id: Annotated[ActivityId, Field(description="Made by the client.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d70"])]
    unit: Code = Field(description="Whose total it is.", examples=["441624"])
    figure: Code = Field(description="`id` of a figure of the ledger.", examples=["visits"])
    first_day: date = Field(examples=["2013-06-01"])
    last_day: date = Field(examples=["2014-05-31"])
    amount: int = Field(ge=0, le=FEN_AT_MOST, description="In the figure's unit; fen for money, half-days for labour.", examples=[186_000])
    basis: ShortTextOfNobody = Field(description="Which paper it is. No villagers.", examples=["县三进三服务办公室2014年6月通报"])

    @model_validator(mode="after")
    def _in_order(self) -> "DeclareTotal":
        if self.last_day < self.first_day:
            raise ValueError("last_day must not be before first_day")
        return self


class WithdrawDeclared(BaseModel):
    """Take a declared total back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason = Field(examples=["wrong_amount"])
