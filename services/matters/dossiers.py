"""年终质询 to read: everything that was registered and not struck off at the end of a year, and who answers for it; as known when.

Which matters were open is told by the state they were in at the year's last instant. What is said of each goes by the day things
happened: what was done in December and written down in January is in it, and what happened later is not.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select

from services.identity.models import Account
from services.identity.permissions import PERMISSIONS, area_of, lends
from services.journal.models import Event
from services.matters.dossiers_models import YearEndAnswer, YearEndOutcome, YearEndQuestion
from services.matters.dossiers_rules import Fate, Turn, Year, fate_of
from services.matters.dossiers_showing import HISTORY, Record, entry_of, question_view
from services.matters.dossiers_views import (
    DossierCounts,
    DossierLists,
    DossierMatter,
    DossierPerson,
    YearEndDossierView,
    YearEndQuestionView,
)
from services.matters.holding import SUBJECT
from services.matters.models import Matter, MatterFollower, MatterSupervisor
from services.matters.queries import instant_of
from services.matters.showing import unit_view
from services.matters.story import story_of
from services.matters.turning import turns_of
from services.organization.models import Member, Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.actor import Actor
from services.platform.bulk import one_of
from services.platform.errors import Forbidden, Invalid, NotFound
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class AskedYear:
    """Which year, where (with all below), and as of when."""

    year: int
    unit: str | None = None
    as_of: datetime | None = None


@dataclass
class _Gathered:
    """The matters of an area, with the instants at which their state or lead changed, and what became of each."""

    turns: defaultdict[UUID, list[Any]] = field(default_factory=lambda: defaultdict(list))
    fates: dict[UUID, Fate] = field(default_factory=dict)

    def number(self, matter_id: UUID) -> str:
        """Return its number in the register."""
        return next(str(turn.number) for turn in self.turns[matter_id] if turn.number is not None)

    def open(self) -> list[UUID]:
        """Return those that are open, by number."""
        return sorted((one for one, fate in self.fates.items() if fate.open), key=self.number)


def areas_of(actor: Actor, action: str) -> tuple[str, ...]:
    """Return the areas in which a seat of `actor` lets them take a year-end `action`."""
    seats = actor.seats if lends(actor, action) else ()
    return tuple(sorted({area_of(seat) for seat in seats if seat.role in PERMISSIONS[action]}))


async def year_end(work: Work, asked: AskedYear) -> YearEndDossierView:
    """Return the dossier of a year. Whoever oversees an area reads all of it, everybody else what they themselves answer for.

    Raises 404 ``unit.unknown``, 403 ``unit.outside_scope``, 422 ``as_of.future`` and ``year.ahead``.
    """
    at, tree = instant_of(work, asked.as_of), await unit_tree(work.session)
    year = year_at(asked.year, at)
    unit = tree.by_code.get(asked.unit) if asked.unit else None
    if asked.unit and unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    areas = areas_of(work.actor, "dossier.oversee")
    overseen = bool(areas) if unit is None else any(unit.path.startswith(area) for area in areas)
    if areas and not overseen:
        raise Forbidden("unit.outside_scope", "This unit lies outside of what you may see.")
    places = [unit.path] if unit else list(areas)
    where = [or_(*(Unit.path.startswith(path, autoescape=True) for path in places))] if places else []
    gathered = await _gathered(work, year, where if overseen else [*where, _own(work.actor)])
    found = await entries(work, tree, year, gathered.turns, gathered.fates)
    if not overseen:
        found = [mine for one in found if (mine := _of(work.actor.member_id, one)) is not None]
        shown = {one.id for one in found}
        gathered.fates = {key: fate for key, fate in gathered.fates.items() if not fate.open or key in shown}
    return _view(year, unit, tree, found, gathered, only=None if overseen else work.actor.member_id)


def year_at(number: int, at: datetime) -> Year:
    """Return a year as it was seen at an instant; raise Invalid ``year.ahead`` for one that had not begun."""
    year = Year(number, at)
    if year.start > at:
        raise Invalid("year.ahead", "This year has not begun.")
    return year


async def entry(work: Work, tree: UnitTree, year: Year, matter_id: UUID) -> DossierMatter | None:
    """Return the entry of one matter; None for one that was not open at the end of the year."""
    gathered = await _gathered(work, year, [Matter.id == matter_id])
    found = await entries(work, tree, year, gathered.turns, gathered.fates)
    return found[0] if found else None


async def _gathered(work: Work, year: Year, where: Sequence[ColumnElement[bool]]) -> _Gathered:
    """Return when the state or the lead of each matter changed, oldest first, and what became of it."""
    found = _Gathered(await turns_of(work, where, year.at))
    for matter_id, rows in found.turns.items():
        if any(row.number is not None for row in rows):
            found.fates[matter_id] = fate_of([Turn(row.known_at, row.state) for row in rows], year)
    return found


def _own(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, over matters, that somebody ever had to answer for one; which they do, the entries tell."""
    units = [seat.unit_id for seat in actor.seats if seat.within is None] if actor.lent is None else []
    found: list[ColumnElement[bool]] = [Matter.lead_unit_id.in_(units)] if units else []
    if actor.member_id is not None and actor.lent is None:
        named = (MatterSupervisor, MatterFollower)
        found += [exists(select(row.id).where(row.matter_id == Matter.id, row.member_id == actor.member_id)) for row in named]
    return or_(Matter.id.is_(None), *found)


