"""Sessions of devices with refresh tokens that rotate, second factors, and what they need."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None

_WHY = (
    "('signed_out', 'ended_elsewhere', 'everywhere', 'password_changed', 'password_reset', 'second_factor', 'reused',"
    " 'by_administrator', 'crowded_out')"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("accounts", _instant("one_time_until", nullable=True))
    _sessions()
    _second_factors()
    _unknown_logins()


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        _instant("opened_at"),
        _instant("used_at"),
        _instant("expires_at"),
        sa.Column("refresh_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        _instant("rotated_at", nullable=True),
        _instant("ended_at", nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.CheckConstraint(f"ended_why IN {_WHY}", name=op.f("ck_sessions_ended_why")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_why IS NULL)", name=op.f("ck_sessions_ended_for_a_reason")),
        sa.CheckConstraint("(previous_hash IS NULL) = (rotated_at IS NULL)", name=op.f("ck_sessions_rotated_some_time")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_account_id_ended_at"), "sessions", ["account_id", "ended_at"])
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])
    # Whoever looks up who is signed in learns which sessions were ended; hashes and devices are for the door that issues them.
    grant(
        "sessions",
        intake="SELECT, INSERT, UPDATE",
        worker="SELECT (id, account_id, ended_at, expires_at), DELETE",
        reporting="SELECT (id, account_id, ended_at)",
    )


def _second_factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        _instant("enrolled_at"),
        _instant("confirmed_at", nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_second_factors_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["second_factors.account_id"], name=op.f("fk_recovery_codes_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("pk_recovery_codes")),
    )
    grant("second_factors, recovery_codes", intake="SELECT, INSERT, UPDATE, DELETE", worker="", reporting="")


def _unknown_logins() -> None:
    op.create_table(
        "unknown_logins",
        sa.Column("login_index", sa.LargeBinary(), nullable=False),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        _instant("locked_until", nullable=True),
        _instant("tried_at"),
        sa.PrimaryKeyConstraint("login_index", name=op.f("pk_unknown_logins")),
    )
    op.create_index(op.f("ix_unknown_logins_tried_at"), "unknown_logins", ["tried_at"])
    grant("unknown_logins", intake="SELECT, INSERT, UPDATE", worker="SELECT (tried_at), DELETE", reporting="")
