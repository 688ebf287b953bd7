"""Writing the register: households of a file in portions, each household once however often the file is loaded; single ones at the door."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import ARRAY, LargeBinary, bindparam, func, select
from sqlalchemy import any_ as any_of
from sqlalchemy.dialects.postgresql import distinct_on

from services.households.models import Household
from services.households.parsing import Listed
from services.households.references import household_key
from services.journal.noting import note
from services.platform.bulk import insert_many, one_of, update_many
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, erase_papers, seal_paper
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work

REGISTER = uuid5(UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), "urn:daguanjia:households")
"""The journal's subject for loads: the register as a whole."""
PAPER, LINE = "household", "household-line"
PORTION = 2_000
"""So many households are written in one transaction: what is written stays, wherever a load is broken off."""

REWRITTEN = ("unit_id", "people", "paper_id", "fingerprint", "changed_at")
"""What changes of a household."""

Row = dict[str, Any]


@dataclass
class LoadReport:
    """What a load did: households added (those listed again after they had ended included), changed, and left as they were."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    def add(self, other: "LoadReport") -> None:
        """Add what another portion did."""
        self.added += other.added
        self.changed += other.changed
        self.unchanged += other.unchanged


def said(listed: Listed) -> bytes:
    """Return the keyed fingerprint of everything a line says."""
    return blind_index(LINE, orjson.dumps([str(listed.unit.id), listed.people, listed.clear]).decode())


async def put_households(work: Work, listed: Sequence[Listed]) -> LoadReport:
    """Bring the register to what these lines say, as the owner of the database. Households that are not mentioned stay.

    What a changed household's old paper said is erased. One that has ended stays ended while its line says nothing new.
    """
    await lock_register(work)
    there = await _there(work, listed)
    fresh: list[tuple[Row, Row]] = []
    changed: list[tuple[Row, Row]] = []
    old_papers: list[UUID] = []
    for one in listed:
        reference, mark = household_key(one.village, one.number), said(one)
        known = there.get(reference)
        if known is None:
            fresh.append(household_rows(work, one, reference, mark))
        elif known.fingerprint != mark or known.ended_on is not None:
            row, paper = household_rows(work, one, reference, mark)
            again = {
                name: row[name] for name in ("unit_id", "people", "paper_id", "fingerprint", "changed_at", "ended_on", "ended_because")
            }
            changed.append(({"id": known.id, "version": known.version + 1, **again}, paper))
            old_papers.append(known.paper_id)
    await insert_many(work.session, SealedPaper, [paper for _row, paper in (*fresh, *changed)])
    await insert_many(work.session, Household, [row for row, _paper in fresh])
    await update_many(work.session, Household, [row for row, _paper in changed])
    await erase_papers(work.session, one_of(SealedPaper.id, old_papers))
    done = LoadReport(len(fresh), len(changed), len(listed) - len(fresh) - len(changed))
    if fresh or changed:
        await note(work, "household_register", REGISTER, "households.loaded", {"added": done.added, "changed": done.changed})
    return done


async def lock_register(work: Work) -> None:
    """Have writers of the register wait for each other."""
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(REGISTER.bytes[8:], "big", signed=True))))


def household_rows(work: Work, listed: Listed, reference: bytes, mark: bytes) -> tuple[Row, Row]:
    """Return the row of a household that is new, and of its paper."""
    paper = seal_paper(PAPER, listed.clear, work.now, phone=listed.phone)
    row = {
        "id": new_id(), "reference": reference, "village_id": listed.village.id, "unit_id": listed.unit.id, "people": listed.people,
        "paper_id": paper["id"], "fingerprint": mark, "listed_at": work.now, "changed_at": work.now,
        "ended_on": None, "ended_at": None, "ended_because": None, "version": 1,
    }  # fmt: skip
    return row, paper


async def _there(work: Work, listed: Iterable[Listed]) -> dict[bytes, Any]:
    wanted = [household_key(one.village, one.number) for one in listed]
    columns = (Household.id, Household.reference, Household.fingerprint, Household.paper_id, Household.ended_on, Household.version)
    given = bindparam(None, wanted, ARRAY(LargeBinary()))
    newest = (Household.reference, Household.ended_on.is_not(None), Household.listed_at.desc(), Household.id.desc())
    query = select(*columns).where(Household.reference == any_of(given)).ext(distinct_on(Household.reference)).order_by(*newest)
    return {row.reference: row for row in await work.session.execute(query)}
