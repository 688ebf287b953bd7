"""Gathering a month for publication: figures as the reports have them, and how many households are behind each.

Figures come from `services/reports`, so that the public page and every report say the same. Households are counted over the
month's own tickets, once a month: who shares a telephone number or a WeChat account is one, and so is everybody in a cell nobody knows.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, select, true
from sqlalchemy.ext.asyncio import AsyncResult, AsyncSession

from services.catalogue.policy import Catalogue
from services.catalogue.queries import catalogue
from services.complaints.households import of_its_home
from services.complaints.models import Complainant, Complaint
from services.notices.matters import NORMAL, FinishedMatter, may_be_listed
from services.notices.publishing import PUBLISHED, SHARES, Counted, Tally
from services.notices.suppression import Line
from services.notices.telling import BRANCH, REST, Shape
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.clock import day_end, day_start, local_day
from services.platform.unit_of_work import Work
from services.reports.figures import report
from services.reports.models import ReportFact
from services.reports.questions import Asked, Grouping
from services.reports.views import Report

_GROUPINGS: tuple[Grouping, ...] = ("unit:township", "unit:village", "category:top")
_NONE = "-"
_BATCH = 5_000


@dataclass(frozen=True)
class Month:
    """A month gathered: what was counted, what the cells are called, and the finished matters that may be listed."""

    counted: Counted
    shape: Shape
    matters: Sequence[FinishedMatter]
    policies: Catalogue
    as_of: Any


@dataclass
class Households:
    """Who is behind numbers: distinct households by (metric, side) and cell. Nobody known is one household of its cell, `""`."""

    _above: dict[bytes, bytes] = field(default_factory=dict)
    _ids: dict[bytes, int] = field(default_factory=dict)
    behind: dict[tuple[str, str], dict[str, set[bytes]]] = field(default_factory=dict)

    def add(self, keys: Iterable[bytes], places: Sequence[str], counts: Iterable[tuple[str, str]]) -> None:
        """Note that the household with these keys is behind the numbers `counts` in the cells `places`."""
        known = list(keys)
        for key in known:
            self._above[self._top(key)] = self._top(known[0])
        household = known[0] if known else b""
        for number in counts:
            for place in places:
                self.behind.setdefault(number, {}).setdefault(place, set()).add(household)

    def of(self, metric: str, side: str, place: str) -> int:
        """Return how many distinct households are behind a number."""
        found = self.behind.get((metric, side), {}).get(place, set())
        return len({self._top(key) if key else key for key in found})

    def number(self, keys: Iterable[bytes]) -> int:
        """Return a number for the household with these keys, the same for all of its tickets; 0 for nobody known."""
        top = next((self._top(key) for key in keys), b"")
        return self._ids.setdefault(top, len(self._ids) + 1) if top else 0

    def _top(self, key: bytes) -> bytes:
        while self._above.setdefault(key, key) != key:
            self._above[key] = self._above[self._above[key]]
            key = self._above[key]
        return key


async def gather(work: Work, first: date, last: date) -> Month | None:
    """Return the month from `first` to `last` as it is counted now; None while there are no units."""
    reports = {(metric, by): await report(work, Asked(metric, first, last, by=by)) for metric in PUBLISHED for by in _GROUPINGS}
    tree, policies = await unit_tree(work.session), await catalogue(work.session)
    if tree.root is None:
        return None
    shape = _shape(tree, policies, reports)
    people, found = Households(), []
    async for basis, row in _rows(work.session, first, last):
        keys = [key for key in (row.phone_index, row.openid_index, *(row.home or ())) if key is not None]
        if row.source == "discovered":
            keys = [row.number.encode()]  # found by a worker, told by nobody: each stands for itself
        people.add(keys, _places(shape, row), _behind(basis, row))
        if basis == "completed_at" and row.completed and row.source == "complaint":
            found.append((row, keys))
    matters = [matter for row, keys in found if (matter := _matter(row, people.number(keys), shape, policies)) is not None]
    never = frozenset(BRANCH + top for top in _tops(policies) if not _public(policies, top))
    counted = Counted(shape.root, shape.lines, {metric: _tallies(metric, shape, reports, people) for metric in PUBLISHED}, never)
    return Month(counted, shape, matters, policies, min(found_report.as_of for found_report in reports.values()))


def _shape(tree: UnitTree, policies: Catalogue, reports: dict[tuple[str, Grouping], Report]) -> Shape:
    assert tree.root is not None
    root = tree.root
    keys = {by: dict.fromkeys(row.key for metric in PUBLISHED for row in reports[metric, by].rows) for by in _GROUPINGS}
    townships = [code for code in keys["unit:township"] if code != _NONE]
    villages: dict[str, list[str]] = {}
    for code in keys["unit:village"]:
        unit = tree.by_code.get(code)
        above = next((one.code for one in tree.ancestors(unit) if one.tier == "township"), None) if unit else None
        if above in townships:
            villages.setdefault(above, []).append(code)
    names = {
        code: unit.name
        for code in (root.code, *townships, *(v for found in villages.values() for v in found))
        if (unit := tree.by_code.get(code))
    }
    names |= {f"{root.code}{REST}": "未定位到乡镇的"} | {f"{code}{REST}": "未定位到村的" for code in townships}
    names |= {BRANCH + category.code: category.name for category in policies.all() if category.parent_code is None}
    names[BRANCH + _NONE] = "未分类"
    branches = (*(BRANCH + top for top in _tops(policies)), BRANCH + _NONE)
    strange = [BRANCH + key for key in keys["category:top"] if BRANCH + key not in branches]
    lines = [Line(root.code, (*townships, f"{root.code}{REST}")), Line(root.code, (*branches, *strange))]
    lines += [Line(code, (*found, f"{code}{REST}")) for code in townships if (found := villages.get(code))]
    tiers = {code: tree.by_code[code].tier for code in names if code in tree.by_code}
    return Shape(root.code, tuple(lines), names, tiers)


def _tops(policies: Catalogue) -> list[str]:
    return [category.code for category in policies.all() if category.parent_code is None]


def _public(policies: Catalogue, top: str) -> bool:
    """Tell whether a branch has any category that may be spoken of in public: the catalogue's `privacy` decides."""
    return any(category.privacy == NORMAL for category in policies.leaves() if category.code.startswith(f"{top}.") or category.code == top)


