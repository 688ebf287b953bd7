"""Writing the register: households of a file in portions, each household once however often the file is loaded; single ones at the door."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import func, select

from services.households.finding import Sought, find_homes, follow_homes
from services.households.models import Household
from services.households.parsing import Listed
from services.households.references import household_key
from services.journal.noting import note
from services.platform.bulk import insert_many, one_of, update_many
from services.platform.csv_files import LineError
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
    """What a load did: households added (those listed again after they had ended too), changed, left as they were; and wrong lines."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: list[LineError] = field(default_factory=list)

    def add(self, other: "LoadReport") -> None:
        """Add what another portion did."""
        self.added += other.added
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.errors += other.errors


def said(listed: Listed) -> bytes:
    """Return the keyed fingerprint of everything a line says; where a unit got another code it says the same."""
    return blind_index(LINE, orjson.dumps([str(listed.unit.origin), listed.people, listed.clear]).decode())


async def put_households(work: Work, listed: Sequence[Listed]) -> LoadReport:
    """Bring the register to what these lines say, as the owner of the database. Households that are not mentioned stay.

    What a changed household's old paper said is erased. One that has ended stays ended while its line says nothing new.
    """
    await lock_register(work)
    await follow_homes(work)
    there = await find_homes(work, [Sought(one.unit, one.village, one.number) for one in listed])
    fresh: list[tuple[Row, Row]] = []
    changed: list[tuple[Row, Row]] = []
    done, old_papers = LoadReport(), []
    for one, known in zip(listed, there, strict=True):
        mark = said(one)
        if isinstance(known, str):
            done.errors.append(LineError(one.line, "number", known))
        elif known is None:
            fresh.append(household_rows(work, one, household_key(one.village, one.number), mark))
        elif known.fingerprint == mark:
            done.unchanged += 1
        elif known.ended_on is not None:
            fresh.append(household_rows(work, one, known.reference, mark))
        else:
            row, paper = household_rows(work, one, known.reference, mark)
            changed.append(({"id": known.id, "version": known.version + 1, **{name: row[name] for name in REWRITTEN}}, paper))
            old_papers.append(known.paper_id)
    await insert_many(work.session, SealedPaper, [paper for _row, paper in (*fresh, *changed)])
    await insert_many(work.session, Household, [row for row, _paper in fresh])
    await update_many(work.session, Household, [row for row, _paper in changed])
    await erase_papers(work.session, one_of(SealedPaper.id, old_papers))
    done.added, done.changed = len(fresh), len(changed)
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
        "id": new_id(), "reference": reference, "village_id": listed.village.origin, "unit_id": listed.unit.id, "people": listed.people,
        "paper_id": paper["id"], "fingerprint": mark, "listed_at": work.now, "changed_at": work.now,
        "ended_on": None, "ended_at": None, "ended_because": None, "version": 1,
    }  # fmt: skip
    return row, paper
