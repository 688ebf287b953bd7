"""What was told of early warnings at an instant is told of it for good, over random quarters; what was not kept is refused."""

import importlib
import random
import re
from collections.abc import Awaitable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert

from services.organization.queries import forget_unit_tree
from services.platform.actor import SYSTEM, Actor
from services.platform.clock import day_end
from services.platform.database import INTAKE, REPORTING, WORKER
from services.platform.errors import Problem
from services.platform.unit_of_work import Work
from services.warnings.acknowledging import acknowledge, list_warnings, looked_until
from services.warnings.commands import AcknowledgeWarning
from services.warnings.episodes import DAYS, Counts
from services.warnings.models import WarningLook
from services.warnings.views import WarningView
from services.warnings.watching import weigh
from tests.conftest import TestDatabase
from tests.county import PENGZHAI, SHUIKOU, WATER, YANGMING, actor

MIGRATION = importlib.import_module("migrations.versions.0085_warnings_as_known")
FIRST = date(2026, 6, 1)
LOOKS = 30
SERIES = (("unit", PENGZHAI), ("unit", SHUIKOU), ("unit", YANGMING), ("department", WATER), ("category", "water"))
READERS = ("county", "pengzhai", "shuikou", "water")
ASKED = [(state, measure) for state in (None, "open", "ended") for measure in (None, "inflow", "overdue")]
Told = dict[Any, Any]


def quarter(dice: random.Random) -> Mapping[tuple[str, str], Counts]:
    """What came in and was due on each day, steady before the first look and by fits and starts after it."""
    counts = {}
    for series in SERIES:
        received: dict[date, int] = {}
        due: dict[date, int] = {}
        on_time: dict[date, int] = {}
        level = 1
        for back in range(-DAYS, LOOKS):
            day = FIRST + timedelta(days=back)
            level = dice.choice((level, level, level, 1, 1, 9, 14, 20)) if back >= 0 else 1
            received[day], due[day] = level + dice.randrange(2), level + dice.randrange(2)
            on_time[day] = due[day] - dice.randrange(due[day] + 1) if level > 1 else due[day]
        counts[series] = Counts(received, due, on_time)
    return counts


async def read(county: TestDatabase, people: Mapping[str, Actor], now: datetime, as_of: datetime | None = None) -> Told:
    """What everybody is told at an instant, or later of `as_of`: every list, four at a time, and how far was looked."""
    told: Told = {}
    async with county.as_role(REPORTING) as opened:
        for login in READERS:
            async with opened.transaction() as session:
                work = Work(people[login], now, session)
                for state, measure in ASKED:
                    pages = partial(list_warnings, work, state=state, measure=measure, limit=4, as_of=as_of)
                    items, after = await pages(after=None)
                    while after is not None:
                        more, after = await pages(after=after)
                        items += more
                    told[login, state, measure] = [plain(item) for item in items]
                told[login, "until"] = await looked_until(work, as_of)
    return told


def plain(item: WarningView) -> dict[str, Any]:
    """A warning without the instant that the addresses of its tickets name."""
    told = item.model_dump()
    for name in ("opened_with", "peak", "latest"):
        told[name]["tickets"] = re.sub("&as_of=[^&]*", "", told[name]["tickets"])
    return told


async def look(county: TestDatabase, day: date, now: datetime, counts: Mapping[tuple[str, str], Counts]) -> None:
    async with county.as_role(WORKER) as opened, opened.transaction() as session:
        await session.execute(insert(WarningLook).values(day=day, looked_at=now, series=0, opened=0, ended=0))
        await weigh(Work(SYSTEM, now, session), day, counts, FIRST - timedelta(days=DAYS))


async def answer(county: TestDatabase, people: Mapping[str, Actor], now: datetime, warning: Any) -> None:
    """Have whoever may say what they found out."""
    async with county.as_role(INTAKE) as opened:
        for login in ("county", "pengzhai"):
            try:
                async with opened.transaction() as session:
                    await acknowledge(Work(people[login], now, session), warning, AcknowledgeWarning(words="已查明原因。"))
            except Problem:
                continue
            return


