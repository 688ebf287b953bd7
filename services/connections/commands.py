"""What can be asked of connected systems."""

from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from services.platform.text import Code, ShortTextOfNobody

OPTIONS_BYTES_AT_MOST = 16 * 1024
GRACE_HOURS_AT_MOST = 24 * 30


def _bearable(options: dict[str, Any]) -> dict[str, Any]:
    if len(orjson.dumps(options)) > OPTIONS_BYTES_AT_MOST:
        raise ValueError(f"must not be longer than {OPTIONS_BYTES_AT_MOST} bytes")
    return options


Options = Annotated[dict[str, Any], AfterValidator(_bearable), Field(description="Settings of the adapter; its channel's page lists them.")]
Secret = Annotated[
    SecretStr | None,
    Field(
        min_length=8,
        max_length=512,
        description="Only where the other side has made one (a Twilio AuthToken, say); otherwise one is made here and shown once.",
    ),
]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AddConnection(_Command):
    """Connect a system."""

    code: Annotated[Code, Field(examples=["pbx-580"])]
    kind: Annotated[Literal["pbx", "open311", "platform"], Field(examples=["pbx"])]
    adapter: Annotated[Code, Field(examples=["asterisk"])]
    name: Annotated[ShortTextOfNobody, Field(examples=["580热线交换机"])]
    options: Options = Field(default_factory=dict, examples=[{"zone": "Asia/Shanghai"}])
    secret: Secret = None


class ChangeConnection(_Command):
    """Change what is given; the rest stays."""

    name: Annotated[ShortTextOfNobody | None, Field(examples=["580热线交换机(新机房)"])] = None
    options: Options | None = None
    active: bool | None = None


class RotateConnectionSecret(_Command):
    """Take a new secret; the one before stays good for `grace_hours`."""

    secret: Secret = None
    grace_hours: int = Field(default=24, ge=0, le=GRACE_HOURS_AT_MOST, examples=[24])
