"""What was told at an instant is told of it for good: dashboard, lists, coverage with late units and more, over random histories."""

import contextlib
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from reporting_api.dashboard_areas import areas
from reporting_api.dashboard_figures import categories, late_now, overview, streams
from reporting_api.dashboard_ground import own_area, stand_on
from services.assessment.queue_fairness import AskedQueue, queue_fairness, queue_tickets
from services.complaints.reading import owed_answers
from services.complaints.repeat_views import RecordRepeat
from services.complaints.repeats import record_repeat
from services.organization.actions import change_unit
from services.organization.commands import ChangeUnit
from services.organization.queries import forget_unit_tree
from services.platform import clock
from services.platform.actor import Actor
from services.platform.clock import SHANGHAI
from services.platform.database import INTAKE, REPORTING
from services.platform.errors import Problem
from services.platform.ids import new_id
from services.platform.unit_of_work import Work, unit_of_work
from services.reports.backlog import overdue
from services.reports.coverage import AskedCoverage, coverage_report, covered_items
from services.reports.coverage_metrics import DEFINITIONS
from services.reports.hand_offs import AskedHandOffs, hand_offs, handed_off
from services.reports.late import late
from services.reports.listing import list_known
from services.reports.public_list import listed
from services.reports.questions import Asked
from services.reports.repeats import AskedRepeats, repeated_tickets, repeats_report
from services.tickets.actions import act
from services.tickets.commands import Accept, Cancel, Dispatch, GiveAnswer, HandUp, Instruct, Join, Resolve, Return, Transfer, Triage
from services.tickets.filters import TicketFilter
from tests.conftest import TestDatabase
from tests.county import BLANK_GRID, PENGZHAI, ROADS, SHUIKOU, STAFFED_GRID, WATER, YANGMING, actor
from tests.tickets.test_dispatch_and_escalation import escalate, file

BEGAN = datetime(2026, 3, 2, 9, 13, tzinfo=SHANGHAI).astimezone(UTC)
COUNTERS = ("analyst", "pengzhai", "water")
COVERERS = ("analyst", "pengzhai", "yangming")
LISTERS = ("analyst", "pengzhai", "yangming", "shuikou", "water", "roads")
LISTS = [(metric.id, part) for metric in DEFINITIONS for part, name in (("numerator", metric.above), ("denominator", metric.below)) if name]
SEATS = ("grid", "shuikou", "pengzhai", "yangming", "county", "water", "roads", "hotline")
UNITS = (BLANK_GRID, STAFFED_GRID, SHUIKOU, PENGZHAI, YANGMING, WATER, ROADS)


class History:
    """A county whose clock the test moves, and where anything happens."""

    def __init__(self, county: TestDatabase, dice: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
        self.county, self.dice, self._monkeypatch = county, dice, monkeypatch
        self.numbers: list[str] = []
        self.people: dict[str, Actor] = {}
        self.now = BEGAN
        self.passes(0)

    def passes(self, minutes: int) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)
        self._monkeypatch.setattr(clock, "now", lambda: self.now)

    async def goes_on(self) -> None:
        """Let something happen."""
        self.passes(self.dice.randrange(1, 1500))
        for _ in range(self.dice.randrange(1, 4)):
            happens = self.dice.choice(
                (self.told, self._done, self._done, self._done, self._done, self._levelled, self._levelled, self._told_again)
            )
            await happens()

    async def told(self) -> None:
        """Have somebody tell of a matter, days later on paper as well."""
        place, category = (
            self.dice.choice((STAFFED_GRID, BLANK_GRID, SHUIKOU, None)),
            self.dice.choice(("water.outage", "roads.damage", None)),
        )
        self.numbers.append((await file(category=category, unit=place, ago=timedelta(hours=self.dice.randrange(0, 200)))).number)

    async def _told_again(self) -> None:
        """Have somebody tell a matter there is once more."""
        again = RecordRepeat(channel="hotline", channel_message_id=str(new_id()), words="还没有修好")
        async with self.county.as_role(INTAKE):
            with contextlib.suppress(Problem):
                async with unit_of_work(self.people["hotline"]) as work:
                    await record_repeat(work, self.dice.choice(self.numbers), again)

    async def _levelled(self) -> None:
        await self.county.settle()
        await escalate(self.county)

    async def _done(self) -> None:
        """Have whoever may do it do something to some ticket."""
        if not self.numbers:
            return
        number, unit, words = self.dice.choice(self.numbers), self.dice.choice(UNITS), "按现场情况办理"
        before = self.now - timedelta(minutes=self.dice.randrange(0, 3000))  # told now, done earlier
        command = self.dice.choice((
            Accept(action="accept", happened_at=before), Return(action="return", reason="not_ours", words=words),
            HandUp(action="hand_up", reason="needs_funds", words=words), Dispatch(action="dispatch", unit=unit, words=words),
            Transfer(action="transfer", unit=unit, words=words), Triage(action="triage", words=words, category="roads.damage"),
            Triage(action="triage", words=words, place=self.dice.choice((STAFFED_GRID, BLANK_GRID, SHUIKOU))),
            Join(action="join", unit=self.dice.choice((WATER, ROADS)), task=words, within_working_days=2),
            Instruct(action="instruct", unit=unit, words=words, report_in_working_days=3),
            Resolve(action="resolve", words=words, open_tasks_reason=words, happened_at=before), GiveAnswer(action="answer", words=words),
            Cancel(action="cancel", reason="withdrawn", words=words),
        ))  # fmt: skip
        async with self.county.as_role(INTAKE):
            for login in self.dice.sample(SEATS, len(SEATS)):
                with contextlib.suppress(Problem):
                    async with unit_of_work(self.people[login]) as work:
                        await act(work, number, command, None, owed_answers)
                        return


