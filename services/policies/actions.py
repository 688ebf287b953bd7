"""Drafting rules, bringing them into force at a date, withdrawing them, and going back to what was before.

Acts on one kind wait for each other. What a definition means is known above this room: it comes as a :class:`Kind`.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.persons import is_same_person
from services.journal.noting import note
from services.platform.database import Json
from services.platform.errors import Conflict, Forbidden, Invalid
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.policies.book import Book
from services.policies.differences import differences
from services.policies.findings import Finding, blocked
from services.policies.models import Policy
from services.policies.queries import policy_of, require_kind, timetable_of

POLICIES = uuid5(UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), "urn:daguanjia:policies")

AT_ONCE = ("catalogue", "calendar")
"""Kinds of which one row, or one year, can be put in its place at once."""
_INSTANT = timedelta(microseconds=1)
_FARTHEST = timedelta(days=3 * 366)


@dataclass(frozen=True)
class Kind:
    """What has to be known of one kind of rules: how a definition is checked, and which tables are made from it, where any are.

    `built_in` is the definition of version 0. `apply` brings the tables to what a definition says. `since`: from when on the very first
    version counts that somebody brings in force at once; from then on where not given.
    """

    name: str
    built_in: Json
    check: Callable[[AsyncSession, Json], Awaitable[Sequence[Finding]]]
    apply: Callable[[Work, Json], Awaitable[None]] | None = None
    since: datetime | None = None


def subject_of(kind: str) -> UUID:
    """Return the journal's subject for the rules of one kind."""
    return uuid5(POLICIES, kind)


async def hold(work: Work, kind: str) -> None:
    """Have other acts on the rules of this kind wait for the end of this transaction."""
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(subject_of(kind).bytes[8:], "big", signed=True))))


async def draft(work: Work, kind: str, definition: Json, *, words: str | None = None, reverts: int | None = None) -> Policy:
    """Keep a definition, whole, as the next version; it is in force only once somebody activates it."""
    require_kind(kind)
    await hold(work, kind)
    newest = await work.session.scalar(select(func.max(Policy.version)).where(Policy.kind == kind)) or 0
    moment = await moment_of(work, kind)
    policy = Policy(
        id=new_id(),
        kind=kind,
        version=newest + 1,
        base=(await timetable_of(work.session, kind)).version_at(moment),
        definition=definition,
        note=words,
        reverts=reverts,
        drafted_at=moment,
        drafted_by_account_id=work.actor.account_id,
    )
    work.session.add(policy)
    await work.session.flush()
    await _note(work, policy, "policy.drafted", sha256=_digest(definition), reverts=reverts)
    return policy


async def activate(
    work: Work, kind: Kind, version: int, *, at: datetime | None = None, go_on: bool = False, excused: Collection[Finding] = ()
) -> Policy:
    """Bring a version into force at `at`, or at once. The same again changes nothing.

    Raises 409 ``policy.blocked`` with every finding but the `excused` ones; and, unless told to `go_on`, 409 ``policy.base_changed`` where
    other rules are in force by then than those it was drafted from, and ``policy.later_waiting`` where a version that is dated later does
    not know of it. Raises 409 ``policy.withdrawn`` and ``policy.already_activated`` (for another date), 422 ``policy.date_past``, and
    409 ``policy.same_instant`` for the instant of a higher version. Raises 403 ``policy.own_draft`` for whoever drafted it.
    """
    await hold(work, kind.name)
    policy = await policy_of(work.session, kind.name, version, lock=True)
    if policy.withdrawn_at is not None:
        raise Conflict("policy.withdrawn", "This version was withdrawn; draft it anew.")
    if policy.effective_at is not None:
        if at is not None and at != policy.effective_at:
            detail = "This version was activated for another instant already; withdraw it, or draft it anew."
            raise Conflict("policy.already_activated", detail, extra={"effective_at": policy.effective_at.isoformat()})
        return policy
    moment, timetable = await moment_of(work, kind.name), await timetable_of(work.session, kind.name)
    await _require_another(work, policy, moment)
    _require_date(moment, at)
    effective = at or (moment if timetable.timetable else kind.since or moment)
    _require_own_instant(timetable, effective, version)
    findings = [finding for finding in await kind.check(work.session, policy.definition) if finding not in set(excused)]
    if findings:
        raise blocked(findings)
    if not go_on:
        await _require_base(work, kind, policy, timetable.version_at(effective))
        _require_nothing_later(timetable, effective)
    policy.activated_at, policy.activated_by_account_id, policy.effective_at = moment, work.actor.account_id, effective
    await work.session.flush()
    await _note(work, policy, "policy.activated", effective_at=effective.isoformat(), instead_of=timetable.version_at(effective))
    await apply_due(work, kind, moment)
    return policy


