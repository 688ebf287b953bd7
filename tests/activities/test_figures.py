"""Figures of the ledger on random entries: the same as counting them by hand, the same as their lists, for every role and instant."""

import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient

from services.activities.metrics import COUNTERS, DEFINITIONS, Counter, figure_of
from services.platform.database import REPORTING
from services.platform.ids import new_id
from tests.conftest import TestDatabase
from tests.county import BLANK_GRID, COUNTY, PENGZHAI, SHUIKOU, STAFFED_GRID, YANGMING
from tests.reports.signing import signed_in_as

pytestmark = pytest.mark.asyncio
START = datetime(2026, 3, 1, 4, tzinfo=UTC)
LATER = START + timedelta(days=40)
Row = dict[str, Any]


async def scatter(owner: asyncpg.Connection, dice: random.Random, how_many: int) -> list[Row]:
    """Write entries of every kind, some withdrawn since, with links and persons; return them as plain values."""
    units = {row["code"]: row for row in await owner.fetch("SELECT id, code, path FROM units")}
    member, account = await owner.fetchrow("SELECT member_id, id FROM accounts WHERE login = 'shuikou'")
    rows = []
    for _ in range(how_many):
        kind, place = dice.choice(("visit", "visit", "opinion", "thing", "funds", "help", "dispute", "labour")), units[dice.choice(
            (STAFFED_GRID, BLANK_GRID, SHUIKOU, PENGZHAI, YANGMING, COUNTY)
        )]  # fmt: skip
        recorded = START + timedelta(days=dice.randrange(60))
        withdrawn = recorded + timedelta(days=dice.randrange(1, 30)) if dice.random() < 0.25 else None
        row: Row = dict.fromkeys(("outcome", "household", "stage", "source", "amount", "ticket_id", "withdrawn_because"))
        row |= {
            "id": new_id(), "kind": kind, "unit_id": place["id"], "member_id": member, "by_unit_id": units[SHUIKOU]["id"],
            "happened_on": (START - timedelta(days=dice.randrange(60))).date(), "fingerprint": b"", "recorded_at": recorded,
            "recorded_by_account_id": account, "withdrawn_at": withdrawn,
        }  # fmt: skip
        row |= told(dice, kind)
        if withdrawn:
            row["withdrawn_because"] = "other"
        places = ", ".join(f"${nth + 1}" for nth in range(len(row)))
        await owner.execute(f"INSERT INTO activities ({', '.join(row)}) VALUES ({places})", *row.values())
        rows.append(row | {"path": place["path"], "code": place["code"], "persons": [], "led": []})
    await persons_and_links(owner, dice, rows)
    return rows


def told(dice: random.Random, kind: str) -> Row:
    """Return what an entry of `kind` says."""
    if kind == "visit":
        return {"household": bytes([dice.randrange(6)]), "outcome": dice.choice(("met", "met", "absent", "refused"))}
    if kind == "dispute":
        return {"outcome": dice.choice(("settled", "unsettled"))}
    if kind == "funds":
        stage, source = dice.choice(("pledged", "received", "spent")), dice.choice(("finance", "donation"))
        return {"stage": stage, "source": source, "amount": dice.randrange(1, 10**9)}
    if kind in ("labour", "help"):
        return {"amount": dice.randrange(1, 50)} if kind == "labour" or dice.random() < 0.4 else {}
    return {}


async def persons_and_links(owner: asyncpg.Connection, dice: random.Random, rows: list[Row]) -> None:
    """List persons where help has no number, and tie opinions to things."""
    things = [row for row in rows if row["kind"] == "thing"]
    for row in rows:
        if row["kind"] == "help" and row["amount"] is None:
            row["persons"] = [bytes([nth]) for nth in range(8) if dice.random() < 0.4]
            for person in row["persons"]:
                await owner.execute("INSERT INTO helped_persons VALUES ($1, $2)", row["id"], person)
        if row["kind"] == "opinion" and dice.random() < 0.6:
            first, gone = LATER - timedelta(days=10), LATER + timedelta(days=2) if dice.random() < 0.4 else None
            row["led"] = [(first, gone)] + ([(gone, None)] if gone else [])
            for begin, end in row["led"]:
                values = new_id(), row["id"], dice.choice(things)["id"], begin, end
                await owner.execute("INSERT INTO opinion_things VALUES ($1, $2, $3, $4, $5)", *values)


