"""What can be asked of complaints. Every channel ends in :class:`FileComplaint`."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from services.platform.phones import normalised_phone
from services.platform.text import Code, ShortText, Token, Words, storable

ATTACHMENTS_AT_MOST = 9
"""As many as a WeChat user can send at once; a sane bound for one transaction."""
ACCUSED_AT_MOST = 5


def _storable(given: str | None) -> str | None:
    return None if given is None else storable(given)


def _phone(given: object) -> object:
    return normalised_phone(given) if isinstance(given, str) else given


Phone = Annotated[
    str | None,
    BeforeValidator(_phone),
    Field(description="Telephone number in any usual spelling; kept in one. A withheld number is none.", examples=["13800000123"]),
]


Email = Annotated[
    str | None,
    Field(
        pattern=r"^[^\s@\x00-\x1f]{1,64}@[^\s@\x00-\x1f]{1,189}$",
        description="An address that was given; nothing is sent there, the desk may write.",
        examples=["zhang@example.org"],
    ),
]


class _Command(BaseModel):
    """Strict where it matters: a misspelt field is an error, not silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Contact(_Command):
    """Whom to answer, as far as they said. All of it is personal data: sealed at once, never logged."""

    name: ShortText | None = Field(default=None, examples=["张三"])
    phone: Phone = None
    openid: Token | None = None
    email: Annotated[Email, AfterValidator(_storable)] = None

    @property
    def known(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self.name or self.phone or self.openid or self.email)


class Place(_Command):
    """Where it is: a unit's code, an address in words, coordinates with their system, in any combination."""

    unit_code: Code | None = Field(default=None, examples=["441624108203"])
    words: ShortText | None = Field(default=None, examples=["礼士镇太平村老水井旁"])
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None
    coordinate_system: Literal["WGS-84", "GCJ-02"] | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Place":
        if self.lat is None and self.lon is None and self.coordinate_system is None:
            return self
        if self.lat is None or self.lon is None or self.coordinate_system is None:
            raise ValueError("lat, lon and coordinate_system (WGS-84 or GCJ-02) come together")
        return self


def _distinct(ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(ids))


AttachmentIds = Annotated[
    tuple[UUID, ...],
    Field(max_length=ATTACHMENTS_AT_MOST, description="Files uploaded before by the same person."),
    AfterValidator(_distinct),
]


class Accused(_Command):
    """举报: whom it is about. Both are empty where the person does not say: then the desk of the whole county decides, unseen below it."""

    units: Annotated[
        tuple[Code, ...],
        Field(max_length=ACCUSED_AT_MOST, description="Codes of the units complained about; all below them are meant too."),
    ] = ()
    members: Annotated[
        tuple[UUID, ...],
        Field(max_length=ACCUSED_AT_MOST, description="Members complained about; every unit they sit in is meant too."),
    ] = ()


class Telling(_Command):
    """What somebody tells, whatever the channel."""

    words: Annotated[Words, Field(examples=["礼士镇太平村的水管爆了，水漫到路上。"])]
    category: Code | None = Field(
        default=None, description="A hint; an unknown one is kept and does not stop the filing.", examples=["water.pipe_burst"]
    )
    place: Place | None = None
    happened_at: AwareDatetime | None = Field(
        default=None,
        description="When it was said; now where absent. At most 366 days back: a paper entry keeps its true time, and limits run from it.",
    )
    contact: Contact | None = Field(default=None, description="Absent for an anonymous complaint.")
    confidential: bool = Field(default=False, description="Only the desk that watches over the ticket may learn who said it.")
    accused: Accused | None = Field(
        default=None,
        description="举报: kept in confidence, given to the first desk above whoever it is about, and hidden from these altogether.",
        examples=[None],
    )
    wants_answer: bool = True
    surface_to: Code | None = Field(default=None, description="Code of a county department this goes to directly.")
    attachment_ids: AttachmentIds = ()


@dataclass(frozen=True, slots=True)
class FileComplaint:
    """The one command all channels end in.

    `channel_message_id` is the channel's own id of the message: the same again finds the first ticket. `source` is ``discovered`` where
    nobody complained and a worker saw it. `call_id` is the telephone call it was said in, `household_id` at whose door it was told. `terms`
    are those it is handled under (`services/tickets/terms.py`). `told`: the channel itself tells number and code, now, in its answer.
    """

    channel: str
    channel_message_id: str
    telling: Telling
    source: Literal["complaint", "discovered"] = "complaint"
    call_id: str | None = None
    household_id: UUID | None = None
    terms: str = "usual"
    told: bool = False


class Reword(_Command):
    """A later wording, laid over the original by its author."""

    words: Annotated[Words, Field(examples=["来电人称水管在村委会门口，不在老水井旁。"])]


class Track(_Command):
    """The code a complainant was given with the number. It is never part of an address, where it would be logged."""

    code: Annotated[str, Field(min_length=1, max_length=64, examples=["K7M3QX5A"])]