async def withdraw(work: Work, kind: str, version: int) -> Policy:
    """Take a draft, or a version that is not in force yet, back for good. The same again changes nothing.

    Raises 409 ``policy.in_force`` for a version that is or was in force: that is reverted, not withdrawn.
    """
    require_kind(kind)
    await hold(work, kind)
    policy = await policy_of(work.session, kind, version, lock=True)
    if policy.withdrawn_at is not None:
        return policy
    if policy.effective_at is not None and policy.effective_at <= await moment_of(work, kind):
        raise Conflict("policy.in_force", "This version came into force; go back to an older one with a reversion instead.")
    policy.withdrawn_at, policy.withdrawn_by_account_id = work.now, work.actor.account_id
    await work.session.flush()
    await _note(work, policy, "policy.withdrawn")
    return policy


async def revert(
    work: Work, kind: Kind, version: int, *, words: str | None = None, at: datetime | None = None, go_on: bool = False
) -> Policy:
    """Bring the definition of an older version into force again, as a new version. 0 is what the product comes with.

    Raises 409 ``policy.never_in_force`` for one that never was: activate that. Raises 409 ``policy.same`` where those rules are in force by
    then anyway, and what :func:`activate` raises.
    """
    await hold(work, kind.name)
    moment = await moment_of(work, kind.name)
    definition = await _once_in_force(work, kind, version, moment)
    by_then = (await timetable_of(work.session, kind.name)).version_at(max(at or moment, moment))
    if await definition_of(work.session, kind, by_then) == definition:
        raise Conflict("policy.same", "These rules are the ones in force; there is nothing to go back to.", extra={"version": by_then})
    policy = await draft(work, kind.name, definition, words=words, reverts=version)
    return await activate(work, kind, policy.version, at=at, go_on=go_on)


async def _once_in_force(work: Work, kind: Kind, version: int, moment: datetime) -> Json:
    if version == 0:
        return kind.built_in
    policy = await policy_of(work.session, kind.name, version)
    if policy.withdrawn_at is not None or policy.effective_at is None or policy.effective_at > moment:
        raise Conflict("policy.never_in_force", "This version was never in force, so there is no going back to it; activate it instead.")
    return policy.definition


async def apply_due(work: Work, kind: Kind, moment: datetime | None = None) -> bool:
    """Bring the tables made from rules of this kind to the version in force at `moment` (now), where they are not; return whether so."""
    moment = moment or work.now
    if kind.apply is None or not await _is_due(work, kind, moment):
        return False
    await hold(work, kind.name)
    version = (await timetable_of(work.session, kind.name)).version_at(moment)
    if not await _is_due(work, kind, moment):  # another did it while this one waited
        return False
    policy = await policy_of(work.session, kind.name, version)
    await kind.apply(work, policy.definition)
    passed = (Policy.kind == kind.name) & (Policy.effective_at <= moment) & Policy.withdrawn_at.is_(None) & Policy.applied_at.is_(None)
    await work.session.execute(update(Policy).where(passed).values(applied_at=work.now).execution_options(synchronize_session="fetch"))
    await _note(work, policy, "policy.applied")
    return True


