"""What the commands on a matter are made of."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.config import JsonValue

from services.platform.errors import Conflict

_UUID7 = 7


def _made_by_a_client(found: UUID) -> UUID:
    if found.version != _UUID7:
        raise ValueError("must be a UUID of version 7")
    return found


ClientId = Annotated[UUID, AfterValidator(_made_by_a_client), Field(description="Made by the client: the same again is the same.")]
Photos = Annotated[tuple[UUID, ...], Field(max_length=20, description="Pictures one uploaded before.")]
Day = Annotated[date, Field(description="Day in Asia/Shanghai, never to come.", examples=["2026-11-20"])]


def example_of(action: str, **said: JsonValue) -> ConfigDict:
    """Return the configuration of a command with this example."""
    example: dict[str, Any] = {"action": action, **said}
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [example]})


def taken() -> Conflict:
    """Return the problem of an id that something else was sent under."""
    return Conflict("matter.id_taken", "Something else was sent under this id; make a new one.")
