"""How many households are listed and paired, by unit and by member, on a day as known at an instant.

The database keeps what is so at present (`models.HomeCount`); what has begun or ended since the instant, or for another day, is added
and taken off again. So the answer is exact for every question, and costs what has changed since. A household has one member at a time,
and none after it ended: pairings in force are households paired.
"""

from sqlalchemy import text

from services.platform.unit_of_work import Work

FOLDED_FROM = 2_000
"""So many rows may come on top before they are folded."""

IN_FORCE = "p.recorded_at <= :as_of AND p.valid_from <= :day AND (p.valid_to IS NULL OR p.valid_to > :day OR p.ended_at > :as_of)"
LISTED = "h.listed_at <= :as_of AND (h.ended_on IS NULL OR h.ended_on > :day OR h.ended_at > :as_of)"
# Pairings that are in force at present and were not then, and those that are over and were in force then.
_OTHERWISE = """
SELECT p.household_id, p.member_id, -1 AS paired FROM pairings p
WHERE p.household_id IS NOT NULL AND p.valid_to IS NULL AND (p.recorded_at > :as_of OR p.valid_from > :day)
UNION ALL
SELECT p.household_id, p.member_id, 1 FROM pairings p
WHERE p.household_id IS NOT NULL AND p.valid_to IS NOT NULL AND (p.ended_at > :as_of OR p.valid_to > :day)
  AND p.recorded_at <= :as_of AND p.valid_from <= :day
"""
OF_MEMBERS = f"""
SELECT c.member_id, sum(c.paired) AS homes FROM (
  SELECT member_id, paired FROM home_counts WHERE member_id IS NOT NULL UNION ALL SELECT member_id, paired FROM ({_OTHERWISE}) o
) c GROUP BY c.member_id HAVING sum(c.paired) > 0
"""  # noqa: S608  ours
"""Of each member who had any: how many households."""

# Whoever has left covers nobody: their households are taken off.
OF_UNITS = f"""
SELECT c.unit_id, sum(c.homes) AS homes, sum(c.paired) AS paired FROM (
  SELECT unit_id, homes, paired FROM home_counts WHERE unit_id IS NOT NULL
  UNION ALL
  SELECT h.unit_id, -1, 0 FROM households h WHERE h.ended_on IS NULL AND h.listed_at > :as_of
  UNION ALL
  SELECT h.unit_id, 1, 0 FROM households h
  WHERE h.ended_on IS NOT NULL AND (h.ended_at > :as_of OR h.ended_on > :day) AND h.listed_at <= :as_of
  UNION ALL
  SELECT h.unit_id, 0, o.paired FROM ({_OTHERWISE}) o JOIN households h ON h.id = o.household_id
  UNION ALL
  SELECT h.unit_id, 0, -1 FROM members m JOIN pairings p ON p.member_id = m.id JOIN households h ON h.id = p.household_id
  WHERE m.left_on <= :day AND {IN_FORCE}
) c GROUP BY c.unit_id HAVING sum(c.homes) <> 0
"""  # noqa: S608  ours
"""Of each unit with any: households listed there, and those with a member."""

_FOLD = text("""
WITH gone AS (DELETE FROM home_counts RETURNING unit_id, member_id, homes, paired)
INSERT INTO home_counts (unit_id, member_id, homes, paired)
SELECT unit_id, member_id, sum(homes), sum(paired) FROM gone GROUP BY unit_id, member_id HAVING sum(homes) <> 0 OR sum(paired) <> 0
""")
_MORE = text("SELECT count(*) - count(DISTINCT (unit_id, member_id)) FROM home_counts")


async def fold_counts(work: Work) -> bool:
    """Make one row of the counts of each unit and member, where many came on top; tell whether. The sums stay as they are."""
    if (await work.session.scalar(_MORE) or 0) < FOLDED_FROM:
        return False
    await work.session.execute(_FOLD)
    return True
