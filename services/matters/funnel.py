"""意见 → 工单 → 事项 → 销号: what became of the opinions of a period, in absolute numbers, and exactly the rows behind each.

A cohort: the opinions heard in the period, and what became of them up to the instant of the question. Each is read once, with all its
outcomes; every figure and every list is made of the same reading.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, not_, or_, select, true

from services.activities.models import Activity, OpinionThing
from services.activities.queries import visible
from services.identity.permissions import scope_of
from services.journal.models import Event
from services.matters.flagged import in_problem_village
from services.matters.metrics import FUNNEL, metric_named
from services.matters.models import Matter, MatterSource
from services.matters.queries import instant_of
from services.matters.rows import AskedFigures, key_of, require_row, rows_of, unit_asked
from services.matters.showing import unit_view
from services.matters.story import state_then
from services.matters.views import PlaceName
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket
from services.visits.opinions_confidence import hidden_tickets, in_confidence
from services.visits.opinions_models import OpinionOutcome
from services.visits.opinions_rules import ENDED_IN_NOTHING

_ENTRY: dict[str, Any] = {
    "kind": "opinion", "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9f11", "on": "2026-11-15", "unit": {"code": "441624108213", "name": "水口村"},
    "outcomes": ["ticket"], "tickets": ["20261122-000123-6"], "matters": ["挂号〔2026〕第0012号"], "opinions": 1,
}  # fmt: skip


class FunnelFigure(BaseModel):
    """How many; 条 are opinions, 件 tickets or matters."""

    metric: str = Field(examples=["opinions_to_tickets@1"])
    name: str = Field(examples=["转为工单"])
    unit: str = Field(examples=["条"])
    value: int = Field(examples=[12])


class FunnelRow(BaseModel):
    """One row; key `-`: what lies in no unit of the tier."""

    key: str = Field(examples=["441624108"])
    name: str = Field(examples=["彭寨镇"])
    figures: list[FunnelFigure]


class FunnelReport(BaseModel):
    """What became of the opinions of a period. A ticket or matter of opinions of two rows counts in both, and once in the total."""

    as_of: datetime
    first: date = Field(examples=["2026-01-01"])
    last: date = Field(examples=["2026-12-31"])
    unit: PlaceName | None
    by: str | None = Field(examples=["unit:township"])
    total: list[FunnelFigure]
    rows: list[FunnelRow]


class FunnelEntry(BaseModel):
    """What a figure counted: an opinion with what became of it, or a ticket or a matter with how many opinions it holds. No words."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENTRY]})

    kind: str = Field(description="`opinion`, `ticket` or `matter`.")
    id: UUID
    on: date | None = Field(description="When the opinion was heard.")
    unit: PlaceName | None
    outcomes: list[str]
    tickets: list[str]
    matters: list[str | None] = Field(description="Numbers of the register; null of a focus issue that has none.")
    opinions: int


class FunnelEntries(BaseModel):
    """Exactly what a figure counted."""

    metric: str = Field(examples=["opinions_without_follow_up@1"])
    total: int = Field(examples=[1])
    as_of: datetime
    items: list[FunnelEntry]
    next: str | None = None


