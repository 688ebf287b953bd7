"""What people ask of bulletins: the bodies of requests."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.bulletins.building import SECTION_KEYS
from services.bulletins.periods import Kind
from services.platform.text import Code, ShortTextOfNobody, of_nobody, storable


def _section(key: str) -> str:
    if key not in SECTION_KEYS:
        raise ValueError(f"must be one of {', '.join(SECTION_KEYS)}")
    return key


Prose = Annotated[str, StringConstraints(max_length=4000), AfterValidator(storable), AfterValidator(of_nobody)]


class DraftBulletin(BaseModel):
    """Draft the bulletin of an area and a period that is over."""

    model_config = ConfigDict(extra="forbid")

    unit: Code = Field(description="A county (city) or a township.", examples=["441624"])
    kind: Kind = Field(examples=["month"])
    period: str = Field(max_length=10, description="2026-10, 2026-Q4 or 2026.", examples=["2026-10"])
    decimals: int = Field(default=2, ge=0, le=6, description="Places of percentages.", examples=[2])


class PutWords(BaseModel):
    """What the editor adds to a bulletin: words, never figures. Whoever puts them answers for the draft, even where they add none."""

    model_config = ConfigDict(extra="forbid")

    preface: Prose = Field(default="", description="Before the first section.", examples=["现将本月群众诉求办理情况通报如下。"])
    closing: Prose = Field(default="", description="After the last section.", examples=["请各单位对照短板，抓好整改。"])
    remarks: dict[Annotated[str, AfterValidator(_section)], Prose] = Field(
        default_factory=dict,
        max_length=len(SECTION_KEYS),
        description="To single sections, by their key.",
        examples=[{"overdue": "名单内事项已逐件函告。"}],
    )
    reason: ShortTextOfNobody | None = Field(default=None, description="Of a correction: why, anew.", examples=["补录十月下旬来信12件"])


class CorrectBulletin(BaseModel):
    """Begin the correction of a published bulletin."""

    model_config = ConfigDict(extra="forbid")

    reason: ShortTextOfNobody = Field(description="Why it is corrected; printed in the correction.", examples=["补录十月下旬来信12件"])


class PublishBulletin(BaseModel):
    """Publish a draft as it was read."""

    model_config = ConfigDict(extra="forbid")

    public: bool = Field(default=False, description="Whether everybody may read it, without signing in; a county's only.", examples=[True])
    small_cells_words: ShortTextOfNobody | None = Field(
        default=None,
        description="Why its small numbers point at nobody: needed where it is opened to everybody and prints any. Kept in the journal.",
        examples=["已逐项核对，不会指认到个人"],
    )
