"""Policies as versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "policies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reverts", sa.Integer(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drafted_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activated_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('calendar', 'ladder', 'catalogue')", name=op.f("ck_policies_kind")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_policies_version")),
        sa.CheckConstraint("(activated_at IS NULL) = (effective_at IS NULL)", name=op.f("ck_policies_activated")),
        sa.ForeignKeyConstraint(["activated_by_account_id"], ["accounts.id"], name=op.f("fk_policies_activated_by_account_id")),
        sa.ForeignKeyConstraint(["drafted_by_account_id"], ["accounts.id"], name=op.f("fk_policies_drafted_by_account_id")),
        sa.ForeignKeyConstraint(["withdrawn_by_account_id"], ["accounts.id"], name=op.f("fk_policies_withdrawn_by_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_policies_kind_version")),
    )
    live = sa.text("activated_at IS NOT NULL AND withdrawn_at IS NULL")
    op.create_index(op.f("ix_policies_kind_effective_at"), "policies", ["kind", "effective_at"], postgresql_where=live)
    grant("policies", intake="SELECT, INSERT", worker="SELECT, INSERT", reporting="SELECT")
    changing = "UPDATE (activated_at, activated_by_account_id, effective_at, withdrawn_at, withdrawn_by_account_id, applied_at)"
    grant("policies", intake=changing, worker=changing, reporting="")
    # a version of the catalogue that was dated later is brought into its tables by the worker
    grant("categories, catalogue_rows", intake="INSERT, UPDATE", worker="INSERT, UPDATE", reporting="")
    grant("category_revisions", intake="INSERT", worker="INSERT", reporting="")
    grant("catalogue_rows", intake="DELETE", worker="DELETE", reporting="")
    op.execute(_CALENDAR)
    op.execute(_CATALOGUE)
    op.execute("UPDATE clocks SET calendar_version = 1 WHERE EXISTS (SELECT FROM policies WHERE kind = 'calendar')")
    op.drop_table("calendar_days")


_HOURS = '[{"from": "01-01", "to": "12-31", "intervals": [["08:00", "12:00"], ["14:30", "17:30"]]}]'

# the days that were known so far are the first version; days that were worked were so before anybody wrote them down
_CALENDAR = f"""
INSERT INTO policies (id, kind, version, base, definition, note, drafted_at, activated_at, effective_at, applied_at)
SELECT gen_random_uuid(), 'calendar', 1, 0,
       jsonb_build_object(
         'years', years.all_of_them,
         'calendars', jsonb_build_object('default', jsonb_build_object(
            'name', '机关作息', 'weekdays', '[1, 2, 3, 4, 5]'::jsonb, 'hours', '{_HOURS}'::jsonb)),
         'units', '{{}}'::jsonb),
       '启用版本管理前的日历', now(), now(), '2000-01-01T00:00:00+08:00', now()
FROM (
  SELECT jsonb_object_agg(year, definition) AS all_of_them FROM (
    SELECT extract(year FROM day)::int::text AS year,
           jsonb_build_object(
             'official', bool_and(official) AND bool_or(NOT working),
             'source', coalesce(nullif(btrim(max(left(source, 200))), ''), '?'),
             'off', coalesce(jsonb_object_agg(day::text, coalesce(nullif(btrim(left(name, 200)), ''), '?')) FILTER (WHERE NOT working), '{{}}'),
             'on', coalesce(jsonb_object_agg(day::text, coalesce(nullif(btrim(left(name, 200)), ''), '?')) FILTER (WHERE working), '{{}}')) AS definition
    FROM calendar_days GROUP BY 1
  ) AS each_year
) AS years
WHERE years.all_of_them IS NOT NULL
"""

_CATALOGUE = """
INSERT INTO policies (id, kind, version, base, definition, note, drafted_at, activated_at, effective_at, applied_at)
SELECT gen_random_uuid(), 'catalogue', 1, 0,
       jsonb_build_object(
         'categories', (SELECT jsonb_agg(to_jsonb(c) - 'active' - 'version' - 'updated_at' ORDER BY c.position, c.code)
                        FROM categories AS c WHERE c.active),
         'rows', coalesce((SELECT jsonb_agg(jsonb_build_object('category', r.category_code, 'area', area.code, 'handler', handler.code,
                                                               'note', r.note) ORDER BY r.category_code, area.code)
                           FROM catalogue_rows AS r JOIN units AS area ON area.id = r.area_unit_id
                           JOIN units AS handler ON handler.id = r.handler_unit_id), '[]')),
       '启用版本管理前的派单目录', now(), now(), now(), now()
WHERE EXISTS (SELECT FROM categories WHERE active)
"""
