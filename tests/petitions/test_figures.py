"""Petitions in figures: the same as counting them by hand, beside earlier periods; lists are their figures; townships without any."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from services.petitions.metrics import DEFINITIONS, change
from services.platform.actor import SYSTEM
from services.platform.clock import local_day
from services.platform.database import REPORTING, WORKER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.reports.counting import count
from tests.conftest import TestDatabase
from tests.county import COUNTY, PENGZHAI, SHUIKOU, YANGMING
from tests.reports import ground
from tests.reports.signing import signed_in_as

PLACES = {
    PENGZHAI: f"/{COUNTY}/{PENGZHAI}/{SHUIKOU}/",
    YANGMING: f"/{COUNTY}/{YANGMING}/",
    "-": f"/{COUNTY}/",
}
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-20"}
Row = dict[str, Any]


def test_seven_of_twelve_is_printed_as_the_article_prints_it() -> None:
    fell = change(7, 12)
    assert (fell.then, fell.difference, fell.percent, fell.shown) == (12, -5, "-41.67", "-5(-41.67%)")
    assert change(3, 0).shown == "+3", "from nothing there is no percentage"
    assert (change(3, None).shown, change(None, 3).shown, change(3, 3).shown) == ("—", "—", "0(0.00%)")


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_the_change_leads_from_then_to_now(now: int, then: int) -> None:
    told = change(now, then)
    assert told.then is not None
    assert told.difference is not None
    assert told.then + told.difference == now
    assert abs(float(told.percent or 0) * then / 100 - told.difference) <= then / 10_000


def test_every_definition_is_told_in_words() -> None:
    assert all(metric.numerator and metric.unit and metric.english for metric in DEFINITIONS)
    assert len({metric.key for metric in DEFINITIONS}) == len(DEFINITIONS)


async def scatter(county: TestDatabase, dice: random.Random, how_many: int) -> list[Row]:
    """Write tickets of several channels over two years, with their receptions; return them as plain values."""
    account = await county.value("SELECT id FROM accounts WHERE login = 'hotline'")
    rows = []
    for nth in range(how_many):
        month = dice.choice(
            (datetime(2026, 11, 3, 4, tzinfo=UTC), datetime(2026, 10, 3, 4, tzinfo=UTC), datetime(2025, 11, 3, 4, tzinfo=UTC))
        )
        row: Row = {
            "at": month + timedelta(hours=dice.randrange(400)), "place": dice.choice(list(PLACES)),
            "channel": dice.choice(("petition", "petition", "letter", "hotline", "on_behalf")), "people": 1, "repeated": False,
            "form": None, "status": dice.choice(("dispatched", "closed", "rejected")),
        }  # fmt: skip
        ticket_id = await ground.put(
            county.owner, received_at=row["at"], recorded_at=row["at"], area_path=PLACES[row["place"]], channel=row["channel"],
            status=row["status"], closed_at=row["at"] + timedelta(hours=3) if row["status"] == "closed" else None,
        )  # fmt: skip
        row["id"] = ticket_id
        if row["channel"] in ("petition", "letter") and dice.random() < 0.9:
            form = "visit" if row["channel"] == "petition" else "letter"
            row |= {"form": form, "people": dice.choice((1, 4, 5, 30)), "repeated": dice.random() < 0.4}
            await receive(county, row, account, nth)
        rows.append(row)
    async with county.as_role(WORKER):
        await ground.tell([row["id"] for row in rows])
        async with unit_of_work(SYSTEM) as work:
            await count(work, [row["id"] for row in rows])
    return rows


async def receive(county: TestDatabase, row: Row, account: object, nth: int) -> None:
    """Write the complaint and the reception of a ticket."""
    complaint = new_id()
    await county.owner.execute(
        "INSERT INTO complaints (id, ticket_id, channel, channel_message_id, words, confidential, wants_answer, happened_at, received_at)"
        " VALUES ($1, $2, $3, $4, 'x', false, true, $5, $5)",
        complaint, row["id"], row["channel"], f"m{nth}", row["at"],
    )  # fmt: skip
    await county.owner.execute(
        "INSERT INTO receptions (complaint_id, form, people, received_on, repeated, received_by_account_id, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        complaint, row["form"], row["people"], local_day(row["at"]), row["repeated"], account, row["at"],
    )  # fmt: skip


def by_hand(rows: list[Row], first: date, last: date) -> dict[str, int]:
    """Count the petitions of a period as the definitions say in words."""
    fit = [row for row in rows if first <= local_day(row["at"]) <= last and row["channel"] in ("petition", "letter")]
    fit = [row for row in fit if row["status"] != "rejected"]
    groups = [row for row in fit if row["form"] == "visit" and row["people"] >= 5]
    return {
        "petitions@1": len(fit),
        "group_petitions@1": len(groups),
        "group_petition_people@1": sum(row["people"] for row in groups),
        "repeat_petitions@1": sum(row["repeated"] for row in fit),
    }


@pytest.fixture
async def door(county: TestDatabase) -> AsyncIterator[AsyncClient]:
    """The reporting door, which can only read."""
    from reporting_api.app import build

    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as client:
        yield client


async def ask(door: AsyncClient, path: str = "", login: str = "analyst", *, status: int = 200, **query: Any) -> Any:
    """Ask; return the body."""
    answer = await door.get(f"/v1/reports/petitions{path}", params=query, headers=await signed_in_as(login))
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_figures_are_what_counting_by_hand_gives_and_lists_are_their_figures(county: TestDatabase, door: AsyncClient) -> None:
    rows = await scatter(county, random.Random(20261122), 60)
    async with county.as_role(REPORTING):
        for login, places in (("analyst", set(PLACES)), ("pengzhai", {PENGZHAI})):
            mine = [row for row in rows if row["place"] in places]
            told = await ask(door, "", login, by="unit:township", **NOVEMBER)
            now = by_hand(mine, date(2026, 11, 1), date(2026, 11, 20))
            before = by_hand(mine, date(2026, 10, 1), date(2026, 10, 20))
            year = by_hand(mine, date(2025, 11, 1), date(2025, 11, 20))
            for figure in told["total"]:
                name = figure["metric"]
                assert (figure["value"], figure["previous"]["then"], figure["year_before"]["then"]) == (now[name], before[name], year[name])
                assert figure["previous"]["shown"] == change(now[name], before[name]).shown
                page = await ask(door, "/tickets", login, metric=name, limit=200, **NOVEMBER)
                assert (page["total"], page["count"]) == (now[name], len(page["items"]))
                if "people" in name:
                    assert sum(item["people"] for item in page["items"]) == now[name]
            for row in (row for row in told["rows"] if row["key"] in places):
                here = by_hand([found for found in mine if found["place"] == row["key"]], date(2026, 11, 1), date(2026, 11, 20))
                for figure in row["figures"]:
                    assert figure["value"] == here[figure["metric"]], (login, row["key"])
                    page = await ask(door, "/tickets", login, metric=figure["metric"], by="unit:township", key=row["key"], **NOVEMBER)
                    assert page["total"] == here[figure["metric"]]
            months = (await ask(door, "", login, by="month", **{"from": "2026-10-01", "to": "2026-11-30"}))["rows"]
            assert [row["figures"][0]["value"] for row in months] == [
                by_hand(mine, date(2026, 10, 1), date(2026, 10, 31))["petitions@1"],
                by_hand(mine, date(2026, 11, 1), date(2026, 11, 30))["petitions@1"],
            ]


async def test_townships_without_petitions_are_counted_and_listed(county: TestDatabase, door: AsyncClient) -> None:
    empty = await ask(door, **NOVEMBER)
    assert (empty["zero"]["count"], empty["zero"]["shown"], empty["total"][0]["shown"]) == (None, "—", "—"), "before any record: no data"
    rows = await scatter(county, random.Random(3), 40)
    async with county.as_role(REPORTING):
        having = {row["place"] for row in rows if by_hand([row], date(2026, 11, 1), date(2026, 11, 20))["petitions@1"]}
        told = (await ask(door, **NOVEMBER))["zero"]
        total = int(str(await county.value("SELECT count(*) FROM units WHERE kind = 'township'")))
        none = {unit["code"] for unit in told["townships"]}
        assert (told["of"], told["count"], len(none)) == (total, total - len(having - {"-"}), told["count"])
        assert not none & having
        assert (
            told["unplaced"] == by_hand([row for row in rows if row["place"] == "-"], date(2026, 11, 1), date(2026, 11, 20))["petitions@1"]
        )
        own = (await ask(door, "", "pengzhai", **NOVEMBER))["zero"]
        assert own["of"] == 1, "a township is told of itself alone"
        line = (await ask(door, "", "water", **NOVEMBER))["zero"]
        assert (line["of"], line["count"]) == (0, None), "a line sees its own matters only, so nothing is said of townships"
        for query, status, code in (
            ({"metric": "zero_petition_townships"}, 404, "metric.unknown"),
            ({"key": PENGZHAI}, 422, "key.without_rows"),
            ({"unit": "nowhere"}, 404, "unit.unknown"),
            ({"as_of": "2099-01-01T00:00:00Z"}, 422, "as_of.future"),
        ):
            assert (await ask(door, "/tickets", status=status, **query))["code"] == code
