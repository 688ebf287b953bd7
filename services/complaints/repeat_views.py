"""A matter told again: what is written down, and what is answered."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.complaints.commands import Contact, Phone, Place
from services.complaints.views import Progress
from services.platform.text import Token, Words
from services.tickets.views import ToldBy

DeskChannel = Literal["hotline", "petition", "letter", "on_behalf"]
MessageId = Annotated[
    Token,
    Field(description="The channel's own id of this message: the same again changes nothing.", examples=["1795312694.0#2"]),
]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: Annotated[DeskChannel, Field(examples=["hotline"])] = "hotline"
    channel_message_id: MessageId
    words: Annotated[Words, Field(examples=["水管还没修好，再反映一次。"])]


class RecordRepeat(_Told):
    """The same matter told again, by the same person or by another, without anything new."""

    contact: Contact | None = Field(default=None, description="Absent for an anonymous one.")
    call_id: Token | None = Field(default=None, description="The telephone system's id of the call.", examples=["1795312694.0"])
    happened_at: AwareDatetime | None = Field(default=None, description="When it was said; now where absent.")
    confidential: bool = False
    wants_answer: bool = Field(
        default=True, description="Of somebody new: whether they are answered with the others when there is a result."
    )
    new_facts: bool = Field(default=False, description="It brings something new: then it is no repeat, and the refusal says where it goes.")
    draft_id: UUID | None = Field(default=None, description="The draft this was typed in: it ends with this ticket.")


class TellMore(_Told):
    """What somebody tells later of an open matter, written down by a desk."""

    place: Place | None = None
    phone: Annotated[Phone, Field(description="Whose complaint of the ticket it belongs to; the first one's where absent.")] = None


class RepeatView(BaseModel):
    """A repeat, and what to tell the person: the answer there was, or how far it is."""

    id: UUID = Field(description="Of the complaint it was written down as.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d46"])
    number: str = Field(examples=["20261122-000123-6"])
    tracking_code: str | None = Field(
        description="Their own, for the same number; null for whoever did not write it down.", examples=["K7M3QX5A"]
    )
    channel: str = Field(examples=["hotline"])
    told: str = Field(description="`answer` or `progress`: what there was to tell when it came.", examples=["progress"])
    words: str = Field(
        description="What to say now.", examples=["您反映的问题正在办理中（工单20261122-000123-6）：承办单位已签收，正在办理。"]
    )
    progress: Progress
    same_person: bool = Field(examples=[True])
    counted: bool = Field(description="False where the same person's repeat was counted within the hour before.", examples=[True])
    recorded_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])
    told_by: ToldBy
