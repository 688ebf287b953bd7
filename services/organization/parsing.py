"""Reading a file of divisions (or departments) into unit definitions; a file with any mistake yields none.

Columns: ``code,parent_code,name,tier`` and optionally
``kind,function,aliases,predecessor_code,lat,lon,population,households,duty_phone``.
The kind of a village-level division follows its 12-digit statistical code (last three digits 001–199 and 400–499 居委会,
200–399 and 500–599 村委会; 498 and 598 are virtual), else its name. Codes are opaque otherwise.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from services.organization.duty_phones import duty_number, is_mobile
from services.organization.naming import chinese_numeral, name_forms, short_name, without_ancestors
from services.platform.csv_files import CsvRow, LineError, listed, read_rows

REQUIRED_COLUMNS = ("code", "parent_code", "name", "tier")
OPTIONAL_COLUMNS = (
    "kind", "function", "aliases", "predecessor_code", "lat", "lon", "population", "households", "duty_phone",
)  # fmt: skip
TIER_RANK = {"city": 0, "county": 1, "township": 2, "village": 3, "grid": 4}
KIND_TIERS = {
    "city": ("city",),
    "county": ("county",),
    "township": ("township",),
    "village": ("village",),
    "community": ("village",),
    "grid": ("grid",),
    "station": ("village", "township", "county"),
    "department": ("township", "county", "city"),
}
_BESIDE_THE_LADDER = frozenset({"station", "department"})
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_VILLAGE_CODE = re.compile(r"[0-9]{9}(?P<number>[0-9]{3})")
_FUNCTION = re.compile(r"[a-z][a-z_]*")
_COMMUNITY_NAME = re.compile(r"(居民委员会|居委会|社区|居委)$")
_VIRTUAL = frozenset({"498", "598"})
_MOST_GRIDS = 999
_POLE, _DATE_LINE = 90.0, 180.0  # degrees
_NUMBERS = {"lat": "latitude", "lon": "longitude", "population": "count", "households": "count"}

N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True)
class UnitDefinition:
    """One unit as a file defines it. `name` is the official name without its ancestors, `aliases` the other ways to say it.

    `virtual` marks the statistical placeholders (498/598) in which nobody lives. `line` is where the file says so (0: derived).
    """

    code: str
    parent_code: str | None
    name: str
    kind: str
    tier: str
    aliases: tuple[str, ...] = ()
    function: str | None = None
    predecessor_code: str | None = None
    lat: float | None = None
    lon: float | None = None
    population: int | None = None
    households: int | None = None
    duty_phone: str | None = None
    virtual: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class ParsedUnits:
    """Either every unit of the file, parents before children, or the mistakes; never both."""

    units: tuple[UnitDefinition, ...]
    errors: tuple[LineError, ...]


def parse_units(text: str, known: Mapping[str, str] | None = None) -> ParsedUnits:
    """Read a whole file. `known` maps codes that exist already to their kind, so that a file may hang its units below them.

    All mistakes are reported, ordered by line: shape, repeated codes, parents that do not exist or stand too low.
    """
    rows, errors = read_rows(text, REQUIRED_COLUMNS, OPTIONAL_COLUMNS)
    names = {row["code"]: row["name"] for row in rows}
    units = [_definition(row, names.get(row["parent_code"]), errors) for row in rows]
    errors += _repeated(units)
    errors += _misplaced(units, known or {})
    if errors:
        return ParsedUnits((), tuple(sorted(errors, key=lambda error: (error.line, error.column or ""))))
    # stations and departments hang beside the ladder: they follow the divisions of their tier
    units.sort(key=lambda unit: (TIER_RANK[unit.tier], unit.kind in _BESIDE_THE_LADDER))
    return ParsedUnits(tuple(units), ())


def grids_below(village: UnitDefinition, count: int) -> list[UnitDefinition]:
    """`count` service grids below a village or community: 第一网格 … with the 15-digit codes ``<village>001`` …; always the same.

    Raises ``ValueError`` for another kind of unit, or for fewer than 1 or more than 999 grids.
    """
    if village.kind not in ("village", "community"):
        raise ValueError(f"grids lie below a village or community, not below a {village.kind}")
    if not 1 <= count <= _MOST_GRIDS:
        raise ValueError(f"a village has 1 to {_MOST_GRIDS} grids, not {count}")
    return [
        UnitDefinition(f"{village.code}{number:03d}", village.code, f"第{chinese_numeral(number)}网格", "grid", "grid")
        for number in range(1, count + 1)
    ]


def kind_of(tier: str, code: str, name: str) -> str:
    """The kind of a division whose file does not say: its tier, and for the village tier its code, else its name."""
    if tier != "village":
        return tier
    numbered = _VILLAGE_CODE.fullmatch(code)
    hundreds = int(numbered["number"]) // 100 if numbered else -1
    if hundreds in (0, 1, 4):
        return "community"
    if hundreds in (2, 3, 5):
        return "village"
    return "community" if _COMMUNITY_NAME.search(name) else "village"


def _definition(row: CsvRow, parent_name: str | None, errors: list[LineError]) -> UnitDefinition:
    """One row as a unit; its own mistakes are added to `errors`, and the unit is then not to be used."""
    tier, code = row["tier"], row["code"]
    if row["tier"] not in TIER_RANK:
        errors.append(LineError(row.line, "tier", f"{tier!r} is not one of {', '.join(TIER_RANK)}"))
    kind = row["kind"] or kind_of(tier, code, row["name"])
    if kind not in KIND_TIERS:
        if row["kind"]:
            errors.append(LineError(row.line, "kind", f"{kind!r} is not one of {', '.join(KIND_TIERS)}"))
    elif tier in TIER_RANK and tier not in KIND_TIERS[kind]:
        errors.append(LineError(row.line, "kind", f"a {kind} is not of tier {tier}"))
    _check_texts(row, kind, errors)
    name = without_ancestors(row["name"], parent_name)
    return UnitDefinition(
        code=code,
        parent_code=row["parent_code"] or None,
        name=name,
        kind=kind,
        tier=tier,
        aliases=_aliases(name, kind, listed(row["aliases"])),
        function=row["function"] or None,
        predecessor_code=row["predecessor_code"] or None,
        lat=_number(row, "lat", _latitude, errors),
        lon=_number(row, "lon", _longitude, errors),
        population=_number(row, "population", _count, errors),
        households=_number(row, "households", _count, errors),
        duty_phone=_duty_phone(row, errors),
        virtual=tier == "village" and bool(_VILLAGE_CODE.fullmatch(code)) and code[-3:] in _VIRTUAL,
        line=row.line,
    )


def _duty_phone(row: CsvRow, errors: list[LineError]) -> str | None:
    """Return the office's number; a mobile one is an error, for a list has no room for why it is published."""
    try:
        number = duty_number(row["duty_phone"]) if row["duty_phone"] else None
    except ValueError as error:
        errors.append(LineError(row.line, "duty_phone", f"{row['duty_phone']!r} is no duty phone: it {error}"))
        return None
    if number and is_mobile(number):
        why = "this is a mobile number, and would be published: give the office's, or say why with PATCH /v1/units/{code}"
        errors.append(LineError(row.line, "duty_phone", why))
    return number