async def answers(county: TestDatabase, people: dict[str, Actor], at: datetime, as_of: datetime | None = None) -> dict[Any, Any]:
    """What everybody is told at an instant, or afterwards of `as_of`."""
    told: dict[Any, Any] = {}
    month = f"{(as_of or at).astimezone(SHANGHAI):%Y-%m}"
    async with county.as_role(REPORTING) as opened:
        for login in dict.fromkeys((*COVERERS, *LISTERS)):
            async with opened.transaction() as session:
                work = Work(people[login], at, session)
                if login in COVERERS:
                    told |= {(login, *key): value for key, value in (await covered(work, as_of)).items()}
                if login in LISTERS:
                    for asked in (None, month, "2026-02"):
                        told[login, "listed", asked] = await every_listed(work, asked, as_of)
                    late = await overdue(work, unit=None, holder=None, after=None, limit=200, as_of=as_of)
                    told[login, "overdue"] = late.body.model_dump(exclude={"as_of", "stale_seconds"})
                    known, _following = await list_known(work, TicketFilter(), as_of=as_of, after=None, limit=200)
                    told[login, "tickets"] = known.model_dump(exclude={"as_of", "stale_seconds"})
                if login in COUNTERS:
                    for unit in (None, PENGZHAI) if login == "analyst" else (None,):
                        told[login, "hand-offs", unit] = await handed(work, unit, as_of)
                        told[login, "repeats", unit] = await repeated(work, unit, as_of)
                        told[login, "queue", unit] = await queued(work, unit, as_of)
    return told


async def covered(work: Work, as_of: datetime | None) -> dict[Any, Any]:
    """The figures of coverage, and every list behind them, page after page; each figure is the size of its list."""
    asked = AskedCoverage(weeks=1, by="unit:township", as_of=as_of)
    report = await coverage_report(work, asked)
    told: dict[Any, Any] = {"report": report.model_dump(exclude={"as_of"})}
    figures = {figure.metric.partition("@")[0]: figure for figure in report.total}
    for metric, part in LISTS:
        if metric.startswith(("blank", "staffing", "placement", "unplaced", "grid")):
            continue
        items, after, total = [], None, None
        while after is not None or total is None:
            page = await covered_items(work, asked, metric, part, key=None, after=after, limit=150, total=total)  # type: ignore[arg-type]
            items += page.items
            after, total = page.next, page.total
        assert getattr(figures[metric], part) == len(items) == total, (metric, part)
        told[metric, part] = [item.model_dump() for item in items]
    return told


