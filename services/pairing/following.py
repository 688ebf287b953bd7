"""Pairings follow their units: what a village or office had goes on under its new code."""

from sqlalchemy import ARRAY, Uuid, bindparam, func, update

from services.organization.queries import heirs
from services.pairing.models import Pairing
from services.platform.unit_of_work import Work


async def follow_pairings(work: Work) -> int:
    """Bring pairings, ended ones too, to the units that took the place of theirs; return how many. For whoever holds their lock.

    What was in force on which day, and since when that is known, is not touched.
    """
    following = await heirs(work.session)
    if not following:
        return 0
    old, now = (bindparam(None, list(ids), ARRAY(Uuid())) for ids in (following, following.values()))
    moved = func.unnest(old, now).table_valued("was", "now").render_derived(name="moved")
    done = 0
    for column in (Pairing.unit_id, Pairing.by_unit_id):
        changed = update(Pairing).values({column: moved.c.now}).where(column == moved.c.was)
        done += len((await work.session.scalars(changed.returning(Pairing.id))).all())
    return done