def instants(dice: random.Random) -> Iterator[tuple[date, datetime]]:
    """When each day is looked at: soon after it, or days later, several in a row."""
    late = 0
    for back in range(LOOKS):
        day = FIRST + timedelta(days=back)
        late = max(late - 1, 0) or dice.choice((0, 0, 0, 0, 2))
        yield day, day_end(day) + timedelta(days=late, minutes=5 + back)


async def lived(county: TestDatabase, dice: random.Random, people: Mapping[str, Actor]) -> dict[datetime, Told]:
    """Look at every day in turn, and keep what everybody was told in between."""
    counts, told = quarter(dice), dict[datetime, Told]()
    for place, (day, now) in enumerate(instants(dice)):
        await look(county, day, now, counts)
        if place % 4 == 0:
            told[now] = await read(county, people, now)
            unanswered = [item for item in told[now]["county", None, None] if item["acknowledged_at"] is None]
            if unanswered:
                await answer(county, people, now + timedelta(seconds=1), dice.choice(unanswered)["id"])
            between = now + timedelta(seconds=2)
            told[between] = await read(county, people, between)
    return told


async def test_what_was_told_of_warnings_is_told_of_that_instant_ever_after(county: TestDatabase) -> None:
    await county.owner.execute("UPDATE units SET valid_from = '2024-01-01', created_at = '2024-01-01', version = version + 1")
    forget_unit_tree()
    people = {login: await actor(login) for login in READERS}
    told = await lived(county, random.Random(7), people)
    later = max(told) + timedelta(days=9)
    for at, before in told.items():
        then = await read(county, people, later, at)
        for key, value in before.items():
            assert then[key] == value, (at, key)
    everything = [item for found in told.values() for item in found["county", None, None]]
    assert {item["state"] for item in everything} == {"open", "ended"}
    assert len({str(item["latest"]) for item in everything}) > 20
    assert any(item["latest"] != item["peak"] != item["opened_with"] for item in everything)
    assert {True, False} == {item["acknowledged_at"] is None for item in everything}
    assert all(told[at]["pengzhai", None, None] != told[at]["county", None, None] for at in list(told)[-3:])
    before_all = await read(county, people, later, min(told) - timedelta(days=30))
    assert {str(value) for value in before_all.values()} == {"[]", "None"}
    with pytest.raises(Problem) as refused:
        await read(county, people, later, later + timedelta(minutes=1))
    assert refused.value.code == "as_of.future"


async def outcome(reading: Awaitable[Told]) -> Told | str:
    """What was read, or the code of why it was refused."""
    try:
        return await reading
    except Problem as problem:
        return problem.code


async def test_what_was_before_states_were_kept_is_told_or_refused(county: TestDatabase) -> None:
    """The release that began to keep them makes of earlier episodes what the rows and the journal still say."""
    people = {login: await actor(login) for login in READERS}
    told = await lived(county, random.Random(11), people)
    later = max(told) + timedelta(days=9)
    await county.owner.execute("DELETE FROM warning_states")
    for statement in (MIGRATION._KNOWN, MIGRATION._UNKNOWN):
        await county.owner.execute(statement)
    same = refused = 0
    for at, before in told.items():
        found = await outcome(read(county, people, later, at))
        assert found in (before, "as_of.not_kept"), at
        same, refused = same + (found == before), refused + (found != before)
    assert min(same, refused) >= 2
    kept = await county.fetch("SELECT warning_id, max(day) FILTER (WHERE latest IS NOT NULL) AS last FROM warning_states GROUP BY 1")
    newest = {row["warning_id"]: row["last"] for row in kept}
    for row in await county.fetch("SELECT id, last_outside_on, ended_on FROM early_warnings"):
        assert newest[row["id"]] == (row["ended_on"] or row["last_outside_on"]), "how it stands now is known in any case"
