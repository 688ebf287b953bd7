"""What the desks see of messages: where each stands, and how it went there. No words, no address, nobody's name."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class WayView(_View):
    """A way that was tried and failed. `error` is a short code: ``wechat_45015`` is WeChat's errcode."""

    way: str = Field(examples=["wechat"])
    error: str | None = Field(examples=["wechat_45015"])
    at: datetime


class MessageView(_View):
    """One message to one recipient.

    `carrier`: the way it went, or was last tried. ``phone`` means that the hotline is to call, and `phone_task` how far that is.
    """

    id: UUID
    audience: str = Field(description="complainant or unit", examples=["complainant"])
    complaint_id: UUID | None = Field(description="Of the complainants of a ticket and of those merged into it, whose.")
    unit: str | None = Field(description="Name of the unit that is told.", examples=[None])
    template: str = Field(description="What it tells.", examples=["answered"])
    state: str = Field(description="queued, sent, given_up, no_carrier, or digested: told with others in one message", examples=["sent"])
    carrier: str | None = Field(examples=["sms"])
    tries: int = Field(examples=[1])
    error: str | None = Field(description="Why the last try failed.", examples=[None])
    created_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None = Field(description="While it waits.", examples=[None])
    phone_task: str | None = Field(description="open, done or unreachable", examples=[None])
    ways: list[WayView]


class MessagesView(_View):
    """The messages about a ticket, oldest first; the newest 500 where there are more."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "id": "019aa7b0-0000-7000-8000-000000000021",
                            "audience": "complainant",
                            "complaint_id": "019aa7b0-0000-7000-8000-000000000003",
                            "unit": None,
                            "template": "answered",
                            "state": "sent",
                            "carrier": "sms",
                            "tries": 1,
                            "error": None,
                            "created_at": "2026-11-22T02:10:00Z",
                            "sent_at": "2026-11-22T02:10:02Z",
                            "next_try_at": None,
                            "phone_task": None,
                            "ways": [{"way": "wechat", "error": "wechat_45015", "at": "2026-11-22T02:10:01Z"}],
                        }
                    ]
                }
            ]
        },
    )

    items: list[MessageView]
