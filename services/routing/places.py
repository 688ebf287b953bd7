"""From words, a code or a point to the unit that covers the place; asking back instead of guessing.

An index is built once over all units and never changes; it is rebuilt when units do. Names are matched in every form people use
(`services.organization.naming`), mentions narrow each other (township and village), the longest and the deepest wins, and where
the text names two places, or one that exists twice, the answer is `Ambiguous`.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import degrees
from uuid import UUID

from services.organization.naming import name_forms, without_ancestors
from services.routing.geo import Point, distance_metres, to_wgs84
from services.routing.mentions import Lexicon, Mention, Named, Trust, plain, trust

_EARTH_RADIUS_METRES = 6371008.8
_PLACELESS = frozenset({"department", "station"})
_CODE_PREFIXES = (12, 9, 6, 4)  # the statistical codes of village, township, county and city
_SHORTEST_CODE = _CODE_PREFIXES[-1]
_SETTLED = ("village", "community")


@dataclass(frozen=True, slots=True)
class PlaceUnit:
    """What place matching needs of a unit. `path` is the chain of codes from the root; coordinates are WGS-84 degrees."""

    id: UUID
    code: str
    name: str
    aliases: tuple[str, ...]
    kind: str
    tier: str
    path: str
    parent_id: UUID | None
    lat: float | None
    lon: float | None
    active: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One unit. `how`: code, code_prefix, name, alias, short_name, combination or point; `matched`: what of the input said so."""

    unit_id: UUID
    how: str
    matched: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The units that may be meant, by code: ask back. A single candidate asks for confirmation."""

    candidates: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nothing here names a place that is known."""


PlaceMatch = Found | Ambiguous | NotFound


class PlaceIndex:
    """An immutable index of units by name, code and point. Build it with `PlaceIndex.build`."""

    def __init__(self, units: Sequence[PlaceUnit]) -> None:
        self._units = sorted(units, key=lambda unit: unit.code)
        self._by_code = {unit.code.casefold(): unit for unit in self._units}
        by_id = {unit.id: number for number, unit in enumerate(self._units)}
        self._lines = [_line_of(number, self._units, by_id) for number in range(len(self._units))]
        self._below = _descents(self._lines)
        self._names = [_plain_name(unit, self._units, by_id) for unit in self._units]
        self._lexicon = Lexicon(self._forms())
        self._grids = _PointList(unit for unit in self._units if unit.active and unit.kind == "grid")
        self._villages = _PointList(unit for unit in self._units if unit.active and unit.kind in _SETTLED)

    @classmethod
    def build(cls, units: Iterable[PlaceUnit]) -> "PlaceIndex":
        """An index over `units`; inactive ones still connect their children to what lies above, but are never an answer."""
        return cls(tuple(units))

    def by_code(self, code: str) -> PlaceMatch:
        """The active unit with this code; for a longer or unknown statistical code the deepest unit it lies in (`code_prefix`)."""
        wanted = plain(code).letters
        unit = self._by_code.get(wanted)
        if unit is not None and unit.active:
            return Found(unit.id, "code", unit.code)
        if not (wanted.isascii() and wanted.isdigit()):
            return NotFound()
        for size in _CODE_PREFIXES:
            above = self._by_code.get(wanted[:size]) if size < len(wanted) else None
            if above is not None and above.active:
                return Found(above.id, "code_prefix", above.code)
        return NotFound()

    def nearest(self, point: Point, max_metres: float) -> PlaceMatch:
        """The nearest active grid within `max_metres`, else the nearest village or community; equal distances go by code."""
        place = to_wgs84(point)
        return self._grids.nearest(place, max_metres) or self._villages.nearest(place, max_metres) or NotFound()

    def match_text(self, text: str, within_path: str | None = None) -> PlaceMatch:
        """The unit a text names, anywhere in it. With `within_path` only units below that path are an answer.

        A text that is nothing but digits is read as a code.
        """
        written = plain(text)
        if written.letters.isascii() and written.letters.isdigit() and len(written.letters) >= _SHORTEST_CODE:
            return self._only_within(self.by_code(written.letters), within_path)
        mentions = self._lexicon.mentions(written.letters)
        if within_path is not None:
            mentions = self._inside(mentions, within_path)
        trusted = [(trust(written, mentions, position, self._related), mention) for position, mention in enumerate(mentions)]
        return self._resolve(trusted, within_path)

    def _resolve(self, trusted: list[tuple[Trust, Mention]], within_path: str | None) -> PlaceMatch:
        """Weigh the mentions: the most trusted decide, doubtful ones may only narrow what those say."""
        best = max((grade for grade, _ in trusted), default=Trust.IGNORED)
        firm = [mention for grade, mention in trusted if grade is best]
        if best is Trust.IGNORED:
            return NotFound()
        if best is Trust.CERTAIN:
            softer = [mention for grade, mention in trusted if Trust.DOUBTFUL <= grade < best]
            firm += [mention for mention in softer if any(self._related(mention.units, one.units) for one in firm)]
            firm.sort(key=lambda mention: mention.start)
        meant, contradicted = self._best_explained(firm)
        if within_path is not None:
            meant = [number for number in meant if self._units[number].path.startswith(within_path)]
        if not meant:
            return NotFound()
        top = self._covering(meant)
        if top is None or contradicted or best <= Trust.DOUBTFUL:
            also = [number for number in contradicted if not any(number in self._lines[one] for one in meant)]
            return Ambiguous(tuple(self._units[number].id for number in sorted({*meant, *also})))
        return self._found(top, firm)

    def _best_explained(self, firm: list[Mention]) -> tuple[list[int], set[int]]:
        """The units that agree with the most mentions, and what the mentions that disagree with all of them mean."""
        meanings = {mention.units for mention in firm}
        everything = frozenset[int]().union(*meanings)
        # a unit agrees with a mention that may mean the unit itself or something above it
        agreed = [everything & self._reach(units) for units in meanings]
        if in_all := everything.intersection(*agreed):
            return sorted(in_all), set()
        support = Counter(number for units in agreed for number in units)
        most = max(support.values(), default=0)
        meant = sorted(number for number, count in support.items() if count == most)
        lines = frozenset[int]().union(*(self._lines[number] for number in meant))
        return meant, set().union(*(units for units in meanings if lines.isdisjoint(units)))

    def _reach(self, units: frozenset[int]) -> frozenset[int]:
        """The units and everything below them."""
        return frozenset[int]().union(*(self._below[number] for number in units))

    def _covering(self, meant: list[int]) -> int | None:
        """The one unit meant, or the one of them that contains all the others (彭寨 alone may be the township or a village in it)."""
        above_first = (one for one in meant if one in self._lines[meant[0]])
        return next((one for one in above_first if all(one in self._lines[other] for other in meant)), None)

    def _found(self, number: int, firm: list[Mention]) -> Found:
        unit, line = self._units[number], self._lines[number]
        agreeing = [mention for mention in firm if not line.isdisjoint(mention.units)]
        matched = agreeing[0].form
        for before, mention in pairwise(agreeing):
            matched += mention.form if before.end == mention.start else f" {mention.form}"
        if len({mention.units for mention in agreeing}) > 1:
            return Found(unit.id, "combination", matched)
        forms = name_forms(self._names[number], unit.kind)
        form = agreeing[0].form
        how = "name" if form in forms.certain else "short_name" if form in forms.loose else "alias"
        return Found(unit.id, how, form)

    def _related(self, some: frozenset[int], others: frozenset[int]) -> bool:
        """Whether a unit of one set lies on the way up from a unit of the other."""
        few, many = sorted((some, others), key=len)
        return any(not (self._lines[number].isdisjoint(many) and self._below[number].isdisjoint(many)) for number in few)

    def _inside(self, mentions: list[Mention], within_path: str) -> list[Mention]:
        """The mentions with only the units below the path, or above it (which may still narrow); others drop out."""
        kept = []
        for mention in mentions:
            paths = ((number, self._units[number].path) for number in mention.units)
            units = frozenset(number for number, path in paths if path.startswith(within_path) or within_path.startswith(path))
            if units:
                kept.append(Mention(mention.start, mention.end, mention.form, units, mention.bare))
        return kept

    def _only_within(self, match: PlaceMatch, within_path: str | None) -> PlaceMatch:
        if within_path is None or not isinstance(match, Found):
            return match
        return match if self._by_code[match.matched.casefold()].path.startswith(within_path) else NotFound()

    def _forms(self) -> dict[str, Named]:
        """Every form of every active place, with the units it may mean."""
        certain: dict[str, set[int]] = {}
        loose: dict[str, set[int]] = {}
        for number, unit in enumerate(self._units):
            if not unit.active or unit.kind in _PLACELESS:
                continue
            forms = name_forms(self._names[number], unit.kind)
            for form in (*forms.certain, *(alias for alias in unit.aliases if alias not in forms.loose), unit.name):
                certain.setdefault(plain(form).letters, set()).add(number)
            for form in forms.loose:
                loose.setdefault(plain(form).letters, set()).add(number)
        nobody: set[int] = set()
        return {
            form: Named(frozenset(certain.get(form, nobody)), frozenset(loose.get(form, nobody))) for form in {*certain, *loose} if form
        }


