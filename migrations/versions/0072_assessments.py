"""Assessment of units and persons."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

_KINDS = "('calendar', 'ladder', 'catalogue', 'composite', 'assessment')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_policies_kind"), "policies")
    op.create_check_constraint(op.f("ck_policies_kind"), "policies", f"kind IN {_KINDS}")
    _runs()
    _sheets()
    _appeals()


def _instant(name: str, *, missing: bool = True) -> sa.Column:  # type: ignore[type-arg]  # of whatever the name says
    return sa.Column(name, sa.DateTime(timezone=True), nullable=missing)


def _to(table: str, to: str, *names: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([name], [f"{to}.id"], name=op.f(f"fk_{table}_{name}")) for name in names]


def _runs() -> None:
    op.create_table(
        "assessment_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subjects", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _instant("asked_at", missing=False),
        sa.Column("asked_by_account_id", sa.Uuid(), nullable=False),
        _instant("as_of"),
        _instant("published_at"),
        sa.Column("published_by_account_id", sa.Uuid(), nullable=True),
        _instant("objections_until"),
        _instant("told_at"),
        _instant("finalized_at"),
        sa.Column("finalized_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        _instant("withdrawn_at"),
        sa.Column("withdrawn_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_because", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'draft', 'published', 'final', 'withdrawn')", name=op.f("ck_assessment_runs_state")),
        sa.CheckConstraint("first <= last", name=op.f("ck_assessment_runs_period")),
        sa.CheckConstraint("subjects IN ('units', 'persons')", name=op.f("ck_assessment_runs_subjects")),
        sa.CheckConstraint("finalized_by_account_id <> asked_by_account_id", name=op.f("ck_assessment_runs_another_makes_it_final")),
        sa.CheckConstraint("(published_at IS NULL) = (objections_until IS NULL)", name=op.f("ck_assessment_runs_published")),
        sa.CheckConstraint("(state = 'final') = (content_hash IS NOT NULL)", name=op.f("ck_assessment_runs_final")),
        sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name=op.f("ck_assessment_runs_withdrawn")),
        *_to(
            "assessment_runs", "accounts",
            "asked_by_account_id", "published_by_account_id", "finalized_by_account_id", "withdrawn_by_account_id",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_runs")),
    )  # fmt: skip
    standing, asked = sa.text("state <> 'withdrawn'"), sa.text("state = 'asked'")
    op.create_index("uq_assessment_runs_standing", "assessment_runs", ["scheme", "first", "last"], unique=True, postgresql_where=standing)
    op.create_index("ix_assessment_runs_asked", "assessment_runs", ["asked_at"], postgresql_where=asked)
    to_tell = sa.text("published_at IS NOT NULL AND told_at IS NULL")
    op.create_index("ix_assessment_runs_to_tell", "assessment_runs", ["published_at"], postgresql_where=to_tell)
    op.create_index(op.f("ix_assessment_runs_last_id"), "assessment_runs", ["last", "id"])
    published = "published_at, published_by_account_id, objections_until"
    final = "finalized_at, finalized_by_account_id, content_hash"
    withdrawn = "withdrawn_at, withdrawn_by_account_id, withdrawn_because"
    grant("assessment_runs", intake="SELECT, INSERT")
    # The rules and the period of a run never change. The worker freezes the figures; people publish, decide and make final.
    grant(
        "assessment_runs",
        intake=f"UPDATE (state, {published}, {final}, {withdrawn})",
        worker="UPDATE (state, as_of, told_at, withdrawn_at, withdrawn_because)",
        reporting="",
    )


def _sheets() -> None:
    op.create_table(
        "assessment_sheets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("unit_path", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("group_code", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("funnel", postgresql.JSONB(), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=False),
        sa.Column("total", sa.Text(), nullable=True),
        sa.Column("place_rank", sa.Integer(), nullable=True),
        sa.Column("best", sa.Integer(), nullable=True),
        sa.Column("worst", sa.Integer(), nullable=True),
        *_to("assessment_sheets", "assessment_runs", "run_id"),
        *_to("assessment_sheets", "units", "unit_id"),
        *_to("assessment_sheets", "members", "member_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_sheets")),
        sa.UniqueConstraint("run_id", "unit_id", "member_id", name=op.f("uq_assessment_sheets_run_id_unit_id_member_id")),
    )
    nobody = sa.text("member_id IS NULL")
    op.create_index("uq_assessment_sheets_unit", "assessment_sheets", ["run_id", "unit_id"], unique=True, postgresql_where=nobody)
    op.create_index(op.f("ix_assessment_sheets_unit_id"), "assessment_sheets", ["unit_id"])
    somebody = sa.text("member_id IS NOT NULL")
    op.create_index(op.f("ix_assessment_sheets_member_id"), "assessment_sheets", ["member_id"], postgresql_where=somebody)
    # What a sheet was made from is written once. A granted objection changes what follows from it, and says so in its own row.
    grant("assessment_sheets", intake="SELECT, UPDATE (result, total, place_rank, best, worst)", worker="SELECT, INSERT")


def _appeals() -> None:
    op.create_table(
        "assessment_appeals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("run_asked_by_account_id", sa.Uuid(), nullable=False),
        sa.Column("sheet_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("tickets", postgresql.ARRAY(sa.Text()), nullable=False),
        _instant("made_at", missing=False),
        sa.Column("made_by_account_id", sa.Uuid(), nullable=False),
        sa.Column("made_by_unit_id", sa.Uuid(), nullable=False),
        _instant("decided_at"),
        sa.Column("decided_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("change", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'granted', 'refused')", name=op.f("ck_assessment_appeals_state")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_assessment_appeals_decided")),
        sa.CheckConstraint("(state = 'granted') = (change IS NOT NULL)", name=op.f("ck_assessment_appeals_granted_changes")),
        sa.CheckConstraint(
            "decided_by_account_id NOT IN (made_by_account_id, run_asked_by_account_id)",
            name=op.f("ck_assessment_appeals_another_decides"),
        ),
        *_to("assessment_appeals", "assessment_runs", "run_id"),
        *_to("assessment_appeals", "assessment_sheets", "sheet_id"),
        *_to("assessment_appeals", "accounts", "run_asked_by_account_id", "made_by_account_id", "decided_by_account_id"),
        *_to("assessment_appeals", "units", "made_by_unit_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_appeals")),
    )
    still_open = sa.text("state = 'open'")
    op.create_index("uq_assessment_appeals_open", "assessment_appeals", ["sheet_id", "item"], unique=True, postgresql_where=still_open)
    op.create_index(op.f("ix_assessment_appeals_run_id_made_at"), "assessment_appeals", ["run_id", "made_at"])
    op.create_index(op.f("ix_assessment_appeals_sheet_id"), "assessment_appeals", ["sheet_id"])
    grant("assessment_appeals", intake="SELECT, INSERT")
    decided = "state, decided_at, decided_by_account_id, decision, change"
    grant("assessment_appeals", intake=f"UPDATE ({decided})", worker="", reporting="")
