"""Access tokens: short-lived JWTs, signed with HS256 under a key of this installation.

One algorithm, one key, one issuer, one audience: what a token says of itself in its header (``alg``, ``kid``, ``jku``…) changes nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, get_args
from uuid import UUID

import jwt

from services.platform.errors import Unauthenticated
from services.platform.secrets import derived_key

_ALGORITHMS = ["HS256"]
_ISSUER = "daguanjia"
_AUDIENCE = "daguanjia-doors"
_NEEDED = ["sub", "epoch", "iat", "exp", "iss", "aud"]

Due = Literal["password", "second_factor"]
"""What must be done before anything else: a password for once changed, a second factor enrolled."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a token says: whose it is, of which epoch and session, until when, and what is still due before it opens anything.

    `session_id` is None for a token that was made without a sign-in (tools and tests that hold the key): it ends with its time or epoch.
    """

    account_id: UUID
    epoch: int
    expires_at: datetime
    session_id: UUID | None = None
    due: Due | None = None


def write_token(
    account_id: UUID, epoch: int, now: datetime, minutes: int, session_id: UUID | None = None, due: Due | None = None
) -> tuple[str, datetime]:
    """Return a token for an account's present `epoch` and for one of its sessions, and when it ends."""
    expires_at = (now + timedelta(minutes=minutes)).replace(microsecond=0)
    claims: dict[str, Any] = {
        "sub": str(account_id),
        "epoch": epoch,
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "iss": _ISSUER,
        "aud": _AUDIENCE,
    }
    if session_id is not None:
        claims["sid"] = str(session_id)
    if due is not None:
        claims["due"] = due
    return jwt.encode(claims, derived_key("session"), algorithm=_ALGORITHMS[0]), expires_at


def read_token(token: str, now: datetime) -> Session:
    """Return what a token says; raise :class:`Unauthenticated` where it is not ours, was changed or is over at `now`."""
    try:
        session = _verified(token)
    except (jwt.InvalidTokenError, ValueError, KeyError, TypeError, OverflowError):
        raise Unauthenticated("session.invalid", "The token is not one of ours; sign in.", headers=_CHALLENGE) from None
    if now >= session.expires_at:
        raise Unauthenticated("session.over", "The session is over; sign in again.", headers=_CHALLENGE)
    return session


_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


@lru_cache(maxsize=4096)
def _verified(token: str) -> Session:
    """Check a token's signature once; its end is checked at each use by the caller."""
    claims = jwt.decode(
        token,
        derived_key("session"),
        algorithms=_ALGORITHMS,
        audience=_AUDIENCE,
        issuer=_ISSUER,
        options={"require": _NEEDED, "verify_exp": False, "verify_iat": False},
    )
    epoch = claims["epoch"]
    if not isinstance(epoch, int):
        raise TypeError("epoch")
    due = claims.get("due")
    if due is not None and due not in get_args(Due):
        raise ValueError("due")
    session_id = UUID(claims["sid"]) if "sid" in claims else None
    return Session(UUID(claims["sub"]), epoch, datetime.fromtimestamp(int(claims["exp"]), UTC), session_id, due)
