"""First receiver responsible, whistles, tasks and instructions with clocks of their own."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _tickets()
    _suspensions()
    _directives()
    _whistles()
    _calls()


def _tickets() -> None:
    op.add_column("tickets", _when("suspended_until"))
    op.add_column("tickets", sa.Column("helped_by", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.create_check_constraint(op.f("ck_tickets_helper_unit_never_closes"), "tickets", "NOT (helped_by ? closed_by_unit_id::text)")
    op.create_check_constraint(
        op.f("ck_tickets_suspended_until"),
        "tickets",
        "(suspended_until IS NULL) OR (suspended_at IS NOT NULL)",
    )
    running = sa.text("suspended_until IS NOT NULL")
    op.create_index("ix_assignments_leads", "assignments", ["assigned_at"], postgresql_where=sa.text("part = 'lead'"))
    op.create_index(op.f("ix_tickets_suspended_until"), "tickets", ["suspended_until"], postgresql_where=running)


def _suspensions() -> None:
    op.create_table(
        "suspensions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        _when("requested_at"),
        sa.Column("requested_by_account_id", sa.Uuid(), nullable=True),
        _when("decided_at"),
        sa.Column("decided_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        _when("began_at"),
        _when("until_at"),
        _when("ended_at"),
        sa.CheckConstraint("decided_by_account_id <> requested_by_account_id", name=op.f("ck_suspensions_another_decides")),
        sa.CheckConstraint("(began_at IS NULL) = (until_at IS NULL)", name=op.f("ck_suspensions_began")),
        sa.CheckConstraint("working_days BETWEEN 1 AND 60", name=op.f("ck_suspensions_days")),
        *_to("suspensions", ticket_id="tickets", requested_by_account_id="accounts", decided_by_account_id="accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspensions")),
    )
    waiting, running = sa.text("decided_at IS NULL"), sa.text("began_at IS NOT NULL AND ended_at IS NULL")
    op.create_index("uq_suspensions_open", "suspensions", ["ticket_id"], unique=True, postgresql_where=waiting)
    op.create_index("uq_suspensions_running", "suspensions", ["ticket_id"], unique=True, postgresql_where=running)
    op.create_index(op.f("ix_suspensions_ticket_id"), "suspensions", ["ticket_id"])
    grant("suspensions", intake="SELECT, INSERT, UPDATE", worker="SELECT, INSERT, UPDATE")


def _directives() -> None:
    op.add_column("directives", sa.Column("asked_unit_id", sa.Uuid(), nullable=True))
    op.add_column("directives", sa.Column("report_in_working_days", sa.Integer(), nullable=True))
    for done in ("acknowledged", "followed"):
        op.add_column("directives", _when(f"{done}_at"))
        op.add_column("directives", sa.Column(f"{done}_by_account_id", sa.Uuid(), nullable=True))
    op.add_column("directives", sa.Column("report", sa.Text(), nullable=True))
    for column, table in (("asked_unit_id", "units"), ("acknowledged_by_account_id", "accounts"), ("followed_by_account_id", "accounts")):
        op.create_foreign_key(op.f(f"fk_directives_{column}"), "directives", table, [column], ["id"])
    op.create_check_constraint(op.f("ck_directives_acknowledged_first"), "directives", "acknowledged_at <= followed_at")
    op.create_index(op.f("ix_directives_to_unit_id"), "directives", ["to_unit_id"], postgresql_where=sa.text("kind = 'instruct'"))
    # What was said stays as it was said; that it was taken note of and followed is written beside it.
    beside = "acknowledged_at, acknowledged_by_account_id, followed_at, followed_by_account_id, report"
    grant("directives", intake=f"UPDATE ({beside})", worker="", reporting="")


def _whistles() -> None:
    op.create_table(
        "whistles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place_words", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        _when("meet_at", nullable=False),
        _when("called_at", nullable=False),
        sa.Column("called_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("called_by_unit_id", sa.Uuid(), nullable=True),
        _when("ended_at"),
        sa.Column("end_kind", sa.Text(), nullable=True),
        sa.Column("ended_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('hard_problem', 'joint_enforcement', 'emergency')", name=op.f("ck_whistles_kind")),
        sa.CheckConstraint("(ended_at IS NULL) = (end_kind IS NULL)", name=op.f("ck_whistles_ended")),
        sa.CheckConstraint("end_kind IN ('concluded', 'called_off')", name=op.f("ck_whistles_end_kind")),
        *_to("whistles", ticket_id="tickets", called_by_account_id="accounts", called_by_unit_id="units", ended_by_account_id="accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whistles")),
    )
    op.create_index("uq_whistles_open", "whistles", ["ticket_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index(op.f("ix_whistles_ticket_id"), "whistles", ["ticket_id"])
    grant("whistles", intake="SELECT, INSERT", worker="SELECT")
    ending = "UPDATE (ended_at, end_kind, ended_by_account_id, outcome)"
    grant("whistles", intake=ending, worker=ending, reporting="")


def _calls() -> None:
    op.create_table(
        "whistle_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("whistle_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("asked_unit_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answer_words", sa.Text(), nullable=True),
        _when("answered_at"),
        sa.Column("answered_by_account_id", sa.Uuid(), nullable=True),
        _when("arrived_at"),
        sa.Column("arrived_by_account_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("answer IN ('coming', 'not_coming')", name=op.f("ck_whistle_calls_answer")),
        sa.CheckConstraint("answer <> 'not_coming' OR answer_words IS NOT NULL", name=op.f("ck_whistle_calls_why_not")),
        *_to(
            "whistle_calls",
            ticket_id="tickets",
            asked_unit_id="units",
            unit_id="units",
            answered_by_account_id="accounts",
            arrived_by_account_id="accounts",
        ),
        sa.ForeignKeyConstraint(
            ["whistle_id"], ["whistles.id"], name=op.f("fk_whistle_calls_whistle_id"), deferrable=True, initially="DEFERRED"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whistle_calls")),
        sa.UniqueConstraint("whistle_id", "asked_unit_id", name=op.f("uq_whistle_calls_whistle_id_asked_unit_id")),
    )
    op.create_index(op.f("ix_whistle_calls_unit_id"), "whistle_calls", ["unit_id"])
    grant("whistle_calls", intake="SELECT, INSERT", worker="SELECT")
    answering = "UPDATE (answer, answer_words, answered_at, answered_by_account_id, arrived_at, arrived_by_account_id)"
    grant("whistle_calls", intake=answering, worker="", reporting="")


def _when(name: str, *, nullable: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _to(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}")) for name, other in columns.items()]
