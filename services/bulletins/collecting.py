"""Asking the reports for everything a bulletin says. One snapshot: all figures are of the same instant."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.anchors.publishing import newest_anchor
from services.bulletins.figures import Counted, Definition, FrozenAnchor, FrozenFigures, Group
from services.bulletins.periods import BulletinPeriod, When
from services.identity.permissions import Scope, scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.errors import Forbidden, Invalid, NotFound
from services.platform.unit_of_work import Work
from services.reports.figures import one_snapshot, report
from services.reports.hand_offs import AskedHandOffs, hand_offs
from services.reports.metrics import METRICS
from services.reports.public_list import listed
from services.reports.questions import Asked, Grouping
from services.reports.views import FigureView, Report

TIERS: dict[str, Grouping] = {"city": "unit:county", "county": "unit:township", "township": "unit:village"}
"""Areas that have bulletins, and the tier of the rows in them."""
_THREE_RATES = ("response_rate", "resolution_rate", "satisfaction_rate")
_BY_UNIT = ("received", "completion_rate_received", "completion_rate_due", "on_time_rate_due", *_THREE_RATES)
_WHOLE = ("discovered", "completed", "on_time_rate", "first_time_fix_rate", "rework_rate", "reach_rate")
_EXCEEDING = ("completion_rate_flow",)
_GIVEN, _ONCE = "本期派给各单位主办的工单", "同一工单在全部单位中只计一次。"
_OWN = (
    Definition("passed_on@1", "流转率", "派给单位后被其退回、上交或应其要求转办的工单", _GIVEN, _ONCE),
    Definition("passed_on_idly@1", "二传手率", "单位没有任何办理记录即转出的工单", _GIVEN, _ONCE),
    Definition("listed@1", "通报事项", "本期达到“通报”级别的时限", "", "以达到该级别的真实时间为准，不论何时登记。"),
)


async def find_area(work: Work, code: str) -> UnitNode:
    """Return the area a bulletin is about; raise unless it is one, of a tier that has bulletins, wholly within the actor's scope."""
    tree = await unit_tree(work.session)
    unit = tree.by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    if unit.tier not in TIERS or unit.kind != unit.tier:
        raise Invalid("bulletin.unit", "Bulletins are of a county (city) or a township; name one of these.")
    if not within(scope_of(work.actor), unit.path):
        raise Forbidden("unit.outside_scope", "Your posts do not reach this unit.")
    return unit


def within(scope: Scope, path: str) -> bool:
    """Tell whether everything of an area lies in a scope."""
    return scope.everything or any(path.startswith(prefix) for prefix in scope.prefixes)


async def collect(work: Work, unit: str, period: BulletinPeriod, *, decimals: int = 2, as_of: datetime | None = None) -> FrozenFigures:
    """Return the figures of an area and period, as the actor may ask for them; before anything else of the transaction.

    `as_of`: as they were known then. Raises as :func:`find_area` and reports do.
    """
    await one_snapshot(work.session)
    area = await find_area(work, unit)
    tree = await unit_tree(work.session)
    found = _Collecting(work, area, tree, decimals, as_of)
    for when, compared in period.compared().items():
        await found.period(when, compared)
    assert found.until is not None
    return FrozenFigures(
        unit=area.code,
        unit_name=area.name,
        tier=area.tier,
        period=period,
        as_of=found.until,
        decimals=decimals,
        counted=tuple(found.counted),
        definitions=tuple(_definitions(found.counted)),
        anchor=await _newest_anchor(work),
    )


async def _newest_anchor(work: Work) -> FrozenAnchor | None:
    row = await newest_anchor(work.session)
    return FrozenAnchor(row.day, row.number, row.root.hex(), row.key_id, row.signature.hex()) if row else None


