"""The second factor of an account: enrolled, confirmed, spent once for each step, replaced by recovery codes, dropped."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.identity.locking import count_failure, hold, locked
from services.identity.models import Account, RecoveryCode, SecondFactor
from services.identity.sessions import end_all_sessions
from services.identity.totp import DIGITS, enrolment_uri, fitting_step, new_recovery_codes, new_secret, plain_code, shown_secret
from services.journal.noting import note
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, Fault, Invalid, NotFound, Problem
from services.platform.secrets import derived_key, seal, unseal
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator is told, once."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class FactorState:
    """How it stands with somebody's second factor."""

    confirmed_at: datetime | None
    recovery_codes_left: int


async def confirmed_factor(work: Work, account_id: UUID) -> SecondFactor | None:
    """Return the second factor an account signs in with; None where it has none."""
    asked = select(SecondFactor).where(SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_not(None))
    return await work.session.scalar(asked)


async def factor_state(work: Work, account_id: UUID) -> FactorState:
    """Return whether an account has a second factor, since when, and how many recovery codes are left."""
    factor = await confirmed_factor(work, account_id)
    left = await work.session.scalar(select(func.count()).select_from(RecoveryCode).where(RecoveryCode.account_id == account_id))
    return FactorState(factor.confirmed_at if factor else None, left or 0)


async def enrol(work: Work, account_id: UUID) -> Enrolment:
    """Make a secret for somebody's authenticator; it counts once it was confirmed. Enrolling again before that makes another.

    Raises 409 ``second_factor.there``.
    """
    await hold(work, account_id)
    if await confirmed_factor(work, account_id) is not None:
        raise Conflict("second_factor.there", "This account has a second factor; remove it before you enrol another.")
    secret = new_secret()
    row = {"account_id": account_id, "secret": seal(_key(), secret, account_id.bytes), "last_step": 0, "enrolled_at": work.now}
    fresh = insert(SecondFactor).values(row)
    await work.session.execute(fresh.on_conflict_do_update(index_elements=[SecondFactor.account_id], set_=row))
    login = await work.session.scalar(select(Account.login).where(Account.id == account_id))
    return Enrolment(shown_secret(secret), enrolment_uri(secret, login or ""))


async def confirm(work: Work, account_id: UUID, code: str, but: UUID | None) -> list[str] | Problem:
    """Take the first code of the authenticator; from now on one is asked for at each sign-in. Sessions but `but` end: they were without.

    Returns the recovery codes, shown this once; a Problem (422 ``second_factor.code_wrong``, 429) to be raised after the commit, because
    it was counted. Raises 404 ``second_factor.none``, 409 ``second_factor.there``.
    """
    seconds = await hold(work, account_id)
    factor = await work.session.get(SecondFactor, account_id, populate_existing=True)
    if factor is None:
        raise NotFound("second_factor.none", "Nothing was enrolled; begin with POST /v1/me/second-factor.")
    if factor.confirmed_at is not None:
        raise Conflict("second_factor.there", "This second factor was confirmed already.")
    if seconds > 0:
        return locked(seconds)
    if not await _spend_step(work, factor, plain_code(code)):
        return await wrong_code(work, account_id)
    factor.confirmed_at = work.now
    await work.session.flush()
    codes = await new_codes(work, account_id)
    await end_all_sessions(work, account_id, "second_factor", but)
    await note(work, "account", account_id, "account.second_factor_added", {})
    return codes


async def require_code(work: Work, account_id: UUID, code: str) -> Problem | None:
    """Take a code of somebody who is signed in; return the Problem to be raised after the commit. Raises 404 ``second_factor.none``."""
    seconds = await hold(work, account_id)
    factor = await confirmed_factor(work, account_id)
    if factor is None:
        raise NotFound("second_factor.none", "This account has no second factor.")
    if seconds > 0:
        return locked(seconds)
    return None if await spend_code(work, factor, code) else await wrong_code(work, account_id)


async def wrong_code(work: Work, account_id: UUID) -> Problem:
    """Count a wrong code; return what to answer."""
    seconds = await count_failure(work, account_id)
    faults = [Fault("/code", "is wrong, over, or was used before")]
    wrong = Invalid("second_factor.code_wrong", "This code is wrong, over or was used before; wait for the next one.", errors=faults)
    return locked(seconds) if seconds > 0 else wrong


async def spend_code(work: Work, factor: SecondFactor, given: str) -> bool:
    """Take a code of the authenticator, or a recovery code; tell whether it was good. It is not good again, whichever process is asked."""
    code = plain_code(given)
    if len(code) == DIGITS and code.isdecimal():
        return await _spend_step(work, factor, code)
    spent = delete(RecoveryCode).where(
        RecoveryCode.account_id == factor.account_id, RecoveryCode.code_hash == _hashed(factor.account_id, code)
    )
    used = (await work.session.execute(spent.returning(RecoveryCode.account_id))).first() is not None
    if used:
        await note(work, "account", factor.account_id, "account.recovery_code_used", {})
    return used


async def _spend_step(work: Work, factor: SecondFactor, code: str) -> bool:
    secret = unseal(_key(), factor.secret, factor.account_id.bytes)
    step = fitting_step(secret, code, work.now, factor.last_step)
    if step is None:
        return False
    once = update(SecondFactor).where(SecondFactor.account_id == factor.account_id, SecondFactor.last_step < step).values(last_step=step)
    return (await work.session.execute(once.returning(SecondFactor.account_id))).first() is not None


async def new_codes(work: Work, account_id: UUID) -> list[str]:
    """Return ten new recovery codes, shown this once; those before them are good no more."""
    codes = new_recovery_codes()
    await work.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    rows = [{"account_id": account_id, "code_hash": _hashed(account_id, plain_code(code))} for code in codes]
    await insert_many(work.session, RecoveryCode, rows)
    return codes


async def drop_factor(work: Work, account_id: UUID) -> bool:
    """Remove an account's second factor with its recovery codes; tell whether there was one, confirmed or not."""
    await hold(work, account_id)
    gone = delete(SecondFactor).where(SecondFactor.account_id == account_id).returning(SecondFactor.account_id)
    if (await work.session.execute(gone)).first() is None:
        return False
    await note(work, "account", account_id, "account.second_factor_removed", {})
    return True


def _key() -> bytes:
    return derived_key("second_factor")


def _hashed(account_id: UUID, code: str) -> bytes:
    return hmac.digest(derived_key("recovery_code"), account_id.bytes + code.encode("utf-8", "replace"), "sha256")
