"""The dashboard's answers are those of reports, for everybody: the same figures, scope and tickets, and a map that hides nothing."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from reporting_api.answers import json_answer
from reporting_api.app import build
from reporting_api.dashboard_areas import interval_of
from reporting_api.dashboard_views import Areas, Categories, Flow, LateNow, Overview
from reporting_api.schematic import ROW_HEIGHT, Spot, scheme_of
from services.platform.actor import SYSTEM
from services.platform.database import REPORTING, WORKER, Database, use_database
from services.platform.unit_of_work import unit_of_work
from services.reports.counting import count
from services.reports.metrics import METRICS, figure_of
from tests import county as heping
from tests.conftest import TestDatabase
from tests.reports import ground
from tests.reports.browsing import Tab, browsing, session_of
from tests.reports.signing import signed_in_as

HALVES = {"from": "2026-10-01", "to": "2026-11-30"}
PERIODS = [{"from": "2026-11-01", "to": "2026-11-30"}, HALVES, {"from": "2026-10-20", "to": "2026-11-17"}]
EVERYBODY = ("analyst", "pengzhai", "shuikou", "grid", "water")
DASHBOARD = "/v1/dashboard"
ENDS = {"completed": "numerator", "open": "remainder"}
"""What the page asks for where somebody presses a stream that ends so."""


@pytest.fixture
async def door(county: TestDatabase) -> AsyncIterator[AsyncClient]:
    """The reporting door over a county with sixty tickets of every kind, of which the worker has not counted the last ten yet."""
    dice = random.Random(21)
    places = [f"/{heping.COUNTY}/", f"/{heping.COUNTY}/{heping.PENGZHAI}/", f"/{heping.COUNTY}/{heping.PENGZHAI}/{heping.SHUIKOU}/"]
    places += [f"{places[2]}{heping.STAFFED_GRID}/", f"{places[2]}{heping.BLANK_GRID}/", f"/{heping.COUNTY}/{heping.YANGMING}/"]
    lead = {row["tier"]: row["id"] for row in await county.fetch("SELECT DISTINCT ON (tier) tier, id FROM units ORDER BY tier, code")}
    tickets = []
    for _ in range(60):
        received = ground.NOON + dice.randrange(-40_000, 20_000) * ground.timedelta(minutes=1)
        due = received + ground.timedelta(hours=dice.randrange(1, 300))
        tier = dice.choice((None, "grid", "village", "township", "county"))
        tickets.append(
            await ground.put(
                county.owner, due=due, received_at=received, area_path=dice.choice(places), channel=dice.choice(ground.CHANNELS),
                category_code=dice.choice(("water.pipe_burst", "water.outage", None)), tier=tier, lead_unit_id=lead.get(tier or ""),
                source=dice.choice(("complaint", "complaint", "discovered")), **ground.random_state(dice, received),
            )
        )  # fmt: skip
    await ground.speak(county.owner, dice, tickets[:40])
    keeper, reader = Database(county.url, WORKER), Database(county.url, REPORTING)
    use_database(keeper)
    await ground.tell(tickets)
    async with unit_of_work(SYSTEM) as work:
        await count(work, tickets[:50])
    await county.owner.execute("DELETE FROM deliveries WHERE handler = 'count' AND subject_id = ANY($1)", tickets[:50])
    use_database(reader)
    async with AsyncClient(transport=ASGITransport(build()), base_url="http://door") as client:
        yield client
    await keeper.close()
    await reader.close()


async def get(door: AsyncClient, address: str, login: str = "analyst", *, status: int = 200, **query: Any) -> Any:
    answer = await door.get(address, params=query, headers=await signed_in_as(login))
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_headlines_are_the_reports_figures_for_everybody(door: AsyncClient) -> None:
    seen = 0
    for login in EVERYBODY:
        for period in PERIODS if login == "analyst" else PERIODS[1:2]:
            told = await get(door, f"{DASHBOARD}/overview", login, **period)
            unit = {"unit": told["unit"]["code"]} if told["unit"] else {}
            for figure in told["figures"] if login == "analyst" else told["figures"][2:4]:
                name = figure["metric"].partition("@")[0]
                for stretch in ("now", "previous", "year_before") if period == HALVES else ("now",):
                    days = told["period"] if stretch == "now" else told[stretch]
                    report = await get(door, f"/v1/reports/{name}", login, **unit, **{"from": days["first"], "to": days["last"]})
                    assert {key: report["total"][key] for key in figure[stretch]} == figure[stretch], (login, name, stretch)
                    assert report["metric"] == figure["metric"]
                    seen += figure[stretch]["numerator"]
            months = {"from": told["months"][0], "to": told["period"]["last"]}
            report = await get(door, "/v1/reports/satisfaction_rate", login, **unit, **months, by="month")
            series = next(figure["series"] for figure in told["figures"] if figure["metric"].startswith("satisfaction"))
            assert series == [row["percent"] for row in report["rows"]]
            assert told["as_of"] <= report["as_of"]
    assert seen > 50


async def test_nobody_is_told_of_more_than_their_own_area(door: AsyncClient) -> None:
    own = {}
    for login in EVERYBODY:
        told = await get(door, f"{DASHBOARD}/overview", login, **HALVES)
        own[login] = (told["unit"] and told["unit"]["code"], told["whole"], [unit["code"] for unit in told["above"]], len(told["below"]))
    assert own["analyst"] == (heping.COUNTY, True, [], 17)
    assert own["pengzhai"][:3] == (heping.PENGZHAI, True, [])
    assert own["shuikou"] == (heping.SHUIKOU, True, [], 2)
    assert own["grid"] == (heping.STAFFED_GRID, True, [], 0)
    assert own["water"] == (None, False, [], 0)
    for part in ("overview", "areas", "flow", "categories"):
        refused = await get(door, f"{DASHBOARD}/{part}", "pengzhai", status=403, unit=heping.YANGMING, **HALVES)
        assert refused["code"] == "unit.outside_scope"
        assert (await door.get(f"{DASHBOARD}/{part}")).status_code == 401
    village = await get(door, f"{DASHBOARD}/overview", "pengzhai", unit=heping.SHUIKOU, **HALVES)
    assert [unit["code"] for unit in village["above"]] == [heping.PENGZHAI]


async def test_areas_add_up_and_lead_to_their_tickets(door: AsyncClient) -> None:
    for login, unit, by in (("analyst", heping.COUNTY, "unit:township"), ("pengzhai", heping.PENGZHAI, "unit:village"),
                            ("shuikou", heping.SHUIKOU, "unit:grid"), ("analyst", heping.PENGZHAI, "unit:grid")):  # fmt: skip
        for metric in ("satisfaction_rate", "received", "completion_rate_due", "completion_rate_flow"):
            asked = {"unit": unit, "by": by, **HALVES}
            told = await get(door, f"{DASHBOARD}/areas", login, metric=metric, **asked)
            report = await get(door, f"/v1/reports/{metric}", login, **asked)
            assert {row["key"]: row["numerator"] for row in told["rows"]} == {row["key"]: row["numerator"] for row in report["rows"]}
            assert sum(row["numerator"] for row in told["rows"]) == report["total"]["numerator"]
            drawn = [(row["x"], row["y"]) for row in told["rows"] if row["key"] != "-"]
            assert len(set(drawn)) == len(drawn)
            most = max(told["rows"], key=lambda row: row["numerator"])
            listed = await get(door, f"/v1/reports/{metric}/tickets", login, key=most["key"], **asked)
            assert listed["total"] == most["numerator"]
            for row in told["rows"]:
                bounded = bool(row["denominator"]) and row["numerator"] <= row["denominator"] and len(told["rows"]) <= 100
                assert (row["lower"] is not None) == bounded
                if bounded:
                    assert row["lower"] - 0.01 <= float(row["percent"]) <= row["upper"] + 0.01
    villages = await get(door, f"{DASHBOARD}/areas", metric="received", by="unit:village", **HALVES)
    assert (villages["map"], len(villages["parents"])) == ("order", 17)
    assert {row["lower"] for row in villages["rows"]} == {None}


async def test_what_flows_is_what_was_received_and_what_was_left_out(door: AsyncClient) -> None:
    for login in EVERYBODY:
        for period in PERIODS:
            told = await get(door, f"{DASHBOARD}/flow", login, **period)
            unit = {"unit": told["unit"]["code"]} if told["unit"] else {}
            for by in ("channel", "tier"):
                report = await get(door, "/v1/reports/received", login, by=by, **unit, **period)
                assert told["received"] == report["total"]["numerator"]
                assert told["left_out"] == report["exclusions"]["total"]
                counted = [one for one in told["streams"] if one["outcome"] in ("completed", "open")]
                sums = {row["key"]: sum(one["tickets"] for one in counted if (one[by] or "-") == row["key"]) for row in report["rows"]}
                assert sums == {row["key"]: row["numerator"] for row in report["rows"]}
            done = await get(door, "/v1/reports/completion_rate_received", login, **unit, **period)
            assert sum(one["tickets"] for one in told["streams"] if one["outcome"] == "completed") == done["total"]["numerator"]
            for one in told["streams"][:2]:
                asked = {"channel": one["channel"], "by": "tier", "key": one["tier"] or "-", **unit, **period}
                listed = await get(door, "/v1/reports/received/tickets", login, **asked)
                same = [other for other in told["streams"] if (other["channel"], other["tier"]) == (one["channel"], one["tier"])]
                assert listed["total"] == sum(other["tickets"] for other in same if other["outcome"] in ("completed", "open"))
            for one in told["streams"]:
                if one["outcome"] in ENDS:
                    asked = {
                        "channel": one["channel"],
                        "by": "tier",
                        "key": one["tier"] or "-",
                        "part": ENDS[one["outcome"]],
                        **unit,
                        **period,
                    }
                    listed = await get(door, "/v1/reports/completion_rate_received/tickets", login, limit=200, **asked)
                    assert listed["total"] == len(listed["items"]) == one["tickets"] > 0
                    assert {item["completed_at"] is None for item in listed["items"]} == {one["outcome"] == "open"}


async def test_categories_come_to_a_hundred_and_are_the_reports(door: AsyncClient) -> None:
    report = await get(door, "/v1/reports/received", by="category", **HALVES)
    for limit in (1, 2, 100):
        told = await get(door, f"{DASHBOARD}/categories", limit=limit, **HALVES)
        assert told["received"] == report["total"]["numerator"] > 0
        assert sum(row["received"] for row in told["rows"]) + told["others"]["received"] == told["received"]
        assert sum(Decimal(row["share"]) for row in told["rows"]) + Decimal(told["others"]["share"]) == 100
        known = {row["key"]: row["numerator"] for row in report["rows"]}
        assert all(known[row["key"]] == row["received"] for row in told["rows"])
        assert [row["received"] for row in told["rows"]] == sorted((row["received"] for row in told["rows"]), reverse=True)
    names = {row["key"]: (row["name"], row["above"]) for row in told["rows"]}
    assert names["-"] == ("未分类", None)
    assert names["water.pipe_burst"] == ("自来水管破裂", "水利供水")
    words = await get(door, f"{DASHBOARD}/names")
    assert words["categories"]["water.pipe_burst"] == "自来水管破裂"
    assert words["channels"]["hotline"] == "热线"


async def test_what_is_late_is_what_the_list_of_overdue_tickets_lists(door: AsyncClient) -> None:
    for login in EVERYBODY:
        told = await get(door, f"{DASHBOARD}/late", login)
        own = (await get(door, f"{DASHBOARD}/overview", login))["unit"]  # of everything a post reaches the page shows the widest area
        listed = await get(door, "/v1/overdue", login, **({"unit": own["code"]} if own else {}))
        assert told["total"] == listed["total"]
        assert sum(entry["tickets"] for entry in told["units"]) == listed["total"]
        assert [item["due_at"] for item in told["items"]] == [item["due_at"] for item in listed["items"][:5]]
        assert {item["number"] for item in told["items"]} <= {item["number"] for item in listed["items"]}
    assert (await get(door, f"{DASHBOARD}/late"))["total"] > 3
    assert (await get(door, f"{DASHBOARD}/late", unit=heping.PENGZHAI))["total"] == (await get(door, f"{DASHBOARD}/late", "pengzhai"))[
        "total"
    ]


async def test_a_time_without_tickets_has_no_data_and_not_nought(door: AsyncClient) -> None:
    told = await get(door, f"{DASHBOARD}/overview", **{"from": "2020-01-01", "to": "2020-01-31"})
    assert all(figure[stretch]["shown"] == "—" for figure in told["figures"] for stretch in ("now", "previous", "year_before"))
    assert {value for figure in told["figures"] for value in figure["series"]} == {None}
    first = await get(door, f"{DASHBOARD}/overview", **{"from": "2000-01-01", "to": "2000-01-31"})
    assert (first["previous"], first["year_before"], first["figures"][0]["previous"]["shown"]) == (None, None, "—")
    assert (await get(door, f"{DASHBOARD}/flow", **{"from": "2020-01-01", "to": "2020-01-31"}))["streams"] == []
    assert (await get(door, f"{DASHBOARD}/categories", **{"from": "2020-01-01", "to": "2020-01-31"}))["rows"] == []


async def test_what_cannot_be_asked_is_said_to_be_so(door: AsyncClient) -> None:
    wrong = [
        ("areas", {"by": "unit:township", "unit": heping.SHUIKOU}, 422, "grouping.too_coarse"),
        ("areas", {"metric": "nonsense"}, 404, "metric.unknown"),
        ("areas", {"by": "channel"}, 422, "request.invalid"),
        ("overview", {"from": "2026-11-31"}, 422, "period.invalid"),
        ("overview", {"unit": heping.WATER}, 422, "unit.not_an_area"),
        ("flow", {"unit": "nowhere"}, 404, "unit.unknown"),
        ("categories", {"limit": 0}, 422, "request.invalid"),
    ]
    for part, query, status, code in wrong:
        assert (await get(door, f"{DASHBOARD}/{part}", status=status, **query))["code"] == code
    tag = await door.get(f"{DASHBOARD}/areas", params=HALVES, headers=await signed_in_as("analyst"))
    again = await door.get(
        f"{DASHBOARD}/areas", params=HALVES, headers={**await signed_in_as("analyst"), "If-None-Match": tag.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("plain", [True, False])
def test_the_tag_covers_how_stale_an_answer_is_and_not_when_it_was_read(plain: bool) -> None:
    def tag(**given: Any) -> str:
        told = LateNow(total=1, units=[], more_units=0, items=[], **{"as_of": ground.NOON, "stale_seconds": 0, **given})
        return json_answer(Request({"type": "http", "headers": []}), dict(told) if plain else told).headers["etag"]

    assert tag() == tag(as_of=ground.NOON + ground.timedelta(seconds=1, microseconds=7))
    assert tag() != tag(stale_seconds=1)


PLAIN = {"overview": Overview, "areas": Areas, "flow": Flow, "categories": Categories}


async def test_answers_are_what_their_models_would_have_become(door: AsyncClient) -> None:
    for login in EVERYBODY:
        for part, model in PLAIN.items():
            for period in PERIODS:
                headers = {**await signed_in_as(login), "Accept-Encoding": "identity"}
                answer = await door.get(f"{DASHBOARD}/{part}", params=period, headers=headers)
                assert model.model_validate_json(answer.content, strict=True).model_dump_json() == answer.text


PERIOD = "period=free&first=2026-10-01&last=2026-11-30"


async def test_the_page_leads_to_what_is_open_out_of_a_foreign_area_and_out_of_every_tab(door: AsyncClient) -> None:
    async with browsing(build()) as (address, browser):
        people = {login: session_of(await signed_in_as(login), datetime.now(UTC)) for login in ("analyst", "pengzhai")}
        contexts = {login: browser.ask("Target.createBrowserContext")["browserContextId"] for login in people}
        tab, other = (Tab(browser, contexts["analyst"], people["analyst"]) for _ in range(2))
        await tab.open(f"{address}/dashboard#{PERIOD}")
        flow = await get(door, f"{DASHBOARD}/flow", **HALVES)
        is_open = sum(stream["tickets"] for stream in flow["streams"] if stream["outcome"] == "open")
        words = f"""[...document.querySelectorAll("#flow-panel svg text")].find((one) => one.textContent === "在办 {is_open}")"""
        assert await tab.until(f"{words} && !document.querySelector('.waiting, .busy')")
        place = await tab.until(f"{words}?.getBoundingClientRect().toJSON()")
        await tab.press(place["left"] - 10, place["top"] + place["height"] / 2)  # the bar that the words stand beside
        told = await tab.until('document.querySelector("#drill .tickets") && document.getElementById("drill-title").textContent')
        assert told == f"在办:{is_open} 件工单"

        lost = Tab(browser, contexts["pengzhai"], people["pengzhai"])
        await lost.open(f"{address}/dashboard#{PERIOD}&unit={heping.YANGMING}")
        assert await lost.until('document.querySelector("#tiles .said button")?.textContent') == "回到本人的辖区"
        assert await lost.until('(document.querySelector("#tiles .said button").click(), true)')
        assert await lost.until('document.querySelector("#tiles .tile") && document.querySelector("#where .here").textContent') == "彭寨镇"

        await other.open(f"{address}/dashboard#{PERIOD}")
        assert await other.until('document.querySelectorAll("#tiles .tile").length') == 7
        await _back_and_forth(other)
        assert await tab.until('(document.getElementById("leave").click(), true)')
        for one in (tab, other):
            assert await one.until('!document.getElementById("door").hidden && !document.querySelector("#tiles .tile")')
        await other.open(f"{address}/dashboard?again")  # with the old token, as of a tab that was closed and is opened again
        assert await other.until('document.readyState === "complete" && !document.getElementById("door").hidden')
        assert await lost.until('document.querySelector("#tiles .tile") !== null')  # another browser


async def _back_and_forth(tab: Tab) -> None:
    """Ask in a tab for what was known before anything was, and come back to now."""
    settled = "!document.querySelector('.waiting, .busy')"
    tiles = '[...document.querySelectorAll("#tiles .tile")].map((tile) => tile.textContent).join()'
    now = await tab.until(f"{settled} && {tiles}")
    assert await tab.until('(document.getElementById("open-then").click(), !document.getElementById("then").hidden)')
    chosen = 'document.querySelector("#then input").value = "2026-01-02T03:04"'
    assert await tab.until(
        f'({chosen}, document.querySelector("#then button").click(), location.hash.includes("as_of=2026-01-02T03%3A04"))'
    )
    assert "2026/1/2 03:04" in await tab.until(f"{settled} && document.querySelector('#notes .said')?.textContent")
    assert await tab.until(f"{settled} && {tiles} !== {now!r} && {tiles}.includes('—')")
    assert await tab.until('(document.getElementById("to-now").click(), !location.hash.includes("as_of"))')
    assert await tab.until(f"{settled} && {tiles} === {now!r} && document.getElementById('then').hidden")


SPOTS = st.lists(st.tuples(st.floats(23, 26), st.floats(113, 117)), min_size=1, max_size=25, unique=True)


@given(SPOTS)
def test_every_area_has_a_hexagon_of_its_own_near_its_centre(points: list[tuple[float, float]]) -> None:
    spots = tuple(Spot(f"{place:04}", lat, lon) for place, (lat, lon) in enumerate(points))
    scheme = scheme_of(spots)
    drawn = list(scheme.places.values())
    assert set(scheme.places) == {spot.code for spot in spots}
    assert len(set(drawn)) == len(drawn)
    for one, (x, y) in enumerate(drawn):
        assert all((x - a) ** 2 + (y - b) ** 2 > ROW_HEIGHT**2 - 0.01 for a, b in drawn[:one])


@given(st.integers(0, 300))
def test_without_centres_areas_of_neighbouring_codes_are_neighbours(how_many: int) -> None:
    scheme = scheme_of(tuple(Spot(f"{place:04}", None, None) for place in range(how_many)))
    drawn = list(scheme.places.values())
    assert len(set(drawn)) == how_many
    far = [1 for (x, y), (a, b) in pairwise(drawn) if (x - a) ** 2 + (y - b) ** 2 > 2.6]
    assert len(far) <= 1


def test_directions_on_the_map_are_those_of_the_centres() -> None:
    grid = {f"{row}{column}": (26 - row / 10, 114 + column / 10) for row in range(4) for column in range(4)}
    scheme = scheme_of(tuple(Spot(code, lat, lon) for code, (lat, lon) in sorted(grid.items())))
    assert scheme.made_from == "centres"
    for code, (x, y) in scheme.places.items():
        for other, (a, b) in scheme.places.items():
            if int(code[0]) + 1 < int(other[0]):
                assert y < b
            if int(code[1]) + 1 < int(other[1]):
                assert x < a


def test_counts_and_mixed_cohorts_have_no_interval() -> None:
    flow = METRICS["completion_rate_flow"]
    assert interval_of(figure_of(flow, {"closed": 5, "received": 3}, recorded=True)) == (None, None)
    assert interval_of(figure_of(METRICS["received"], {"received": 3}, recorded=True)) == (None, None)
    assert interval_of(figure_of(METRICS["satisfaction_rate"], {}, recorded=True)) == (None, None)
    low, high = interval_of(figure_of(METRICS["satisfaction_rate"], {"called_satisfied": 1}, recorded=True))
    assert (low, high) == (20.65, 100.0)
