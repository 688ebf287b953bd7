"""What was done outside of tickets: visits, things done, funds, disputes; and totals declared from paper."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None

_KINDS = "'visit', 'opinion', 'thing', 'funds', 'help', 'dispute', 'labour'"
_OUTCOMES = "'met', 'absent', 'refused', 'moved', 'settled', 'unsettled'"
_REASONS = "'typing_error', 'recorded_twice', 'did_not_happen', 'wrong_place', 'wrong_person', 'wrong_amount', 'other'"
_WITHDRAWN = "withdrawn_at, withdrawn_because, withdrawn_by_account_id"


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _referring(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}")) for column, to in columns.items()]


def _activities() -> None:
    op.create_table(
        "activities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("by_unit_id", sa.Uuid()),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("household", sa.LargeBinary()),
        sa.Column("stage", sa.Text()),
        sa.Column("source", sa.Text()),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("within_id", sa.Uuid()),
        sa.Column("ticket_id", sa.Uuid()),
        sa.Column("paper_id", sa.Uuid()),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("corrects_id", sa.Uuid()),
        _instant("recorded_at"),
        sa.Column("recorded_by_account_id", sa.Uuid(), nullable=False),
        _instant("withdrawn_at", nullable=True),
        sa.Column("withdrawn_because", sa.Text()),
        sa.Column("withdrawn_by_account_id", sa.Uuid()),
        sa.Column("withdrawn_paper_id", sa.Uuid()),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_activities_kind")),
        sa.CheckConstraint(f"outcome IN ({_OUTCOMES})", name=op.f("ck_activities_outcome")),
        sa.CheckConstraint("stage IN ('pledged', 'received', 'spent')", name=op.f("ck_activities_stage")),
        sa.CheckConstraint(
            "source IN ('finance', 'donation', 'members', 'collective', 'villagers', 'other')", name=op.f("ck_activities_source")
        ),
        sa.CheckConstraint(f"withdrawn_because IN ({_REASONS})", name=op.f("ck_activities_withdrawn_because")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_activities_amount")),
        sa.CheckConstraint(
            "kind <> 'visit' OR (household IS NOT NULL AND outcome IS NOT NULL)", name=op.f("ck_activities_visit_of_a_household")
        ),
        sa.CheckConstraint(
            "kind <> 'funds' OR (stage IS NOT NULL AND source IS NOT NULL AND amount IS NOT NULL)", name=op.f("ck_activities_funds_told")
        ),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)", name=op.f("ck_activities_withdrawn_with_reason")),
        *_referring(
            "activities", unit_id="units", member_id="members", by_unit_id="units", within_id="activities", ticket_id="tickets",
            paper_id="sealed_papers", corrects_id="activities", recorded_by_account_id="accounts", withdrawn_by_account_id="accounts",
            withdrawn_paper_id="sealed_papers",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_activities_corrects_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_activities_happened_on_id"), "activities", ["happened_on", "id"])
    op.create_index(op.f("ix_activities_kind_happened_on"), "activities", ["kind", "happened_on"])
    op.create_index("ix_activities_unit_day", "activities", ["unit_id", "happened_on"], postgresql_where=sa.text("withdrawn_at IS NULL"))
    op.create_index(op.f("ix_activities_member_id_happened_on"), "activities", ["member_id", "happened_on"])
    op.create_index("ix_activities_within", "activities", ["within_id"], postgresql_where=sa.text("within_id IS NOT NULL"))
    op.create_index("ix_activities_ticket", "activities", ["ticket_id"], postgresql_where=sa.text("ticket_id IS NOT NULL"))


def _beside() -> None:
    op.create_table(
        "helped_persons",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        *_referring("helped_persons", activity_id="activities"),
        sa.PrimaryKeyConstraint("activity_id", "person", name=op.f("pk_helped_persons")),
    )
    op.create_table(
        "opinion_things",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("opinion_id", sa.Uuid(), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        _instant("recorded_at"),
        _instant("withdrawn_at", nullable=True),
        *_referring("opinion_things", opinion_id="activities", thing_id="activities"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion_things")),
    )
    op.create_index(
        "ix_opinion_things_now", "opinion_things", ["opinion_id"], unique=True, postgresql_where=sa.text("withdrawn_at IS NULL")
    )
    op.create_index(op.f("ix_opinion_things_opinion_id"), "opinion_things", ["opinion_id"])
    op.create_index(op.f("ix_opinion_things_thing_id"), "opinion_things", ["thing_id"])


def _declared() -> None:
    op.create_table(
        "declared_totals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        _instant("recorded_at"),
        sa.Column("recorded_by_account_id", sa.Uuid(), nullable=False),
        _instant("withdrawn_at", nullable=True),
        sa.Column("withdrawn_because", sa.Text()),
        sa.Column("withdrawn_by_account_id", sa.Uuid()),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_declared_totals_amount")),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_declared_totals_period")),
        sa.CheckConstraint(f"withdrawn_because IN ({_REASONS})", name=op.f("ck_declared_totals_withdrawn_because")),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)", name=op.f("ck_declared_totals_withdrawn_with_reason")),
        *_referring("declared_totals", unit_id="units", recorded_by_account_id="accounts", withdrawn_by_account_id="accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declared_totals")),
    )
    op.create_index(op.f("ix_declared_totals_unit_id_figure"), "declared_totals", ["unit_id", "figure"])


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _activities()
    _beside()
    _declared()
    # Entries are never changed and never deleted: the one thing that may become of them is that they are withdrawn, once.
    grant("activities", intake=f"SELECT, INSERT, UPDATE ({_WITHDRAWN}, withdrawn_paper_id)")
    grant("declared_totals", intake=f"SELECT, INSERT, UPDATE ({_WITHDRAWN})")
    grant("opinion_things", intake="SELECT, INSERT, UPDATE (withdrawn_at)")
    grant("helped_persons", intake="SELECT, INSERT")
    # How a petition was received is counted; who brought it, and who wrote it down, is not for reports.
    grant("receptions", intake="", worker="", reporting="SELECT (complaint_id, form, people, repeated)")
