"""What is shown of signs: kinds, counts, bounds and words for a cadre. Never a name, a number or a digest."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.complaints.signs import ALWAYS, From, Kind, Sign, Weight
from services.tickets.views import CategoryName, TierUnitName

KIND_NAMES: Mapping[Kind, str] = {
    "burst": "短时集中",
    "many_names": "一号多名",
    "many_matters": "一号多诉",
    "same_words": "文字雷同",
    "one_writer": "一人代登",
    "few_households": "件多户少",
}
TICKETS_SHOWN = 50
_WEIGHT: dict[str, Any] = {"tellings": 27, "households": 2, "anonymous": 1}
_SIGN: dict[str, Any] = {
    "kind": "burst", "name": "短时集中", "calls_for_a_look": True, "looks": "few", "count": 27, "bound": 5, "weight": _WEIGHT,
    "words": "24小时内27次诉求,往常28天共3次,一天至多5次属常见;来自2户,另有匿名1次。次数多而户数少。",
    "advice": "请按登记的联系方式逐户回访核实;核实前照常办理。", "tickets": ["20261122-000123-6"],
}  # fmt: skip
_MATTER: dict[str, Any] = {"weight": _WEIGHT, "signs": [_SIGN]}


class WeightView(BaseModel):
    """What tellings weigh: each household one, however often it tells."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WEIGHT]})

    tellings: int
    households: int = Field(description="户: who shares a number or a WeChat account is one.")
    anonymous: int = Field(description="Of `tellings`: by nobody known; they are in no household.")


class SignView(BaseModel):
    """A reason to call back; never one to close, hide, delay or downgrade anything."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SIGN]})

    kind: Kind
    name: str
    calls_for_a_look: bool = Field(description="False for a burst of many households: many people with one trouble.")
    looks: From | None = Field(description="Of a burst: from many households, from few, or nobody knows.")
    count: int = Field(description="What was counted; which it is, `words` say.")
    bound: int = Field(description="Of a burst and of `few_households` the most that is usual; else the least that is a sign.")
    weight: WeightView
    words: str = Field(description="What there is to see, in words for a cadre.")
    advice: str = Field(description="What to do.")
    tickets: list[str] = Field(description=f"The tickets it is about, {TICKETS_SHOWN} at most.")


class MatterSigns(BaseModel):
    """What a matter weighs, and its signs."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MATTER]})

    weight: WeightView
    signs: list[SignView]


class AroundSigns(MatterSigns):
    """The same of everything that was told openly in the place, of the same branch of the catalogue, around the ticket's day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_MATTER, "place": {"code": "441624108213", "name": "水口村", "tier": "village"},
                    "branch": {"code": "water", "name": "供水"}, "begin": "2026-11-19T02:10:00Z", "end": "2026-11-25T02:10:00Z",
                    "usual": 3,
                }
            ]
        }
    )  # fmt: skip

    place: TierUnitName
    branch: CategoryName | None
    begin: datetime
    end: datetime = Field(description="Exclusive.")
    usual: int = Field(description="How often something was told there in the 28 days before `begin`.")


class TicketSigns(BaseModel):
    """Signs of a ticket, with those merged into it; and of what was told around it."""

    number: str = Field(examples=["20261122-000123-6"])
    rule: str = Field(description="What holds whatever the signs are.", examples=[ALWAYS])
    matter: MatterSigns
    around: AroundSigns | None = Field(description="Null for a matter told in confidence, and where there is no unit.")


def weight_view(weight: Weight) -> WeightView:
    """Return the view of a weight."""
    return WeightView(tellings=weight.tellings, households=weight.households, anonymous=weight.anonymous)


def sign_views(signs: Iterable[Sign], numbers: Mapping[UUID, str]) -> list[SignView]:
    """Return the views of signs; `numbers` are those of the tickets that may be named, the others are left out."""
    return [
        SignView(
            kind=sign.kind, name=KIND_NAMES[sign.kind], calls_for_a_look=sign.calls_for_a_look, looks=sign.looks, count=sign.count,
            bound=sign.bound, weight=weight_view(sign.weight), words=sign.words, advice=sign.advice,
            tickets=sorted(numbers[ticket] for ticket in sign.tickets if ticket in numbers)[:TICKETS_SHOWN],
        )
        for sign in signs
    ]  # fmt: skip