class _PointList:
    """Units with a point, sorted by latitude, so that only a narrow band is measured."""

    def __init__(self, units: Iterable[PlaceUnit]) -> None:
        placed = [(unit.lat, unit.lon, unit) for unit in units if unit.lat is not None and unit.lon is not None]
        placed.sort(key=lambda one: one[0])
        self._latitudes = [lat for lat, _, _ in placed]
        self._placed = [(Point(lat, lon), unit) for lat, lon, unit in placed]

    def nearest(self, place: Point, max_metres: float) -> Found | None:
        """The nearest unit within `max_metres` of a WGS-84 point."""
        band = degrees(max_metres / _EARTH_RADIUS_METRES) * 1.001
        first, last = bisect_left(self._latitudes, place.lat - band), bisect_right(self._latitudes, place.lat + band)
        measured = [(distance_metres(place, point), unit.code, unit) for point, unit in self._placed[first:last]]
        metres, _, unit = min(measured, key=lambda one: one[:2], default=(float("inf"), "", None))
        if unit is None or metres > max_metres:
            return None
        return Found(unit.id, "point", f"{metres:.0f} m")


def _line_of(number: int, units: Sequence[PlaceUnit], by_id: dict[UUID, int]) -> frozenset[int]:
    """A unit and everything above it. Raises ``ValueError`` when the units go round in a circle."""
    line: set[int] = set()
    at: int | None = number
    while at is not None:
        if at in line:
            raise ValueError(f"unit {units[number].code} lies below itself")
        line.add(at)
        parent = units[at].parent_id
        at = None if parent is None else by_id.get(parent)
    return frozenset(line)


def _descents(lines: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """For each unit the unit itself and everything below it: the lines turned round."""
    below: list[set[int]] = [set() for _ in lines]
    for number, line in enumerate(lines):
        for above in line:
            below[above].add(number)
    return [frozenset(numbers) for numbers in below]


def _plain_name(unit: PlaceUnit, units: Sequence[PlaceUnit], by_id: dict[UUID, int]) -> str:
    parent = None if unit.parent_id is None else by_id.get(unit.parent_id)
    return without_ancestors(unit.name, None if parent is None else units[parent].name)
