"""What is answered about complaints."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.platform.text import ShownWords

_EXAMPLE_NUMBER = "20261122-000123-6"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class PlaceCandidate(_View):
    """A unit that may be meant."""

    code: str = Field(examples=["441624108203"])
    name: str = Field(examples=["水口村"])
    township: str | None = Field(default=None, examples=["彭寨镇"])


class PlaceAnswer(_View):
    """What was understood of the place. An ambiguous or unknown one never stops a filing; the desk asks back or decides."""

    state: Literal["resolved", "ambiguous", "unknown"] = Field(examples=["resolved"])
    unit: PlaceCandidate | None = None
    candidates: tuple[PlaceCandidate, ...] = ()


class Filed(_View):
    """A filed complaint: the number to say aloud, and the code that tracks it."""

    number: str = Field(examples=[_EXAMPLE_NUMBER])
    tracking_code: str | None = Field(description="Null where somebody else filed the same message first.", examples=["K7M3QX5A"])
    ticket_id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"])
    complaint_id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3f"])
    status: str = Field(examples=["received"])
    duplicate: bool = Field(description="The same message was filed before; this is its ticket.", examples=[False])
    place: PlaceAnswer | None = None


class AnswerGiven(_View):
    """What this complainant was told about the result."""

    round: int = Field(examples=[1])
    words: str = Field(examples=["水管已于今天上午修好，恢复供水。"])
    answered_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])


class Progress(_View):
    """What a complainant may know of their ticket."""

    number: str = Field(examples=[_EXAMPLE_NUMBER])
    status: str = Field(examples=["accepted"])
    status_words: str = Field(description="The status in words.", examples=["承办单位已签收，正在办理"])
    received_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])
    dispatched_at: datetime | None = Field(default=None, examples=["2026-11-22T02:10:00Z"])
    accepted_at: datetime | None = Field(default=None, examples=["2026-11-22T02:10:00Z"])
    resolved_at: datetime | None = Field(default=None, examples=["2026-11-22T02:10:00Z"])
    answered_at: datetime | None = Field(default=None, examples=["2026-11-22T02:10:00Z"])
    closed_at: datetime | None = Field(default=None, examples=["2026-11-22T02:10:00Z"])
    responsible_unit: str | None = Field(default=None, description="Name of the unit that has it now.", examples=["太平村"])
    answers: tuple[AnswerGiven, ...] = ()


class RewordingView(_View):
    """A later wording and whose it is."""

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d40"])
    complaint_id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d41"])
    words: ShownWords = Field(examples=["来电人称水管在村委会门口，不在老水井旁。"])
    author: str = Field(examples=["李接线"])
    recorded_at: datetime = Field(examples=["2026-11-22T02:30:00Z"])


class SupplementView(_View):
    """What the complainant told later of the same matter."""

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d42"])
    channel: str = Field(examples=["wechat"])
    words: ShownWords | None = Field(default=None, description="Null where only a place or files came.", examples=["就在学校门口那一盏。"])
    place_words: ShownWords | None = Field(default=None, examples=["彭寨镇水口村水口小学"])
    has_point: bool = Field(default=False, description="Whether a point on the map came with it.", examples=[True])
    files: int = Field(default=0, description="How many pictures, recordings or films came with it.", examples=[1])
    received_at: datetime = Field(examples=["2026-11-22T02:31:00Z"])


class ContactView(_View):
    """The contact as the staff see it: masked."""

    name: str | None = Field(default=None, examples=["张*"])
    phone: str | None = Field(default=None, examples=["138****0123"])
    wechat: bool = Field(description="Whether they wrote through WeChat and can be answered there.", examples=[False])
    email: str | None = Field(default=None, examples=["z***@example.org"])


class ComplaintView(_View):
    """A complaint as the staff see it: the original words, later wordings, the contact masked."""

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3f"])
    channel: str = Field(examples=["hotline"])
    words: ShownWords = Field(examples=["礼士镇太平村的水管爆了，水漫到路上。"])
    category_hint: str | None = None
    place_words: ShownWords | None = Field(default=None, examples=["太平村老水井旁"])
    place_code: str | None = None
    confidential: bool = Field(examples=[False])
    wants_answer: bool = Field(examples=[True])
    happened_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])
    received_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])
    repeat: bool = Field(default=False, description="Told again without new facts, of a ticket there was.", examples=[False])
    contact: ContactView | None = Field(default=None, description="None for an anonymous complainant, or one you must not know.")
    restricted: bool = Field(default=False, description="The contact and the files are shown to nobody for now.", examples=[False])
    rewordings: tuple[RewordingView, ...] = ()
    supplements: tuple[SupplementView, ...] = ()
    attachment_ids: tuple[UUID, ...] = ()


PlaceSection = dict[str, Any]
"""A :class:`PlaceAnswer` as it is stored with an answer: plain values."""
