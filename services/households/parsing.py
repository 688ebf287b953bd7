"""Reading a file of households: every good line is a household, every bad one is named. Pure.

Columns: ``unit`` (code of the grid, or of the village where there are no grids), ``number`` (in the village's register) and optionally
``head``, ``phone``, ``address``, ``people``. Good lines are loaded though others are bad: a hundred thousand lines come from hundreds of
villages, and one village's mistake must not keep the others waiting.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from services.households.references import normalised, village_of
from services.organization.tree import UnitNode, UnitTree
from services.platform.csv_files import CsvRow, LineError, read_rows
from services.platform.phones import normalised_phone
from services.platform.text import storable

REQUIRED = ("unit", "number")
OPTIONAL = ("head", "phone", "address", "people")
MOST_PEOPLE = 100
_LONGEST = {"number": 64, "head": 60, "address": 200}


@dataclass(frozen=True, slots=True, repr=False)
class Listed:
    """A household as a line says it. No `repr`: it says who lives there."""

    unit: UnitNode
    village: UnitNode
    number: str
    head: str | None = None
    phone: str | None = None
    address: str | None = None
    people: int | None = None
    line: int = 0

    @property
    def clear(self) -> dict[str, str | None]:
        """What its paper says."""
        return {"number": self.number, "head": self.head, "phone": self.phone, "address": self.address}


@dataclass(frozen=True, slots=True)
class ParsedHouseholds:
    """The households of a file, and its mistakes by line."""

    households: tuple[Listed, ...]
    errors: tuple[LineError, ...]


def parse_households(text: str, tree: UnitTree) -> ParsedHouseholds:
    """Read a whole file. With a broken header there are no households, only mistakes."""
    rows, errors = read_rows(text, REQUIRED, OPTIONAL)
    found: list[Listed] = []
    seen: dict[tuple[UUID, str], int] = {}
    for row in rows:
        listed, wrong = _read(row, tree)
        if listed is not None:
            key = (listed.village.id, normalised(listed.number))
            if key in seen:
                wrong = [LineError(row.line, "number", f"this household is in line {seen[key]} already")]
            else:
                seen[key] = row.line
                found.append(listed)
        errors += wrong
    return ParsedHouseholds(tuple(found), tuple(sorted(errors, key=lambda error: error.line)))


def _read(row: CsvRow, tree: UnitTree) -> tuple[Listed | None, list[LineError]]:
    wrong = list(_wrong_texts(row))
    unit = tree.by_code.get(row["unit"])
    village = village_of(tree, unit) if unit is not None and unit.active else None
    if unit is None or not unit.active:
        wrong.append(LineError(row.line, "unit", "there is no active unit with this code"))
    elif village is None or unit.kind not in (village.kind, "grid"):
        wrong.append(LineError(row.line, "unit", "must be a grid, or a village or community"))
    people, phone = _people(row, wrong), _phone(row, wrong)
    if wrong or unit is None or village is None:
        return None, wrong
    told = {name: row[name] or None for name in ("head", "address")}
    return Listed(unit, village, row["number"], phone=phone, people=people, line=row.line, **told), []


def _wrong_texts(row: CsvRow) -> Iterable[LineError]:
    if not normalised(row["number"]):
        yield LineError(row.line, "number", "is empty: the number in the village's register")
    for column, longest in _LONGEST.items():
        if len(row[column]) > longest:
            yield LineError(row.line, column, f"is longer than {longest} characters")
        try:
            storable(row[column])
        except ValueError as error:
            yield LineError(row.line, column, str(error))


def _people(row: CsvRow, wrong: list[LineError]) -> int | None:
    given = row["people"]
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and int(given[:4]) <= MOST_PEOPLE and len(given) <= len(str(MOST_PEOPLE))):
        wrong.append(LineError(row.line, "people", f"must be a whole number up to {MOST_PEOPLE}"))
        return None
    return int(given)


def _phone(row: CsvRow, wrong: list[LineError]) -> str | None:
    try:
        return normalised_phone(row["phone"]) if row["phone"] else None
    except ValueError as error:
        wrong.append(LineError(row.line, "phone", str(error)))
        return None
