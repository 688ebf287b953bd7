"""Changing the organisation, one thing at a time; each change leaves an event."""

from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select, update

from services.journal.noting import note
from services.organization.commands import AddMember, AddUnit, ChangeMember, ChangeUnit, EndPost, GivePost
from services.organization.models import Member, Post, Unit
from services.organization.parsing import KIND_TIERS, TIER_RANK
from services.organization.posts import instructor_role, require_fitting, settled_role
from services.platform.clock import local_day
from services.platform.errors import Conflict, Invalid, NotFound, PreconditionFailed
from services.platform.ids import new_id
from services.platform.settings import settings
from services.platform.unit_of_work import Work

_BESIDE_THE_LADDER = ("station", "department")


async def unit_of(work: Work, code: str, *, lock: bool = False) -> Unit:
    """Return the unit of a code; raise NotFound ``unit.unknown``."""
    query = select(Unit).where(Unit.code == code)
    unit = await work.session.scalar(query.with_for_update() if lock else query)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code.")
    return unit


async def member_of(work: Work, member_id: UUID, *, lock: bool = False) -> Member:
    """Return a member; raise NotFound ``member.unknown``."""
    query = select(Member).where(Member.id == member_id)
    member = await work.session.scalar(query.with_for_update() if lock else query)
    if member is None:
        raise NotFound("member.unknown", "There is no such member.")
    return member


