"""Escalation levels of a county's own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("escalations", sa.Column("late_unit_id", sa.Uuid(), nullable=True))
    op.add_column("escalations", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f("fk_escalations_late_unit_id"), "escalations", "units", ["late_unit_id"], ["id"])
    op.create_check_constraint(op.f("ck_escalations_name"), "escalations", "name IN ('urge', 'supervise', 'raise', 'list')")
    op.create_index("ix_escalations_listed", "escalations", ["reached_at", "id"], postgresql_where=sa.text("name = 'list'"))
    # Whoever pauses or ends a clock first records what it had reached: see services/tickets/lateness.py.
    grant("escalations", intake="SELECT, INSERT", worker="", reporting="")
    _digests()


def _digests() -> None:
    """A message that is told within a digest waits for nothing and goes nowhere by itself."""
    op.add_column("messages", sa.Column("digest_id", sa.Uuid(), nullable=True))
    op.add_column("messages", sa.Column("tally", postgresql.JSONB(), nullable=True))
    op.create_foreign_key(op.f("fk_messages_digest_id"), "messages", "messages", ["digest_id"], ["id"])
    op.drop_constraint("ck_messages_state", "messages")
    states = "state IN ('queued', 'sent', 'given_up', 'no_carrier', 'digested')"
    op.create_check_constraint(op.f("ck_messages_state"), "messages", states)
    op.create_check_constraint(op.f("ck_messages_digested"), "messages", "(state = 'digested') = (digest_id IS NOT NULL)")
