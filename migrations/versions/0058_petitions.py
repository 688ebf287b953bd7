"""Reception records, petitioners and their terms."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_STAGES = "('dispatch', 'accept', 'inform', 'first_contact', 'resolve', 'answer', 'verify', 'review')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("INSERT INTO channels (code, name) VALUES ('on_behalf', '代办')")
    op.add_column("tickets", sa.Column("terms", sa.Text(), server_default="usual", nullable=False))
    op.create_check_constraint(op.f("ck_tickets_terms"), "tickets", "terms IN ('usual', 'petition')")
    op.drop_constraint("ck_clocks_stage", "clocks")
    op.create_check_constraint(op.f("ck_clocks_stage"), "clocks", f"stage IN {_STAGES}")
    op.alter_column("extensions", "working_days", nullable=True)
    op.add_column("extensions", sa.Column("natural_days", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_extensions_days"), "extensions", "num_nonnulls(working_days, natural_days) = 1")
    _receptions()
    grant("receptions, petitioners", intake="SELECT, INSERT", worker="SELECT", reporting="")


def _receptions() -> None:
    op.create_table(
        "receptions",
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("written_on", sa.Date(), nullable=True),
        sa.Column("postmark", sa.Text(), nullable=True),
        sa.Column("repeated", sa.Boolean(), nullable=False),
        sa.Column("agent_account_id", sa.Uuid(), nullable=True),
        sa.Column("received_by_account_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("form IN ('visit', 'letter', 'on_behalf')", name=op.f("ck_receptions_form")),
        sa.CheckConstraint("people >= 1", name=op.f("ck_receptions_people")),
        sa.ForeignKeyConstraint(["agent_account_id"], ["accounts.id"], name=op.f("fk_receptions_agent_account_id")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_receptions_complaint_id")),
        sa.ForeignKeyConstraint(["received_by_account_id"], ["accounts.id"], name=op.f("fk_receptions_received_by_account_id")),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_receptions")),
    )
    op.create_table(
        "petitioners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("role IN ('petitioner', 'representative', 'agent')", name=op.f("ck_petitioners_role")),
        sa.ForeignKeyConstraint(["complaint_id"], ["receptions.complaint_id"], name=op.f("fk_petitioners_complaint_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_petitioners_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_petitioners")),
        sa.UniqueConstraint("complaint_id", "position", name=op.f("uq_petitioners_complaint_id_position")),
    )
