"""What a phone is told of its commands."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.tickets.views import TicketView

Status = Literal["applied", "replayed", "waiting", "conflict", "refused"]

_STATUS = (
    "`applied` now; `replayed`: it was applied before, and nothing was done again; `waiting`: kept here, and applied as soon as what "
    "it waits for is there; `conflict`: kept here, because the ticket is no longer as it was; `refused`: kept here, because it cannot be "
    "right."
)
_RESULT: JsonDict = {
    "command_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d50",
    "status": "applied",
    "code": None,
    "problem": None,
    "number": "20261122-000123-6",
    "version": 1,
    "tracking_code": "K7M3QX5A",
    "files_to_come": [],
    "happened_at": "2026-11-21T23:40:00Z",
    "counted_at": "2026-11-21T23:40:00Z",
    "received_at": "2026-11-22T00:30:01Z",
    "ticket": None,
}


class CommandResult(BaseModel):
    """What became of one command. `ticket` is how the ticket stands now, wherever a command was not applied to it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RESULT]})

    command_id: UUID | None = Field(description="Null where an item names none that can be read.")
    status: Status = Field(description=_STATUS)
    code: str | None = Field(description="Why it was not simply applied; stable, for programs.")
    problem: dict[str, Any] | None = Field(description="The same for people, as an RFC 9457 problem.")
    number: str | None = Field(description="Number of the ticket it is about.")
    version: int | None = Field(description="The ticket's version right after it was applied.")
    tracking_code: str | None = Field(description="Of a report: what the complainant tracks it by.")
    files_to_come: list[UUID] = Field(description="Uploads that were not complete when it was applied; each is linked when it is.")
    happened_at: datetime | None = Field(description="When it happened, by the device.")
    counted_at: datetime | None = Field(description="What that counts as, by our clock.")
    received_at: datetime | None = Field(description="When it first came.")
    ticket: TicketView | None


class SyncResult(BaseModel):
    """What became of a batch, command by command in the order they were sent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"received_at": "2026-11-22T00:30:01Z", "clock_offset_ms": 1000, "results": [_RESULT], "caught_up": []}]
        }
    )

    received_at: datetime
    clock_offset_ms: int = Field(description="How far the device's clock is behind ours, as this batch shows; negative where it is ahead.")
    results: list[CommandResult]
    caught_up: list[CommandResult] = Field(description="Commands of earlier batches that waited, and were settled now.")


class KeptCommand(CommandResult):
    """A command that was not applied, with all it said."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_RESULT,
                    "status": "conflict",
                    "code": "ticket.not_yours",
                    "version": None,
                    "tracking_code": None,
                    "command": {"kind": "action", "ticket": "20261122-000123-6", "action": {"action": "resolve", "words": "水管已换好"}},
                }
            ]
        }
    )

    command: dict[str, Any] | None = Field(description="The command as it came.")
