"""党员服务日: rules, steps and visits; 挂钩党员; what a phone sends of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.rights import grant

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None

_ROLES = (
    "('grid_worker', 'guide', 'assistant', 'village_secretary', 'township_dispatcher', 'department_officer', 'county_supervisor',"
    " 'hotline_operator', 'service_member', 'organization_inspector', 'discipline_inspector', 'analyst', 'administrator')"
)
_COMMANDS = "('report', 'supplement', 'reword', 'action', 'shift', 'service_step', 'visit', 'visit_completion', 'opinion', 'confirmation')"
_OUTCOMES = "('met', 'absent', 'refused', 'moved')"
_STEPS = ("check_in", "household_service", "feedback", "centre_notice", "summary")
_BECAUSE = "('refused_to_sign', 'illiterate_alone', 'left_before', 'unreachable', 'told_in_confidence', 'other')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_posts_role"), "posts")
    op.create_check_constraint(op.f("ck_posts_role"), "posts", f"role IN {_ROLES}")
    op.drop_constraint(op.f("ck_field_commands_kind"), "field_commands")
    op.create_check_constraint(op.f("ck_field_commands_kind"), "field_commands", f"kind IN {_COMMANDS}")
    _days("service_day_rules", "valid_from", "from_a_month")
    _days("service_day_moves", "month", "of_a_month")
    _steps()
    _visits()
    # What was said stays as it was said. A visit is completed once; the worker follows units that were renumbered.
    grant("service_day_rules, service_day_moves", intake="SELECT, INSERT")
    grant("service_steps", intake="SELECT, INSERT", worker="SELECT, UPDATE (unit_id)")
    # Being on duty is a trace of being there; where somebody was is told to nobody but their desk.
    grant("shifts", intake="", worker="", reporting="SELECT (id, account_id, unit_id, started_at)")
    completed = "completed_at, completed_by_account_id, unconfirmed_because"
    grant("visits", intake=f"SELECT, INSERT, UPDATE ({completed})", worker="SELECT, UPDATE (desk_told_at)")


def _recorded(table: str) -> list[sa.schema.SchemaItem]:
    """When and by whom it was recorded, and its key."""
    return [
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["recorded_by_account_id"], ["accounts.id"], name=op.f(f"fk_{table}_recorded_by_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _days(table: str, month: str, check: str) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("days", JSONB(), nullable=False),
        sa.Column(month, sa.Date(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        *_recorded(table),
        sa.CheckConstraint("jsonb_array_length(days) <= 10", name=op.f(f"ck_{table}_days")),
        sa.CheckConstraint(f"extract(day FROM {month}) = 1", name=op.f(f"ck_{table}_{check}")),
    )
    op.create_index(op.f(f"ix_{table}_{month}_recorded_at"), table, [month, "recorded_at"])


def _steps() -> None:
    op.create_table(
        "service_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("previous_nth", sa.Integer(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("cell_metres", sa.Integer(), nullable=True),
        sa.Column("paper_id", sa.Uuid(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        *_recorded("service_steps"),
        sa.CheckConstraint(f"step IN {_STEPS!r}", name=op.f("ck_service_steps_step")),
        sa.CheckConstraint(f"step = ('{{{','.join(_STEPS)}}}'::text[])[nth]", name=op.f("ck_service_steps_nth")),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_service_steps_of_a_month")),
        sa.CheckConstraint("(nth = 1) = (previous_nth IS NULL) AND (nth = 1) = (previous_at IS NULL)", name=op.f("ck_service_steps_first")),
        sa.CheckConstraint("previous_nth = nth - 1 AND previous_at <= happened_at", name=op.f("ck_service_steps_after_the_one_before")),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (cell_metres IS NULL)", name=op.f("ck_service_steps_place")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_service_steps_member_id_members")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_service_steps_unit_id_units")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_service_steps_paper_id_sealed_papers")),
    )
    once = ["member_id", "month", "nth"]
    op.create_index("uq_service_steps_once", "service_steps", once, unique=True)
    op.create_index("uq_service_steps_followed", "service_steps", [*once, "happened_at"], unique=True)
    op.create_foreign_key(
        "fk_service_steps_previous", "service_steps", "service_steps", ["member_id", "month", "previous_nth", "previous_at"],
        [*once, "happened_at"],
    )  # fmt: skip
    op.create_index(op.f("ix_service_steps_month_member_id"), "service_steps", ["month", "member_id"])
    op.create_index(op.f("ix_service_steps_unit_id_happened_at"), "service_steps", ["unit_id", "happened_at"])


def _visits() -> None:
    op.create_table(
        "visits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("nothing_said", sa.Boolean(), nullable=False),
        sa.Column("rebooked_for", sa.Date(), nullable=True),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.Column("purposes", JSONB(), nullable=False),
        sa.Column("matter_id", sa.Uuid(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        *_recorded("visits"),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("unconfirmed_because", sa.Text(), nullable=True),
        sa.Column("desk_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"outcome IN {_OUTCOMES}", name=op.f("ck_visits_outcome")),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_visits_of_a_month")),
        sa.CheckConstraint("outcome = 'met' OR (completed_at IS NOT NULL AND NOT nothing_said)", name=op.f("ck_visits_attempt_is_over")),
        sa.CheckConstraint(
            "NOT nothing_said OR (completed_at IS NOT NULL AND unconfirmed_because IS NULL)", name=op.f("ck_visits_nothing_said")
        ),
        sa.CheckConstraint("rebooked_for IS NULL OR outcome IN ('absent', 'refused')", name=op.f("ck_visits_rebooked")),
        sa.CheckConstraint(f"unconfirmed_because IN {_BECAUSE}", name=op.f("ck_visits_unconfirmed_because")),
        sa.CheckConstraint("unconfirmed_because IS NULL OR completed_at IS NOT NULL", name=op.f("ck_visits_completed_with_reason")),
        sa.CheckConstraint("follows_id <> id", name=op.f("ck_visits_follows_another")),
        sa.ForeignKeyConstraint(["id"], ["activities.id"], name=op.f("fk_visits_id_activities")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_visits_household_id_households")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_visits_member_id_members")),
        sa.ForeignKeyConstraint(["follows_id"], ["visits.id"], name=op.f("fk_visits_follows_id_visits")),
        sa.ForeignKeyConstraint(["completed_by_account_id"], ["accounts.id"], name=op.f("fk_visits_completed_by_account_id_accounts")),
    )
    op.create_index(op.f("ix_visits_member_id_happened_at"), "visits", ["member_id", "happened_at"])
    op.create_index(op.f("ix_visits_household_id_happened_at"), "visits", ["household_id", "happened_at"])
    op.create_index("ix_visits_month", "visits", ["month", "member_id"], postgresql_where=sa.text("month IS NOT NULL"))
    op.create_index("ix_visits_open", "visits", ["member_id"], postgresql_where=sa.text("completed_at IS NULL"))
    op.create_index(op.f("ix_visits_follows_id"), "visits", ["follows_id"])
    untold = sa.text("outcome = 'moved' AND desk_told_at IS NULL")
    op.create_index("ix_visits_moved_untold", "visits", ["recorded_at"], postgresql_where=untold)
    op.create_index(op.f("ix_visits_recorded_at"), "visits", ["recorded_at"])
    op.create_index("ix_visits_matter", "visits", ["matter_id"], postgresql_where=sa.text("matter_id IS NOT NULL"))
