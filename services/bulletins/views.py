"""Answers about bulletins."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.bulletins.lint_forms import Finding
from services.bulletins.periods import Kind
from services.reports.views import UnitName

State = Literal["draft", "published", "corrected"]
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_VIEW: JsonDict = {
    "id": "019aa6c0-0000-7000-8000-000000000001", "number": "441624-2026-10", "title": "和平县大管家群众诉求办理情况通报（2026年10月）",
    "unit": {"code": "441624", "name": "和平县"}, "kind": "month", "period": "2026-10", "first": "2026-10-01", "last": "2026-10-31",
    "edition": 1, "state": "published", "public": True, "version": 3, "hash": _HASH, "made_at": "2026-11-04T00:00:00Z",
    "changed_at": "2026-11-05T02:00:00Z", "published_at": "2026-11-05T03:00:00Z", "corrects": None, "corrected_by": None, "reason": None,
}  # fmt: skip


class BulletinView(BaseModel):
    """A bulletin, or the draft of one."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VIEW]})

    id: UUID
    number: str
    title: str
    unit: UnitName
    kind: Kind
    period: str
    first: date
    last: date
    edition: int
    state: State
    public: bool
    version: int = Field(description="Of the draft; what If-Match carries.")
    hash: str = Field(description="SHA-256 of the document's canonical JSON, as `format=document` answers it.")
    made_at: datetime
    changed_at: datetime
    published_at: datetime | None
    corrects: str | None = Field(description="Number of the bulletin that this one corrects.")
    corrected_by: str | None = Field(description="Number of the published bulletin that corrects this one.")
    reason: str | None = Field(description="Why it corrects.")


class BulletinDetail(BulletinView):
    """A bulletin with its document."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_VIEW, "document": {"number": "441624-2026-10"}, "findings": []}]})

    document: dict[str, object] = Field(description="Title, sections with paragraphs and tables, definitions, and every figure.")
    findings: list[Finding] = Field(description="What the lint finds. A bulletin with an error is not published.")


class Bulletins(BaseModel):
    """A page of bulletins, those of the latest period first."""

    items: list[BulletinView]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


class FigureNow(BaseModel):
    """A figure then or now."""

    numerator: int = Field(examples=[911])
    denominator: int | None = Field(examples=[972])
    shown: str = Field(examples=["93.72%"])


class DriftedFigure(BaseModel):
    """A figure that is another today; null where there is no such figure."""

    what: str = Field(description="Which figure, in words.", examples=["彭寨镇 结案率(结案/应结案)"])
    when: str = Field(description="Of which period: `now` is the bulletin's own.", examples=["now"])
    group: str = Field(examples=["unit"])
    key: str = Field(examples=["441624108"])
    metric: str = Field(examples=["completion_rate_due@1"])
    removal: str = Field(examples=["kept"])
    printed: FigureNow | None
    today: FigureNow | None


class Drift(BaseModel):
    """How the figures of today differ from the printed ones. The bulletin itself does not change."""

    number: str = Field(examples=["441624-2026-10"])
    hash: str = Field(examples=[_HASH])
    printed_as_of: datetime = Field(examples=["2026-11-04T00:00:00Z"])
    as_of: datetime = Field(examples=["2026-11-22T04:00:00Z"])
    compared: int = Field(description="How many figures were compared.", examples=[412])
    differing: int = Field(examples=[1])
    items: list[DriftedFigure]