async def _rows(session: AsyncSession, first: date, last: date) -> AsyncIterator[tuple[str, Row[Any]]]:
    """Yield every ticket that one of the month's figures counts, with the instant it counts by and the keys of who told it first."""
    fact = ReportFact
    teller = (
        select(Complainant.phone_index, Complainant.openid_index, of_its_home().label("home"))
        .join(Complaint, Complaint.id == Complainant.complaint_id)
        .where(Complaint.ticket_id == fact.ticket_id)
        .order_by(Complaint.received_at, Complaint.id)
        .limit(1)
        .lateral("teller")
    )
    columns = (
        fact.number, fact.source, fact.channel, fact.privacy, fact.category_code, fact.area_path, fact.township_path, fact.village_path,
        fact.completed, fact.on_time, fact.contacted, fact.solved, fact.satisfied, fact.unreasonable, fact.received_at, fact.completed_at,
    )  # fmt: skip
    for basis in (fact.received_at, fact.completed_at, fact.called_at):
        query = (
            select(*columns, teller.c.phone_index, teller.c.openid_index, teller.c.home)
            .outerjoin(teller, true())
            .where(fact.counted, basis >= day_start(first), basis < day_end(last))
            .execution_options(yield_per=_BATCH)
        )
        found: AsyncResult[Any] = await session.stream(query)
        async for row in found:
            yield basis.key, row


def _places(shape: Shape, row: Row[Any]) -> list[str]:
    """Return the cells a ticket belongs to."""
    township, village = _code(row.township_path), _code(row.village_path)
    branch = BRANCH + (row.category_code or _NONE).partition(".")[0]
    found = [shape.root, branch]
    if township not in shape.names:
        return [*found, f"{shape.root}{REST}"]
    return [*found, township, village if village in shape.names else f"{township}{REST}"]


def _code(path: str | None) -> str:
    return path.strip("/").rpartition("/")[2] if path else ""


_CALLED = {"response_rate": "contacted", "resolution_rate": "solved", "satisfaction_rate": "satisfied"}


def _behind(basis: str, row: Row[Any]) -> list[tuple[str, str]]:
    """Return the numbers a ticket is counted in: metric, and the side of it."""
    found = []
    if row.source == "discovered":
        return [("discovered", "yes")] if basis == "received_at" else []
    if basis == "received_at":
        found = [("received", "yes"), ("completion_rate_received", "yes" if row.completed else "no")]
    elif basis == "completed_at":
        found = [("completed", "yes")] if row.completed else []
        if row.on_time is not None:
            found.append(("on_time_rate", "yes" if row.on_time else "no"))
    else:
        said = ((metric, getattr(row, column)) for metric, column in _CALLED.items())
        found = [(metric, "yes" if word else "no") for metric, word in said if word is not None]
    return [*found, *((metric, "all") for metric, side in found if metric in SHARES)]


def _tallies(metric: str, shape: Shape, reports: dict[tuple[str, Grouping], Report], people: Households) -> dict[str, Tally]:
    """Return what was counted in every cell: of places and branches as reported, of the rest of an area what its parts leave."""
    numbers: dict[str, tuple[int, int | None]] = {}
    total = reports[metric, "unit:township"].total
    numbers[shape.root] = total.numerator, total.denominator
    for by in _GROUPINGS:
        for row in reports[metric, by].rows:
            key = BRANCH + row.key if by == "category:top" else row.key
            numbers[key] = row.numerator, row.denominator
    for line in shape.lines:
        *parts, last = line.children
        if last.endswith(REST):
            numbers[last] = _left(numbers.get(line.parent, (0, 0)), [numbers.get(key, (0, 0)) for key in parts])
    return {
        key: Tally(*numbers.get(key, (0, 0)), *(people.of(metric, side, key) for side in ("yes", "no", "all")))
        for key in (shape.root, *(key for line in shape.lines for key in line.children))
    }


def _left(above: tuple[int, int | None], parts: Iterable[tuple[int, int | None]]) -> tuple[int, int | None]:
    numerator, denominator = above[0], above[1] or 0
    for part in parts:
        numerator -= part[0]
        denominator -= part[1] or 0
    return numerator, denominator


def _matter(row: Row[Any], household: int, shape: Shape, policies: Catalogue) -> FinishedMatter | None:
    """Return a closed ticket as a matter that may be listed; None for one that may not."""
    category = policies.category(row.category_code) if row.category_code else None
    privacy = category.privacy if category is not None else None
    if not may_be_listed(privacy=row.privacy, channel=row.channel, unreasonable=row.unreasonable, category_privacy=privacy):
        return None
    township, village = _code(row.township_path), _code(row.village_path)
    return FinishedMatter(
        number=row.number,
        county=shape.root,
        township=township if township in shape.names else None,
        village=village if village in shape.names else None,
        category=row.category_code,
        top=row.category_code.partition(".")[0],
        household=household,
        received=local_day(row.received_at),
        finished=local_day(row.completed_at),
    )
