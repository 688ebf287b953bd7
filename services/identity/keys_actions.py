"""Making keys for programs and taking them back; each change leaves an event. The key is shown once, when it is made."""

import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from services.identity.actions import add_account
from services.identity.actors import forget_actors, load_actor
from services.identity.keys import WHOLE_JURISDICTION, digest_of, new_key, shown
from services.identity.keys_commands import BorrowedSeat, MakeKey
from services.identity.keys_models import ApiKey
from services.identity.keys_secrets import sealed_secret
from services.identity.keys_views import ApiKeyView
from services.identity.models import Account
from services.identity.permissions import narrowed
from services.journal.noting import note
from services.organization.actions import add_member
from services.organization.commands import AddMember
from services.organization.models import Unit
from services.platform.actor import Seat
from services.platform.clock import local_day
from services.platform.errors import Fault, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

LADDER = ("city", "county", "township", "village", "community", "grid")
"""Kinds of units that are areas; the others are offices."""


async def make_key(work: Work, command: MakeKey, lendable: Collection[str]) -> tuple[ApiKeyView, str]:
    """Make a key; return its view and the whole key in clear. `lendable` are the actions that can be lent.

    Raises 422 ``key.action_not_lendable``, ``key.action_needs_whole_area``, ``key.area_outside``, 404 ``key.owner_unknown`` and
    ``unit.unknown``.
    """
    actions = sorted(set(command.actions))
    _require_lendable(actions, lendable, area=command.area is not None)
    owner, seats = await _lender(work, command)
    area = await _area(work, command.area, seats)
    unit = await _unit(work, command.seat.unit_code, "/seat/unit_code") if command.seat else None
    key_id = new_id()
    whole, secret = new_key(key_id)
    row = ApiKey(
        id=key_id,
        account_id=await _account(work, key_id, command.name),
        name=command.name,
        owner_account_id=owner,
        role=command.seat.role if command.seat else None,
        unit_id=unit.id if unit else None,
        area_unit_id=area.id if area else None,
        actions=actions,
        addresses=list(dict.fromkeys(command.addresses)),
        digest=digest_of(key_id, secret),
        signing_secret=sealed_secret(key_id, secret) if command.signature_needed else None,
        made_by_account_id=work.actor.account_id,
        created_at=work.now,
        expires_at=work.now + timedelta(days=command.days),
    )
    work.session.add(row)
    await work.session.flush()
    lent = {"actions": actions, "area": command.area, "owner_account_id": str(owner) if owner else None, "days": command.days}
    await note(work, "api_key", key_id, "api_key.made", lent)
    return await one_key(work, key_id), whole


async def revoke_key(work: Work, key_id: UUID) -> None:
    """Take a key back for good; once revoked it stays so. Raises 404 ``key.unknown``."""
    row = await work.session.get(ApiKey, key_id, with_for_update=True)
    if row is None:
        raise _unknown()
    if row.revoked_at is None:
        row.revoked_at = work.now
        await work.session.flush()
        await note(work, "api_key", key_id, "api_key.revoked", {})
    forget_actors()


async def list_keys(work: Work, after: UUID | None, limit: int) -> list[ApiKeyView]:
    """Return keys, the newest first, those made before `after`."""
    query = _query().order_by(ApiKey.id.desc()).limit(limit)
    rows = (await work.session.execute(query.where(ApiKey.id < after) if after else query)).all()
    return [_view(work, row) for row in rows]


async def one_key(work: Work, key_id: UUID) -> ApiKeyView:
    """Return a key; raise 404 ``key.unknown``."""
    row = (await work.session.execute(_query().where(ApiKey.id == key_id))).one_or_none()
    if row is None:
        raise _unknown()
    return _view(work, row)


