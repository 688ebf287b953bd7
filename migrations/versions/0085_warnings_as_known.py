"""What an early warning was at each look, so that it can be told as it was known then."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None

# What is still known of earlier looks: with what an episode opened, how it stood when it grew (the journal has that), after the last look
# outside of the band, and that it ended. At any other look outside it stood otherwise, and how is not kept: the first look after one that
# is known says so (with nothing in it), until the next that is known.
_KNOWN = """
INSERT INTO warning_states (warning_id, day, known_at, last_outside_on, ended_on, peak, latest)
SELECT DISTINCT ON (warning_id, day) warning_id, day, known_at, last_outside_on, ended_on, peak, latest FROM (
    SELECT w.id AS warning_id, w.opened_on AS day, w.opened_at AS known_at, w.opened_on AS last_outside_on, NULL::date AS ended_on,
           w.opened_with AS peak, w.opened_with AS latest, 1 AS place
    FROM early_warnings w
    UNION ALL
    SELECT w.id, w.last_outside_on, coalesce(l.looked_at, (w.last_outside_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'),
           w.last_outside_on, NULL, w.peak, w.latest, 2
    FROM early_warnings w LEFT JOIN warning_looks l ON l.day = w.last_outside_on
    UNION ALL
    SELECT w.id, (e.data ->> 'day')::date, e.recorded_at, (e.data ->> 'day')::date, NULL, e.data -> 'figures', e.data -> 'figures', 3
    FROM early_warnings w JOIN events e ON e.subject_id = w.id AND e.type = 'warning.grown'
    UNION ALL
    SELECT w.id, w.ended_on, coalesce(l.looked_at, (w.ended_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'),
           w.last_outside_on, w.ended_on, w.peak, w.latest, 4
    FROM early_warnings w LEFT JOIN warning_looks l ON l.day = w.ended_on WHERE w.ended_on IS NOT NULL
) known ORDER BY warning_id, day, place
"""
_UNKNOWN = """
INSERT INTO warning_states (warning_id, day, known_at)
SELECT DISTINCT ON (s.warning_id, s.day) s.warning_id, l.day, l.looked_at
FROM (SELECT warning_id, day, lead(day) OVER (PARTITION BY warning_id ORDER BY day) AS following FROM warning_states) s
JOIN early_warnings w ON w.id = s.warning_id
JOIN warning_looks l ON l.day > s.day AND l.day < least(s.following, w.last_outside_on)
ORDER BY s.warning_id, s.day, l.day
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "warning_states",
        sa.Column("warning_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_outside_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("peak", postgresql.JSONB(), nullable=True),
        sa.Column("latest", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("num_nulls(last_outside_on, peak, latest) IN (0, 3)", name=op.f("ck_warning_states_kept")),
        sa.CheckConstraint("ended_on IS NULL OR latest IS NOT NULL", name=op.f("ck_warning_states_ended")),
        sa.ForeignKeyConstraint(["warning_id"], ["early_warnings.id"], name=op.f("fk_warning_states_warning_id")),
        sa.PrimaryKeyConstraint("warning_id", "day", name=op.f("pk_warning_states")),
    )
    op.execute(_KNOWN)
    op.execute(_UNKNOWN)
    grant("warning_states", intake="", worker="SELECT, INSERT")
    grant("warning_looks", intake="", worker="UPDATE (looked_at)", reporting="")  # when what it found was known, not when it began to count