async def definition_of(session: AsyncSession, kind: Kind, version: int) -> Json:
    """Return the definition of a version, of the one the product comes with too."""
    return (await policy_of(session, kind.name, version)).definition if version else kind.built_in


async def _is_due(work: Work, kind: Kind, moment: datetime) -> bool:
    """Tell whether a version came into force that the tables do not say yet; one look at an index."""
    in_force = (
        select(Policy.applied_at)
        .where(Policy.kind == kind.name, Policy.activated_at.is_not(None), Policy.withdrawn_at.is_(None), Policy.effective_at <= moment)
        .order_by(Policy.effective_at.desc(), Policy.version.desc())
        .limit(1)
    )
    return any(applied_at is None for applied_at in await work.session.scalars(in_force))


async def moment_of(work: Work, kind: str) -> datetime:
    """Return the instant of an act on this kind: now, and after every act before it.

    Another transaction that began after this one may have ended before it; what it brought in force must not be covered unseen.
    """
    last = await work.session.scalar(select(func.max(Policy.activated_at)).where(Policy.kind == kind))
    return work.now if last is None else max(work.now, last + _INSTANT)


async def _require_another(work: Work, policy: Policy, moment: datetime) -> None:
    """Refuse whoever drafted it. Going back, and one row or year that is put in its place, are one act of one person."""
    at_once = policy.kind in AT_ONCE and policy.drafted_at == moment
    if policy.reverts is not None or at_once:
        return
    if await is_same_person(work.session, work.actor.account_id, policy.drafted_by_account_id):
        raise Forbidden("policy.own_draft", "You drafted this version; another administrator has to bring it into force.")


def _require_date(now: datetime, at: datetime | None) -> None:
    if at is not None and at <= now:
        raise Invalid("policy.date_past", "Rules cannot come into force in the past; leave the instant out for at once.")
    if at is not None and at > now + _FARTHEST:
        raise Invalid("policy.date_far", "Rules are dated three years ahead at most.")


async def _require_base(work: Work, kind: Kind, policy: Policy, instead_of: int) -> None:
    if instead_of == policy.base:
        return
    before = await definition_of(work.session, kind, policy.base)
    after = await definition_of(work.session, kind, instead_of)
    changed = [asdict(found) for found in differences(before, after)]
    if changed and differences(after, policy.definition):  # what says the same as those in force covers nothing
        raise Conflict(
            "policy.base_changed",
            f"This was drafted from version {policy.base}, and version {instead_of} is in force by then. "
            "Look at what changed, then draft anew, or say that it is to go on.",
            extra={"base": policy.base, "in_force": instead_of, "changed": changed},
        )


def _require_nothing_later(timetable: Book[int], effective: datetime) -> None:
    later = [(instant, version) for instant, version in timetable.timetable if instant > effective]
    if later:
        instant, version = later[0]
        raise Conflict(
            "policy.later_waiting",
            f"Version {version} comes into force on {instant.isoformat()} and would undo this. Withdraw it, or say that this is to go on.",
            extra={"version": version, "effective_at": instant.isoformat()},
        )


def _require_own_instant(timetable: Book[int], effective: datetime, version: int) -> None:
    """Refuse the instant of a higher version: of two with the same one it counts, and this one never would."""
    other = next((number for instant, number in timetable.timetable if instant == effective and number > version), None)
    if other is not None:
        detail = f"Version {other} comes into force at that very instant and would hide this one. Choose another, or draft this anew."
        raise Conflict("policy.same_instant", detail, extra={"version": other})


async def _note(work: Work, policy: Policy, type: str, **more: object) -> None:  # noqa: A002  the column's name
    data = {"kind": policy.kind, "version": policy.version, "base": policy.base, **more}
    await note(work, "policy", subject_of(policy.kind), type, data)


def _digest(definition: Json) -> str:
    return hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)).hexdigest()