async def entries(
    work: Work, tree: UnitTree, year: Year, turns: Mapping[UUID, Sequence[Any]], fates: Mapping[UUID, Fate]
) -> list[DossierMatter]:
    """Return the entries of the matters that are open, by number, in a fixed number of statements."""
    ids = [one for one, fate in fates.items() if fate.open]
    matters = list(await work.session.scalars(select(Matter).where(one_of(Matter.id, ids)))) if ids else []
    if not matters:
        return []
    story = await story_of(work, matters, year.at)
    query = select(Event.subject_id, Event.type, Event.recorded_at).where(one_of(Event.subject_id, ids), Event.subject_kind == SUBJECT)
    events: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await work.session.execute(query.where(Event.type.in_(HISTORY), Event.recorded_at <= year.at).order_by(Event.seq)):
        events[row.subject_id].append(row)
    asked = await questions_of(work, [YearEndQuestion.year <= year.number, one_of(YearEndQuestion.matter_id, ids)], year.at)
    by_matter: defaultdict[UUID, list[YearEndQuestionView]] = defaultdict(list)
    for question in asked:
        by_matter[question.matter_id].append(question)
    leads = {turn.lead_unit_id for one in ids for turn in turns[one] if turn.lead_unit_id is not None}
    holders = {post.member_id for lead in leads for post in tree.active_posts(lead, year.last_day)}
    names = story.names | await _names(work, members=holders)
    found = [
        entry_of(tree, story, one, year, Record(turns[one.id], events[one.id], fates[one.id], by_matter[one.id]), names) for one in matters
    ]
    return sorted(found, key=lambda one: one.number)


async def questions_of(work: Work, where: Sequence[ColumnElement[bool]], at: datetime) -> list[YearEndQuestionView]:
    """Return questions with their answers and outcomes, as they were known at an instant, oldest first."""
    query = select(YearEndQuestion, Matter.number).join(Matter, Matter.id == YearEndQuestion.matter_id)
    rows = (await work.session.execute(query.where(*where, YearEndQuestion.asked_at <= at).order_by(YearEndQuestion.id))).all()
    if not rows:
        return []
    ids = [row[0].id for row in rows]
    answers: defaultdict[UUID, list[Any]] = defaultdict(list)
    said = select(YearEndAnswer).where(one_of(YearEndAnswer.question_id, ids), YearEndAnswer.answered_at <= at)
    for answer in await work.session.scalars(said.order_by(YearEndAnswer.id)):
        answers[answer.question_id].append(answer)
    outcomes: defaultdict[UUID, list[Any]] = defaultdict(list)
    decided = select(YearEndOutcome).where(one_of(YearEndOutcome.question_id, ids), YearEndOutcome.decided_at <= at)
    for outcome in await work.session.scalars(decided):
        outcomes[outcome.question_id].append(outcome)
    accounts = {row[0].asked_by_account_id for row in rows} | {one.decided_by_account_id for some in outcomes.values() for one in some}
    names = await _names(work, members={row[0].member_id for row in rows}, accounts=accounts)
    return [question_view(row[0], row[1] or "", answers[row[0].id], outcomes[row[0].id], names) for row in rows]


