"""Households, pairings, the ledger and opinions follow a unit that gets another code; how many households are paired is kept counted."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0100"
down_revision = "0099"
branch_labels = None
depends_on = None

# Whoever moves a household and whoever pairs it wait for each other: the row is looked at again once it is locked.
_PAIRED = """
CREATE FUNCTION count_paired() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM FROM households h JOIN is_now n ON n.household_id = h.id ORDER BY h.id FOR SHARE OF h;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO home_counts (unit_id, member_id, homes, paired)
    SELECT h.unit_id, n.member_id, 0, count(*) FROM is_now n JOIN households h ON h.id = n.household_id WHERE n.valid_to IS NULL
    GROUP BY GROUPING SETS ((h.unit_id), (n.member_id)) HAVING count(*) <> 0;
  ELSE
    INSERT INTO home_counts (unit_id, member_id, homes, paired)
    SELECT h.unit_id, n.member_id, 0, sum((n.valid_to IS NULL)::int - (w.valid_to IS NULL)::int)
    FROM was w JOIN is_now n ON n.id = w.id JOIN households h ON h.id = n.household_id
    GROUP BY GROUPING SETS ((h.unit_id), (n.member_id)) HAVING sum((n.valid_to IS NULL)::int - (w.valid_to IS NULL)::int) <> 0;
  END IF;
  RETURN NULL;
END $$
"""
_HOMES = """
CREATE FUNCTION count_homes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO home_counts (unit_id, homes, paired)
    SELECT unit_id, count(*), 0 FROM is_now WHERE ended_on IS NULL GROUP BY unit_id;
  ELSE
    INSERT INTO home_counts (unit_id, homes, paired)
    SELECT d.unit_id, sum(d.homes), sum(d.moved * has.one) FROM (
      SELECT w.id, w.unit_id, -(w.ended_on IS NULL)::int AS homes, -(w.unit_id <> n.unit_id)::int AS moved
      FROM was w JOIN is_now n ON n.id = w.id WHERE w.unit_id <> n.unit_id OR (w.ended_on IS NULL) <> (n.ended_on IS NULL)
      UNION ALL
      SELECT w.id, n.unit_id, (n.ended_on IS NULL)::int, (w.unit_id <> n.unit_id)::int
      FROM was w JOIN is_now n ON n.id = w.id WHERE w.unit_id <> n.unit_id OR (w.ended_on IS NULL) <> (n.ended_on IS NULL)
    ) d CROSS JOIN LATERAL (
      SELECT EXISTS (SELECT FROM pairings p WHERE p.household_id = d.id AND p.valid_to IS NULL)::int AS one
    ) has GROUP BY d.unit_id HAVING sum(d.homes) <> 0 OR sum(d.moved * has.one) <> 0;
  END IF;
  RETURN NULL;
END $$
"""
_NEW, _OLD = "NEW TABLE AS is_now", "OLD TABLE AS was"
_TRIGGERS = tuple(
    f"CREATE TRIGGER {name} AFTER {when} ON {table} REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION {does}()"
    for name, when, table, rows, does in (
        ("count_new_pairings", "INSERT", "pairings", _NEW, "count_paired"),
        ("count_changed_pairings", "UPDATE", "pairings", f"{_OLD} {_NEW}", "count_paired"),
        ("count_new_homes", "INSERT", "households", _NEW, "count_homes"),
        ("count_changed_homes", "UPDATE", "households", f"{_OLD} {_NEW}", "count_homes"),
    )
)
# A function that runs with its owner's rights must not find tables that somebody made for it: temporary ones come last.
_PATH = """
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION count_paired() SET search_path TO %I, pg_temp', current_schema());
  EXECUTE format('ALTER FUNCTION count_homes() SET search_path TO %I, pg_temp', current_schema());
END $$
"""
_HOMES_SO_FAR = """
INSERT INTO home_counts (unit_id, homes, paired) SELECT h.unit_id, count(*) FILTER (WHERE h.ended_on IS NULL), count(p.id)
FROM households h LEFT JOIN pairings p ON p.household_id = h.id AND p.valid_to IS NULL GROUP BY h.unit_id
"""
_MEMBERS_SO_FAR = """
INSERT INTO home_counts (member_id, homes, paired)
SELECT member_id, 0, count(*) FROM pairings WHERE household_id IS NOT NULL AND valid_to IS NULL GROUP BY member_id
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _counts()
    _looked_back()
    for statement in (_PAIRED, _HOMES, _PATH, _HOMES_SO_FAR, _MEMBERS_SO_FAR, *_TRIGGERS):
        op.execute(statement)
    grant("home_counts", intake="", worker="SELECT, INSERT, DELETE", reporting="SELECT")
    _photographs_of_steps()
    # Units get other codes; whoever writes pairings brings them along first, the worker all the rest.
    grant("pairings", intake="UPDATE (unit_id, by_unit_id)", worker="UPDATE (by_unit_id)", reporting="")
    grant("activities", intake="", worker="SELECT, UPDATE (unit_id, by_unit_id)", reporting="")
    followed = (
        "asset_segments, matter_candidates, matter_tasks, matter_supervisors, problem_villages, help_items, mediations, deliberations"
    )
    grant(followed, intake="", worker="SELECT, UPDATE (unit_id)", reporting="")
    grant("matters", intake="", worker="SELECT, UPDATE (unit_id, lead_unit_id)", reporting="")


def _counts() -> None:
    op.create_table(
        "home_counts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("homes", sa.Integer(), nullable=False),
        sa.Column("paired", sa.Integer(), nullable=False),
        sa.CheckConstraint("(unit_id IS NULL) <> (member_id IS NULL)", name=op.f("ck_home_counts_of_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_home_counts")),
    )


def _looked_back() -> None:
    """What was otherwise at an instant past is found without reading all: what began since, and what ended since."""
    open_ones, over = sa.text("household_id IS NOT NULL AND valid_to IS NULL"), sa.text("household_id IS NOT NULL AND valid_to IS NOT NULL")
    op.create_index("ix_pairings_open_recorded", "pairings", ["recorded_at"], postgresql_where=open_ones)
    op.create_index("ix_pairings_open_from", "pairings", ["valid_from"], postgresql_where=open_ones)
    op.create_index("ix_pairings_over_ended", "pairings", ["ended_at"], postgresql_where=over)
    op.create_index("ix_pairings_over_to", "pairings", ["valid_to"], postgresql_where=over)
    op.create_index("ix_pairings_places", "pairings", ["kind", "unit_id"], postgresql_where=sa.text("household_id IS NULL"))
    op.create_index("ix_households_books", "households", ["unit_id", "village_id"], postgresql_where=sa.text("ended_on IS NULL"))
    op.create_index("ix_households_open_listed", "households", ["listed_at"], postgresql_where=sa.text("ended_on IS NULL"))
    op.create_index("ix_households_over_ended", "households", ["ended_at"], postgresql_where=sa.text("ended_on IS NOT NULL"))
    op.create_index("ix_households_over_on", "households", ["ended_on"], postgresql_where=sa.text("ended_on IS NOT NULL"))


def _photographs_of_steps() -> None:
    for table, kinds in (
        ("attachment_links", "'complaint', 'work_log', 'call', 'opinion', 'help_item', 'mediation', 'matter', 'service_step'"),
        ("expected_files", "'complaint', 'work_log', 'opinion', 'help_item', 'mediation', 'service_step'"),
    ):
        op.drop_constraint(op.f(f"ck_{table}_subject_kind"), table)
        op.create_check_constraint(op.f(f"ck_{table}_subject_kind"), table, f"subject_kind IN ({kinds})")
