"""What WeChat users send, and how far each conversation is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _supplements()
    _conversations()
    _messages()
    _media()
    # Erasing a person who left is the worker's: key, content and indexes go, the row stays.
    grant("complainants", intake="", worker="UPDATE (row_key, sealed, phone_index, openid_index)", reporting="")
    # Filing what was told by photo alone is the worker's, and a filing draws a number.
    grant("SEQUENCE ticket_numbers", intake="", worker="USAGE", reporting="")
    grant("complainants", intake="", worker="INSERT", reporting="")


def _supplements() -> None:
    op.create_table(
        "supplements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("channel_message_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("place_words", sa.Text(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("coordinate_system", sa.Text(), nullable=True),
        sa.Column("files", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("by_account_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", _AT, nullable=False),
        sa.CheckConstraint("coordinate_system IN ('WGS-84', 'GCJ-02')", name=op.f("ck_supplements_coordinate_system")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_supplements_complaint_id")),
        sa.ForeignKeyConstraint(["channel"], ["channels.code"], name=op.f("fk_supplements_channel")),
        sa.ForeignKeyConstraint(["by_account_id"], ["accounts.id"], name=op.f("fk_supplements_by_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplements")),
        sa.UniqueConstraint("complaint_id", "channel_message_id", name=op.f("uq_supplements_complaint_id_channel_message_id")),
    )
    # What somebody said is written once.
    grant("supplements", intake="SELECT, INSERT", worker="SELECT, INSERT", reporting="")


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("openid_index", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'idle'"), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("asked", sa.Text(), nullable=True),
        sa.Column("confides", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("told_unit_at", _AT, nullable=True),
        sa.Column("hint_message_id", sa.Uuid(), nullable=True),
        sa.Column("hint_at", _AT, nullable=True),
        sa.Column("since", _AT, nullable=False),
        sa.Column("last_at", _AT, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("state IN ('idle', 'gathering', 'telling', 'choosing')", name=op.f("ck_conversations_state")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_conversations_complaint_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_conversations_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("openid_index", name=op.f("uq_conversations_openid_index")),
    )
    op.create_index("ix_conversations_gathering", "conversations", ["last_at"], postgresql_where=sa.text("state = 'gathering'"))
    # Who leaves the account is forgotten, by the worker.
    grant("conversations", intake="SELECT, INSERT, UPDATE", worker="SELECT, INSERT, UPDATE, DELETE", reporting="")


def _messages() -> None:
    op.create_table(
        "wechat_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("received_at", _AT, nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("processed_at", _AT, nullable=True),
        sa.Column("waits", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("answer", postgresql.JSONB(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("reply IN ('owed', 'sent', 'given_up')", name=op.f("ck_wechat_messages_reply")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_wechat_messages_paper_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_wechat_messages_conversation_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_wechat_messages_complaint_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_wechat_messages_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_messages")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_wechat_messages_dedupe_key")),
    )
    op.create_index("ix_wechat_messages_unprocessed", "wechat_messages", ["paper_id"], postgresql_where=sa.text("processed_at IS NULL"))
    op.create_index(
        "ix_wechat_messages_due", "wechat_messages", ["due_at"], postgresql_where=sa.text("processed_at IS NULL OR reply = 'owed'")
    )
    op.create_index(op.f("ix_wechat_messages_conversation_id"), "wechat_messages", ["conversation_id"])
    op.create_index(op.f("ix_wechat_messages_paper_id"), "wechat_messages", ["paper_id"])
    grant("wechat_messages", intake="SELECT, INSERT, UPDATE", worker="SELECT, INSERT, UPDATE", reporting="")


def _media() -> None:
    op.create_table(
        "wechat_media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'wanted'"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try_at", _AT, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('wanted', 'fetched', 'given_up')", name=op.f("ck_wechat_media_state")),
        sa.ForeignKeyConstraint(["message_id"], ["wechat_messages.id"], name=op.f("fk_wechat_media_message_id")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachments.id"], name=op.f("fk_wechat_media_attachment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_media")),
        sa.UniqueConstraint("message_id", name=op.f("uq_wechat_media_message_id")),
    )
    op.create_index("ix_wechat_media_wanted", "wechat_media", ["next_try_at"], postgresql_where=sa.text("state = 'wanted'"))
    grant("wechat_media", intake="SELECT, INSERT, UPDATE", worker="SELECT, INSERT, UPDATE", reporting="")
