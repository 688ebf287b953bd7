"""Reading categories.csv (派单目录) into category definitions; a file with any mistake yields none.

The columns are described in ``daguanjia/data/categories.README.md``. A row with children is a group and carries no policy;
every other row is a leaf and must carry all of it, except limits, co-handler and keywords. The column `more_limits` may be missing.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.catalogue.models import PRIVACIES, URGENCIES
from services.platform.csv_files import CsvRow, LineError, listed, read_rows

COLUMN_STAGES = ("accept", "first_contact", "resolve", "answer")
MORE_STAGES = ("contain", "repair", "restore", "verify", "task", "adjudicate")
STAGES = COLUMN_STAGES + MORE_STAGES
"""Those with a column of their own, and those that stand in `more_limits`."""
EVIDENCE = ("text", "photo", "before_photo", "after_photo", "place")
COLUMNS = (
    "code", "parent_code", "name", "urgency", "privacy", "place_needed", "evidence",
    "accept_limit", "first_contact_limit", "resolve_limit", "answer_limit",
    "handler", "co_handler", "surfaces_directly", "urgent_ring", "keywords",
)  # fmt: skip
OPTIONAL_COLUMNS = ("more_limits",)
_POLICY = COLUMNS[3:] + OPTIONAL_COLUMNS
_UNITS = {
    "wd": ("working_days", 1),
    "nd": ("natural_days", 1),
    "min": ("minutes", 1),
    "eh": ("minutes", 60),
    "wh": ("working_minutes", 60),
}
"""What a cell's unit stands for, and by how much its amount is multiplied: 1.5wh (工作时) are 90 working minutes."""
LARGEST = {"working_days": 3650, "natural_days": 3650, "minutes": 5_256_000, "working_minutes": 600_000}
"""Ten years of each: what is longer is a slip of the hand, and leaves the years a calendar knows."""
_LIMIT = re.compile(r"(?P<amount>[0-9]{1,6}(\.[0-9]{1,2})?)(?P<unit>wd|nd|min|eh|wh)(@(?P<start>next_day|next_working_time))?")
_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_HANDLER = re.compile(r"lowest|township|county|department:[a-z][a-z_]*")
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Limit:
    """How long one stage may take: ``2wd`` is 2 working_days; also natural_days, minutes and working_minutes; and from when it counts."""

    stage: str
    amount: int
    unit: str
    start: str = "at_once"


@dataclass(frozen=True, slots=True)
class CategoryDefinition:
    """One category as the file defines it; a group has the plain values below. `position` is its place in the file, from 1."""

    code: str
    parent_code: str | None
    name: str
    position: int
    leaf: bool
    urgency: str = "normal"
    privacy: str = "normal"
    place_needed: bool = False
    evidence: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    handler: str = "lowest"
    co_handler: str | None = None
    surfaces_directly: bool = False
    urgent_ring: bool = False
    keywords: tuple[str, ...] = ()

    def functions(self) -> frozenset[str]:
        """The functions of the departments this category needs, as handler or co-handler."""
        named = (self.handler, self.co_handler or "")
        return frozenset(name.removeprefix("department:") for name in named if name.startswith("department:"))


@dataclass(frozen=True, slots=True)
class ParsedCategories:
    """Either every category of the file, in its order, or the mistakes; never both."""

    categories: tuple[CategoryDefinition, ...]
    errors: tuple[LineError, ...]


def parse_limit(stage: str, cell: str) -> Limit | None:
    """``2wd``, ``5nd``, ``120min``, ``3eh`` or ``1.5wh``, perhaps with ``@next_day``, as a limit of `stage`; None for an empty cell.

    Raises ``ValueError`` for anything else.
    """
    if not cell:
        return None
    found = _LIMIT.fullmatch(cell)
    amount = Decimal(found["amount"]) * _UNITS[found["unit"]][1] if found else Decimal(0)
    if found is None or amount < 1 or amount != amount.to_integral_value():
        raise ValueError(f"{cell!r} is not a limit like 2wd, 5nd, 120min, 3eh or 1.5wh")
    unit = _UNITS[found["unit"]][0]
    if amount > LARGEST[unit]:
        raise ValueError(f"{cell!r} is longer than ten years")
    return Limit(stage, int(amount), unit, found["start"] or "at_once")


