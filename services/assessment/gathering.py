"""What sheets are made from: the figures of every unit, or of every person, exactly as reports tell them.

A township or village is judged by what happens in its area, an office by the tickets it holds. Of a person count the tickets whose newest
work they reported as done (`RESOLVED_BY`), by the same definitions and conditions as everybody's; facts know no persons, so these are
read from the tickets themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, func, select

from services.assessment.rules import Removal, Scheme
from services.assessment.scoring import Count
from services.identity.models import Account
from services.organization.models import Unit
from services.organization.tree import UnitNode, UnitTree
from services.platform.unit_of_work import Work
from services.reports.activities import AskedLedger, ledger_report
from services.reports.facts import PLACES
from services.reports.figures import known_of, report
from services.reports.metrics import METRICS
from services.reports.questions import Asked, Question, understand
from services.reports.selecting import counted_facts
from services.reports.views import FigureTwice
from services.tickets.models import Ticket

RESOLVED_BY = "resolved_by@1"
"""How tickets are put down to a person: the one who reported the newest round's work as done, in the unit they did it for."""
FUNNEL = ("received", "discovered", "dispatched", "completed")
LEDGER = ("visits", "opinions")
"""What stands beside every sheet and is part of none: how often people were visited and what they said, how much came in, how much was
found without a complaint, and what became of it. Whoever listens more has more of it, and loses nothing."""
_TIER_OF: Mapping[str, str] = {"village": "village", "community": "village", "township": "township"}