async def names_of_accounts(work: Work, accounts: Iterable[UUID]) -> dict[UUID, str]:
    """Return whose each account is."""
    return await _names(work, accounts=set(accounts))


async def _names(work: Work, *, members: Iterable[UUID] = (), accounts: Iterable[UUID] = ()) -> dict[UUID, str]:
    found: dict[UUID, str] = {}
    if wanted := set(members):
        found |= {row.id: row.name for row in await work.session.execute(select(Member.id, Member.name).where(one_of(Member.id, wanted)))}
    if doers := set(accounts):
        query = select(Account.id, Member.name).join(Member, Member.id == Account.member_id).where(one_of(Account.id, doers))
        found |= {row.id: row.name for row in await work.session.execute(query)}
    return found


def _of(member_id: UUID | None, one: DossierMatter) -> DossierMatter | None:
    """Return an entry as somebody who answers for it sees it: what others were asked is between those and who asked."""
    persons = [person for person in one.persons if person.member_id == member_id]
    if not persons:
        return None
    return one.model_copy(
        update={
            "persons": persons, "questions": [asked for asked in one.questions if asked.member_id == member_id],
            "before": [asked for asked in one.before if asked.member_id == member_id],
        }
    )  # fmt: skip


def _view(
    year: Year, unit: UnitNode | None, tree: UnitTree, found: list[DossierMatter], gathered: _Gathered, only: UUID | None
) -> YearEndDossierView:
    fates = sorted((gathered.number(one), fate) for one, fate in gathered.fates.items())
    lists = DossierLists(
        carried_in=[number for number, fate in fates if fate.carried_in],
        registered=[number for number, fate in fates for _ in range(fate.registered)],
        struck_off=[number for number, fate in fates for _ in range(fate.struck_off)],
        open=[one.number for one in found],
        undecided=[one.number for one in found if not any(asked.outcome for asked in one.questions)],
    )
    counts = DossierCounts(
        carried_in=len(lists.carried_in), registered=len(lists.registered), struck_off=len(lists.struck_off), open=len(lists.open),
        questioned=sum(bool(one.questions) for one in found),
        answered=sum(any(asked.answers for asked in one.questions) for one in found),
        decided=len(lists.open) - len(lists.undecided),
    )  # fmt: skip
    return YearEndDossierView(
        year=year.number, unit=unit_view(tree, unit.id) if unit else None, over=year.over, as_of=year.at, counts=counts, lists=lists,
        persons=_persons(found, only), matters=found,
    )  # fmt: skip


def _persons(found: Sequence[DossierMatter], only: UUID | None) -> list[DossierPerson]:
    """Return everybody who answers for something, those with the most first."""
    matters: defaultdict[UUID, dict[str, None]] = defaultdict(dict)
    said: defaultdict[UUID, list[YearEndQuestionView]] = defaultdict(list)
    units: defaultdict[UUID, dict[str, Any]] = defaultdict(dict)
    names: dict[UUID, str] = {}
    for one in found:
        for person in one.persons:
            names[person.member_id] = person.name
            matters[person.member_id][one.number] = None
            units[person.member_id][person.unit.code] = person.unit
        for asked in one.questions:
            said[asked.member_id].append(asked)
    persons = [
        DossierPerson(
            member_id=member, name=name, units=list(units[member].values()), matters=list(matters[member]), asked=len(said[member]),
            answered=sum(bool(asked.answers) for asked in said[member]),
            decided=sum(asked.outcome is not None for asked in said[member]),
        )
        for member, name in names.items() if only is None or member == only
    ]  # fmt: skip
    return sorted(persons, key=lambda one: (-len(one.matters), one.name, str(one.member_id)))
