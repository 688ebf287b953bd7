"""Reading runs and sheets: what somebody may see of them, and the tickets behind every item."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, and_, case, exists, false, select, true, tuple_

from services.assessment.appealing import changes_of, scored_again, unknown_sheet
from services.assessment.gathering import RESOLVED_BY, Part, counted_in
from services.assessment.making import scheme_of
from services.assessment.models import AssessmentAppeal, AssessmentRun, AssessmentSheet
from services.assessment.publishing import unknown_run
from services.assessment.rules import Scheme
from services.assessment.standing import visible_runs, visible_sheets
from services.assessment.views import (
    AppealView,
    CountedView,
    ItemView,
    RunView,
    ShareView,
    SheetRow,
    SheetView,
    appeal_view,
    run_view,
)
from services.identity.models import Account
from services.journal.models import Event
from services.organization.models import Member, Unit
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work
from services.reports.drilldown import page_of
from services.reports.facts import PLACES
from services.reports.figures import known_of
from services.reports.questions import Asked, understand
from services.reports.views import CountedTicket
from services.tickets.models import Ticket


async def list_runs(work: Work, *, after: tuple[date, UUID] | None, limit: int) -> tuple[list[RunView], tuple[date, UUID] | None]:
    """Return a page of the runs one may know of, the newest period first, and where the next page goes on."""
    query = select(AssessmentRun).where(visible_runs(work.actor)).order_by(AssessmentRun.last.desc(), AssessmentRun.id.desc())
    if after is not None:
        query = query.where(tuple_(AssessmentRun.last, AssessmentRun.id) < tuple_(*after))
    runs = (await work.session.scalars(query.limit(limit + 1))).all()
    following = (runs[limit - 1].last, runs[limit - 1].id) if len(runs) > limit else None
    return [run_view(run) for run in runs[:limit]], following


async def read_run(work: Work, run_id: UUID) -> AssessmentRun:
    """Return a run one may know of; raise 404 ``assessment.unknown``."""
    run = await work.session.scalar(select(AssessmentRun).where(AssessmentRun.id == run_id, visible_runs(work.actor)))
    if run is None:
        raise unknown_run()
    return run


async def list_sheets(
    work: Work, run_id: UUID, *, group: str | None, after: tuple[str, UUID] | None, limit: int
) -> tuple[list[SheetRow], tuple[str, UUID] | None]:
    """Return a page of the sheets of a run that one may see, by code of their units, and where the next page goes on."""
    scheme = scheme_of((await read_run(work, run_id)).rules)
    order = (AssessmentSheet.unit_code, AssessmentSheet.id)
    query = select(AssessmentSheet, Member.name).outerjoin(Member, Member.id == AssessmentSheet.member_id)
    query = query.where(AssessmentSheet.run_id == run_id, visible_sheets(work.actor)).order_by(*order).limit(limit + 1)
    if group is not None:
        query = query.where(AssessmentSheet.group_code == group)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    rows = (await work.session.execute(query)).all()
    following = (rows[limit - 1][0].unit_code, rows[limit - 1][0].id) if len(rows) > limit else None
    return [SheetRow(**_row(scheme, sheet, name)) for sheet, name in rows[:limit]], following


async def read_sheet(work: Work, run_id: UUID, sheet_id: UUID) -> SheetView:
    """Return a sheet, worked out anew from what was frozen; raise 404 ``assessment.sheet_unknown``."""
    run = await read_run(work, run_id)
    sheet, name = await _one(work, run_id, sheet_id)
    scheme = scheme_of(run.rules)
    scored, same = scored_again(scheme, sheet, await changes_of(work, sheet_id))
    office = (await work.session.scalar(select(Unit.kind).where(Unit.id == sheet.unit_id))) not in PLACES
    address = _Addresses(run, sheet, scheme, office=office)
    items = [
        ItemView(
            **{**vars_of(item), "shares": [ShareView(**vars_of(share), tickets=address(item.code, share.metric)) for share in item.shares]}
        )
        for item in scored.items
    ]
    counted = [CountedView(**vars_of(rule), tickets=address(rule.code, rule.metric)) for rule in scored.counted]
    return SheetView(
        **_row(scheme, sheet, name),
        run=run_view(run),
        items=items,
        counted=counted,
        appeals=await list_appeals(work, run_id, sheet_id),
        reproduced=same,
        attributed=RESOLVED_BY if sheet.member_id else None,
    )


async def list_appeals(work: Work, run_id: UUID, sheet_id: UUID | None = None, state: str | None = None) -> list[AppealView]:
    """Return the objections of a run to sheets one may see, the oldest first, at most 500."""
    query = select(AssessmentAppeal).join(AssessmentSheet, AssessmentSheet.id == AssessmentAppeal.sheet_id)
    query = query.where(AssessmentAppeal.run_id == run_id, visible_sheets(work.actor))
    if sheet_id is not None:
        query = query.where(AssessmentAppeal.sheet_id == sheet_id)
    if state is not None:
        query = query.where(AssessmentAppeal.state == state)
    found = await work.session.scalars(query.order_by(AssessmentAppeal.made_at, AssessmentAppeal.id).limit(500))
    return [appeal_view(appeal) for appeal in found]


async def tickets_of_person(
    work: Work, run_id: UUID, sheet_id: UUID, item: str, metric: str, part: Part, *, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[int, list[CountedTicket], tuple[datetime, UUID] | None]:
    """Return how many tickets an item of a person's sheet counts, a page of them, and where the next page goes on.

    The same conditions that the sheet was counted with, as the tickets were known then. Raises 422 ``assessment.item_unknown``.
    """
    run = await read_run(work, run_id)
    sheet, _name = await _one(work, run_id, sheet_id)
    removal = _removals(scheme_of(run.rules)).get((item, metric))
    if removal is None or sheet.member_id is None:
        raise Invalid("assessment.item_unknown", "Follow an address of the sheet: a person's sheet, one of its items and metrics.")
    question = await understand(work, Asked(metric, run.first, run.last, exclusions=removal, as_of=run.as_of))
    if part == "denominator" and not question.metric.denominator:
        raise Invalid("part.unknown", "This metric is a count: it has a numerator only.")
    facts = (await known_of(work, question)).facts
    conditions = [*counted_in(question, part, facts), *_resolved_by(sheet, facts, run.as_of)]
    found = await page_of(work, question, facts, facts.c[question.metric.basis(part)], [conditions], after, limit)
    return found.total, list(found.items), found.following


def _resolved_by(sheet: AssessmentSheet, facts: FromClause, as_of: datetime | None) -> list[ColumnElement[bool]]:
    """Return the conditions that a person had reported a ticket's work as done, when the run was made.

    The ticket itself knows it of its present round. Where that began since, the newest report in the journal of then does.
    """
    accounts = select(Account.id).where(Account.member_id == sheet.member_id)
    own = select(Ticket.id, Ticket.round).where(Ticket.resolved_by_account_id.in_(accounts), Ticket.resolved_by_unit_id == sheet.unit_id)
    since = exists().where(Ticket.id == facts.c.ticket_id, Ticket.round > facts.c.round)
    theirs = and_(Event.actor_account_id.in_(accounts), Event.data["unit_id"].astext == str(sheet.unit_id))
    reports = select(theirs).where(Event.subject_id == facts.c.ticket_id, Event.type == "ticket.resolved", Event.recorded_at <= as_of)
    newest = reports.order_by(Event.seq.desc()).limit(1).correlate(facts).scalar_subquery()
    said = case((tuple_(facts.c.ticket_id, facts.c.round).in_(own), true()), (since, newest), else_=false())
    return [facts.c.resolved_at.is_not(None), said]


async def _one(work: Work, run_id: UUID, sheet_id: UUID) -> tuple[AssessmentSheet, str | None]:
    query = select(AssessmentSheet, Member.name).outerjoin(Member, Member.id == AssessmentSheet.member_id)
    query = query.where(AssessmentSheet.id == sheet_id, AssessmentSheet.run_id == run_id, visible_sheets(work.actor))
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise unknown_sheet()
    return row[0], row[1]


def vars_of(value: Any) -> dict[str, Any]:
    """Return the fields of a frozen value with slots."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _row(scheme: Scheme, sheet: AssessmentSheet, name: str | None) -> dict[str, Any]:
    names = {group.code: group.name for group in scheme.groups}
    return {
        "id": sheet.id, "unit": sheet.unit_code, "unit_name": sheet.unit_name, "person": name, "role": sheet.role,
        "group": sheet.group_code, "group_name": names.get(sheet.group_code, sheet.group_code), "households": sheet.households,
        "total": sheet.total, "lower": sheet.result["lower"], "upper": sheet.result["upper"], "rank": sheet.place_rank,
        "best": sheet.best, "worst": sheet.worst, "funnel": sheet.funnel,
    }  # fmt: skip


