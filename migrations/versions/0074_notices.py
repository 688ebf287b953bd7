"""The public page: frozen results, orders to correct them, and posts whose holders are named."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None

_PUBLIC = "id, period, area_code, version, content, sha256, as_of, frozen_at, order_id"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _orders()
    _notices()
    _posts()


def _orders() -> None:
    op.create_table(
        "notice_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("act IN ('recount', 'withdraw')", name=op.f("ck_notice_orders_act")),
        sa.CheckConstraint("reason IN ('late_records', 'wrong_records', 'wrong_area', 'not_public')", name=op.f("ck_notice_orders_reason")),
        sa.CheckConstraint("outcome IN ('corrected', 'unchanged', 'too_small', 'withdrawn')", name=op.f("ck_notice_orders_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (done_at IS NULL)", name=op.f("ck_notice_orders_done")),
        sa.ForeignKeyConstraint(["ordered_by_account_id"], ["accounts.id"], name=op.f("fk_notice_orders_ordered_by_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_orders")),
    )
    grant("notice_orders", intake="SELECT, INSERT", reporting="")
    grant("notice_orders", intake="", worker="UPDATE (done_at, outcome)", reporting="")


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("basis", postgresql.JSONB(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_notices_version")),
        sa.ForeignKeyConstraint(["order_id"], ["notice_orders.id"], name=op.f("fk_notices_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("period", "area_code", "version", name=op.f("uq_notices_period_area_code_version")),
    )
    # What was published stays as it was published: nobody may change or delete it, and only the worker publishes.
    grant("notices", intake=f"SELECT ({_PUBLIC})", worker="SELECT, INSERT", reporting=f"SELECT ({_PUBLIC})")


def _posts() -> None:
    op.create_table(
        "published_posts",
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by_account_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_published_posts_post_id")),
        sa.ForeignKeyConstraint(["published_by_account_id"], ["accounts.id"], name=op.f("fk_published_posts_published_by_account_id")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_published_posts")),
    )
    grant("published_posts", intake="SELECT, INSERT, DELETE", worker="")
