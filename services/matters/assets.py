"""Canals, roads and other long things, and which part of each lies in which village."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select

from services.activities.rules import seat_over
from services.households.references import village_of
from services.journal.noting import note
from services.matters.commands import SEGMENT_EXAMPLE, AddAsset, AddSegment, AssetKind
from services.matters.holding import unit_of, who
from services.matters.models import Asset, AssetSegment
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

SUBJECT = "asset"
_SEGMENT: dict[str, Any] = {"id": SEGMENT_EXAMPLE, "unit": "441624108213", "unit_name": "水口村", "from_m": 118_000, "to_m": 121_500}
_ASSET: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e04", "code": "canal-hfd", "kind": "canal", "name": "黄峰斗水渠", "called": ["水渠"],
    "length_m": 320_000, "segments": [_SEGMENT],
}  # fmt: skip


class SegmentView(BaseModel):
    """A part of an asset in a village, in metres from where the asset begins."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SEGMENT]})

    id: UUID
    unit: str
    unit_name: str
    from_m: int
    to_m: int


class AssetView(BaseModel):
    """An asset with its segments."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ASSET]})

    id: UUID
    code: str
    kind: AssetKind
    name: str
    called: list[str] = Field(description="What villagers call it: words that name a segment of their village.")
    length_m: int
    segments: list[SegmentView]


async def add_asset(work: Work, command: AddAsset) -> UUID:
    """Enter an asset. The same code with the same facts is the same asset; with others 409 ``asset.code_taken``."""
    facts = {"kind": command.kind, "name": command.name, "called": list(command.called), "length_m": command.length_m}
    row = {"id": new_id(), "code": command.code, **facts, **who(work)}
    await insert_many(work.session, Asset, [row], condition="ON CONFLICT DO NOTHING")
    there = (await work.session.scalars(select(Asset).where(Asset.code == command.code))).one()
    if there.id != row["id"]:
        if {name: getattr(there, name) for name in facts} != facts:
            raise Conflict("asset.code_taken", "Another asset has this code.")
        return there.id
    await note(work, SUBJECT, there.id, "asset.added", {"code": command.code})
    return there.id


async def add_segment(work: Work, asset_id: UUID, command: AddSegment) -> UUID:
    """Say which part lies in a village. The same part again is the same segment.

    Raises 404 ``asset.unknown`` and ``unit.unknown``, 403 ``matter.outside_area``, 422 ``segment.not_a_village`` and
    ``segment.too_long``, 409 ``segment.overlaps``.
    """
    tree = await unit_tree(work.session)
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(asset_id.bytes[8:], "big", signed=True))))
    asset = await work.session.get(Asset, asset_id)
    if asset is None:
        raise NotFound("asset.unknown", "There is no asset with this id; see GET /v1/assets.")
    unit = unit_of(tree, command.unit, "/unit")
    village = village_of(tree, unit)
    if village is None or village.id != unit.id:
        raise Invalid("segment.not_a_village", "A segment lies in a village.", errors=[Fault("/unit", "must be a village")])
    if seat_over(work.actor, "asset.change", unit) is None:
        raise Forbidden("matter.outside_area", "This village lies outside of your area; let a desk of that area say it.")
    if command.to_m > asset.length_m:
        raise Invalid("segment.too_long", f"This asset is {asset.length_m} m long.", errors=[Fault("/to_m", "lies behind its end")])
    query = select(AssetSegment).where(AssetSegment.asset_id == asset_id)
    for other in await work.session.scalars(query.where(AssetSegment.from_m < command.to_m, AssetSegment.to_m > command.from_m)):
        if (other.unit_id, other.from_m, other.to_m) == (unit.id, command.from_m, command.to_m):
            return other.id
        raise Conflict("segment.overlaps", f"Another segment has metres {other.from_m} to {other.to_m}.")
    row = {"id": new_id(), "asset_id": asset_id, "unit_id": unit.id, "from_m": command.from_m, "to_m": command.to_m, **who(work)}
    await insert_many(work.session, AssetSegment, [row])
    await note(work, SUBJECT, asset_id, "asset.segment_added", {"unit": unit.code, "from_m": command.from_m, "to_m": command.to_m})
    segment_id: UUID = row["id"]
    return segment_id


async def list_assets(work: Work, *, after: str | None, limit: int) -> list[AssetView]:
    """Return up to `limit` assets behind the code `after`, with all their segments."""
    query = select(Asset).order_by(Asset.code).limit(limit)
    if after is not None:
        query = query.where(Asset.code > after)
    return [await _view(work, await unit_tree(work.session), one) for one in await work.session.scalars(query)]


async def read_asset(work: Work, asset_id: UUID) -> AssetView:
    """Return an asset; raise 404 ``asset.unknown``."""
    found = await work.session.get(Asset, asset_id)
    if found is None:
        raise NotFound("asset.unknown", "There is no asset with this id; see GET /v1/assets.")
    return await _view(work, await unit_tree(work.session), found)


async def _view(work: Work, tree: UnitTree, asset: Asset) -> AssetView:
    rows = await work.session.scalars(select(AssetSegment).where(AssetSegment.asset_id == asset.id).order_by(AssetSegment.from_m))
    segments = [
        SegmentView(id=row.id, unit=tree.by_id[row.unit_id].code, unit_name=tree.by_id[row.unit_id].name, from_m=row.from_m, to_m=row.to_m)
        for row in rows
    ]
    return AssetView.model_validate(
        {
            "id": asset.id, "code": asset.code, "kind": asset.kind, "name": asset.name, "called": asset.called,
            "length_m": asset.length_m, "segments": segments,
        }
    )  # fmt: skip
