"""户 and 挂钩: the villages' registers of households, and who looks after whom."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _households()
    _pairings()
    # Who ends something says so once; what it was stays. The worker follows units that were renumbered.
    changed = "unit_id, people, paper_id, fingerprint, changed_at, ended_on, ended_at, ended_because, version"
    grant("households", intake=f"SELECT, INSERT, UPDATE ({changed})", worker="SELECT, UPDATE (unit_id, village_id)")
    ended = "valid_to, ended_because, ended_at, ended_by_account_id"
    grant("pairings", intake=f"SELECT, INSERT, UPDATE ({ended})", worker="SELECT, UPDATE (unit_id)")


def _households() -> None:
    op.create_table(
        "households",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=False),
        sa.Column("village_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("people BETWEEN 0 AND 100", name=op.f("ck_households_people")),
        sa.CheckConstraint(
            "ended_because IN ('moved_away', 'merged', 'dissolved', 'listed_twice', 'mistake')", name=op.f("ck_households_ended_because")
        ),
        sa.CheckConstraint(
            "(ended_on IS NULL) = (ended_because IS NULL) AND (ended_on IS NULL) = (ended_at IS NULL)",
            name=op.f("ck_households_ended_with_reason"),
        ),
        sa.ForeignKeyConstraint(["village_id"], ["units.id"], name=op.f("fk_households_village_id_units")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_households_unit_id_units")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_households_paper_id_sealed_papers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
    )
    op.create_index("uq_households_reference", "households", ["reference"], unique=True, postgresql_where=sa.text("ended_on IS NULL"))
    op.create_index(op.f("ix_households_reference_listed_at"), "households", ["reference", "listed_at"])
    op.create_index("ix_households_unit", "households", ["unit_id", "id"], postgresql_where=sa.text("ended_on IS NULL"))
    op.create_index(op.f("ix_households_village_id_id"), "households", ["village_id", "id"])
    op.create_index(op.f("ix_households_paper_id"), "households", ["paper_id"])


def _pairings() -> None:
    op.create_table(
        "pairings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("by_unit_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_account_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('leader_township', 'secretary_village', 'unit_village', 'member_household')", name=op.f("ck_pairings_kind")
        ),
        sa.CheckConstraint(
            "(kind = 'unit_village') = (by_unit_id IS NOT NULL) AND (by_unit_id IS NULL) = (member_id IS NOT NULL)",
            name=op.f("ck_pairings_whose"),
        ),
        sa.CheckConstraint("(kind = 'member_household') = (household_id IS NOT NULL)", name=op.f("ck_pairings_household")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_pairings_interval")),
        sa.CheckConstraint(
            "ended_because IN ('transferred', 'left', 'household_ended', 'reassigned', 'mistake', 'other')",
            name=op.f("ck_pairings_ended_because"),
        ),
        sa.CheckConstraint(
            "(valid_to IS NULL) = (ended_because IS NULL) AND (valid_to IS NULL) = (ended_at IS NULL)",
            name=op.f("ck_pairings_ended_with_reason"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_pairings_member_id_members")),
        sa.ForeignKeyConstraint(["by_unit_id"], ["units.id"], name=op.f("fk_pairings_by_unit_id_units")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_pairings_unit_id_units")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_pairings_household_id_households")),
        sa.ForeignKeyConstraint(["follows_id"], ["pairings.id"], name=op.f("fk_pairings_follows_id_pairings")),
        sa.ForeignKeyConstraint(["recorded_by_account_id"], ["accounts.id"], name=op.f("fk_pairings_recorded_by_account_id_accounts")),
        sa.ForeignKeyConstraint(["ended_by_account_id"], ["accounts.id"], name=op.f("fk_pairings_ended_by_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairings")),
    )
    in_force = sa.text("valid_to IS NULL")
    op.create_index("uq_pairings_household", "pairings", ["household_id"], unique=True, postgresql_where=in_force)
    op.create_index(
        "uq_pairings_unit", "pairings", ["kind", "unit_id", sa.text("coalesce(member_id, by_unit_id)")],
        unique=True, postgresql_where=sa.text("valid_to IS NULL AND household_id IS NULL"),
    )  # fmt: skip
    op.create_index(op.f("ix_pairings_member_id_valid_from"), "pairings", ["member_id", "valid_from"])
    op.create_index(op.f("ix_pairings_by_unit_id"), "pairings", ["by_unit_id"])
    op.create_index(op.f("ix_pairings_unit_id_kind"), "pairings", ["unit_id", "kind"])
    op.create_index("ix_pairings_household_id", "pairings", ["household_id", "valid_from"])
