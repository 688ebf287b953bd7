"""The article's year, of one in a hundred: made as rows, counted by the reports, and every figure turned to its last row."""

import asyncio
import os
import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import orjson
import pytest
from httpx import ASGITransport, AsyncClient

from daguanjia.heping import words as w
from daguanjia.heping.asking import ask, expected
from daguanjia.heping.drawing import Home, draw, homes_of, months_of
from daguanjia.heping.making import Wanted, last_year, make
from daguanjia.heping.proportions import ARTICLE, MATTERS, PETITIONS
from services.identity import passwords
from services.journal.chain import first_broken
from services.platform.database import REPORTING, Database, use_database
from services.platform.errors import Conflict
from services.platform.settings import settings
from tests.conftest import Running, _run_sql
from tests.county import CHEAP
from tests.reports.signing import signed_in_as

FIRST = date(2025, 10, 1)
SMALL = ARTICLE.one_in(100)
LISTED = ("visits", "opinions", "things_done", "funds_received", "people_helped", "disputes_settled", "households_visited")


def test_the_articles_shares_are_the_articles() -> None:
    assert (ARTICLE.visits, ARTICLE.opinions, ARTICLE.things, ARTICLE.helped, ARTICLE.settled) == (186_000, 13_263, 1_103, 23_576, 1_703)
    assert ARTICLE.fen == 10_850_000_00
    assert (SMALL.visits, SMALL.opinions, SMALL.things, SMALL.fen, SMALL.helped, SMALL.settled) == (1_860, 133, 11, 10_850_000, 236, 17)
    for then, now in (*PETITIONS, (sum(then for then, _ in PETITIONS), sum(now for _, now in PETITIONS))):
        assert round((now - then) / then * 100, 2) == -41.67
    assert sum(now for _, now in PETITIONS) >= 10, "ten of seventeen townships have one"
    assert last_year(date(2026, 11, 23)) == date(2025, 11, 1)
    assert last_year(date(2026, 1, 1)) == date(2025, 1, 1)


def some_homes(scale: int) -> tuple[Any, list[Home]]:
    wanted = ARTICLE.one_in(scale)
    return wanted, homes_of(wanted, [[f"v{village}g{grid}" for grid in range(2)] for village in range(40)])


@pytest.mark.parametrize("scale", [7, 100, 180])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_year_is_what_its_seed_says_and_has_exactly_so_much_of_everything(scale: int, seed: int) -> None:
    wanted, homes = some_homes(scale)
    year = draw(seed, wanted, FIRST, homes)
    assert draw(seed, wanted, FIRST, homes) == year
    assert draw(seed + 1, wanted, FIRST, homes) != year
    met = [call for call in year.calls if call.outcome == "met"]
    assert (len(met), len({call.home for call in met})) == (wanted.visits, min(wanted.households, wanted.visits))
    assert (len(year.said), len(year.done), sum(one.fen for one in year.done)) == (wanted.opinions, wanted.things, wanted.fen)
    assert sum(one.persons for one in year.helped) == wanted.helped
    assert len({one.home for one in year.helped}) == len(year.helped), "nobody is helped under two items"
    assert sum(quarrel.settled for quarrel in year.quarrels) == wanted.settled
    assert sum(len(one.opinions) for one in year.done) == wanted.things, "8.3 % of opinions led to something"
    assert len(year.matters) == min(MATTERS, len({homes[year.calls[one.call].home].village for one in year.said}))
    _is_in_order(year)


def _is_in_order(year: Any) -> None:
    """Nothing happens before what it follows from, nor outside of the year."""
    assert {year.first <= call.at.date() <= year.last for call in year.calls} == {True}
    for call in year.calls:
        if call.follows is not None:
            before = year.calls[call.follows]
            assert (before.home, before.outcome, before.rebooked_for) == (call.home, "absent", call.at.date())
    villages = [year.homes[year.calls[one.call].home].village for one in year.said]
    for nth, thing in enumerate(year.done):
        assert {year.said[one].thing for one in thing.opinions} <= {nth}
        assert {villages[one] for one in thing.opinions} <= {thing.village}
        assert all(year.calls[year.said[one].call].at.date() <= thing.day for one in thing.opinions)
        assert year.first <= thing.day <= year.last
    assert all(one.days[-1] <= year.last and one.persons <= year.homes[one.home].people for one in year.helped)
    assert len(months_of(year.first)) == 13


