"""Coverage counted again by hand, from every row there is: the plainest way, to hold the kept counts against."""

_IN_FORCE = (
    "p.recorded_at <= $1 AND p.valid_from <= $2 AND (p.valid_to IS NULL OR p.valid_to > $2 OR p.ended_at > $1)"
    " AND NOT EXISTS (SELECT FROM members g WHERE g.id = p.member_id AND g.left_on <= $2)"
)
_HOMES = f"""
SELECT h.id, u.code, EXISTS (SELECT FROM pairings p WHERE p.household_id = h.id AND {_IN_FORCE}) AS paired
FROM households h JOIN units u ON u.id = h.unit_id
WHERE u.path ^@ $3 AND h.listed_at <= $1 AND (h.ended_on IS NULL OR h.ended_on > $2 OR h.ended_at > $1)
"""
_MEMBERS = f"""
SELECT m.id, (SELECT count(*) FROM pairings p WHERE p.member_id = m.id AND p.household_id IS NOT NULL AND {_IN_FORCE}) AS homes
FROM members m WHERE m.party_member AND m.created_at <= $1 AND (m.left_on IS NULL OR m.left_on > $2) AND EXISTS (
  SELECT FROM posts s JOIN units u ON u.id = s.unit_id WHERE s.member_id = m.id AND u.path ^@ $3
    AND u.kind IN ('department', 'station', 'township', 'county', 'city')
    AND s.valid_from <= $2 AND (s.valid_to IS NULL OR s.valid_to > $2))
"""


async def recounted(county, path, day, as_of):
    """Return the ids of the households without a member, how many there are in all, and how many homes each member has."""
    homes = await county.fetch(_HOMES, as_of, day, path)
    members = await county.fetch(_MEMBERS, as_of, day, path)
    return {row["id"] for row in homes if not row["paired"]}, len(homes), {row["id"]: row["homes"] for row in members}