async def add_unit(work: Work, command: AddUnit) -> Unit:
    """Add a unit below another. Raises 422 ``unit.misplaced``, 404 ``unit.unknown``, 409 ``unit.code_taken``."""
    parent = await unit_of(work, command.parent_code)
    _require_place(command.kind, command.tier, parent)
    if command.kind == "department" and not command.function:
        raise Invalid("unit.function_missing", "A department needs its function.")
    if await work.session.scalar(select(Unit.id).where(Unit.code == command.code)):
        raise Conflict("unit.code_taken", "There is a unit with this code already.")
    unit = Unit(
        id=new_id(),
        **command.model_dump(exclude={"parent_code"}),
        parent_id=parent.id,
        path=f"{parent.path}{command.code}/",
        valid_from=local_day(work.now),
        valid_to=None,
        predecessor_id=None,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(unit)
    await work.session.flush()
    told = {"code": unit.code, "kind": unit.kind, "parent_code": parent.code}
    await note(work, "unit", unit.id, "unit.added", {**told, **_on_purpose(command)})
    return unit


async def change_unit(work: Work, code: str, command: ChangeUnit, expected_version: int | None) -> Unit:
    """Change a unit; with another parent, everything below moves along. Raises 412 where `expected_version` is not the present one."""
    unit = await unit_of(work, code, lock=True)
    _require_version(expected_version, unit.version)
    changes = command.model_dump(exclude_unset=True, exclude={"parent_code"})
    if "duty_phone" in changes:
        changes["duty_phone_reason"] = command.duty_phone_reason
    if "parent_code" in command.model_fields_set:
        assert command.parent_code is not None
        await _move(work, unit, await unit_of(work, command.parent_code))
    if command.valid_to is not None:
        _require_closable(unit, command.valid_to)
    for column, value in changes.items():
        setattr(unit, column, value)
    unit.version += 1
    unit.updated_at = work.now
    await work.session.flush()
    changed = command.model_fields_set
    await note(work, "unit", unit.id, "unit.changed", {"code": unit.code, "changed": sorted(changed), **_on_purpose(command)})
    if "parent_code" in command.model_fields_set:
        await note(work, "unit", unit.id, "unit.moved", {"code": unit.code, "path": unit.path})
    return unit


def _on_purpose(command: AddUnit | ChangeUnit) -> dict[str, str]:
    """Return for the journal why a mobile number is published; the number itself is in no event."""
    return {"duty_phone_reason": command.duty_phone_reason} if command.duty_phone_reason else {}


async def add_member(work: Work, command: AddMember) -> Member:
    """Add a member. Raises 409 ``member.staff_number_taken``."""
    if command.staff_number and await work.session.scalar(select(Member.id).where(Member.staff_number == command.staff_number)):
        raise Conflict("member.staff_number_taken", "There is a member with this staff number already.")
    member = Member(id=new_id(), **command.model_dump(), left_on=None, version=1, created_at=work.now, updated_at=work.now)
    work.session.add(member)
    await work.session.flush()
    await note(work, "member", member.id, "member.added", {"party_member": member.party_member})
    return member


async def change_member(work: Work, member_id: UUID, command: ChangeMember, expected_version: int | None) -> Member:
    """Change a member; joining or leaving the party turns their posts as guide or assistant into the other from today (A17)."""
    member = await member_of(work, member_id, lock=True)
    _require_version(expected_version, member.version)
    turned = command.party_member is not None and command.party_member != member.party_member
    for column, value in command.model_dump(exclude_unset=True).items():
        setattr(member, column, value)
    _touch(member, work)
    if turned:
        await _turn_instructor_posts(work, member)
    await work.session.flush()
    await note(work, "member", member.id, "member.changed", {"changed": sorted(command.model_fields_set)})
    return member


async def give_post(work: Work, member_id: UUID, command: GivePost) -> Post:
    """Give a member a post.

    Raises 422 ``post.role_follows_party_membership`` (A17), ``post.role_does_not_fit_unit``, 409 ``post.held_already``,
    ``member.has_left``, ``unit.has_ended``.
    """
    member = await member_of(work, member_id, lock=True)
    unit = await unit_of(work, command.unit_code)
    role = settled_role(command.role, party_member=member.party_member)
    require_fitting(role, unit.kind)
    starts = command.valid_from or local_day(work.now)
    if member.left_on is not None and member.left_on <= starts:
        raise Conflict("member.has_left", "This member has left by that day.")
    if unit.valid_to is not None and unit.valid_to <= starts:
        raise Conflict("unit.has_ended", "This unit has ended by that day; look for the one that followed it.")
    overlapping = select(Post.id).where(
        Post.member_id == member.id, Post.unit_id == unit.id, Post.role == role, or_(Post.valid_to.is_(None), Post.valid_to > starts)
    )
    if await work.session.scalar(overlapping.limit(1)):
        raise Conflict("post.held_already", "The member holds this post already.")
    post = _post(work, member.id, unit.id, role, starts)
    _touch(member, work)
    await work.session.flush()
    await note(work, "member", member.id, "post.given", {"post_id": str(post.id), "unit_code": unit.code, "role": role})
    return post


async def end_post(work: Work, member_id: UUID, post_id: UUID, command: EndPost) -> Post:
    """End a post of a member. Raises 404 ``post.unknown``, 409 ``post.ended_already``, 422 ``post.ends_before_it_starts``."""
    member = await member_of(work, member_id, lock=True)
    post = await work.session.scalar(select(Post).where(Post.id == post_id, Post.member_id == member.id))
    if post is None:
        raise NotFound("post.unknown", "This member has no such post.")
    ends = command.valid_to or local_day(work.now)
    if post.valid_to is not None and post.valid_to <= ends:
        raise Conflict("post.ended_already", "This post has ended already.")
    if ends < post.valid_from:
        raise Invalid("post.ends_before_it_starts", "A post cannot end before the day it starts.")
    post.valid_to = ends
    _touch(member, work)
    await work.session.flush()
    await note(work, "member", member.id, "post.ended", {"post_id": str(post.id), "role": post.role, "valid_to": ends.isoformat()})
    return post


def _post(work: Work, member_id: UUID, unit_id: UUID, role: str, starts: date) -> Post:
    post = Post(id=new_id(), member_id=member_id, unit_id=unit_id, role=role, valid_from=starts, valid_to=None, created_at=work.now)
    work.session.add(post)
    return post


async def _turn_instructor_posts(work: Work, member: Member) -> None:
    today = local_day(work.now)
    role = instructor_role(party_member=member.party_member)
    held = select(Post).where(
        Post.member_id == member.id, Post.role.in_(("guide", "assistant")), or_(Post.valid_to.is_(None), Post.valid_to > today)
    )
    for post in list(await work.session.scalars(held)):
        if post.role != role:
            starts = max(today, post.valid_from)
            post.valid_to = starts
            _post(work, member.id, post.unit_id, role, starts)


def _touch(member: Member, work: Work) -> None:
    """Raise the member's version: it stands for their posts too, which have none."""
    member.version += 1
    member.updated_at = work.now


def _require_version(expected: int | None, found: int) -> None:
    if expected is not None and expected != found:
        raise PreconditionFailed(
            "precondition.version", "Somebody changed this since you read it; read it again.", extra={"version": found}
        )


def _require_place(kind: str, tier: str, parent: Unit) -> None:
    """Raise where a unit of `kind` and `tier` cannot lie below `parent`: divisions below a higher tier, offices also below their own."""
    own, above = TIER_RANK[tier], TIER_RANK[parent.tier]
    fits = tier in KIND_TIERS[kind] and parent.kind not in _BESIDE_THE_LADDER
    if not fits or not (above < own or (above == own and kind in _BESIDE_THE_LADDER)):
        raise Invalid("unit.misplaced", f"A {kind} of tier {tier} cannot lie below a {parent.kind}.")
    if parent.valid_to is not None:
        raise Conflict("unit.has_ended", "The unit above has ended; look for the one that followed it.")


def _require_closable(unit: Unit, ends: date) -> None:
    if unit.code == settings().jurisdiction:
        raise Conflict("unit.is_the_jurisdiction", "The unit this installation serves cannot end.")
    if ends < unit.valid_from:
        raise Invalid("unit.ends_before_it_starts", "A unit cannot end before the day it starts.")


async def _move(work: Work, unit: Unit, parent: Unit) -> None:
    if parent.path.startswith(unit.path):
        raise Invalid("unit.misplaced", "A unit cannot lie below itself.")
    _require_place(unit.kind, unit.tier, parent)
    old, unit.parent_id, unit.path = unit.path, parent.id, f"{parent.path}{unit.code}/"
    moved = func.concat(unit.path, func.substr(Unit.path, len(old) + 1))
    below = update(Unit).where(Unit.path.startswith(old, autoescape=True), Unit.id != unit.id)
    changed = {"path": moved, "version": Unit.version + 1, "updated_at": work.now}
    await work.session.execute(below.values(changed).execution_options(synchronize_session=False))
