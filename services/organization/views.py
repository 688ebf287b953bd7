"""Answers about units, members and posts."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.organization.models import ROLES, Member, Post, Unit
from services.organization.tree import UnitNode, UnitTree

_UNIT: dict[str, Any] = {
    "id": "0198f2a0-7c00-7000-8000-000000000002",
    "code": "441624108213",
    "kind": "village",
    "tier": "village",
    "name": "水口村村民委员会",
    "aliases": ["水口村", "水口村委会", "水口"],
    "parent_code": "441624108",
    "path": "/441624/441624108/441624108213/",
    "function": None,
    "lat": None,
    "lon": None,
    "population": None,
    "households": None,
    "duty_phone": "0762-5631234",
    "duty_phone_reason": None,
    "valid_from": "2026-11-22",
    "valid_to": None,
    "predecessor_code": None,
    "staffed_roles": ["village_secretary"],
    "version": 1,
}
_POST: dict[str, Any] = {
    "id": "0198f2a0-7c00-7000-8000-000000000003",
    "role": "guide",
    "title": "网格指导员",
    "unit_code": "441624108213001",
    "unit_name": "第一网格",
    "valid_from": "2026-12-01",
    "valid_to": None,
}
_MEMBER: dict[str, Any] = {
    "id": "0198f2a0-7c00-7000-8000-000000000001",
    "name": "黄小明",
    "staff_number": "PZ-0031",
    "party_member": True,
    "left_on": None,
    "version": 2,
    "posts": [_POST],
}
_SEAT: dict[str, Any] = {
    "unit_code": "441624108213001",
    "unit_name": "第一网格",
    "tier": "grid",
    "seats": ["网格员"],
    "duty_phone": "0762-5631234",
}
_UNPLACED: dict[str, Any] = {"id": _MEMBER["id"], "name": "黄小明", "staff_number": "PZ-0031", "unit_codes": ["441624108"]}
_BLANK: dict[str, Any] = {
    "code": "441624108213002",
    "name": "第二网格",
    "kind": "grid",
    "tier": "grid",
    "parent_code": "441624108213",
    "falls_back_to": "441624108213",
}
_PUBLIC_ROLES = (
    "grid_worker", "guide", "assistant", "village_secretary", "township_dispatcher",
    "department_officer", "hotline_operator", "county_supervisor",
)  # fmt: skip


class UnitView(BaseModel):
    """A unit. `staffed_roles` is empty where it is blank: nobody holds a post there today."""

    model_config = ConfigDict(json_schema_extra={"examples": [_UNIT]})

    id: UUID
    code: str
    kind: str
    tier: str
    name: str
    aliases: list[str]
    parent_code: str | None
    path: str
    function: str | None
    lat: float | None
    lon: float | None
    population: int | None
    households: int | None
    duty_phone: str | None
    duty_phone_reason: str | None = Field(description="Why a mobile number is published as the office's.")
    valid_from: date
    valid_to: date | None
    predecessor_code: str | None
    staffed_roles: list[str]
    version: int


class BlankUnit(BaseModel):
    """A unit in which nobody holds a post; what would be dispatched to it goes to `falls_back_to`, the nearest staffed unit above."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BLANK]})

    code: str
    name: str
    kind: str
    tier: str
    parent_code: str | None
    falls_back_to: str | None


class KindCount(BaseModel):
    """How many units of a kind there are, and how many of them are blank."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "grid", "total": 484, "blank": 483}]})

    kind: str
    total: int
    blank: int


class BlankUnits(BaseModel):
    """The report on blank units: counts for the whole area asked for, and one page of them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"counts": [{"kind": "grid", "total": 484, "blank": 483}], "items": [_BLANK], "next": None}]}
    )

    counts: list[KindCount]
    items: list[BlankUnit]
    next: str | None


