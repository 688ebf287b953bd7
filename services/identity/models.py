"""Rows of identity."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, BigInt

ENDED_WHY = (
    "signed_out",
    "ended_elsewhere",
    "everywhere",
    "password_changed",
    "password_reset",
    "second_factor",
    "reused",
    "by_administrator",
    "crowded_out",
)
CLOSED_WHY = {
    "left": "离职",
    "transferred": "调离",
    "suspended": "停职",
    "compromised": "疑被盗用",
    "unused": "长期不用",
    "mistake": "误开",
    "other": "其他",
}
"""Why an account was closed."""


class Account(Base):
    """A way for a member to sign in. The password is kept as an argon2id hash; one for once has an end in `one_time_until`.

    `disabled_at` since when it is closed (停用), `disabled_why` the coded reason.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(f"disabled_why IN {tuple(CLOSED_WHY)!r}", name="disabled_why"),
        CheckConstraint("disabled_why IS NULL OR disabled_at IS NOT NULL", name="disabled_for_a_reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), unique=True)
    failed_tries: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_why: Mapped[str | None]
    session_epoch: Mapped[int] = mapped_column(server_default=text("0"))
    one_time_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class DeviceSession(Base):
    """One sign-in on one device: the family of all refresh tokens that follow from it. Tokens are kept as hashes alone.

    `used_at` is coarse: the hour of the last refresh. `device` is sealed: somebody's name may stand in it. `epoch` is the account's when
    the session was opened or last carried over; a session of an epoch before does not go on.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint(f"ended_why IN {ENDED_WHY!r}", name="ended_why"),
        CheckConstraint("(ended_at IS NULL) = (ended_why IS NULL)", name="ended_for_a_reason"),
        CheckConstraint("(previous_hash IS NULL) = (rotated_at IS NULL)", name="rotated_some_time"),
        Index("ix_sessions_account_id_ended_at", "account_id", "ended_at"),
        Index(None, "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    epoch: Mapped[int]
    device: Mapped[bytes]
    second_factor: Mapped[bool]
    opened_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    refresh_hash: Mapped[bytes]
    previous_hash: Mapped[bytes | None]
    rotated_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None]


class SecondFactor(Base):
    """The secret an account's authenticator shares with us, sealed; good once it was confirmed. No step is accepted twice."""

    __tablename__ = "second_factors"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    secret: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(BigInt, server_default=text("0"))
    enrolled_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code that stands in for a lost authenticator, once, as a keyed hash; deleted when it was used."""

    __tablename__ = "recovery_codes"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("second_factors.account_id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)


class UnknownLogin(Base):
    """Wrong tries at a login that nobody has, by its keyed index: it is locked like one that somebody has, and so tells nothing."""

    __tablename__ = "unknown_logins"
    __table_args__ = (Index(None, "tried_at"),)

    login_index: Mapped[bytes] = mapped_column(primary_key=True)
    failed_tries: Mapped[int]
    locked_until: Mapped[datetime | None]
    tried_at: Mapped[datetime]
