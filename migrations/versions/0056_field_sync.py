"""Commands a phone sent and what became of each, its clock, files that are still to come, and in which transaction a ticket changed last."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

# What `since` of my work goes by: times do not say in which order transactions became visible, their numbers and a snapshot do.
# The desks a ticket waited at are remembered, so that a desk it left is told. Both are kept by the database: nobody can forget them.
_CHANGED = """
CREATE FUNCTION note_change_of_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_in := pg_current_xact_id()::text::bigint;
  IF OLD.status = 'received' AND OLD.desk_unit_id IS NOT NULL AND OLD.desk_unit_id <> ALL (OLD.waited_at_ids) THEN
    NEW.waited_at_ids := OLD.waited_at_ids || OLD.desk_unit_id;
  END IF;
  RETURN NEW;
END $$
"""
_TRIGGER = "CREATE TRIGGER note_change BEFORE UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION note_change_of_ticket()"


def upgrade() -> None:
    _tickets()
    _commands()
    _files()


def _tickets() -> None:
    now = sa.text("(pg_current_xact_id()::text::bigint)")
    op.add_column("tickets", sa.Column("changed_in", sa.BigInteger(), server_default=now, nullable=False))
    op.add_column("tickets", sa.Column("waited_at_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False))
    op.create_index(op.f("ix_tickets_changed_in"), "tickets", ["changed_in"])
    op.execute(_CHANGED)
    op.execute(_TRIGGER)


def _commands() -> None:
    op.create_table(
        "field_commands",
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=False),
        sa.Column("depends_on", postgresql.JSONB(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('report', 'supplement', 'reword', 'action')", name=op.f("ck_field_commands_kind")),
        sa.CheckConstraint("state IN ('waiting', 'applied', 'conflict', 'refused')", name=op.f("ck_field_commands_state")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_field_commands_account_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_field_commands_paper_id")),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_field_commands")),
    )
    kept = sa.text("paper_id IS NOT NULL")
    op.create_index("ix_field_commands_kept", "field_commands", ["account_id", "state", "command_id"], postgresql_where=kept)
    # What was sent stays as it was sent; what became of it is written once it is known.
    grant("field_commands", intake="SELECT, INSERT", reporting="")
    grant("field_commands", intake="UPDATE (state, code, result, paper_id, settled_at, dismissed_at)", worker="", reporting="")
    grant("field_commands", intake="", worker="UPDATE (paper_id)", reporting="")
    op.create_table(
        "device_clocks",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_device_clocks_account_id")),
        sa.PrimaryKeyConstraint("account_id", "device_id", name=op.f("pk_device_clocks")),
    )
    grant("device_clocks", intake="SELECT, INSERT, UPDATE", reporting="")


def _files() -> None:
    op.create_table(
        "arrived_uploads",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_arrived_uploads_account_id")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachments.id"], name=op.f("fk_arrived_uploads_attachment_id")),
        sa.PrimaryKeyConstraint("account_id", "upload_id", name=op.f("pk_arrived_uploads")),
    )
    op.create_table(
        "expected_files",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("subject_kind IN ('complaint', 'work_log')", name=op.f("ck_expected_files_subject_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_expected_files_account_id")),
        sa.PrimaryKeyConstraint("account_id", "upload_id", "subject_id", name=op.f("pk_expected_files")),
    )
    grant("arrived_uploads", intake="SELECT, INSERT", worker="SELECT, INSERT", reporting="")
    grant("expected_files", intake="SELECT, INSERT", worker="SELECT", reporting="")
    grant("expected_files", intake="UPDATE (linked_at)", worker="UPDATE (linked_at)", reporting="")