def _removals(scheme: Scheme) -> Mapping[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {(item.code, share.metric): item.removal for item in scheme.items for share in item.shares}
    return found | {(rule.code, rule.metric): rule.removal for rule in scheme.counted}


class _Addresses:
    """Where the tickets of an item are: for a unit the report's own list, for a person one of the sheet's."""

    def __init__(self, run: AssessmentRun, sheet: AssessmentSheet, scheme: Scheme, *, office: bool) -> None:
        self._run, self._sheet, self._removals, self._office = run, sheet, _removals(scheme), office

    def __call__(self, item: str, metric: str) -> str:
        run, sheet = self._run, self._sheet
        if sheet.member_id is not None:
            return f"/v1/assessments/{run.id}/sheets/{sheet.id}/tickets?{urlencode({'item': item, 'metric': metric})}"
        query: Sequence[tuple[str, str]] = [
            ("from", str(run.first)),
            ("to", str(run.last)),
            *([("by", "department"), ("key", sheet.unit_code)] if self._office else [("unit", sheet.unit_code)]),
            ("exclusions", self._removals[item, metric]),
            ("as_of", run.as_of.strftime("%Y-%m-%dT%H:%M:%SZ") if run.as_of else ""),
        ]
        return f"/v1/reports/{metric}/tickets?{urlencode(query)}"
