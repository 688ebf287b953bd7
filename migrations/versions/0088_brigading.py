"""Signs that many voices are few people: keyed marks of devices, and what was seen of places with signs."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.rights import grant

revision = "0088"
down_revision = "0087"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _marks()
    _episodes()
    grant("device_marks", intake="SELECT, INSERT", worker="SELECT, DELETE", reporting="")
    grant("brigading_episodes", worker="SELECT, INSERT, UPDATE (last_seen_at, ended_at, told_at)")
    grant("brigading_looks", worker="SELECT, INSERT")


def _at(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _marks() -> None:
    op.create_table(
        "device_marks",
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        _at("recorded_at"),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_device_marks_complaint_id")),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_device_marks")),
    )
    op.create_index(op.f("ix_device_marks_mark"), "device_marks", ["mark"])
    op.create_index(op.f("ix_device_marks_recorded_at"), "device_marks", ["recorded_at"])


def _episodes() -> None:
    op.create_table(
        "brigading_episodes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("unit_path", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("branch_name", sa.Text(), nullable=False),
        sa.Column("told_unit_id", sa.Uuid(), nullable=False),
        _at("opened_at"),
        _at("last_seen_at"),
        _at("told_at", nullable=True),
        _at("ended_at", nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_brigading_episodes_unit_id")),
        sa.ForeignKeyConstraint(["told_unit_id"], ["units.id"], name=op.f("fk_brigading_episodes_told_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brigading_episodes")),
    )
    going_on = sa.text("ended_at IS NULL")
    op.create_index("uq_brigading_episodes_open", "brigading_episodes", ["unit_id", "branch"], unique=True, postgresql_where=going_on)
    op.create_index(op.f("ix_brigading_episodes_opened_at_id"), "brigading_episodes", ["opened_at", "id"])
    op.create_index(op.f("ix_brigading_episodes_told_unit_id_told_at"), "brigading_episodes", ["told_unit_id", "told_at"])
    op.create_table(
        "brigading_looks",
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        _at("looked_at"),
        sa.Column("figures", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["episode_id"], ["brigading_episodes.id"], name=op.f("fk_brigading_looks_episode_id")),
        sa.PrimaryKeyConstraint("episode_id", "looked_at", name=op.f("pk_brigading_looks")),
    )
