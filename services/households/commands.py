"""What is said of a household at the door."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.households.parsing import MOST_PEOPLE
from services.platform.phones import normalised_phone
from services.platform.text import Code, ShortText, ShortTextOfNobody

EndedBecause = Literal["moved_away", "merged", "dissolved", "listed_twice", "mistake"]
Purpose = Literal["visit", "answer", "help", "emergency"]


def _phone(given: str) -> str | None:
    return normalised_phone(given)


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    head: Annotated[ShortText, Field(max_length=60)] | None = Field(
        default=None, description="Head of the household 户主.", examples=["黄某某"]
    )
    phone: Annotated[ShortText, AfterValidator(_phone)] | None = Field(default=None, examples=["13800000123"])
    address: ShortText | None = Field(default=None, examples=["水口村3组12号"])
    people: int | None = Field(default=None, ge=0, le=MOST_PEOPLE, description="How many live there.", examples=[4])


class ListHousehold(_Told):
    """A household to be listed in the register of its village."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"unit": "441624108213001", "number": "3-012", "head": "黄某某"}]}
    )

    unit: Code = Field(description="The grid it lives in, or the village.", examples=["441624108213001"])
    number: Annotated[ShortText, Field(max_length=64)] = Field(description="Its number in the village's register.", examples=["3-012"])


class ChangeHousehold(_Told):
    """All that is known of a household now, and where in its village it lives. What is left out is known no more."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"unit": "441624108213001", "people": 5}]})

    unit: Code = Field(description="The grid it lives in, or the village.", examples=["441624108213001"])


class EndHousehold(BaseModel):
    """A household that is no more in this village."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"because": "moved_away", "on": "2026-11-20"}]})

    because: EndedBecause
    on: date | None = Field(default=None, description="First day it is over; today where not given, never ahead.", examples=["2026-11-20"])


class OpenContact(BaseModel):
    """Why somebody wants to read who lives there."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"purpose": "visit", "words": "上门走访"}]})

    purpose: Purpose
    words: ShortTextOfNobody = Field(description="In one's own words, without names.", examples=["上门走访"])
