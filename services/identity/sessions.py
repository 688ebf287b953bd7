"""Sessions of devices: opened by a sign-in, kept alive by refreshing, ended one by one or all at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.sql import ColumnElement

from services.identity.actors import Standing, forget_actors, load_standing
from services.identity.models import Account, DeviceSession, SecondFactor
from services.identity.rotation import Family, first_token, meaning_of, read_refresh_token
from services.identity.tokens import Due, write_token
from services.journal.noting import note
from services.platform.actor import SYSTEM, Actor
from services.platform.errors import NotFound, Problem, Unauthenticated
from services.platform.ids import new_id
from services.platform.secrets import derived_key, seal, unseal
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work

MOST_SESSIONS = 50
"""Live sessions of one account; a further one ends the one that was used longest ago."""
KEPT_AFTER = timedelta(days=30)
_BEARER = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened or refreshed: what its client is given."""

    session_id: UUID
    token: str
    expires_at: datetime
    expires_in: int
    refresh_token: str
    refresh_expires_at: datetime
    actor: Actor
    due: Due | None


@dataclass(frozen=True, slots=True)
class Device:
    """A live session, as its owner may know it."""

    id: UUID
    device: str
    opened_at: datetime
    used_at: datetime
    expires_at: datetime
    second_factor: bool


async def open_session(work: Work, account_id: UUID, standing: Standing, device: str, *, second_factor: bool) -> Opened:
    """Open a session for somebody who has shown who they are, however that was. Its id is always new: none can be brought along."""
    assert standing.actor is not None
    session_id = new_id()
    token = first_token(session_id)
    row = DeviceSession(
        id=session_id,
        account_id=account_id,
        epoch=standing.epoch,
        device=seal(derived_key("session.device"), device.encode(), session_id.bytes),
        second_factor=second_factor,
        opened_at=work.now,
        used_at=_hour(work.now),
        expires_at=_end_of(work.now, work.now),
        refresh_hash=token.hashed,
    )
    await _make_room(work, account_id)
    work.session.add(row)
    await work.session.flush()
    return await _given(work, row, token.text, standing)


async def refresh_session(given: str) -> Opened:
    """Rotate a refresh token, by the rule of :mod:`services.identity.rotation`.

    Raises 401: ``session.refresh_invalid`` (not one of ours), ``session.over``, ``session.ended``, ``session.reused`` (an old one: the
    session is ended for whoever holds it).
    """
    token = read_refresh_token(given)
    if token is None:
        raise Unauthenticated("session.refresh_invalid", "This is no refresh token of ours; sign in.", headers=_BEARER)
    async with unit_of_work(SYSTEM) as work:
        row = await work.session.scalar(select(DeviceSession).where(DeviceSession.id == token.session_id).with_for_update())
        if row is None:
            raise _refusal("ended")
        family = Family(row.refresh_hash, row.previous_hash, row.rotated_at, row.expires_at, row.ended_at is not None)
        meaning = meaning_of(token, family, work.now)
        standing = await load_standing(work.session, row.account_id)
        if meaning == "reused":
            await _end(work, row.account_id, "reused", DeviceSession.id == row.id)
            await note(work, "account", row.account_id, "account.session_reused", {"session_id": str(row.id)})
        elif standing.actor is None or standing.epoch != row.epoch:
            meaning = "ended"
        if meaning == "rotates":
            _rotate(work, row, token.hashed, token.successor.hashed)
        opened = await _given(work, row, token.successor.text, standing) if meaning in ("rotates", "repeats") else None
    if opened is None:
        raise _refusal(meaning)
    return opened


def _rotate(work: Work, row: DeviceSession, old: bytes, new: bytes) -> None:
    row.previous_hash, row.refresh_hash, row.rotated_at = old, new, work.now
    row.used_at = _hour(work.now)
    row.expires_at = _end_of(row.opened_at, work.now)


async def carry_on(work: Work, session_id: UUID, *, second_factor: bool | None = None) -> Opened | None:
    """Go on with a session after its account has got another epoch, under tokens of its own; None where it is not live any more."""
    row = await work.session.get(DeviceSession, session_id, with_for_update=True, populate_existing=True)
    if row is None or row.ended_at is not None:
        return None
    standing = await load_standing(work.session, row.account_id)
    if standing.actor is None:
        return None
    token = first_token(session_id)
    row.refresh_hash, row.previous_hash, row.rotated_at, row.epoch = token.hashed, None, None, standing.epoch
    row.expires_at = _end_of(row.opened_at, work.now)
    row.second_factor = row.second_factor if second_factor is None else second_factor
    await work.session.flush()
    return await _given(work, row, token.text, standing)


