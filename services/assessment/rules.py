"""Reading the rules of assessment strictly: every fault is found and told with its place, and faulty rules yield nothing. Pure.

The shape is in docs/assessment.md. Numbers with decimals are written as text ("0.5"), so that nothing is lost between two programs.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from services.platform.errors import Fault, Invalid

UNIT_KINDS = ("township", "village", "community", "station", "department")
PERSON_ROLES = (
    "grid_worker", "guide", "assistant", "village_secretary", "township_dispatcher", "department_officer", "county_supervisor",
)  # fmt: skip
REMOVALS = ("kept", "removed")
THREE_RATES = "three_rates"
"""As `composite`: the three rates with the weights that the rules of kind ``composite`` have in force when the period ends."""
_RATES = ("response_rate@1", "resolution_rate@1", "satisfaction_rate@1")
_MOST_SCHEMES, _MOST_GROUPS, _MOST_ITEMS = 20, 20, 30
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_GROUP_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_METRIC = re.compile(r"[a-z][a-z0-9_]{0,60}@[1-9][0-9]{0,3}")
_NUMBER = re.compile(r"-?[0-9]{1,7}(\.[0-9]{1,4})?")
_LONGEST_NAME = 60

Removal = Literal["kept", "removed"]
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """A metric (`id@version`) and how much of the item it makes up."""

    metric: str
    weight: Fraction


@dataclass(frozen=True, slots=True)
class Item:
    """A rate that gives points: all of `weight` at `full_at` percent, none at `zero_at`, in between in proportion, never below `floor`.

    More than one share: a composite (三率). A share with fewer tickets than `minimum` is not scored; its weight goes to the others.
    """

    code: str
    name: str
    shares: tuple[Share, ...]
    weight: Fraction
    full_at: Fraction
    zero_at: Fraction
    minimum: int
    floor: Fraction
    removal: Removal


@dataclass(frozen=True, slots=True)
class Counted:
    """A bonus or malus of `points` for each ticket that `metric` counts in its numerator, `cap` points at most either way."""

    code: str
    name: str
    metric: str
    points: Fraction
    cap: Fraction
    removal: Removal


@dataclass(frozen=True, slots=True)
class Group:
    """Who is compared with whom: the units named, or those of a size; of persons, those in some roles. Without any of it: all others."""

    code: str
    name: str
    units: frozenset[str] = frozenset()
    at_least: int | None = None
    below: int | None = None
    roles: frozenset[str] = frozenset()

    @property
    def takes_all(self) -> bool:
        """Tell whether nobody gets past this group."""
        return not self.units and not self.roles and self.at_least is None and self.below is None

    def takes(self, unit: str, size: int | None, role: str | None) -> bool:
        """Tell whether a unit of `size` households, or a person in `role`, belongs here. Of an unknown size: in no group of a size."""
        if self.units and unit not in self.units:
            return False
        if self.roles and role not in self.roles:
            return False
        if self.at_least is None and self.below is None:
            return True
        return size is not None and (self.at_least or 0) <= size and (self.below is None or size < self.below)


@dataclass(frozen=True, slots=True)
class Scheme:
    """Rules for one sort of subject: who they are, how they are grouped, what gives points, and how long they may object."""

    code: str
    name: str
    subjects: Literal["units", "persons"]
    kinds: tuple[str, ...]
    groups: tuple[Group, ...]
    items: tuple[Item, ...]
    counted: tuple[Counted, ...]
    objection_working_days: int
    raw: Json = field(hash=False)

    def group_of(self, unit: str, size: int | None, role: str | None = None) -> Group | None:
        """Return the first group that takes a unit or person; None where none does."""
        return next((group for group in self.groups if group.takes(unit, size, role)), None)

    def metrics(self) -> set[tuple[str, Removal]]:
        """Return every metric that is needed, before or after removal."""
        found = {(share.metric, item.removal) for item in self.items for share in item.shares}
        return found | {(rule.metric, rule.removal) for rule in self.counted}


def schemes_of(definition: object) -> tuple[Scheme, ...]:
    """Return the schemes of a definition; raise Invalid ``assessment.faulty`` with every fault."""
    if not isinstance(definition, Mapping) or set(definition) != {"schemes"} or not isinstance(definition["schemes"], list):
        raise _faulty([Fault("", 'a definition is {"schemes": [...]} and nothing else')])
    given = definition["schemes"]
    reader = _Reader()
    if len(given) > _MOST_SCHEMES:
        reader.fault("/schemes", f"there are more than {_MOST_SCHEMES} schemes")
    found = [reader.scheme(scheme, f"/schemes/{place}") for place, scheme in enumerate(given)]
    reader.distinct(found, "/schemes")
    if reader.faults:
        raise _faulty(reader.faults)
    return tuple(scheme for scheme in found if scheme is not None)


def with_weights(rules: Json, weights: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """Return a scheme's rules with the weights of the three rates (pairs of `id@version` and weight) written out where they are named."""
    parts = [{"metric": metric, "weight": weight} for metric, weight in weights if weight]
    items = [{**item, "composite": parts} if item.get("composite") == THREE_RATES else item for item in rules["items"]]
    return {**rules, "items": items}


