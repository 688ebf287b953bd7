"""Shifts of people in the field, where they are meanwhile; which folder of day keys this database goes with; loose files."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0089"
down_revision = "0088"
branch_labels = None
depends_on = None

_PURPOSES = "('dispatch', 'safety')"
_COMMANDS = "('report', 'supplement', 'reword', 'action', 'shift')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_field_commands_kind"), "field_commands")
    op.create_check_constraint(op.f("ck_field_commands_kind"), "field_commands", f"kind IN {_COMMANDS}")
    _shifts()
    _positions()
    _looks()
    grant("shifts", intake="SELECT, INSERT, UPDATE", worker="SELECT, UPDATE, DELETE", reporting="")
    grant("shift_positions", intake="SELECT, INSERT, UPDATE, DELETE", worker="SELECT, DELETE", reporting="")
    grant("position_looks", intake="SELECT, INSERT", worker="SELECT, DELETE", reporting="")
    _keys()
    _loose_files()


def _at(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[UUID]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _to(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([name], [f"{to}.id"], name=op.f(f"fk_{table}_{name}")) for name, to in targets.items()]


def _shifts() -> None:
    op.create_table(
        "shifts",
        _id("id"),
        _id("account_id"),
        _id("unit_id"),
        _id("device_id", nullable=True),
        _at("started_at"),
        _at("ends_at"),
        _at("ended_at", nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.CheckConstraint("ends_at >= started_at", name=op.f("ck_shifts_ends_after_start")),
        sa.CheckConstraint("ended_at BETWEEN started_at AND ends_at", name=op.f("ck_shifts_ended_within")),
        sa.CheckConstraint("ended_because IN ('said', 'time')", name=op.f("ck_shifts_ended_because")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name=op.f("ck_shifts_ended_with_reason")),
        *_to("shifts", account_id="accounts", unit_id="units"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index("ix_shifts_open", "shifts", ["account_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index(op.f("ix_shifts_account_id_ended_at"), "shifts", ["account_id", "ended_at"])
    op.create_index(op.f("ix_shifts_ends_at"), "shifts", ["ends_at"])


def _positions() -> None:
    """Where people on duty are. Hot: one row for each of them, updated and deleted all day, so it is vacuumed early."""
    op.create_table(
        "shift_positions",
        _id("shift_id"),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("cell_metres", sa.Integer(), nullable=False),
        _at("received_at"),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_shift_positions_shift_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("shift_id", name=op.f("pk_shift_positions")),
    )
    op.create_index(op.f("ix_shift_positions_received_at"), "shift_positions", ["received_at"])
    op.execute("ALTER TABLE shift_positions SET (autovacuum_vacuum_threshold = 20, autovacuum_vacuum_scale_factor = 0)")


def _looks() -> None:
    op.create_table(
        "position_looks",
        _id("id"),
        _id("of_account_id"),
        _id("by_account_id"),
        sa.Column("purpose", sa.Text(), nullable=False),
        _at("looked_at"),
        sa.CheckConstraint(f"purpose IN {_PURPOSES}", name=op.f("ck_position_looks_purpose")),
        *_to("position_looks", of_account_id="accounts", by_account_id="accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_looks")),
    )
    op.create_index(op.f("ix_position_looks_of_account_id_looked_at"), "position_looks", ["of_account_id", "looked_at"])
    op.create_index(op.f("ix_position_looks_looked_at"), "position_looks", ["looked_at"])


def _keys() -> None:
    """One row: the print of the mark that lies in the folder of day keys this database's rows are sealed under."""
    op.create_table(
        "key_folder",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_key_folder_one_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_key_folder")),
    )
    grant("key_folder", intake="SELECT, INSERT", worker="SELECT, INSERT", reporting="SELECT")


def _loose_files() -> None:
    op.create_table(
        "loose_files",
        sa.Column("store_key", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("store_key", name=op.f("pk_loose_files")),
    )
    grant("loose_files", intake="", worker="SELECT, INSERT, DELETE", reporting="")