Wanted = tuple[str, Removal]
Part = Literal["numerator", "denominator"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Who gets a sheet: a unit, or a person in a role in a unit."""

    unit: UnitNode
    households: int | None
    group: str
    member_id: UUID | None = None
    role: str | None = None

    @property
    def key(self) -> tuple[str, UUID | None]:
        """What figures are found by."""
        return self.unit.code, self.member_id


Figures = Mapping[Wanted, Mapping[tuple[str, UUID | None], Count]]


def subjects_of(scheme: Scheme, tree: UnitTree, households: Mapping[str, int | None], last: date) -> list[Subject]:
    """Return everybody a scheme assesses, in order of their codes: active units, or whoever held such a post on the last day. Pure."""
    found = []
    for code, unit in sorted(tree.by_code.items()):
        if not unit.active:
            continue
        size = households.get(code)
        if scheme.subjects == "units":
            group = scheme.group_of(code, size) if unit.kind in scheme.kinds else None
            found += [Subject(unit, size, group.code)] if group else []
            continue
        members: dict[UUID, str] = {}
        for post in sorted(
            tree.active_posts(unit.id, last), key=lambda post: scheme.kinds.index(post.role) if post.role in scheme.kinds else 0
        ):
            if post.role in scheme.kinds:
                members.setdefault(post.member_id, post.role)
        for member_id, role in sorted(members.items()):
            group = scheme.group_of(code, size, role)
            found += [Subject(unit, size, group.code, member_id, role)] if group else []
    return found


async def households_of(work: Work) -> dict[str, int | None]:
    """Return how many households each unit has, where somebody has entered it."""
    return {row.code: row.households for row in await work.session.execute(select(Unit.code, Unit.households))}


async def figures_of(work: Work, scheme: Scheme, subjects: Sequence[Subject], asked: Asked) -> Figures:
    """Return every figure the scheme needs, and those of the funnel, for each subject: of the period, and as known, as `asked` says."""
    wanted: list[Wanted] = sorted(scheme.metrics()) + [(metric, "kept") for metric in known_funnel()]
    if scheme.subjects == "persons":
        return {one: await _of_persons(work, one, asked) for one in wanted if one[0] not in ("received", "dispatched")}
    found: dict[Wanted, dict[tuple[str, UUID | None], Count]] = {one: {} for one in wanted}
    for metric in dict.fromkeys(metric for metric, _removal in wanted):
        told = await _of_units(work, replace(asked, metric=metric), subjects)
        for one in wanted:
            if one[0] == metric:
                found[one] = {(code, None): _count(figure, one[1]) for code, figure in told.items()}
    return {**found, **await _of_ledger(work, asked, subjects)}


def known_funnel() -> list[str]:
    """Return the metrics of the funnel that there are."""
    return [metric for metric in FUNNEL if metric in METRICS]


async def _of_units(work: Work, asked: Asked, subjects: Sequence[Subject]) -> dict[str, FigureTwice]:
    codes = {subject.unit.code for subject in subjects}
    found: dict[str, FigureTwice] = {}
    for tier in sorted({_TIER_OF[subject.unit.kind] for subject in subjects if subject.unit.kind in PLACES}):
        by: Literal["unit:township", "unit:village"] = "unit:township" if tier == "township" else "unit:village"
        told = await report(work, replace(asked, by=by))
        found |= {row.key: row for row in told.rows if row.key in codes}
    offices = {subject.unit.code for subject in subjects if subject.unit.kind not in PLACES}
    if offices:
        told = await report(work, replace(asked, by="department"))
        found |= {row.key: row for row in told.rows if row.key in offices}
    return found


async def _of_ledger(work: Work, asked: Asked, subjects: Sequence[Subject]) -> dict[Wanted, dict[tuple[str, UUID | None], Count]]:
    """Return visits and opinions by place; offices have none of their own."""
    found: dict[Wanted, dict[tuple[str, UUID | None], Count]] = {(name, "kept"): {} for name in LEDGER}
    for tier in sorted({_TIER_OF[subject.unit.kind] for subject in subjects if subject.unit.kind in PLACES}):
        by: Literal["unit:township", "unit:village"] = "unit:township" if tier == "township" else "unit:village"
        told = await ledger_report(work, AskedLedger(asked.first, asked.last, by=by, as_of=asked.as_of))
        for row in told.rows:
            for figure in row.figures:
                name = figure.metric.partition("@")[0]
                if name in LEDGER:
                    found[name, "kept"][row.key, None] = Count(figure.numerator, None)
    return found


def _count(figure: FigureTwice, removal: Removal) -> Count:
    told = figure.before_removal if removal == "kept" else figure.after_removal
    return Count(told.numerator, told.denominator)


async def _of_persons(work: Work, wanted: Wanted, asked: Asked) -> dict[tuple[str, UUID | None], Count]:
    metric, removal = wanted
    question = await understand(work, replace(asked, metric=metric, exclusions=removal))
    facts = (await known_of(work, question)).facts
    parts: list[Part] = ["numerator", "denominator"] if question.metric.denominator else ["numerator"]
    counts: dict[str, dict[tuple[str, UUID | None], int]] = {}
    for part in parts:
        query = (
            select(Unit.code, Account.member_id, func.count())
            .select_from(facts)
            .join(Ticket, Ticket.id == facts.c.ticket_id)
            .join(Account, Account.id == Ticket.resolved_by_account_id)
            .join(Unit, Unit.id == Ticket.resolved_by_unit_id)
            .where(*counted_in(question, part, facts))
            .group_by(Unit.code, Account.member_id)
        )
        counts[part] = {(code, member_id): number for code, member_id, number in await work.session.execute(query)}
    whole = counts.get("denominator")
    keys = set(counts["numerator"]) | set(whole or ())
    return {key: Count(counts["numerator"].get(key, 0), None if whole is None else whole.get(key, 0)) for key in keys}


def counted_in(question: Question, part: Part, facts: FromClause) -> list[ColumnElement[bool]]:
    """Return the conditions on `facts` that pick what a part of a metric counts."""
    metric = question.metric
    if part == "numerator":
        return counted_facts(question, metric.numerator, None, facts=facts)
    return counted_facts(question, metric.denominator, None, less=metric.less, facts=facts)