@dataclass
class Heard:
    """An opinion, and what became of it. A ticket that was rejected or cancelled is one of `tickets`, and no outcome."""

    id: UUID
    on: date
    unit_id: UUID
    thing: bool
    outcomes: set[str] = field(default_factory=set)
    tickets: set[UUID] = field(default_factory=set)
    matters: set[UUID] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a matter is."""

    number: str | None
    struck_off: bool


def opinion_counts(one: Heard, stages: Mapping[UUID, Stage]) -> frozenset[str]:
    """Return the figures, of those counted in opinions, that count this one. Pure."""
    of = [stages[found] for found in one.matters if found in stages]
    counted = {
        "opinions_heard": True,
        "opinions_on_the_spot": "on_the_spot" in one.outcomes,
        "opinions_answered": "answered" in one.outcomes,
        "opinions_to_things": one.thing,
        "opinions_to_tickets": bool(one.tickets),
        "opinions_to_matters": bool(of),
        "opinions_registered": any(stage.number for stage in of),
        "opinions_struck_off": any(stage.struck_off for stage in of),
        "opinions_without_follow_up": not (one.outcomes or one.thing or of),
    }
    return frozenset(name for name, there in counted.items() if there)


def things_counted(metric: str, heard: Iterable[Heard], stages: Mapping[UUID, Stage]) -> Counter[UUID]:
    """Return the tickets or matters that a figure counts, each with how many of these opinions it holds. Pure."""
    found: Counter[UUID] = Counter()
    for one in heard:
        found.update(one.tickets if metric == "tickets_of_opinions" else [each for each in one.matters if _far(metric, stages.get(each))])
    return found


def _far(metric: str, stage: Stage | None) -> bool:
    if stage is None:
        return False
    if metric == "matters_of_opinions_registered":
        return stage.number is not None
    return stage.struck_off if metric == "matters_of_opinions_struck_off" else True


@dataclass
class _Read:
    at: datetime
    first: date
    last: date
    unit: UnitNode | None
    tree: UnitTree
    heard: list[Heard]
    stages: dict[UUID, Stage]
    numbers: dict[UUID, str]

    def figures(self, heard: Sequence[Heard]) -> list[FunnelFigure]:
        """Return all figures of some of the opinions."""
        counted = Counter(name for one in heard for name in opinion_counts(one, self.stages))
        return [
            FunnelFigure(
                metric=metric.key, name=metric.name, unit=metric.unit,
                value=counted[metric.id] if metric.unit == "条" else len(things_counted(metric.id, heard, self.stages)),
            )
            for metric in FUNNEL
        ]  # fmt: skip


async def funnel_report(work: Work, asked: AskedFigures) -> FunnelReport:
    """Return the figures. Raises 404 ``unit.unknown``, 422 ``as_of.future`` and ``period.invalid``."""
    read = await _read(work, asked)
    by_row: defaultdict[str, list[Heard]] = defaultdict(list)
    for one in read.heard:
        by_row[key_of(read.tree, one.unit_id, asked.by)].append(one)
    scope = scope_of(work.actor)
    areas = [read.unit.path] if read.unit else ["/"] if scope.everything else list(scope.prefixes)
    rows = [
        FunnelRow(key=key, name=name, figures=read.figures(by_row.get(key, [])))
        for key, name in rows_of(read.tree, asked.by, areas, by_row)
    ]
    unit = PlaceName(code=read.unit.code, name=read.unit.name) if read.unit else None
    return FunnelReport(as_of=read.at, first=read.first, last=read.last, unit=unit, by=asked.by, total=read.figures(read.heard), rows=rows)


async def funnel_entries(
    work: Work, asked: AskedFigures, metric: str, *, key: str | None, after: tuple[str, UUID] | None, limit: int
) -> tuple[FunnelEntries, tuple[str, UUID] | None]:
    """Return a page of exactly what a figure (of its row `key`) counted, the oldest first, and where the next goes on.

    Raises what the report raises, 404 ``metric.unknown`` and ``row.unknown``.
    """
    definition = metric_named(metric, "funnel")
    read = await _read(work, asked)
    require_row(key, asked.by, read.tree)
    heard = [one for one in read.heard if key is None or key_of(read.tree, one.unit_id, asked.by) == key]
    if definition.unit == "条":
        counted = [one for one in heard if definition.id in opinion_counts(one, read.stages)]
        places = {(str(one.on), one.id): _of_opinion(read, one) for one in counted}
    else:
        of = things_counted(definition.id, heard, read.stages)
        places = {("", one): _of_thing(read, definition.id, one, many) for one, many in of.items()}
    ordered = sorted(place for place in places if after is None or place > after)
    items = [places[place] for place in ordered[:limit]]
    body = FunnelEntries(metric=definition.key, total=len(places), as_of=read.at, items=items)
    return body, ordered[limit - 1] if len(ordered) > limit else None


def _of_opinion(read: _Read, one: Heard) -> FunnelEntry:
    return FunnelEntry(
        kind="opinion", id=one.id, on=one.on, unit=unit_view(read.tree, one.unit_id), outcomes=sorted(one.outcomes),
        tickets=sorted(read.numbers[each] for each in one.tickets if each in read.numbers),
        matters=[read.stages[each].number for each in sorted(one.matters) if each in read.stages], opinions=1,
    )  # fmt: skip


def _of_thing(read: _Read, metric: str, one: UUID, many: int) -> FunnelEntry:
    ticket = metric == "tickets_of_opinions"
    return FunnelEntry(
        kind="ticket" if ticket else "matter", id=one, on=None, unit=None, outcomes=[], opinions=many,
        tickets=[read.numbers[one]] if ticket and one in read.numbers else [], matters=[] if ticket else [read.stages[one].number],
    )  # fmt: skip


async def _read(work: Work, asked: AskedFigures) -> _Read:
    at, tree = instant_of(work, asked.as_of), await unit_tree(work.session)
    first, last = asked.days(local_day(at))
    unit = unit_asked(tree, asked.unit)
    query = (
        select(Activity.id, Activity.happened_on, Activity.unit_id, _led(at).label("thing"))
        .join(Unit, Unit.id == Activity.unit_id)
        .where(Activity.kind == "opinion", Activity.happened_on.between(first, last), visible(work.actor))
        .where(Activity.recorded_at <= at, or_(Activity.withdrawn_at.is_(None), Activity.withdrawn_at > at))
    )
    if unit is not None:
        query = query.where(Unit.path.startswith(unit.path, autoescape=True))
    if asked.problem_villages:
        query = query.where(in_problem_village(at))
    heard = {row.id: Heard(row.id, row.happened_on, row.unit_id, row.thing) for row in await work.session.execute(query)}
    numbers = await _outcomes(work, heard, at)
    stages = await _matters(work, heard, at)
    return _Read(at, first, last, unit, tree, list(heard.values()), stages, numbers)


def _led(at: datetime) -> Any:
    """Return the condition that a thing was done about an opinion."""
    there = select(OpinionThing.opinion_id).where(OpinionThing.opinion_id == Activity.id, OpinionThing.recorded_at <= at)
    return there.where(or_(OpinionThing.withdrawn_at.is_(None), OpinionThing.withdrawn_at > at)).exists()


async def _outcomes(work: Work, heard: Mapping[UUID, Heard], at: datetime) -> dict[UUID, str]:
    """Note what each opinion ended in; return the numbers of the tickets, of a merged one that of its main ticket.

    A ticket about somebody that the reader may not know of is none to them; one in confidence has no number here.
    """
    if not heard:
        return {}
    main = func.coalesce(Ticket.merged_into_id, Ticket.id)
    last = select(Event.data["to_status"].astext).where(Event.subject_id == main, Event.data.has_key("to_status"), Event.recorded_at <= at)
    status = last.order_by(Event.seq.desc()).limit(1).scalar_subquery().label("status")
    query = select(OpinionOutcome.opinion_id, OpinionOutcome.kind, OpinionOutcome.matter_id, main.label("ticket_id"), status)
    query = query.outerjoin(Ticket, Ticket.id == OpinionOutcome.ticket_id)
    query = query.where(one_of(OpinionOutcome.opinion_id, heard), OpinionOutcome.recorded_at <= at)
    query = query.where(or_(Ticket.id.is_(None), not_(one_of(Ticket.id, await hidden_tickets(work)))))
    for row in await work.session.execute(query):
        one = heard[row.opinion_id]
        one.outcomes |= {row.kind} if row.status not in ENDED_IN_NOTHING else set()
        one.tickets |= {row.ticket_id} if row.ticket_id else set()
        one.matters |= {row.matter_id} if row.matter_id else set()
    tickets = {each for one in heard.values() for each in one.tickets}
    if not tickets:
        return {}
    named = select(Ticket.id, Ticket.number).where(one_of(Ticket.id, tickets), not_(in_confidence()))
    return {row.id: row.number for row in await work.session.execute(named)}


async def _matters(work: Work, heard: Mapping[UUID, Heard], at: datetime) -> dict[UUID, Stage]:
    """Note which matters each opinion is part of, itself or by way of its tickets; return how far each is."""
    wanted = {*heard, *(each for one in heard.values() for each in one.tickets)}
    if not wanted:
        return {}
    query = select(MatterSource.source_id, MatterSource.matter_id).where(one_of(MatterSource.source_id, wanted))
    query = query.where(MatterSource.joined_at <= at, or_(MatterSource.left_at.is_(None), MatterSource.left_at > at))
    of: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for row in await work.session.execute(query):
        of[row.source_id].add(row.matter_id)
    for one in heard.values():
        for source in (one.id, *one.tickets):
            one.matters |= of.get(source, set())
    ids = {each for one in heard.values() for each in one.matters}
    if not ids:
        return {}
    state = state_then(at)
    rows = await work.session.execute(
        select(Matter.id, state.number, state.state).join(state, true()).where(one_of(Matter.id, ids), state.state != "declined")
    )
    return {row.id: Stage(row.number, row.state == "struck_off") for row in rows}
