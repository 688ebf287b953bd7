"""What is shown of calls: callers masked, recordings only as a state."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.calls.models import DISPOSITIONS, Call
from services.platform.phones import masked_phone

STATES = ("ringing", "queued", "talking", "ended")


class PhoneCallView(BaseModel):
    """One call. Seconds are null where nobody knows them; `basis` says whether the queue said so or only a call record."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e", "source": "pbx-580", "call_id": "1795312694.0", "direction": "inbound",
                    "caller": "139****0001", "dnis": "580", "queue": "hotline", "state": "ended", "disposition": "answered",
                    "disposition_name": "人工接听", "basis": "queue", "arrived_at": "2026-11-22T01:58:14Z",
                    "queued_at": "2026-11-22T01:58:16Z",
                    "ringing_at": None, "answered_at": "2026-11-22T01:58:16Z", "ended_at": "2026-11-22T01:58:20Z",
                    "agent": "PJSIP/agent1001", "extension": "agent1001", "wait_seconds": 0, "talk_seconds": 4, "hang_up_side": "caller",
                    "called_before": False, "recording": "kept", "recording_error": None,
                }
            ]
        },
    )  # fmt: skip

    id: UUID
    source: str = Field(description="Code of the exchange's connection.")
    call_id: str
    direction: str
    caller: str | None = Field(description="The other person's number, masked; null where withheld.")
    dnis: str | None = Field(description="Which of our numbers was called.")
    queue: str | None
    state: str = Field(description="`ringing`, `queued`, `talking` or `ended`.")
    disposition: str | None = Field(description="What became of it; null until it has ended.")
    disposition_name: str | None
    basis: str
    arrived_at: datetime
    queued_at: datetime | None
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    agent: str | None
    extension: str | None
    wait_seconds: int | None
    talk_seconds: int | None
    hang_up_side: str | None
    called_before: bool | None = Field(description="Whether the number had called within the seven days before.")
    recording: str | None = Field(description="`awaited`, `kept` or `given_up`; null where there is none to fetch.")
    recording_error: str | None


class UnreadableEvent(BaseModel):
    """Something an exchange sent that could not be read, or that contradicts what it said before."""

    model_config = ConfigDict(frozen=True)

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"])
    source: str = Field(examples=["pbx-580"])
    error: str = Field(description="A short code: what is wrong with it.", examples=["time.malformed"])
    received_at: datetime = Field(examples=["2026-11-22T01:58:20Z"])


class UnreadableContent(UnreadableEvent):
    """It, with what came, unchanged."""

    content_type: str = Field(examples=["application/x-www-form-urlencoded"])
    raw: str | None = Field(
        description="As text, or as hexadecimal digits; null once erased.", examples=["event=hangup&call_id=1795312694.0"]
    )
    encoding: str = Field(description="`utf-8` or `hex`.", examples=["utf-8"])


def state_of(call: Call) -> str:
    """Return what goes on: an ended call stays ended whatever comes late."""
    if call.disposition is not None:
        return "ended"
    if call.answered_at is not None:
        return "talking"
    return "queued" if call.queued_at is not None else "ringing"


def call_view(call: Call, number: str | None) -> PhoneCallView:
    """Return the view of a call; `number` is masked here."""
    return PhoneCallView(
        id=call.id,
        source=call.source,
        call_id=call.call_id,
        direction=call.direction,
        caller=masked_phone(number) if number else None,
        dnis=call.dnis,
        queue=call.queue,
        state=state_of(call),
        disposition=call.disposition,
        disposition_name=DISPOSITIONS.get(call.disposition or ""),
        basis=call.basis,
        arrived_at=call.arrived_at,
        queued_at=call.queued_at,
        ringing_at=call.ringing_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        agent=call.agent,
        extension=call.extension,
        wait_seconds=call.wait_seconds,
        talk_seconds=call.talk_seconds,
        hang_up_side=call.hang_up_side,
        called_before=call.called_before,
        recording=call.recording_state,
        recording_error=call.recording_error,
    )
