"""Draws, confirmations and exclusions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

_COUNTERS = (
    "closed_first_round", "due_reworked", "called", "called_reached", "called_unreached", "called_contacted", "called_uncontacted",
    "called_solved", "called_unsolved", "called_satisfied", "called_dissatisfied",
)  # fmt: skip
_KEY = ("grain", "area", "day", "category", "channel", "source", "demand")
_STATES = "('proposed', 'granted', 'refused', 'appealed', 'upheld', 'overturned')"
_REASONS = "('unlawful', 'beyond_policy', 'impossible', 'finally_decided', 'private_matter', 'harms_others', 'untrue')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _call_backs()
    _draws()
    _exclusions()
    _figures()


def _call_backs() -> None:
    op.add_column("call_backs", sa.Column("way", sa.Text(), server_default="phone", nullable=False))
    op.add_column("call_backs", sa.Column("complaint_id", sa.Uuid(), nullable=True))
    for name, to in (("signature_id", "attachments"), ("witness_account_id", "accounts"), ("paper_id", "sealed_papers")):
        op.add_column("call_backs", sa.Column(name, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_call_backs_{name}"), "call_backs", to, [name], ["id"])
    # What came so far from no account came from the complainants themselves: over Open311, else over WeChat.
    op.execute(
        "UPDATE call_backs b SET way = CASE t.channel WHEN 'open311' THEN 'open311' ELSE 'wechat' END"
        " FROM tickets t WHERE t.id = b.ticket_id AND b.by_account_id IS NULL"
    )
    for name, condition in (
        ("way", "way IN ('phone', 'visit', 'wechat', 'code', 'paper', 'open311')"),
        ("no_answer_is_no_word", "reached OR num_nonnulls(contacted, solved, satisfied) = 0"),
        ("signed_and_witnessed", "way <> 'paper' OR (signature_id IS NOT NULL AND num_nonnulls(witness_account_id, paper_id) > 0)"),
        ("another_is_witness", "witness_account_id <> by_account_id"),
    ):
        op.create_check_constraint(op.f(f"ck_call_backs_{name}"), "call_backs", condition)


def _draws() -> None:
    op.create_table(
        "draws",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("per_mille", sa.Integer(), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=False),
        sa.Column("calls_until", sa.Date(), nullable=False),
        sa.Column("seed_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("drawn_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("left_out", postgresql.JSONB(), nullable=True),
        sa.Column("candidates_hash", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("seed IS NULL OR sha256(seed) = seed_hash", name=op.f("ck_draws_the_promised_seed")),
        sa.CheckConstraint("(seed IS NULL) = (opened_at IS NULL)", name=op.f("ck_draws_opened")),
        sa.CheckConstraint("opened_at IS NULL OR drawn_at IS NOT NULL", name=op.f("ck_draws_drawn_before_opened")),
        sa.CheckConstraint("per_mille BETWEEN 1 AND 1000 AND minimum >= 0 AND first <= last", name=op.f("ck_draws_bounds")),
        *(
            sa.ForeignKeyConstraint([name], ["accounts.id"], name=op.f(f"fk_draws_{name}"))
            for name in ("announced_by_account_id", "drawn_by_account_id", "opened_by_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draws")),
        sa.UniqueConstraint("first", "last", "sequence", name=op.f("uq_draws_first_last_sequence")),
    )
    op.create_table(
        "drawn_tickets",
        sa.Column("draw_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_drawn_tickets_draw_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_drawn_tickets_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_drawn_tickets_unit_id")),
        sa.PrimaryKeyConstraint("draw_id", "ticket_id", "round", name=op.f("pk_drawn_tickets")),
    )
    op.create_index(op.f("ix_drawn_tickets_ticket_id"), "drawn_tickets", ["ticket_id"])
    op.add_column("phone_tasks", sa.Column("draw_id", sa.Uuid(), nullable=True))
    # A promise is written once; the draw adds when it was kept. Which rounds could be drawn and were is never changed.
    grant("draws, drawn_tickets", intake="SELECT, INSERT", reporting="")
    intake = "UPDATE (drawn_at, drawn_by_account_id, left_out, candidates_hash, seed, opened_at, opened_by_account_id)"
    grant("draws", intake=intake, worker="", reporting="")


def _exclusions() -> None:
    op.create_table(
        "demand_exclusions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by_account_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by_unit_id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("appeal_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appeal_taken_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("appeal_paper_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("closing", sa.Text(), nullable=True),
        sa.CheckConstraint(f"state IN {_STATES}", name=op.f("ck_demand_exclusions_state")),
        sa.CheckConstraint(f"reason IN {_REASONS}", name=op.f("ck_demand_exclusions_reason")),
        sa.CheckConstraint("decided_by_account_id <> proposed_by_account_id", name=op.f("ck_demand_exclusions_another_decides")),
        sa.CheckConstraint(
            "closed_by_account_id NOT IN (proposed_by_account_id, decided_by_account_id)",
            name=op.f("ck_demand_exclusions_a_third_decides_the_appeal"),
        ),
        sa.CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name=op.f("ck_demand_exclusions_decided")),
        sa.CheckConstraint("(state IN ('upheld', 'overturned')) = (closed_at IS NOT NULL)", name=op.f("ck_demand_exclusions_closed")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_demand_exclusions_ticket_id")),
        sa.ForeignKeyConstraint(["proposed_by_unit_id"], ["units.id"], name=op.f("fk_demand_exclusions_proposed_by_unit_id")),
        sa.ForeignKeyConstraint(["appeal_paper_id"], ["sealed_papers.id"], name=op.f("fk_demand_exclusions_appeal_paper_id")),
        *(
            sa.ForeignKeyConstraint([name], ["accounts.id"], name=op.f(f"fk_demand_exclusions_{name}"))
            for name in ("proposed_by_account_id", "decided_by_account_id", "appeal_taken_by_account_id", "closed_by_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand_exclusions")),
        sa.UniqueConstraint("ticket_id", "round", name=op.f("uq_demand_exclusions_ticket_id_round")),
    )
    op.create_index(op.f("ix_demand_exclusions_state_proposed_at"), "demand_exclusions", ["state", "proposed_at"])
    grant("demand_exclusions", intake="SELECT, INSERT")
    decided = "state, decided_at, decided_by_account_id, decision, appeal_until"
    appealed = "appealed_at, appeal_taken_by_account_id, appeal_paper_id, closed_at, closed_by_account_id, closing"
    grant("demand_exclusions", intake=f"UPDATE ({decided}, {appealed})", worker="", reporting="")


def _figures() -> None:
    """Columns for the new figures. `daguanjia rebuild-reports` fills them for tickets that were counted before."""
    op.add_column("report_facts", sa.Column("called_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("reached", "contacted", "solved", "satisfied"):
        op.add_column("report_facts", sa.Column(name, sa.Boolean(), nullable=True))
    for name in ("reworked", "unreasonable"):
        op.add_column("report_facts", sa.Column(name, sa.Boolean(), server_default="false", nullable=False))
    called = sa.text("called_at IS NOT NULL")
    op.create_index("ix_report_facts_called", "report_facts", ["called_at", "ticket_id"], postgresql_where=called)
    for name in _COUNTERS:
        op.add_column("rollup_cells", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column("rollup_cells", sa.Column("demand", sa.Text(), server_default="", nullable=False))
    op.drop_constraint("pk_rollup_cells", "rollup_cells")
    op.create_primary_key(op.f("pk_rollup_cells"), "rollup_cells", list(_KEY))