async def live_sessions(work: Work, account_id: UUID) -> list[Device]:
    """Return the live sessions of an account, the newest first."""
    found = select(DeviceSession).where(
        DeviceSession.account_id == account_id, DeviceSession.ended_at.is_(None), DeviceSession.expires_at > work.now
    )
    rows: Sequence[DeviceSession] = (await work.session.scalars(found.order_by(DeviceSession.id.desc()).limit(MOST_SESSIONS))).all()
    return [_shown(row) for row in rows]


async def end_session(work: Work, account_id: UUID, session_id: UUID, why: str) -> None:
    """End one session of an account, here at once, elsewhere within five seconds. Raises 404 ``session.unknown``; ending again is fine."""
    mine = select(DeviceSession.id).where(DeviceSession.id == session_id, DeviceSession.account_id == account_id)
    if await work.session.scalar(mine) is None:
        raise NotFound("session.unknown", "None of your sessions has this id.")
    if await _end(work, account_id, why, DeviceSession.id == session_id):
        await note(work, "account", account_id, "account.session_ended", {"session_id": str(session_id), "why": why})


async def end_all_sessions(work: Work, account_id: UUID, why: str, but: UUID | None = None) -> None:
    """End every session of an account but one, and every token of the epoch before: also those of no session, also of `but`.

    Whoever goes on with `but` is given new tokens by :func:`carry_on`.
    """
    await work.session.execute(update(Account).where(Account.id == account_id).values(session_epoch=Account.session_epoch + 1))
    await _end(work, account_id, why, DeviceSession.id != but if but is not None else DeviceSession.account_id == account_id)


async def forget_old_sessions(work: Work) -> None:
    """Delete sessions that were over a month ago; one that was ended before its time is over with it."""
    await work.session.execute(delete(DeviceSession).where(DeviceSession.expires_at < work.now - KEPT_AFTER))


async def _end(work: Work, account_id: UUID, why: str, which: ColumnElement[bool]) -> bool:
    ended = (
        update(DeviceSession)
        .where(DeviceSession.account_id == account_id, which, DeviceSession.ended_at.is_(None))
        .values(ended_at=work.now, ended_why=why)
        .returning(DeviceSession.id)
    )
    found = (await work.session.execute(ended)).all()
    forget_actors()
    return bool(found)


async def _make_room(work: Work, account_id: UUID) -> None:
    """End what is too much: the sessions that were used longest ago."""
    live = select(DeviceSession.id).where(
        DeviceSession.account_id == account_id, DeviceSession.ended_at.is_(None), DeviceSession.expires_at > work.now
    )
    too_many = live.order_by(DeviceSession.used_at.desc(), DeviceSession.id.desc()).offset(MOST_SESSIONS - 1)
    crowded = (await work.session.scalars(too_many)).all()
    if crowded:
        await _end(work, account_id, "crowded_out", DeviceSession.id.in_(crowded))


async def _given(work: Work, row: DeviceSession, refresh_token: str, standing: Standing) -> Opened:
    assert standing.actor is not None
    due = await _due(work, row.account_id, standing.actor)
    minutes = settings().access_minutes
    token, expires_at = write_token(row.account_id, standing.epoch, work.now, minutes, row.id, due)
    return Opened(row.id, token, expires_at, minutes * 60, refresh_token, row.expires_at, standing.actor, due)


async def _due(work: Work, account_id: UUID, actor: Actor) -> Due | None:
    """Return what must be done before this session opens anything: a password for once first, then a second factor that is enforced."""
    if await work.session.scalar(select(Account.one_time_until).where(Account.id == account_id)) is not None:
        return "password"
    if not settings().second_factor_enforced or not wants_second_factor(actor):
        return None
    confirmed = select(SecondFactor.account_id).where(SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_not(None))
    return "second_factor" if await work.session.scalar(confirmed) is None else None


def wants_second_factor(actor: Actor) -> bool:
    """Tell whether one of somebody's posts is among those that should have a second factor."""
    return actor.has_role(*settings().second_factor_roles.replace(",", " ").split())


def _shown(row: DeviceSession) -> Device:
    device = unseal(derived_key("session.device"), row.device, row.id.bytes).decode()
    return Device(row.id, device, row.opened_at, row.used_at, row.expires_at, row.second_factor)


def _hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _end_of(opened_at: datetime, now: datetime) -> datetime:
    """Return when a session is over unless it is refreshed before; however often that is, its days are counted from the sign-in."""
    return min(now + timedelta(minutes=settings().session_minutes), opened_at + timedelta(days=settings().session_days))


def _refusal(meaning: str) -> Problem:
    code, words = {
        "over": ("session.over", "The session is over; sign in again."),
        "reused": (
            "session.reused",
            "This refresh token was used before: the session is ended, in case somebody has a copy. Sign in again.",
        ),
    }.get(meaning, ("session.ended", "This session was ended; sign in again."))
    return Unauthenticated(code, words, headers=_BEARER)
