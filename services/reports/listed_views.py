"""What the public list (通报) shows."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.reports.views import UnitName


class ListedTicket(BaseModel):
    """A limit of a ticket that reached the public list: whose it was, when it truly did, and whether it is still running."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "20261103-000017-7", "status": "accepted", "urgency": "normal", "category": "water.pipe_burst",
                    "place": {"code": "441624108201", "name": "太平村"}, "late": {"code": "441624108201", "name": "太平村"},
                    "stage": "resolve", "due_at": "2026-11-10T16:00:00Z", "listed_at": "2026-11-17T16:00:00Z",
                    "recorded_at": "2026-11-17T16:00:04Z", "running": True, "stopped_at": None,
                }
            ]
        }
    )  # fmt: skip

    number: str
    status: str
    urgency: str
    category: str | None
    place: UnitName
    late: UnitName | None = Field(description="The unit that was late; null in what was recorded before 2026-11-22.")
    stage: str
    due_at: datetime = Field(description="The due instant that was missed, as it stood then.")
    listed_at: datetime = Field(description="When the level was truly reached, whenever it was recorded.")
    recorded_at: datetime
    running: bool = Field(description="Whether the limit still runs (or is paused).")
    stopped_at: datetime | None


class ListedCount(BaseModel):
    """How many entries of the list are of a unit."""

    unit: UnitName | None = Field(examples=[{"code": "441624108", "name": "彭寨镇"}])
    listed: int = Field(examples=[2])


class PublicList(BaseModel):
    """What reached the public list in a month, by when it did, and how many entries each late unit has; as of an instant as known then."""

    as_of: datetime = Field(examples=["2026-11-22T04:00:00Z"])
    month: str = Field(examples=["2026-11"])
    total: int = Field(description="As the first page counted it.", examples=[1])
    units: list[ListedCount] = Field(description="Told with the first page; empty on later ones.")
    items: list[ListedTicket]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