def by_hand(counter: Counter, rows: list[Row], as_of: datetime) -> int:
    """Count as the definition says in words."""
    there = [row for row in rows if row["recorded_at"] <= as_of and (row["withdrawn_at"] is None or row["withdrawn_at"] > as_of)]
    fit = [row for row in there if all(row[name] == value for name, value in counter.values.items())]
    fit = [row for row in fit if all((row[name] is not None) is wanted for name, wanted in counter.given.items())]
    if counter.led:
        fit = [row for row in fit if any(begin <= as_of and (end is None or end > as_of) for begin, end in row["led"])]
    if counter.tally == "households":
        return len({row["household"] for row in fit})
    if counter.tally == "persons":
        return len({person for row in fit for person in row["persons"]})
    return sum(row["amount"] or 0 for row in fit) if counter.tally == "sum" else len(fit)


@pytest.fixture
async def reporting(county: TestDatabase) -> AsyncIterator[AsyncClient]:
    """The reporting door, which can only read."""
    from reporting_api.app import app

    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(app), base_url="http://reporting") as client:
        yield client


async def ask(client: AsyncClient, login: str, path: str = "", **query: object) -> Any:
    """Ask the report or its entries; return the body."""
    answer = await client.get(f"/v1/reports/activities{path}", params=query, headers=await signed_in_as(login))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(client: AsyncClient, login: str, **query: object) -> list[Row]:
    """Return all pages of a list of entries."""
    items, cursor = [], None
    while True:
        page = await ask(client, login, "/entries", limit=7, **query, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            assert page["count"] == len(items)
            return items


SCOPES: dict[str, Callable[[Row], bool]] = {
    "county": lambda _row: True,
    "shuikou": lambda _row: True,  # all of it is their own
    "pengzhai": lambda row: f"/{PENGZHAI}/" in row["path"],
    "yangming": lambda row: f"/{YANGMING}/" in row["path"],
    "grid": lambda row: row["code"] == STAFFED_GRID,
    "water": lambda _row: False,
}
ROWS: dict[str, Callable[[Row], str | None]] = {
    "unit:township": lambda row: next((code for code in (PENGZHAI, YANGMING) if f"/{code}/" in row["path"]), "-"),
    "unit:grid": lambda row: row["code"] if row["code"] in (STAFFED_GRID, BLANK_GRID) else "-",
    "month": lambda row: str(row["happened_on"].replace(day=1)),
    "kind": lambda row: row["kind"],
    "source": lambda row: row["source"],
}


async def test_figures_are_what_counting_by_hand_gives_for_every_role_row_and_instant(county: TestDatabase, reporting: AsyncClient):
    dice = random.Random(20261122)
    rows = await scatter(county.owner, dice, 160)
    days = {"from": "2026-01-15", "to": "2026-02-20"}
    inside = [row for row in rows if date(2026, 1, 15) <= row["happened_on"] <= date(2026, 2, 20)]
    for login, known in SCOPES.items():
        mine = [row for row in inside if known(row)]
        for as_of in (LATER, LATER + timedelta(days=60)):
            by = dice.choice(list(ROWS))
            told = await ask(reporting, login, **days, by=by, as_of=as_of.isoformat())
            sums = {code: by_hand(counter, mine, as_of) for code, counter in COUNTERS.items()}
            shown = {figure["metric"]: (figure["numerator"], figure["denominator"], figure["shown"]) for figure in told["total"]}
            for metric in DEFINITIONS:
                wanted = figure_of(metric, sums, recorded=True)
                assert shown[metric.key] == (wanted.numerator, wanted.denominator, wanted.shown), (login, metric.key)
            for row in told["rows"]:
                here = [entry for entry in mine if ROWS[by](entry) == row["key"]]
                for figure in row["figures"]:
                    code = next(metric.above for metric in DEFINITIONS if metric.key == figure["metric"])
                    assert figure["numerator"] == by_hand(COUNTERS[code], here, as_of), (login, by, row["key"], figure["metric"])


async def test_the_list_behind_a_figure_is_the_figure(county: TestDatabase, reporting: AsyncClient):
    dice = random.Random(7)
    await scatter(county.owner, dice, 90)
    days = {"from": "2026-01-01", "to": "2026-03-01"}
    for login in ("county", "pengzhai", "grid"):
        told = await ask(reporting, login, **days)
        for figure in told["total"]:
            items = await listed(reporting, login, **days, metric=figure["metric"])
            if figure["unit"] in ("元", "天", "人次"):
                assert sum(item["amount"] for item in items) == figure["numerator"]
            else:
                assert len(items) == figure["numerator"], figure
            if figure["denominator"] is not None:
                below = await listed(reporting, login, **days, metric=figure["metric"], part="denominator")
                assert len(below) == figure["denominator"]
    houses = await listed(reporting, "county", **days, metric="households_visited")
    visits = await listed(reporting, "county", **days, metric="visits")
    assert sum(item["entries"] for item in houses) == len(visits), "the households stand for all their visits"
    assert len({item["reference"] for item in houses}) == len(houses)
    rows = (await ask(reporting, "county", **days, by="unit:township"))["rows"]
    keyed = {row["key"]: row["figures"] for row in rows}
    for key in (PENGZHAI, "-"):
        figure = next(found for found in keyed[key] if found["metric"] == "people_helped@1")
        items = await listed(reporting, "county", **days, metric="people_helped", by="unit:township", key=key)
        assert len(items) == figure["numerator"]


async def test_paper_stands_beside_and_tickets_are_not_counted_twice(county: TestDatabase, reporting: AsyncClient):
    unit = await county.value("SELECT id FROM units WHERE code = $1", PENGZHAI)
    account = await county.value("SELECT id FROM accounts WHERE login = 'pengzhai'")
    await county.owner.execute(
        "INSERT INTO declared_totals (id, unit_id, figure, first_day, last_day, amount, basis, recorded_at, recorded_by_account_id)"
        " VALUES ($1, $2, 'visits', '2013-06-01', '2013-12-31', 18600, '镇台账', $3, $4)",
        new_id(), unit, START, account,
    )  # fmt: skip
    told = await ask(reporting, "county", **{"from": "2013-01-01", "to": "2014-12-31"})
    (paper,) = told["declared"]
    assert (paper["figure"], paper["shown"], paper["counting_unit"]) == ("visits@1", "18600", "次")
    assert {figure["shown"] for figure in told["total"]} == {"—"}, "what nobody recorded here is no data, whatever paper says"
    assert told["beside_tickets"] == {"things_without_ticket": 0, "things_with_ticket": 0, "tickets_closed": None, "together": None}
    assert (await ask(reporting, "yangming", **{"from": "2013-01-01", "to": "2014-12-31"}))["declared"] == []
    headers = await signed_in_as("county")
    for query, status, code in (
        ({"metric": "nothing"}, 404, "metric.unknown"),
        ({"metric": "visits", "part": "denominator"}, 422, "part.unknown"),
        ({"metric": "visits", "key": "x"}, 422, "key.without_rows"),
        ({"metric": "visits", "key": "x", "by": "kind"}, 404, "key.unknown"),
        ({"metric": "visits", "cursor": "W10"}, 400, "cursor.malformed"),
    ):
        answer = await reporting.get("/v1/reports/activities/entries", params=query, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
