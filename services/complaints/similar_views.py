"""What is asked when duplicates are looked for, and what is answered."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.complaints.commands import Phone, Place
from services.platform.text import Code, ShownWords, Words
from services.tickets.views import CategoryName, TierUnitName, ToldBy

Near = Literal["same", "same_village", "coarse", "unknown", "elsewhere"]
Kind = Literal["same", "branch", "open", "other"]


class SimilarTo(BaseModel):
    """What is being told now, before it is filed: as much of it as is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Annotated[Words, Field(examples=["水口村的水管爆了，水漫到路上。"])]
    category: Code | None = Field(default=None, examples=["water.pipe_burst"])
    place: Place | None = None
    happened_at: AwareDatetime | None = Field(default=None, description="When it was said; now where absent.")
    phone: Phone = None


class Why(BaseModel):
    """What the score was made of."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"words": 0.909, "place": "same_village", "metres": 85, "category": "same", "days_apart": 0.4}]}
    )

    words: float = Field(description="How alike the words are, from 0 to 1; names of places and what every caller says struck out.")
    place: Near = Field(description="`coarse`: one is known only to the township or higher; `elsewhere`: another village, yet near by.")
    metres: int | None = Field(description="Between the points, where both have one.")
    category: Kind = Field(description="`branch`: of the same branch of the catalogue; `open`: one has none yet.")
    days_apart: float


class SimilarTicket(BaseModel):
    """A ticket that may be of the same matter. No contact is shown."""

    number: str = Field(examples=["20261122-000123-6"])
    status: str = Field(examples=["accepted"])
    status_name: str = Field(examples=["签收"])
    category: CategoryName | None = Field(examples=[{"code": "water.pipe_burst", "name": "供水管道破裂"}])
    place: TierUnitName | None = Field(examples=[{"code": "441624108213", "name": "水口村", "tier": "village"}])
    received_at: datetime = Field(examples=["2026-11-21T18:10:00Z"])
    words: ShownWords = Field(description="How its first complaint begins.", examples=["您好，水口村村委会门口自来水管爆裂。"])
    score: float = Field(description="How alike in all, from 0 to 1.", examples=[0.895])
    why: Why
    same_person: bool | None = Field(description="Told by the same person; null where you may not know.", examples=[False])
    told_by: ToldBy
