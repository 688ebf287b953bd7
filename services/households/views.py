"""What is shown of the register: names and numbers masked, in clear only for a purpose that is written down."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.households.references import village_of
from services.organization.tree import UnitTree
from services.platform.phones import masked_name, masked_phone

_HOUSEHOLD: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10", "unit": "441624108213001", "unit_name": "第一网格", "village": "441624108213",
    "number": "3-012", "head": "黄**", "phone": "138****0123", "people": 4, "ended_on": None, "ended_because": None, "version": 1,
}  # fmt: skip


class HouseholdView(BaseModel):
    """A household. `head` and `phone` are masked; null where unknown or erased."""

    model_config = ConfigDict(json_schema_extra={"examples": [_HOUSEHOLD]})

    id: UUID
    unit: str = Field(description="The grid it lives in, or its village.")
    unit_name: str
    village: str
    number: str | None = Field(description="In the village's register; null after erasure.")
    head: str | None
    phone: str | None
    people: int | None
    ended_on: date | None
    ended_because: str | None
    version: int


class HouseholdContact(BaseModel):
    """Who lives there, in clear."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"head": "黄某某", "phone": "13800000123", "address": "水口村3组12号"}]})

    head: str | None
    phone: str | None
    address: str | None


def household_view(row: Any, clear: dict[str, Any] | None, tree: UnitTree) -> HouseholdView:
    """Return the view of a household; `clear` is what its paper says, None where it was erased."""
    told = clear or {}
    unit = tree.by_id[row.unit_id]
    village = village_of(tree, unit) or unit
    return HouseholdView(
        id=row.id, unit=unit.code, unit_name=unit.name, village=village.code, number=told.get("number"),
        head=masked_name(told["head"]) if told.get("head") else None, phone=masked_phone(told["phone"]) if told.get("phone") else None,
        people=row.people, ended_on=row.ended_on, ended_because=row.ended_because, version=row.version,
    )  # fmt: skip


def contact_view(clear: dict[str, Any] | None) -> HouseholdContact:
    """Return what a paper says of who lives there."""
    told = clear or {}
    return HouseholdContact(head=told.get("head"), phone=told.get("phone"), address=told.get("address"))
