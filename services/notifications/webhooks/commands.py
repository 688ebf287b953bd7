"""What can be asked of webhook subscriptions."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.notifications.webhooks.matching import ALL, KNOWN
from services.platform.text import Code, ShortTextOfNobody, WordsOfNobody

GRACE_HOURS_AT_MOST = 24 * 30


def _known(types: tuple[str, ...]) -> tuple[str, ...]:
    if any(one != ALL and one not in KNOWN for one in types):
        raise ValueError(f"each must be {ALL} or one of {', '.join(sorted(KNOWN))}")
    return tuple(dict.fromkeys(types))


EventTypes = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=64)], ...],
    Field(
        min_length=1,
        max_length=50,
        description="Types of events, or `ticket.*` for all of tickets.",
        examples=[["ticket.dispatched", "ticket.closed"]],
    ),
    AfterValidator(_known),
]
Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[\x21-\x7e]{3,500}$"),
    Field(
        description="Where events are posted: https, and an address of the open Internet.",
        examples=["https://county.example.org/hooks/580"],
    ),
]
Unit = Annotated[Code | None, Field(description="Only matters in this unit's area, or that it holds or loses.", examples=["441624108"])]
Channel = Annotated[Code | None, Field(description="Only what came in this way.", examples=["hotline"])]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subscribe(_Command):
    """Subscribe to events of tickets."""

    name: Annotated[ShortTextOfNobody, Field(examples=["县数据局工单镜像"])]
    url: Url
    event_types: EventTypes
    unit: Unit = None
    channel: Channel = None


class ChangeSubscription(_Command):
    """Change what is given; the rest stays. `unit` and `channel` are widened again with null."""

    name: Annotated[ShortTextOfNobody | None, Field(examples=["县数据局工单镜像(新)"])] = None
    url: Url | None = None
    event_types: EventTypes | None = None
    unit: Unit = None
    channel: Channel = None
    active: bool | None = None


class Entitle(_Command):
    """Let the subscriber have complainants' words and contacts, or no longer."""

    entitled: bool = Field(examples=[True])
    reason: Annotated[
        WordsOfNobody, Field(description="On what authority; kept for good.", examples=["按县数据共享协议第7条，供县12345平台回访使用"])
    ]


class RotateSecret(_Command):
    """Take a new secret; for `grace_hours` every delivery carries signatures of both."""

    grace_hours: int = Field(default=24, ge=0, le=GRACE_HOURS_AT_MOST, examples=[24])