async def dashboard(work: Work, as_of: datetime | None) -> dict[Any, Any]:
    """What each panel of the dashboard shows, of this month; and the headlines since half a month before."""
    told: dict[Any, Any] = {}
    asked = Asked("received", as_of=as_of)
    ground = await stand_on(work, asked)
    told["overview"] = without_age(await overview(ground))
    told["earlier"] = without_age(await overview(await stand_on(work, replace(asked, first=date(2026, 2, 14)))))
    told["flow"] = without_age(await streams(ground))
    told["categories"] = without_age(await categories(ground, 3))
    for metric in ("received", "completion_rate_flow"):
        told["areas", metric] = without_age(await areas(await stand_on(work, replace(asked, metric=metric)), None))
    found = late_now(await late(work, unit=await own_area(work), how_many=5, as_of=as_of), as_of or work.now)
    told["late"] = found.model_dump(exclude={"as_of", "stale_seconds"})
    return told


def without_age(told: dict[str, Any]) -> dict[str, Any]:
    """An answer but for when it was true."""
    return {name: value for name, value in told.items() if name not in ("as_of", "stale_seconds")}


async def handed(work: Work, unit: str | None, as_of: datetime | None) -> Any:
    """The counts of hand-offs since the first day, and the tickets behind each; each count is the size of its list."""
    asked = AskedHandOffs(BEGAN.date(), unit=unit, as_of=as_of)
    report = await hand_offs(work, asked)
    told: dict[Any, Any] = {"report": report.model_dump(exclude={"as_of"})}
    for of, counts in [(None, report.total), *((row.unit.code, row) for row in report.units if row.unit)]:
        for part in ("received", "passed_on", "idle"):
            pages = partial(handed_off, work, asked, of=of, part=part, limit=4)
            told[of, part] = await every_page(pages, getattr(counts, part))
    return told


async def repeated(work: Work, unit: str | None, as_of: datetime | None) -> Any:
    """The figures of repeats, and the tickets they are of."""
    asked = AskedRepeats(BEGAN.date(), unit=unit, as_of=as_of)
    report = await repeats_report(work, asked)
    return report.model_dump(exclude={"as_of"}), await every_page(partial(repeated_tickets, work, asked, limit=2), report.tickets)


async def queued(work: Work, unit: str | None, as_of: datetime | None) -> Any:
    """How long who waited, by size of place, and the tickets of each class."""
    told: dict[Any, Any] = {}
    for asked in (AskedQueue(BEGAN.date(), unit=unit, as_of=as_of), AskedQueue(BEGAN.date(), unit=unit, size="tickets", as_of=as_of)):
        report = await queue_fairness(work, asked)
        told[asked.size] = report.model_dump(exclude={"as_of"})
        for one in report.classes:
            pages = partial(queue_tickets, work, asked, size_class=one.size_class, place=None, limit=5)
            told[asked.size, one.size_class] = await every_page(pages, one.waits.tickets)
    return told


async def every_page(pages: Any, wanted: int) -> list[Any]:
    """All that a list has, page after page; it must be as many as the figure said."""
    items: list[Any] = []
    total, found, after = await pages(after=None)
    items += found
    while after is not None:
        total, found, after = await pages(after=after, total=total)
        items += found
    assert wanted == total == len(items)
    return [item.model_dump() for item in items]


async def every_listed(work: Work, month: str | None, as_of: datetime | None) -> Any:
    """The public list of a month, three at a time, the counts told once."""
    first = await listed(work, month=month, unit=None, late=None, after=None, limit=3, as_of=as_of)
    items, following = list(first.body.items), first.following
    while following is not None:
        page = await listed(work, month=month, unit=None, late=None, after=following, limit=3, as_of=as_of, total=first.body.total)
        assert (page.body.total, page.body.units) == (first.body.total, [])
        items, following = items + list(page.body.items), page.following
    assert first.body.total == len(items) == sum(unit.listed for unit in first.body.units)
    return first.body.model_dump(exclude={"as_of", "items"}), [item.model_dump() for item in items]