class ResponsibleSeat(BaseModel):
    """Seats that answer for a place: no person's name, the office's published number."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SEAT]})

    unit_code: str
    unit_name: str
    tier: str
    seats: list[str]
    duty_phone: str | None


class Responsible(BaseModel):
    """Who is responsible for a unit, the nearest first; above a blank unit it is the next one that is staffed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"unit_code": "441624108213001", "unit_name": "第一网格", "responsible": [_SEAT]}]}
    )

    unit_code: str
    unit_name: str
    responsible: list[ResponsibleSeat]


class PostView(BaseModel):
    """A post: a role in a unit. `valid_to` is the first day it is over."""

    model_config = ConfigDict(json_schema_extra={"examples": [_POST]})

    id: UUID
    role: str
    title: str
    unit_code: str
    unit_name: str
    valid_from: date
    valid_to: date | None


class MemberView(BaseModel):
    """A member with all posts, the present and the past ones."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MEMBER]})

    id: UUID
    name: str
    staff_number: str | None
    party_member: bool
    left_on: date | None
    version: int
    posts: list[PostView]


class UnplacedMember(BaseModel):
    """A town or village cadre who is not placed in any grid."""

    model_config = ConfigDict(json_schema_extra={"examples": [_UNPLACED]})

    id: UUID
    name: str
    staff_number: str | None
    unit_codes: list[str]


class Placement(BaseModel):
    """The placement report (A17: all town and village cadres go down to the grids). `rate` is null where there are no cadres."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cadres": 2, "placed": 1, "rate": 0.5, "items": [_UNPLACED]}]})

    cadres: int
    placed: int
    rate: float | None = Field(description="placed / cadres")
    items: list[UnplacedMember]


def unit_view(unit: Unit, tree: UnitTree) -> UnitView:
    """Return the view of a unit's row; what lies around it is taken from the tree."""
    node = tree.by_id.get(unit.id)
    parent = tree.by_id.get(unit.parent_id) if unit.parent_id else None
    predecessor = tree.by_id.get(unit.predecessor_id) if unit.predecessor_id else None
    columns = {name: getattr(unit, name) for name in UnitView.model_fields if hasattr(unit, name)}
    return UnitView(
        **columns,
        parent_code=parent.code if parent else None,
        predecessor_code=predecessor.code if predecessor else None,
        staffed_roles=sorted(node.staffed_roles) if node else [],
    )


def blank_unit(unit: UnitNode, tree: UnitTree) -> BlankUnit:
    """Return a blank unit with the one its work falls back to."""
    above = tree.ancestors(unit)
    staffed = next((other for other in above if tree.staffed(other.id)), None)
    return BlankUnit(
        code=unit.code,
        name=unit.name,
        kind=unit.kind,
        tier=unit.tier,
        parent_code=above[0].code if above else None,
        falls_back_to=staffed.code if staffed else None,
    )


def responsible(unit: UnitNode, tree: UnitTree, phones: dict[UUID, str]) -> Responsible:
    """Return who answers for `unit`: its own seats and those of the units above, blank ones left out."""
    seats = []
    for here in (unit, *tree.ancestors(unit)):
        titles = [ROLES[role] for role in _PUBLIC_ROLES if role in here.staffed_roles and here.active]
        if titles:
            seats.append(
                ResponsibleSeat(unit_code=here.code, unit_name=here.name, tier=here.tier, seats=titles, duty_phone=phones.get(here.id))
            )
    return Responsible(unit_code=unit.code, unit_name=unit.name, responsible=seats)


def post_view(post: Post, unit_code: str, unit_name: str) -> PostView:
    """Return the view of a post."""
    return PostView(
        id=post.id,
        role=post.role,
        title=ROLES[post.role],
        unit_code=unit_code,
        unit_name=unit_name,
        valid_from=post.valid_from,
        valid_to=post.valid_to,
    )


def member_view(member: Member, posts: list[PostView]) -> MemberView:
    """Return the view of a member."""
    return MemberView(
        id=member.id,
        name=member.name,
        staff_number=member.staff_number,
        party_member=member.party_member,
        left_on=member.left_on,
        version=member.version,
        posts=posts,
    )