class _Collecting:
    """The figures asked for so far."""

    def __init__(self, work: Work, area: UnitNode, tree: UnitTree, decimals: int, as_of: datetime | None) -> None:
        self.work, self.area, self.tree, self.decimals, self.as_of = work, area, tree, decimals, as_of
        self.counted: list[Counted] = []
        self.until: datetime | None = None

    async def period(self, when: When, period: BulletinPeriod) -> None:
        """Ask for everything of one period: rows only of what the sections show rows of."""
        by_unit = TIERS[self.area.tier]
        for metric in _BY_UNIT if when == "now" else _BY_UNIT[:1]:
            self._total(when, await self._ask(when, period, metric, "unit", by_unit))
        for metric in (*_WHOLE, *(() if when == "now" else _BY_UNIT[1:])):
            self._total(when, await self._ask(when, period, metric))
        if when == "year_before":
            return
        await self._ask(when, period, "received", "channel", "channel")
        await self._ask(when, period, "received", "category", "category:top")
        if when == "now":
            await self._ask(when, period, "completion_rate_due", "category", "category:top")
            await self._listed(period)
        await self._hand_offs(when, period, rows=when == "now")

    async def _ask(self, when: When, period: BulletinPeriod, metric: str, group: Group = "total", by: Grouping | None = None) -> Report:
        asked = Asked(metric, period.first, period.last, unit=self.area.code, by=by, as_of=self.as_of)
        told = await report(self.work, asked, decimals=self.decimals)
        self.until = min(self.until, told.as_of) if self.until else told.as_of
        self.counted += [_counted(when, group, row.key, row.name, told.metric, row) for row in told.rows]
        return told

    def _total(self, when: When, told: Report) -> None:
        self.counted.append(_counted(when, "total", "", "", told.metric, told.total))
        if told.metric.partition("@")[0] in _THREE_RATES:
            less = told.total.after_removal
            self.counted.append(
                Counted(when, "total", "", "", told.metric, less.numerator, less.denominator, "removed", recorded=not less.no_data)
            )

    async def _hand_offs(self, when: When, period: BulletinPeriod, *, rows: bool) -> None:
        told = await hand_offs(self.work, AskedHandOffs(period.first, period.last, unit=self.area.code, as_of=self.as_of))
        named: Sequence[tuple[Group, str, str, object]] = [("total", "", "", told.total)]
        if rows:
            named = [*named, *(("hand_off", one.unit.code, one.unit.name, one) for one in told.units if one.unit)]
        for group, key, name, counts in named:
            received = int(counts.received)  # type: ignore[attr-defined]  # the counts of one unit or of all
            for metric, part in (("passed_on@1", "passed_on"), ("passed_on_idly@1", "idle")):
                self.counted.append(Counted(when, group, key, name, metric, int(getattr(counts, part)), received))

    async def _listed(self, period: BulletinPeriod) -> None:
        units: dict[tuple[str, str], int] = {}
        for month in period.months():
            page = await listed(self.work, month=month, unit=self.area.code, late=None, after=None, limit=1, as_of=self.as_of)
            for entry in page.body.units:
                key = (entry.unit.code, entry.unit.name) if entry.unit else ("-", "未登记逾期单位")
                units[key] = units.get(key, 0) + entry.listed
        ordered = sorted(units.items(), key=lambda found: (-found[1], found[0]))
        self.counted += [Counted("now", "listed", code, name, "listed@1", count) for (code, name), count in ordered]
        self.counted.append(Counted("now", "total", "", "", "listed@1", sum(units.values())))


def _counted(when: When, group: Group, key: str, name: str, metric: str, figure: FigureView) -> Counted:
    return Counted(when, group, key, name, metric, figure.numerator, figure.denominator, recorded=not figure.no_data)


def _definitions(counted: Iterable[Counted]) -> list[Definition]:
    used = dict.fromkeys(one.metric for one in counted)
    found = [
        Definition(
            metric.key, metric.name, metric.numerator_words, metric.denominator_words, metric.note, may_exceed=metric.id in _EXCEEDING
        )
        for metric in METRICS.values()
        if metric.key in used
    ]
    return found + [own for own in _OWN if own.metric in used]