def _require_lendable(actions: Sequence[str], lendable: Collection[str], *, area: bool) -> None:
    wrong = [Fault("/actions", f"{action} cannot be lent") for action in actions if action not in lendable]
    if wrong:
        detail = "Some actions are no actions, or are for people only; docs/permissions.md says what can be lent to a key."
        raise Invalid("key.action_not_lendable", detail, errors=wrong)
    whole = [Fault("/actions", f"{action} has no area") for action in actions if area and action in WHOLE_JURISDICTION]
    if whole:
        detail = "Some actions show or change what belongs to no area; leave the area out, or these actions."
        raise Invalid("key.action_needs_whole_area", detail, errors=whole)


async def _lender(work: Work, command: MakeKey) -> tuple[UUID | None, tuple[Seat, ...]]:
    """Return the account that lends (None for a seat of the program's own) and the seats that are lent."""
    if command.owner is None:
        assert command.seat is not None
        return None, (await _own_seat(work, command.seat),)
    owner = await work.session.scalar(select(Account.id).where(Account.login == command.owner))
    actor = (await load_actor(work.session, owner))[0] if owner else None
    if owner is None or actor is None or actor.lent is not None:
        raise NotFound("key.owner_unknown", "There is no account with this login that a person signs in with.")
    wanted = command.seat
    own = (seat for seat in actor.seats if seat.acting is None)
    seats = tuple(seat for seat in own if wanted is None or (seat.role, seat.unit_code) == (wanted.role, wanted.unit_code))
    if not seats:
        raise Invalid("key.nothing_to_lend", "The owner does not hold this post.", errors=[Fault("/seat", "is not a post of the owner")])
    return owner, seats


async def _own_seat(work: Work, seat: BorrowedSeat) -> Seat:
    unit = await _unit(work, seat.unit_code, "/seat/unit_code")
    return Seat(seat.role, unit.id, unit.code, unit.path, unit.tier, unit.kind, unit.function)


async def _area(work: Work, code: str | None, seats: Sequence[Seat]) -> Unit | None:
    if code is None:
        return None
    unit = await _unit(work, code, "/area")
    inside = [seat for seat in seats if (left := narrowed(seat, unit.path)) is not None and left.within == unit.path]
    if unit.kind not in LADDER or not inside:
        raise Invalid("key.area_outside", "The area must lie inside what the owner reaches.", errors=[Fault("/area", "is not inside")])
    return unit


async def _unit(work: Work, code: str, pointer: str) -> Unit:
    unit = await work.session.scalar(select(Unit).where(Unit.code == code))
    if unit is None or (unit.valid_to is not None and unit.valid_to <= local_day(work.now)):
        raise NotFound("unit.unknown", f"There is no unit with the code {code}.", errors=[Fault(pointer, "names no unit")])
    return unit


async def _account(work: Work, key_id: UUID, name: str) -> UUID:
    """Return an account of the key's own: what the program does is its doing. Nobody can sign in there, the password is nobody's."""
    member = await add_member(work, AddMember(name=name, party_member=False))
    return (await add_account(work, member.id, f"key.{key_id.hex}", secrets.token_urlsafe(48))).id


def _query() -> Any:
    area, owner = aliased(Unit), aliased(Account)
    return (
        select(ApiKey, Unit.code.label("unit_code"), area.code.label("area"), owner.login.label("owner"))
        .outerjoin(Unit, Unit.id == ApiKey.unit_id)
        .outerjoin(area, area.id == ApiKey.area_unit_id)
        .outerjoin(owner, owner.id == ApiKey.owner_account_id)
    )


def _view(work: Work, row: Any) -> ApiKeyView:
    key: ApiKey = row.ApiKey
    over = "over" if key.expires_at <= work.now else "good"
    return ApiKeyView(
        id=key.id,
        prefix=shown(key.id),
        name=key.name,
        owner=row.owner,
        role=key.role,
        unit_code=row.unit_code,
        area=row.area,
        actions=key.actions,
        addresses=key.addresses,
        signature_needed=key.signing_secret is not None,
        state="revoked" if key.revoked_at else over,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_on=key.last_used_on,
    )


def _unknown() -> NotFound:
    return NotFound("key.unknown", "There is no such key; GET /v1/api-keys lists them.")