def _faulty(faults: Sequence[Fault]) -> Invalid:
    return Invalid("assessment.faulty", "The rules have faults; see the list, correct them and send all of it again.", errors=faults)


class _Reader:
    """Reads a definition and gathers what is wrong with it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, at: str, detail: str) -> None:
        self.faults.append(Fault(at, detail))

    def distinct(self, found: Sequence[Any], at: str) -> None:
        seen: set[str] = set()
        for place, one in enumerate(found):
            code = getattr(one, "code", None)
            if code in seen:
                self.fault(f"{at}/{place}/code", f"{code} is the code of more than one")
            seen.add(code or "")

    def mapping(self, given: object, at: str, fields: Collection[str]) -> Json:
        if not isinstance(given, Mapping):
            self.fault(at, "this is an object")
            return {}
        for key in given:
            if key not in fields:
                self.fault(f"{at}/{key}"[:200], "there is no such field")
        return given

    def text(self, given: object, at: str, form: re.Pattern[str], detail: str) -> str:
        if isinstance(given, str) and form.fullmatch(given):
            return given
        self.fault(at, detail)
        return ""

    def name(self, given: object, at: str) -> str:
        if isinstance(given, str) and given.strip() and len(given) <= _LONGEST_NAME and "\x00" not in given:
            return given
        self.fault(at, f"a name has 1 to {_LONGEST_NAME} characters")
        return ""

    def number(self, given: object, at: str, least: int, most: int, default: int | None = None) -> Fraction:
        if given is None and default is not None:
            return Fraction(default)
        if type(given) is int or (isinstance(given, str) and _NUMBER.fullmatch(given)):
            value = Fraction(given)
            if least <= value <= most:
                return value
        self.fault(at, f'this is a number from {least} to {most}; with decimals it is written as text, like "0.5"')
        return Fraction(default or least)

    def count(self, given: object, at: str, most: int) -> int:
        if type(given) is int and 0 <= given <= most:
            return given
        self.fault(at, f"this is a whole number from 0 to {most}")
        return 0

    def listed(self, given: object, at: str, most: int, *, least: int = 0) -> list[Any]:
        if isinstance(given, list) and least <= len(given) <= most:
            return given
        if given is not None or least:
            self.fault(at, f"this is a list of {least} to {most}")
        return []

    def words(self, given: object, at: str, known: Collection[str] | None) -> tuple[str, ...]:
        found = self.listed(given, at, 600)
        for place, word in enumerate(found):
            if not isinstance(word, str) or (known is not None and word not in known):
                self.fault(f"{at}/{place}", f"this is one of {', '.join(known)}" if known else "this is the code of a unit")
        return tuple(word for word in found if isinstance(word, str))

    def scheme(self, given: object, at: str) -> Scheme | None:
        fields = ("code", "name", "subjects", "kinds", "groups", "items", "counted", "objection_working_days")
        one = self.mapping(given, at, fields)
        if not one:
            return None
        subjects = one.get("subjects")
        if subjects not in ("units", "persons"):
            self.fault(f"{at}/subjects", "this is units or persons")
            subjects = "units"
        persons = subjects == "persons"
        kinds = self.words(one.get("kinds"), f"{at}/kinds", PERSON_ROLES if persons else UNIT_KINDS)
        if not kinds:
            self.fault(f"{at}/kinds", "say which kinds of unit (of persons: which roles) are assessed")
        groups = [self.group(found, f"{at}/groups/{n}", persons) for n, found in enumerate(self._part(one, "groups", at, _MOST_GROUPS, 1))]
        items = [self.item(found, f"{at}/items/{n}") for n, found in enumerate(self._part(one, "items", at, _MOST_ITEMS, 1))]
        counted = [self.rule(found, f"{at}/counted/{n}") for n, found in enumerate(self._part(one, "counted", at, _MOST_ITEMS, 0))]
        self.distinct(groups, f"{at}/groups")
        self.distinct([*items, *counted], f"{at}/items")
        return Scheme(
            code=self.text(one.get("code"), f"{at}/code", _CODE, "a code is up to 40 small letters, digits and _, the first a letter"),
            name=self.name(one.get("name"), f"{at}/name"),
            subjects="persons" if persons else "units",
            kinds=kinds,
            groups=tuple(groups),
            items=tuple(items),
            counted=tuple(counted),
            objection_working_days=int(self.count(one.get("objection_working_days"), f"{at}/objection_working_days", 60)),
            raw=one,
        )

    def _part(self, one: Json, name: str, at: str, most: int, least: int) -> list[Any]:
        return self.listed(one.get(name), f"{at}/{name}", most, least=least)

    def group(self, given: object, at: str, persons: bool) -> Group:
        one = self.mapping(given, at, ("code", "name", "roles") if persons else ("code", "name", "units", "households"))
        size = self.mapping(one["households"], f"{at}/households", ("at_least", "below")) if "households" in one else {}
        bounds = {key: self.count(size[key], f"{at}/households/{key}", 10**8) for key in ("at_least", "below") if key in size}
        return Group(
            code=self.text(one.get("code"), f"{at}/code", _GROUP_CODE, "a code is up to 40 letters, digits and _, the first a letter"),
            name=self.name(one.get("name"), f"{at}/name"),
            units=frozenset(self.words(one.get("units"), f"{at}/units", None)),
            roles=frozenset(self.words(one.get("roles"), f"{at}/roles", PERSON_ROLES)),
            **bounds,
        )

    def item(self, given: object, at: str) -> Item:
        fields = ("code", "name", "metric", "composite", "weight", "direction", "full_at", "zero_at", "minimum", "floor", "removal")
        one = self.mapping(given, at, fields)
        weight = self.number(one.get("weight"), f"{at}/weight", 0, 1000)
        if not weight:
            self.fault(f"{at}/weight", "an item has a weight above 0")
        full, zero = (self.number(one.get(key), f"{at}/{key}", 0, 100) for key in ("full_at", "zero_at"))
        direction = one.get("direction")
        if direction not in ("higher", "lower"):
            self.fault(f"{at}/direction", "this is higher or lower: which values are better")
        elif full == zero or (full > zero) != (direction == "higher"):
            self.fault(f"{at}/full_at", f"where {direction} is better, full_at lies on that side of zero_at")
        return Item(
            code=self.text(one.get("code"), f"{at}/code", _CODE, "a code is up to 40 small letters, digits and _, the first a letter"),
            name=self.name(one.get("name"), f"{at}/name"),
            shares=self.shares(one, at),
            weight=weight,
            full_at=full,
            zero_at=zero,
            minimum=self.count(one.get("minimum"), f"{at}/minimum", 10**6),
            floor=min(self.number(one.get("floor"), f"{at}/floor", 0, 1000, 0), weight),
            removal=self.removal(one, at),
        )

    def shares(self, one: Json, at: str) -> tuple[Share, ...]:
        if ("metric" in one) == ("composite" in one):
            self.fault(at, "an item has either a metric or a composite of several")
            return ()
        if "metric" in one:
            return (Share(self.metric(one["metric"], f"{at}/metric"), Fraction(1)),)
        if one["composite"] == THREE_RATES:
            return tuple(Share(metric, Fraction(1)) for metric in _RATES)
        found = []
        for place, part in enumerate(self.listed(one["composite"], f"{at}/composite", 10, least=1)):
            here = f"{at}/composite/{place}"
            share = self.mapping(part, here, ("metric", "weight"))
            weight = self.number(share.get("weight"), f"{here}/weight", 0, 1000)
            if not weight:
                self.fault(f"{here}/weight", "a part has a weight above 0")
            found.append(Share(self.metric(share.get("metric"), f"{here}/metric"), weight))
        return tuple(found)

    def metric(self, given: object, at: str) -> str:
        return self.text(given, at, _METRIC, "a metric is named with its version, like on_time_rate@1")

    def removal(self, one: Json, at: str) -> Removal:
        given = one.get("removal", "removed")
        if given not in REMOVALS:
            self.fault(f"{at}/removal", "this is kept (剔除前) or removed (剔除后)")
        return "kept" if given == "kept" else "removed"

    def rule(self, given: object, at: str) -> Counted:
        one = self.mapping(given, at, ("code", "name", "metric", "points", "cap", "removal"))
        points = self.number(one.get("points"), f"{at}/points", -100, 100)
        if not points:
            self.fault(f"{at}/points", "points for each ticket are not 0; below 0 they are taken off")
        return Counted(
            code=self.text(one.get("code"), f"{at}/code", _CODE, "a code is up to 40 small letters, digits and _, the first a letter"),
            name=self.name(one.get("name"), f"{at}/name"),
            metric=self.metric(one.get("metric"), f"{at}/metric"),
            points=points,
            cap=self.number(one.get("cap"), f"{at}/cap", 0, 1000),
            removal=self.removal(one, at),
        )
