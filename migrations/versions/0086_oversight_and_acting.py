"""Offices that oversee, posts that are acted for, and accounts that are closed."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0086"
down_revision = "0085"
branch_labels = None
depends_on = None

_ROLES = (
    "('grid_worker', 'guide', 'assistant', 'village_secretary', 'township_dispatcher', 'department_officer', 'county_supervisor',"
    " 'hotline_operator', 'organization_inspector', 'discipline_inspector', 'analyst', 'administrator')"
)
_LEAVE_KINDS = "('annual', 'sick', 'personal', 'family', 'training', 'official', 'other')"
_CLOSED_WHY = "('left', 'transferred', 'suspended', 'compromised', 'unused', 'mistake', 'other')"
# A key and a span of days as one range of numbers, so that a gist index, which knows no equality of uuids, refuses two that overlap.
_SPAN = "numrange({key} * 1000000 + (valid_from - date '1900-01-01'), {key} * 1000000 + (over_on - date '1900-01-01'))".replace(
    "{key}",
    "(('x' || substr(replace({column}::text, '-', ''), 1, 16))::bit(64)::bigint::numeric * 18446744073709551616"
    " + ('x' || substr(replace({column}::text, '-', ''), 17, 16))::bit(64)::bigint::numeric)",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint("ck_posts_role", "posts")
    op.create_check_constraint(op.f("ck_posts_role"), "posts", f"role IN {_ROLES}")
    op.add_column("accounts", sa.Column("disabled_why", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_accounts_disabled_why"), "accounts", f"disabled_why IN {_CLOSED_WHY}")
    op.create_check_constraint(op.f("ck_accounts_disabled_for_a_reason"), "accounts", "disabled_why IS NULL OR disabled_at IS NOT NULL")
    _leaves()
    _actings()


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _span() -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Date(), nullable=False) for name in ("valid_from", "valid_to", "over_on")]


def _entered(table: str) -> list[sa.schema.SchemaItem]:
    """Who entered it and who ended it, when, and that its days make sense."""
    return [
        _instant("entered_at"),
        sa.Column("entered_by_account_id", sa.Uuid(), nullable=True),
        _instant("ended_at", nullable=True),
        sa.Column("ended_by_account_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("valid_to > valid_from", name=op.f(f"ck_{table}_interval")),
        sa.CheckConstraint("over_on BETWEEN valid_from AND valid_to", name=op.f(f"ck_{table}_over_in_time")),
        sa.CheckConstraint("ended_at IS NOT NULL OR over_on = valid_to", name=op.f(f"ck_{table}_ended_by_somebody")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        *(
            sa.ForeignKeyConstraint([name], ["accounts.id"], name=op.f(f"fk_{table}_{name}_accounts"))
            for name in ("entered_by_account_id", "ended_by_account_id")
        ),
    ]


def _never_two(table: str, column: str) -> None:
    """Refuse two rows of one `column` whose days overlap, whoever asks at once."""
    span = _SPAN.replace("{column}", column)
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ex_{table}_{column} EXCLUDE USING gist (({span}) WITH &&)")


def _leaves() -> None:
    op.create_table(
        "leaves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *_span(),
        *_entered("leaves"),
        sa.CheckConstraint(f"kind IN {_LEAVE_KINDS}", name=op.f("ck_leaves_kind")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_leaves_member_id_members")),
    )
    op.create_index(op.f("ix_leaves_member_id"), "leaves", ["member_id"])
    _never_two("leaves", "member_id")
    # What was entered stays as it was entered; that it ended early is told beside it.
    grant("leaves", intake="SELECT, INSERT, UPDATE (over_on, ended_at, ended_by_account_id)")


def _actings() -> None:
    op.create_table(
        "actings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("leave_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        *_span(),
        *_entered("actings"),
        sa.CheckConstraint("deputy_id <> holder_id", name=op.f("ck_actings_somebody_else")),
        *(
            sa.ForeignKeyConstraint([name], [f"{to}.id"], name=op.f(f"fk_actings_{name}_{to}"))
            for name, to in (("leave_id", "leaves"), ("post_id", "posts"), ("holder_id", "members"), ("deputy_id", "members"))
        ),
    )
    op.create_index(op.f("ix_actings_leave_id"), "actings", ["leave_id"])
    op.create_index(op.f("ix_actings_deputy_id_over_on"), "actings", ["deputy_id", "over_on"])
    _never_two("actings", "post_id")
    grant("actings", intake="SELECT, INSERT, UPDATE (over_on, ended_at, ended_by_account_id)")