def _check_texts(row: CsvRow, kind: str, errors: list[LineError]) -> None:
    errors += [
        LineError(row.line, column, f"{row[column]!r} is not a code: letters, digits and . _ : - only, at most 64")
        for column in ("code", "parent_code", "predecessor_code")
        if (row[column] or column == "code") and not _CODE.fullmatch(row[column])
    ]
    if not row["name"]:
        errors.append(LineError(row.line, "name", "the name is missing"))
    if row["function"] and not _FUNCTION.fullmatch(row["function"]):
        errors.append(LineError(row.line, "function", f"{row['function']!r} is not a function: small letters and _ only"))
    if kind == "department" and not row["function"]:
        errors.append(LineError(row.line, "function", "a department needs its function"))
    if bool(row["lat"]) != bool(row["lon"]):
        errors.append(LineError(row.line, "lat", "lat and lon are given together or not at all"))


def _aliases(name: str, kind: str, given: Collection[str]) -> tuple[str, ...]:
    """The given aliases, then the short names people use: 水口村, 水口村委会, 水口."""
    said = [short_name(name, kind)]
    if kind == "village":
        said.append(f"{said[0]}委会")
    said += name_forms(name, kind).loose
    return tuple(alias for alias in dict.fromkeys((*given, *said)) if alias != name)


def _number(row: CsvRow, column: str, parse: Callable[[str], N], errors: list[LineError]) -> N | None:
    """The cell as a number, None when it is empty or wrong (a mistake is then noted)."""
    if not row[column]:
        return None
    try:
        return parse(row[column])
    except ValueError:
        errors.append(LineError(row.line, column, f"{row[column]!r} is not a usable {_NUMBERS[column]}"))
        return None


def _latitude(cell: str) -> float:
    return _within(float(cell), _POLE)


def _longitude(cell: str) -> float:
    return _within(float(cell), _DATE_LINE)


def _within(value: float, limit: float) -> float:
    if not abs(value) <= limit:  # written so that NaN is refused too
        raise ValueError(value)
    return value


def _count(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit()):
        raise ValueError(cell)
    return int(cell)


def _repeated(units: Collection[UnitDefinition]) -> list[LineError]:
    first: dict[str, int] = {}
    for unit in units:
        first.setdefault(unit.code, unit.line)
    again = (unit for unit in units if first[unit.code] != unit.line)
    return [LineError(unit.line, "code", f"{unit.code} was given on line {first[unit.code]} already") for unit in again]


def _misplaced(units: Collection[UnitDefinition], known: Mapping[str, str]) -> list[LineError]:
    """Units whose parent is missing or cannot be their parent, and every unit without parent after the first."""
    places = {code: (kind, KIND_TIERS[kind][0]) for code, kind in known.items()}
    places |= {unit.code: (unit.kind, unit.tier) for unit in units}
    roots = [unit for unit in units if unit.parent_code is None]
    errors = [LineError(unit.line, "parent_code", f"only one unit has no parent; {roots[0].code} is that already") for unit in roots[1:]]
    for unit in units:
        if unit.parent_code is None:
            continue
        if unit.parent_code not in places:
            errors.append(LineError(unit.line, "parent_code", f"{unit.parent_code} is neither in this file nor known"))
            continue
        parent_kind, parent_tier = places[unit.parent_code]
        if parent_kind in _BESIDE_THE_LADDER or not _may_lie_below(unit, parent_tier):
            errors.append(LineError(unit.line, "parent_code", f"a {unit.kind} of tier {unit.tier} cannot lie below a {parent_kind}"))
    return errors


def _may_lie_below(unit: UnitDefinition, parent_tier: str) -> bool:
    """Divisions lie below a higher tier; stations and departments also below their own."""
    own, above = TIER_RANK.get(unit.tier), TIER_RANK.get(parent_tier)
    if own is None or above is None:
        return True  # the tier itself is wrong and reported; the parent is not to blame
    return above < own or (above == own and unit.kind in _BESIDE_THE_LADDER)
