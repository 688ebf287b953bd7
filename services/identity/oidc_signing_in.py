"""From what the provider says of somebody to a session of theirs: of an account that is there. None is made by signing in."""

import base64
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from services.identity.actors import load_standing
from services.identity.locking import count_failure, hold, locked
from services.identity.models import Account
from services.identity.second_factors import confirmed_factor, spend_code
from services.identity.sessions import Opened, open_session
from services.journal.noting import note
from services.platform.errors import Problem, Unauthenticated
from services.platform.secrets import derived_key, seal, unseal
from services.platform.unit_of_work import Work

CODE_WITHIN = timedelta(minutes=5)
_SEVERAL_FACTORS = "mfa"
"""What `amr` holds where the provider asked for more than one factor (RFC 8176)."""
_BOUND = b"second-factor"
_BEARER = {"WWW-Authenticate": "Bearer"}


async def enter(work: Work, claims: dict[str, Any], claim: str, device: str) -> Opened:
    """Open a session for the account whose login stands in `claim`.

    Raises 401 ``single_sign_on.no_account``; and ``session.code_needed`` where the account has a second factor and the provider asked for
    one factor alone: `continue_with` of that answer goes, with the code, to :func:`enter_with_code`.
    """
    login = claims.get(claim)
    account_id = await work.session.scalar(select(Account.id).where(Account.login == login)) if isinstance(login, str) and login else None
    standing = await load_standing(work.session, account_id) if account_id else None
    if account_id is None or standing is None or standing.actor is None or standing.actor.lent is not None:
        detail = "You are known there, but no account here is yours; ask an administrator to add it."
        raise Unauthenticated("single_sign_on.no_account", detail, headers=_BEARER)
    methods = claims.get("amr")
    several = isinstance(methods, list) and _SEVERAL_FACTORS in methods
    if not several and await confirmed_factor(work, account_id) is not None:
        detail = "Send the code of your second factor with `continue_with` to POST /v1/single-sign-on/second-factor."
        extra = {"continue_with": _ticket(account_id, work.now)}
        raise Unauthenticated("session.code_needed", detail, extra=extra, headers=_BEARER)
    opened = await open_session(work, account_id, standing, device, second_factor=several)
    await note(work, "account", account_id, "account.signed_on", {"second_factor": several})
    return opened


async def enter_with_code(work: Work, ticket: str, code: str, device: str) -> Opened | Problem:
    """Open the session that waited for the code of a second factor; a Problem is to be raised after the commit, because it was counted.

    Raises 401 ``single_sign_on.over`` where the sign-in is none of ours or waited for more than five minutes.
    """
    account_id = _account_of(ticket, work.now)
    seconds = await hold(work, account_id)
    if seconds > 0:
        return locked(seconds)
    standing = await load_standing(work.session, account_id)
    factor = await confirmed_factor(work, account_id)
    if standing.actor is None or factor is None:
        raise over()
    if not await spend_code(work, factor, code):
        seconds = await count_failure(work, account_id)
        wrong = "This code is wrong, over or was used before; wait for the next one."
        return locked(seconds) if seconds > 0 else Unauthenticated("session.code_wrong", wrong, headers=_BEARER)
    opened = await open_session(work, account_id, standing, device, second_factor=True)
    await note(work, "account", account_id, "account.signed_on", {"second_factor": True})
    return opened


def over() -> Unauthenticated:
    """Return what is said of a sign-in that is over, was finished, or was begun elsewhere: the same."""
    detail = "This sign-in is over, was finished already, or was begun in another browser; begin again."
    return Unauthenticated("single_sign_on.over", detail, headers=_BEARER)


def _ticket(account_id: UUID, now: datetime) -> str:
    told = orjson.dumps([str(account_id), int((now + CODE_WITHIN).timestamp())])
    return base64.urlsafe_b64encode(seal(derived_key("oidc.attempt"), told, _BOUND)).decode()


def _account_of(ticket: str, now: datetime) -> UUID:
    try:
        account_id, until = orjson.loads(unseal(derived_key("oidc.attempt"), base64.urlsafe_b64decode(ticket), _BOUND))
    except (InvalidTag, ValueError, TypeError):
        raise over() from None
    if now.timestamp() >= until:
        raise over()
    return UUID(account_id)