def parse_categories(text: str) -> ParsedCategories:
    """Read a whole file. All mistakes are reported, ordered by line."""
    rows, errors = read_rows(text, COLUMNS, OPTIONAL_COLUMNS)
    groups = {row["parent_code"] for row in rows if row["parent_code"]}
    first_lines: dict[str, int] = {}
    for row in rows:
        first_lines.setdefault(row["code"], row.line)
    categories = []
    for position, row in enumerate(rows, 1):
        _check_place_in_tree(row, first_lines, errors)
        if row["code"] in groups:
            categories.append(_group(row, position, errors))
        else:
            categories.append(_leaf(row, position, errors))
    if errors:
        return ParsedCategories((), tuple(sorted(errors, key=lambda error: (error.line, error.column or ""))))
    return ParsedCategories(tuple(categories), ())


def _check_place_in_tree(row: CsvRow, first_lines: Mapping[str, int], errors: list[LineError]) -> None:
    code, parent = row["code"], row["parent_code"]
    if not _CODE.fullmatch(code):
        errors.append(LineError(row.line, "code", f"{code!r} is not a code like water.pipe_burst"))
    elif first_lines[code] != row.line:
        errors.append(LineError(row.line, "code", f"{code} was given on line {first_lines[code]} already"))
    if not row["name"]:
        errors.append(LineError(row.line, "name", "the name is missing"))
    # a child's code begins with its parent's, so a tree without loops follows from the codes
    if parent and parent not in first_lines:
        errors.append(LineError(row.line, "parent_code", f"{parent} is not a category of this file"))
    elif parent != code.rpartition(".")[0]:
        errors.append(LineError(row.line, "parent_code", f"the parent of {code} must be {code.rpartition('.')[0] or 'empty'}"))


def _group(row: CsvRow, position: int, errors: list[LineError]) -> CategoryDefinition:
    errors += [LineError(row.line, column, "a group carries no policy; leave it empty") for column in _POLICY if row[column]]
    return CategoryDefinition(row["code"], row["parent_code"] or None, row["name"], position, leaf=False)


def _leaf(row: CsvRow, position: int, errors: list[LineError]) -> CategoryDefinition:
    return CategoryDefinition(
        code=row["code"],
        parent_code=row["parent_code"] or None,
        name=row["name"],
        position=position,
        leaf=True,
        urgency=_one_of(row, "urgency", URGENCIES, errors),
        privacy=_one_of(row, "privacy", PRIVACIES, errors),
        place_needed=_truth(row, "place_needed", errors),
        evidence=_evidence(row, errors),
        limits=_limits(row, errors),
        handler=_handler(row, "handler", errors) or "lowest",
        co_handler=_handler(row, "co_handler", errors) if row["co_handler"] else None,
        surfaces_directly=_truth(row, "surfaces_directly", errors),
        urgent_ring=_truth(row, "urgent_ring", errors),
        keywords=listed(row["keywords"]),
    )


def _one_of(row: CsvRow, column: str, words: Collection[str], errors: list[LineError]) -> str:
    if row[column] not in words:
        errors.append(LineError(row.line, column, f"{row[column]!r} is not one of {', '.join(words)}"))
    return row[column]


def _truth(row: CsvRow, column: str, errors: list[LineError]) -> bool:
    return _TRUTH.get(_one_of(row, column, _TRUTH, errors), False)


def _evidence(row: CsvRow, errors: list[LineError]) -> tuple[str, ...]:
    words = listed(row["evidence"])
    unknown = [word for word in words if word not in EVIDENCE]
    errors += [LineError(row.line, "evidence", f"{word!r} is not one of {', '.join(EVIDENCE)}") for word in unknown]
    return words


def _limits(row: CsvRow, errors: list[LineError]) -> tuple[Limit, ...]:
    limits: dict[str, Limit] = {}
    for column, stage, cell in [(f"{stage}_limit", stage, row[f"{stage}_limit"]) for stage in COLUMN_STAGES] + _more(row):
        try:
            limit = parse_limit(stage, cell)
        except ValueError as wrong:
            errors.append(LineError(row.line, column, str(wrong)))
            continue
        if stage not in STAGES or stage in limits:
            errors.append(LineError(row.line, column, f"{stage!r} is not one of {', '.join(MORE_STAGES)}, each once"))
        elif limit is not None:
            limits[stage] = limit
    return tuple(limits.values())


def _more(row: CsvRow) -> list[tuple[str, str, str]]:
    """Return column, stage and cell of each limit in the list of further ones."""
    return [("more_limits", stage, cell) for stage, _colon, cell in (part.partition(":") for part in listed(row["more_limits"]))]


def _handler(row: CsvRow, column: str, errors: list[LineError]) -> str | None:
    if _HANDLER.fullmatch(row[column]):
        return row[column]
    errors.append(LineError(row.line, column, f"{row[column]!r} is not lowest, township, county or department:<function>"))
    return None
