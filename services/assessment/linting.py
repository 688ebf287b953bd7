"""Rules of assessment as a kind of versioned rules: what keeps them from coming into force."""

from collections.abc import Iterator, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.assessment.rules import Group, Scheme, schemes_of
from services.organization.queries import read_unit_tree
from services.organization.tree import UnitTree
from services.platform.database import Json
from services.platform.errors import Invalid, NotFound
from services.policies.actions import Kind
from services.policies.findings import MALFORMED, SHADOWED, UNIT_ENDED, UNKNOWN_UNIT, Finding
from services.reports.metrics import Metric, metric_named

NOT_A_SHARE = "not_a_share"
PUNISHES_INTAKE = "punishes_intake"
UNKNOWN_METRIC = "unknown_metric"
UNGROUPED = "ungrouped"
_INTAKE = frozenset({"received", "discovered", "opinions", "visits"})
"""What grows with how much a unit listens, and not with how badly it works."""


async def check_assessment(session: AsyncSession, definition: Json) -> list[Finding]:
    """Return what must be put right in rules of assessment before they come into force."""
    try:
        schemes = schemes_of(definition)
    except Invalid as faulty:
        return [Finding(MALFORMED, fault.pointer or "/", fault.detail) for fault in faulty.errors]
    tree = await read_unit_tree(session)
    found: list[Finding] = []
    for scheme in schemes:
        found += findings_of(scheme)
        if tree.root is not None:
            found += _units(scheme, tree)
    return found


KIND = Kind("assessment", {"schemes": []}, check_assessment)
"""Rules of assessment as a kind of rules; version 0 assesses nobody."""


def findings_of(scheme: Scheme) -> list[Finding]:
    """Return what is wrong with a scheme whatever the units are: metrics, what would punish listening, groups nobody gets to. Pure."""
    return [*_metrics(scheme), *_groups(scheme)]


def is_share(metric: Metric) -> bool:
    """Tell whether a metric is a share of its own denominator, for which an interval can be told: both parts count the same tickets."""
    return bool(metric.denominator) and metric.basis("numerator") == metric.basis("denominator")


def _metrics(scheme: Scheme) -> Iterator[Finding]:
    for item in scheme.items:
        for share in item.shares:
            metric = _known(share.metric)
            rule = f"{scheme.code}/{item.code}"
            if metric is None:
                yield _unknown(rule, share.metric)
            elif not is_share(metric):
                yield Finding(NOT_A_SHARE, rule, f"{share.metric} is no share of the same tickets and has no interval; count it instead.")
    for counted in scheme.counted:
        rule = f"{scheme.code}/{counted.code}"
        metric = _known(counted.metric)
        if metric is None:
            yield _unknown(rule, counted.metric)
        elif metric.id in _INTAKE and counted.points < 0:
            yield Finding(PUNISHES_INTAKE, rule, f"Points off for {metric.id} would punish whoever listens and looks; take something else.")


def _known(name: str) -> Metric | None:
    try:
        return metric_named(name)
    except NotFound:
        return None


def _unknown(rule: str, metric: str) -> Finding:
    return Finding(UNKNOWN_METRIC, rule, f"There is no metric {metric}; see GET /v1/metrics.")


def _groups(scheme: Scheme) -> Iterator[Finding]:
    for place, group in enumerate(scheme.groups):
        before = [other for other in scheme.groups[:place] if _covers(other, group)]
        if before:
            by = tuple(other.code for other in before)
            yield Finding(SHADOWED, f"{scheme.code}/{group.code}", f"Nobody gets to this group: {', '.join(by)} takes them all.", by=by)
    if scheme.subjects == "persons":
        missing = [role for role in scheme.kinds if scheme.group_of("", None, role) is None]
        if missing:
            yield Finding(UNGROUPED, scheme.code, f"No group takes {', '.join(missing)}; let the last group take all others.")


def _covers(one: Group, other: Group) -> bool:
    """Tell whether one group surely takes whatever another does."""
    if one.takes_all:
        return True
    if one.roles or other.roles:
        return bool(one.roles and other.roles and other.roles <= one.roles)
    if one.units:
        return bool(other.units) and other.units <= one.units and one.at_least is None and one.below is None
    sized = other.at_least is not None or other.below is not None
    low = (one.at_least or 0) <= (other.at_least or 0)
    return sized and low and (one.below is None or (other.below is not None and other.below <= one.below))


def _units(scheme: Scheme, tree: UnitTree) -> Iterator[Finding]:
    for group in scheme.groups:
        for code in sorted(group.units):
            unit = tree.by_code.get(code)
            if unit is None:
                yield Finding(UNKNOWN_UNIT, f"{scheme.code}/{group.code}", f"There is no unit {code}.", unit=code)
            elif not unit.active:
                yield Finding(UNIT_ENDED, f"{scheme.code}/{group.code}", f"{unit.name} ({code}) has ended.", unit=code)
    if scheme.subjects == "units":
        yield from _ungrouped(scheme, tree)


def _ungrouped(scheme: Scheme, tree: UnitTree) -> Iterator[Finding]:
    """A unit whose size nobody has entered belongs to no group of a size: somebody must take it all the same."""
    kinds: Sequence[str] = scheme.kinds
    if not any(group.takes_all for group in scheme.groups):
        named = {code for group in scheme.groups if group.at_least is None and group.below is None for code in group.units}
        missing = [unit for unit in tree.by_code.values() if unit.active and unit.kind in kinds and unit.code not in named]
        if missing:
            first = "、".join(sorted(unit.name for unit in missing)[:5])
            detail = f"{len(missing)} unit(s) may belong to no group, {first} among them; let the last group take all others."
            yield Finding(UNGROUPED, scheme.code, detail)