@pytest.fixture(scope="module")
def made(servers: Running, empty_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with the year of one in a hundred, and nothing else; its keys in a folder of their own."""
    before, hasher = {name: os.environ.get(name) for name in ("DATABASE_URL", "DAGUANJIA_HOME")}, passwords.HASHER
    name = f"heping_{random.randrange(10**9)}"
    asyncio.run(_run_sql(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {empty_template} STRATEGY FILE_COPY"))
    os.environ |= {"DATABASE_URL": servers.named(name), "DAGUANJIA_HOME": str(tmp_path_factory.mktemp("heping"))}
    passwords.HASHER = CHEAP
    settings.cache_clear()
    asyncio.run(make(Wanted(SMALL, FIRST, 1, "a-password-of-its-own"), lambda _what, _done, _total: None))
    yield servers.named(name)
    passwords.HASHER = hasher
    for key, value in before.items():
        os.environ.pop(key, None)
        if value is not None:
            os.environ[key] = value
    settings.cache_clear()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_reports_count_exactly_the_articles_figures_and_list_them(made: str) -> None:
    answers = {one.figure: one for one in asyncio.run(ask(FIRST))}
    assert {name: answers[name].reported for name in expected(SMALL)} == expected(SMALL)
    assert [one.figure for one in answers.values() if not one.fits] == []
    assert answers["visits"].listed == SMALL.visits
    assert answers["visits"].pages == 10, "turned to the end"
    assert answers["visit_attempts"].reported > SMALL.visits, "closed doors are attempts, no visits"
    with pytest.raises(Conflict, match="register of households"):
        asyncio.run(make(Wanted(SMALL, FIRST, 1, "x" * 12), lambda _what, _done, _total: None))


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_same_over_http_by_township_and_by_month(made: str) -> None:
    from reporting_api.app import build

    database = Database(made, REPORTING, pool_size=2)
    use_database(database)
    try:
        async with AsyncClient(transport=ASGITransport(build()), base_url="http://door") as door:
            await _asked(door)
    finally:
        use_database(None)
        await database.close()


async def _asked(door: AsyncClient) -> None:
    headers = await signed_in_as("demo-county-441624-1")

    async def get(path: str, **query: object) -> Any:
        answer = await door.get(f"/v1/reports/{path}", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    asked = {"from": str(FIRST), "to": str(months_of(FIRST)[12] - timedelta(days=1))}
    total = {figure["metric"].split("@")[0]: figure for figure in (await get("activities", **asked))["total"]}
    assert (total["funds_received"]["shown"], total["opinions_led_rate"]["shown"]) == ("108500.00", "8.27%")
    for by in ("unit:township", "month"):
        rows = (await get("activities", **asked, by=by))["rows"]
        figures = [{figure["metric"].split("@")[0]: figure["value"] for figure in row["figures"]} for row in rows]
        for name in ("visits", "opinions", "things_done", "funds_received", "disputes_settled"):
            assert sum(one[name] or 0 for one in figures) == total[name]["value"], (by, name)
        if by == "unit:township":
            assert len(rows) == 17
            assert sum(one["people_helped"] or 0 for one in figures) == total["people_helped"]["value"]
    for name in LISTED:
        ids, more = set(), {}
        while True:
            page = await get("activities/entries", **asked, **more, metric=name, limit=100)
            ids |= {(item["id"], item.get("reference")) for item in page["items"]}
            if page["next"] is None:
                break
            more = {"cursor": page["next"]}
        assert (len(ids), page["total"]) == (page["count"], total[name]["numerator"]), name
    petitions = await get("petitions", **asked)
    figure = petitions["total"][0]
    assert (figure["value"], figure["year_before"]["then"], figure["year_before"]["shown"]) == (14, 24, "-10(-41.67%)")
    assert (petitions["zero"]["shown"], petitions["zero"]["unplaced"]) == ("7/17", 0)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_what_was_said_is_sealed_and_the_journal_holds(made: str) -> None:
    connection = await asyncpg.connect(made)
    try:
        events = await connection.fetch("SELECT * FROM events WHERE subject_kind <> 'ticket' ORDER BY subject_id, seq")
        chains: dict[object, list[dict[str, object]]] = {}
        for event in events:
            chains.setdefault(event["subject_id"], []).append({**event, "data": orjson.loads(event["data"])})
        assert all(first_broken(chain) is None for chain in chains.values())
        clear = [*(said for _code, said, *_ in w.TROUBLES), w.ABOUT, w.AGREEMENT, w.GOAL, "某某"]
        clear += [words.encode().hex() for words in clear]
        for table in ("events", "activities", "opinions", "opinion_wordings", "households", "mediations", "help_items", "sealed_papers"):
            rows = [row["said"] for row in await connection.fetch(f"SELECT t::text AS said FROM {table} t")]
            assert not [words for words in clear for row in rows if words in row], table
        counts = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM opinions) AS opinions, (SELECT count(*) FROM mediations) AS mediations,"
            " (SELECT count(*) FROM pairings WHERE kind = 'member_household') AS paired, (SELECT count(*) FROM members"
            " WHERE staff_number LIKE 'HP-%') AS members, (SELECT count(*) FROM opinion_outcomes WHERE matter_id IS NOT NULL) AS of_matters"
        )
        assert (counts["opinions"], counts["paired"], counts["members"]) == (SMALL.opinions, SMALL.households, SMALL.members)
        assert counts["mediations"] > SMALL.settled
        assert counts["of_matters"] >= MATTERS
    finally:
        await connection.close()