async def test_what_was_told_is_told_of_that_instant_ever_after(county: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    await county.owner.execute(
        "UPDATE units SET valid_from = '2024-01-01', created_at = '2024-01-01', updated_at = '2024-01-01', version = version + 1,"
        " households = CASE WHEN tier = 'village' AND code <> $1 THEN right(code, 2)::int + 100 END",
        SHUIKOU,
    )
    await county.owner.execute("UPDATE posts SET valid_from = '2020-01-01'")
    forget_unit_tree()
    history = History(county, random.Random(5), monkeypatch)
    told: dict[datetime, dict[Any, Any]] = {}
    people = history.people = {login: await actor(login) for login in {*SEATS, *LISTERS}}
    for _ in range(5):
        await history.told()
    for turn in range(27):
        await history.goes_on()
        if turn % 3 == 2:
            history.passes(1)
            told[history.now] = await answers(county, people, history.now)
    history.passes(20_000)
    early, late = list(told)[:2], list(told)[2:]
    for instants in (early, late):  # what the worker has not counted yet is known all the same
        for at in instants:
            before = told[at]
            then = await answers(county, people, history.now, at)
            for key, value in before.items():
                assert then[key] == value, (at, key)
        await escalate(county)
        await county.settle()
    assert len({str(value["analyst", "overdue_units", "numerator"]) for value in told.values()}) > 3
    assert len({str(value["analyst", "listed", None]) for value in told.values()}) > 3
    assert len({str(value["analyst", "hand-offs", None]) for value in told.values()}) > 3
    assert len({str(value["analyst", "queue", None]) for value in told.values()}) > 3
    assert len({str(value["analyst", "repeats", None]) for value in told.values()}) > 3
    assert any(value["analyst", "hand-offs", None]["report"]["total"]["idle"] for value in told.values())
    ends = [item["running"] for value in told.values() for item in value["analyst", "listed", None][1]]
    assert {True, False} == set(ends), "limits ran on after they were listed, and ended"
    assert len({str(value["water", "tickets"]) for value in told.values()}) > 1, "a seat was given tickets on the way"


async def test_the_dashboard_of_an_instant_is_shown_as_it_was_then(county: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    await county.owner.execute("UPDATE units SET valid_from = '2024-01-01', created_at = '2024-01-01', version = version + 1")
    await county.owner.execute("UPDATE posts SET valid_from = '2020-01-01'")
    forget_unit_tree()
    history = History(county, random.Random(8), monkeypatch)
    people = history.people = {login: await actor(login) for login in SEATS} | {"analyst": await actor("analyst")}
    lookers = ("analyst", "pengzhai", "water")

    async def shown(at: datetime, as_of: datetime | None = None) -> dict[Any, Any]:
        told = {}
        async with county.as_role(REPORTING) as opened:
            for login in lookers:
                async with opened.transaction() as session:
                    found = await dashboard(Work(people[login], at, session), as_of)
                    told |= {(login, key): value for key, value in found.items()}
        return told

    told = {history.now: await shown(history.now)}
    for turn in range(12):
        history.passes(1)
        await history.told()
        await history.goes_on()
        if turn % 3 == 2:
            history.passes(1)
            told[history.now] = await shown(history.now)
    history.passes(60_000)
    for again in (False, True):  # while the worker has not counted the last of it, and after
        for at, before in told.items():
            then = await shown(history.now, at)
            for key, value in before.items():
                assert then[key] == value, (again, at, key)
        await escalate(county)
        await county.settle()
    assert len({str(value["analyst", "overview"]) for value in told.values()}) == len(told)
    assert len({str(value["pengzhai", "flow"]) for value in told.values()}) > 2
    assert len({value["analyst", "late"]["total"] for value in told.values()}) > 2


async def test_what_was_before_a_change_that_is_kept_nowhere_is_refused(county: TestDatabase) -> None:
    async def ask(as_of: datetime | None) -> int:
        async with county.as_role(REPORTING) as opened, opened.transaction() as session:
            return (await queue_fairness(Work(await actor("analyst"), clock.now(), session), AskedQueue(as_of=as_of))).total

    made = clock.now()
    async with unit_of_work(await actor("admin")) as work:
        await change_unit(work, SHUIKOU, ChangeUnit(duty_phone="0762-5631234"), None)
    assert await ask(made) == 0
    async with unit_of_work(await actor("admin")) as work:
        await change_unit(work, SHUIKOU, ChangeUnit(households=700), None)
    with pytest.raises(Problem) as refused:
        await ask(made)
    assert refused.value.code == "as_of.not_kept"
    assert await ask(clock.now()) == 0
    with pytest.raises(Problem) as refused:
        await ask(clock.now() + timedelta(minutes=1))
    assert refused.value.code == "as_of.future"
