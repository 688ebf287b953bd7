"""What the options of a connected upper-level platform say: how it signs, where its orders keep what, how it wants to hear of progress.

Read strictly: a misspelt option is an error when it is set, not silence when an order comes.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.connections.calling import AddressRefused, split_url
from services.connections.signatures import STANDARD, SignatureOptions
from services.platform.text import Code, storable

Urgency = Literal["normal", "urgent", "emergency"]
Kind = Literal["consultation", "help", "complaint", "report", "suggestion", "praise", "other"]
Step = Literal[
    "received", "dispatched", "accepted", "extended", "returned", "resolved", "answered", "closed", "reopened", "rejected", "cancelled",
    "merged",
]  # fmt: skip
StatusField = Literal[
    "order_no", "number", "step", "status", "words", "reason", "unit", "due_at", "happened_at", "delivery_id"
]  # fmt: skip

KIND_NAMES: dict[Kind, str] = {
    "consultation": "咨询",
    "help": "求助",
    "complaint": "投诉",
    "report": "举报",
    "suggestion": "意见建议",
    "praise": "表扬",
    "other": "其他",
}

_USUAL_KINDS: dict[str, Kind] = {
    **{name: kind for kind, name in KIND_NAMES.items()},
    "建议": "suggestion",
    "意见": "suggestion",
    "感谢": "praise",
}
_USUAL_URGENCIES: dict[str, Urgency] = {
    "普通": "normal",
    "一般": "normal",
    "紧急": "urgent",
    "加急": "urgent",
    "特急": "emergency",
    "特别紧急": "emergency",
}

Path = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable)]
"""Where something is in the other side's JSON: ``data.orderNo``, ``items.0.name``, or a JSON pointer ``/data/orderNo``."""
Theirs = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(storable)]


class PlatformOptionsInvalid(ValueError):  # noqa: N818  it is raised like a finding, not like an error of ours
    """The options do not fit; `faults` are (JSON pointer, what is wrong there)."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("the options of the platform do not fit")
        self.faults = faults


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OrderFields(_Strict):
    """Where an order keeps what. `order_no` and `words` must be there; `words` may be several places, put one below the other."""

    order_no: Path
    words: Path | Annotated[tuple[Path, ...], Field(min_length=1, max_length=8)]
    kind: Path | None = None
    category: Path | None = None
    division: Path | None = None
    address: Path | None = None
    lat: Path | None = None
    lon: Path | None = None
    name: Path | None = None
    phone: Path | None = None
    urgency: Path | None = None
    confidential: Path | None = None
    wants_answer: Path | None = None
    happened_at: Path | None = None
    deadline: Path | None = None
    urged: Path | None = None
    sent_back: Path | None = None


def _callable(url: str) -> str:
    try:
        split_url(url)
    except AddressRefused:
        raise ValueError("must look like https://host/path") from None
    return url


CalledUrl = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{8,500}$"), AfterValidator(_callable)]


class StatusOptions(_Strict):
    """How the platform hears of progress: `statuses` are its words for our steps (null: not told), `fields` its places for our values."""

    url: CalledUrl
    statuses: dict[Step, Theirs | int | None] = Field(default_factory=dict)
    fields: dict[StatusField, Path] = Field(default_factory=dict)
    constants: Annotated[dict[Path, Theirs | int | bool], Field(max_length=20)] = Field(default_factory=dict)

    def told(self, step: Step) -> Theirs | int | None:
        """Return the platform's word for a step: our own where it names none, None where it does not want to hear."""
        return self.statuses.get(step, step)


class PlatformOptions(_Strict):
    """All options of a connected system of the kind ``platform``."""

    fields: OrderFields
    kinds: dict[Theirs, Kind] = Field(default_factory=lambda: dict(_USUAL_KINDS))
    categories: dict[Theirs, Code] = Field(default_factory=dict)
    divisions: dict[Theirs, Code] = Field(default_factory=dict)
    urgencies: dict[Theirs, Urgency] = Field(default_factory=lambda: dict(_USUAL_URGENCIES))
    yes: Annotated[tuple[Theirs, ...], Field(max_length=20)] = ("1", "true", "是", "Y", "yes")
    coordinate_system: Literal["WGS-84", "GCJ-02"] = "GCJ-02"
    zone: Literal["Asia/Shanghai", "UTC"] = "Asia/Shanghai"
    time_formats: Annotated[tuple[Theirs, ...], Field(max_length=8)] = (
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y/%m/%d %H:%M:%S",
        "%Y%m%d%H%M%S",
    )
    signature: SignatureOptions = STANDARD
    status: StatusOptions | None = None


def read_options(options: object) -> PlatformOptions:
    """Return the options of a platform; raise PlatformOptionsInvalid."""
    try:
        return PlatformOptions.model_validate(options)
    except ValidationError as invalid:
        places = [
            ("".join(f"/{part}" for part in fault["loc"]), fault["msg"]) for fault in invalid.errors(include_url=False, include_input=False)
        ]
        raise PlatformOptionsInvalid(places[:20]) from None
