"""Reading a file of pairings: every good line is one, every bad one is named. Pure.

Columns: ``unit`` (code of the township or village) and optionally ``household`` (its number in the village's register), ``member``
(staff number), ``partner`` (code of the office) and ``from`` (a day; today where not given). What is given says which kind it is:
a household and a member; a village and a partner; a village and a member; a township and a member.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.households.references import normalised, village_of
from services.organization.tree import UnitNode, UnitTree
from services.pairing.rules import FITTING, PARTNERS
from services.platform.csv_files import CsvRow, LineError, read_rows

REQUIRED = ("unit",)
OPTIONAL = ("household", "member", "partner", "from")
_KIND_OF = {"township": "leader_township", "village": "secretary_village", "community": "secretary_village"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A pairing as a line says it. `household` is a number of the village `unit`, said to live in `place`."""

    kind: str
    unit: UnitNode
    since: date
    member_id: UUID | None = None
    partner: UnitNode | None = None
    household: str | None = None
    line: int = 0
    place: UnitNode | None = None


@dataclass(frozen=True, slots=True)
class ParsedPairings:
    """The pairings of a file, and its mistakes by line."""

    pairings: tuple[Wanted, ...]
    errors: tuple[LineError, ...]


def parse_pairings(text: str, tree: UnitTree, members: Mapping[str, UUID], today: date) -> ParsedPairings:
    """Read a whole file. `members`: staff numbers of those who are here, and who that is."""
    rows, errors = read_rows(text, REQUIRED, OPTIONAL)
    found: list[Wanted] = []
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        wanted, wrong = _read(row, tree, members, today)
        if wanted is not None:
            village = (wanted.unit.id, wanted.household)
            key = village if wanted.household else (wanted.kind, wanted.unit.id, wanted.member_id, wanted.partner and wanted.partner.id)
            if key in seen:
                errors.append(LineError(row.line, None, f"says what line {seen[key]} says, or gives its household to somebody else"))
                continue
            seen[key] = row.line
            found.append(wanted)
        errors += wrong
    return ParsedPairings(tuple(found), tuple(sorted(errors, key=lambda error: error.line)))


def _read(row: CsvRow, tree: UnitTree, members: Mapping[str, UUID], today: date) -> tuple[Wanted | None, list[LineError]]:
    wrong: list[LineError] = []
    unit = _unit(row, "unit", tree, wrong)
    partner = _unit(row, "partner", tree, wrong) if row["partner"] else None
    member_id = members.get(row["member"])
    if row["member"] and member_id is None:
        wrong.append(LineError(row.line, "member", "nobody who is here has this staff number"))
    if bool(row["member"]) == bool(row["partner"]):
        wrong.append(LineError(row.line, "member", "name a member or a partner: one of both"))
    if partner is not None and partner.kind not in PARTNERS:
        wrong.append(LineError(row.line, "partner", "must be an office of the county or a township"))
    since = _day(row, today, wrong)
    if unit is None or wrong:
        return None, wrong
    if row["household"]:
        return _household(row, tree, unit, member_id, since)
    kind = "unit_village" if partner is not None else _KIND_OF.get(unit.kind, "")
    if unit.kind not in FITTING.get(kind, ()):
        return None, [LineError(row.line, "unit", "must be a township or a village; for a household say its number too")]
    return Wanted(kind, unit, since, member_id, partner, line=row.line), []


def _household(row: CsvRow, tree: UnitTree, unit: UnitNode, member_id: UUID | None, since: date) -> tuple[Wanted | None, list[LineError]]:
    village = village_of(tree, unit)
    if village is None:
        return None, [LineError(row.line, "unit", "must be the village or grid of the household")]
    if member_id is None:
        return None, [LineError(row.line, "member", "a household is paired with a member")]
    return Wanted("member_household", village, since, member_id, household=normalised(row["household"]), line=row.line, place=unit), []


def _unit(row: CsvRow, column: str, tree: UnitTree, wrong: list[LineError]) -> UnitNode | None:
    unit = tree.by_code.get(row[column])
    if unit is None or not unit.active:
        wrong.append(LineError(row.line, column, "there is no active unit with this code"))
        return None
    return unit


def _day(row: CsvRow, today: date, wrong: list[LineError]) -> date:
    try:
        day = date.fromisoformat(row["from"]) if row["from"] else today
    except ValueError:
        wrong.append(LineError(row.line, "from", "must be a day such as 2026-11-15"))
        return today
    if day > today:
        wrong.append(LineError(row.line, "from", "lies ahead: pair them when it has come"))
    return day
