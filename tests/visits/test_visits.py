"""A service day over HTTP, from the plan to what is missing at 24:00; a phone that was away; and who owed what in a week."""

import asyncio
from datetime import date, datetime, time, timedelta
from itertools import chain

import pytest

from intake_api import field_sync, households, sessions, visits
from reporting_api import service_days as report
from services.households.parsing import parse_households
from services.households.storing import put_households
from services.identity.actions import add_account
from services.organization.actions import add_member, give_post
from services.organization.commands import AddMember, GivePost
from services.organization.queries import members_by_staff_number, read_unit_tree
from services.pairing.parsing import parse_pairings
from services.pairing.storing import put_pairings
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.clock import SHANGHAI, local_day
from services.platform.database import OWNER, REPORTING
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.visits.models import STEPS
from tests.county import BLANK_GRID, PASSWORD, SHUIKOU, STAFFED_GRID, WATER, sign_in
from tests.web.doors import client_of

TODAY = datetime.now(SHANGHAI).date()
MONTH = (TODAY.replace(day=1) + timedelta(days=40)).replace(day=1)
"""A month to come: by then the county of the tests is there. The clock is moved into it."""
FIRST, LAST = MONTH.replace(day=15), MONTH.replace(day=16)
NAME = f"{MONTH:%Y-%m}"
OUTCOMES = ("met",) * 6 + ("absent", "absent", "refused", "met")
"""S8: ten households, two of them not at home, one that refuses; the last has something to say, and refuses to sign it."""


@pytest.fixture
async def client(county):
    async with client_of([sessions.router, visits.router, households.router, field_sync.router]) as client:
        yield client


@pytest.fixture
async def reports(county):
    async with client_of([sessions.router, report.router]) as client:
        yield client


class Time:
    """A clock the test moves."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch

    def to(self, day: date, hour: int = 9) -> datetime:
        at = datetime.combine(day, time(hour), SHANGHAI)
        self._monkeypatch.setattr(clock, "now", lambda: at.astimezone(clock.UTC))
        return at


@pytest.fixture
def at(monkeypatch):
    return Time(monkeypatch)


async def load(county, members):
    """Ten households of two grids for each of `members`, who are party members of the water office with this one role."""
    lines = [(login, nth, f"{place}-{nth:02}") for place, login in enumerate(members) for nth in range(10)]
    register = "unit,number,head,phone,address,people\n"
    register += "".join(f"{(STAFFED_GRID, BLANK_GRID)[nth % 2]},{number},黄某,1380000{nth:04},水口,4\n" for _login, nth, number in lines)
    pairs = "unit,household,member\n" + "".join(f"{SHUIKOU},{number},{login}\n" for login, _nth, number in lines)
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        for login in members:
            member = await add_member(work, AddMember(name=login, staff_number=login, party_member=True))
            await give_post(work, member.id, GivePost(unit_code=WATER, role="service_member", valid_from=date(2024, 1, 1)))
            await add_account(work, member.id, login, PASSWORD)
        tree = await read_unit_tree(work.session)
        parsed = parse_households(register, tree)
        assert not parsed.errors
        await put_households(work, parsed.households)
        today = local_day(work.now)
        found = parse_pairings(pairs, tree, await members_by_staff_number(work.session, today), today)
        assert not (await put_pairings(work, found.pairings, transfer=False)).errors
        assert not found.errors


def told(hour, day=FIRST, minute=0):
    return datetime.combine(day, time(hour, minute), SHANGHAI).isoformat()


def a_round(homes):
    """The commands of a service day, in the order they were made: ten calls, one of them repeated on the 18th, and the five steps."""

    def command(kind, hour, body=None, *, day=FIRST, minute=0, **more):
        body = {kind: body} if body is not None else more
        return {"kind": kind, "command_id": str(new_id()), "happened_at": told(hour, day, minute), **body}

    def step(name, hour, day=FIRST):
        return command("service_step", hour, {"step_id": str(new_id()), "month": NAME, "step": name, "unit": SHUIKOU}, day=day)

    calls = []
    for nth, (home, outcome) in enumerate(zip(homes, OUTCOMES, strict=True)):
        more = {"rebooked_for": f"{LAST + timedelta(days=2)}"} if outcome == "absent" else {}
        if outcome == "met":
            more = {"nothing_said": nth != 9}
        body = {"visit_id": str(new_id()), "household_id": home, "outcome": outcome, **more}
        calls.append(command("visit", 9, body, minute=nth))
    again = {"visit_id": str(new_id()), "household_id": homes[6], "follows_id": calls[6]["visit"]["visit_id"], "nothing_said": True}
    later = command("visit", 8, again, day=LAST + timedelta(days=2))
    heard = {"opinion_id": str(new_id()), "household_id": homes[9], "visit_id": calls[9]["visit"]["visit_id"], "words": "水渠要修"}
    opinion = command("opinion", 10, {**heard, "heard_at": told(10)})
    unsigned = {"opinion_ids": [heard["opinion_id"]], "unconfirmed_because": "refused_to_sign"}
    completed = command("visit_completion", 11, visit_id=heard["visit_id"], completion=unsigned)
    steps = [step("check_in", 8), step("household_service", 12), step("feedback", 15), step("centre_notice", 10, LAST)]
    return [steps[0], *calls, opinion, completed, *steps[1:], step("summary", 9, LAST + timedelta(days=1)), later]


async def send(client, headers, commands, sent_at, device=None):
    body = {"device_id": device or str(new_id()), "sent_at": sent_at.isoformat(), "commands": commands}
    answer = await client.post("/v1/field-reports/sync", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


STATE = """
SELECT 'step' AS what, s.step AS name, s.nth::text AS more, s.happened_at, s.previous_at FROM service_steps s WHERE s.member_id = $1
UNION ALL
SELECT 'visit', v.outcome, concat_ws(' ', v.month, v.nothing_said, v.rebooked_for, v.completed_at IS NULL, v.follows_id IS NULL,
  v.unconfirmed_because, a.kind, a.outcome, a.happened_on, a.household IS NOT NULL), v.happened_at, NULL
FROM visits v JOIN activities a ON a.id = v.id WHERE v.member_id = $1
UNION ALL
SELECT 'opinion', a.kind, (a.within_id = o.visit_id)::text, o.heard_at, NULL
FROM opinions o JOIN activities a ON a.id = o.id WHERE o.member_id = $1
ORDER BY 1, 4, 2
"""


async def state(county, login):
    (row,) = await county.fetch("SELECT member_id FROM accounts WHERE login = $1", login)
    return [tuple(str(value) for value in found) for found in await county.fetch(STATE, row["member_id"])]


async def homes_of(client, headers):
    planned = (await client.get(f"/v1/me/service-round?month={NAME}", headers=headers)).json()["households"]
    return [one["household_id"] for one in sorted(planned, key=lambda one: one["number"])]


async def test_a_phone_that_was_away_on_the_service_day_sends_it_on_the_18th_in_any_order_twice_and_all_is_as_if_it_had_not(
    county, client, reports, at
):
    at.to(FIRST, 7)
    await load(county, ("straight", "away"))
    straight = await sign_in(client, "straight")
    first = a_round(await homes_of(client, straight))
    away = await sign_in(client, "away")
    second = a_round(await homes_of(client, away))
    for command in first[:-2]:  # one that has a network sends each as it is done
        now = datetime.fromisoformat(command["happened_at"])
        at.to(now.date(), now.hour + 1)
        straight = await sign_in(client, "straight")
        (result,) = (await send(client, straight, [command], clock.now()))["results"]
        assert result["status"] == "applied", result

    evening = at.to(LAST + timedelta(days=1), 0)
    county_desk = await sign_in(client, "county")
    async with county.as_role(REPORTING):
        then = (await reports.get(f"/v1/reports/service-days?month={NAME}", headers=county_desk)).json()
    assert then["over"]
    assert {one["member_name"]: (one["visited"], one["attempted"], one["missing"], one["complete"]) for one in then["items"]} == {
        "straight": (7, 3, 0, False), "away": (0, 0, 10, False),
    }  # fmt: skip
    by_name = {one["member_name"]: one for one in then["items"]}
    assert list(by_name["straight"]["steps"].values()) == ["in_time"] * 4 + ["missing"]
    assert list(by_name["away"]["steps"].values()) == ["missing"] * 5

    now = at.to(LAST + timedelta(days=2), 10)
    straight, away = await sign_in(client, "straight"), await sign_in(client, "away")
    await send(client, straight, first[-2:], now)
    backwards, device = second[::-1], str(new_id())
    reordered = await send(client, away, backwards[:9], now, device)
    assert {one["status"] for one in reordered["results"]} <= {"applied", "waiting"}
    assert "service_step.waits_for_previous" in {one["code"] for one in reordered["results"]}
    await asyncio.gather(send(client, away, backwards[5:], now, device), send(client, away, second[::2], now, device))
    for _replay in range(2):
        last = await send(client, away, second, now, device)
    assert {one["status"] for one in last["results"]} == {"replayed"}
    assert await state(county, "away") == await state(county, "straight")
    assert len(await state(county, "away")) == len(STEPS) + len(OUTCOMES) + 2
    await _is_told(county, client, reports, evening)


async def _is_told(county, client, reports, evening):
    """The report as of the evening stays as it was; as of now both have the same, and both are as a recount by hand says."""
    county_desk, shuikou, yangming, away = [await sign_in(client, login) for login in ("county", "shuikou", "yangming", "away")]
    async with county.as_role(REPORTING):
        ask = f"/v1/reports/service-days?month={NAME}"
        then = (await reports.get(ask, params={"as_of": evening.isoformat()}, headers=county_desk)).json()
        now = (await reports.get(ask, headers=county_desk)).json()
        pages = [now_page := (await reports.get(f"{ask}&limit=1", headers=county_desk)).json()]
        pages.append((await reports.get(f"{ask}&limit=1&cursor={now_page['next']}", headers=county_desk)).json())
        lacking = (await reports.get("/v1/reports/service-days/missing", params={"month": NAME, "as_of": evening.isoformat()},
                                     headers=county_desk)).json()  # fmt: skip
        below = (await reports.get(f"{ask}&unit={BLANK_GRID}", headers=county_desk)).json()
        village = (await reports.get(ask, headers=shuikou)).json()
        elsewhere = (await reports.get(ask, headers=yangming)).json()
        refused = await reports.get(ask, headers=away)
    assert (then["totals"]["missing"], lacking["total"], len(lacking["items"])) == (10, 10, 10)
    assert [one for page in pages for one in page["items"]] == now["items"]
    a, b = ({name: value for name, value in one.items() if not name.startswith("member")} for one in now["items"])
    assert a == b, "the same day is the same line"
    assert (a["visited"], a["attempted"], a["missing"], a["caught_up"], a["ad_hoc"], a["complete"]) == (7, 3, 0, 1, 0, False)
    assert list(a["steps"].values()) == ["in_time"] * 4 + ["late"]
    assert now["totals"] == recounted(now["items"])
    assert (below["totals"]["planned"], village["totals"]["planned"], elsewhere["totals"]["planned"]) == (10, 20, 0)
    assert refused.status_code == 403
    rows = await county.fetch("SELECT member_id, household_id, outcome, happened_at FROM visits")
    due = datetime.combine(LAST + timedelta(days=1), time(), SHANGHAI)
    met = {(row["member_id"], row["household_id"]) for row in rows if row["outcome"] == "met" and row["happened_at"] < due}
    tried = {(row["member_id"], row["household_id"]) for row in rows if row["happened_at"] < due}
    assert (now["totals"]["visited"], now["totals"]["attempted"]) == (len(met), len(tried - met))


def recounted(items):
    sums = {name: sum(one[name] for one in items) for name in ("planned", "visited", "attempted", "missing", "caught_up", "ad_hoc")}
    return {"members": len(items), "complete": sum(one["complete"] for one in items), **sums}


async def test_a_member_sees_and_does_what_concerns_the_own_households_and_nothing_else(county, client, at):
    at.to(FIRST, 9)
    await load(county, ("mine", "theirs"))
    mine, theirs = await sign_in(client, "mine"), await sign_in(client, "theirs")
    own, other = await homes_of(client, mine), await homes_of(client, theirs)
    body = {"visit_id": str(new_id()), "household_id": own[0]}
    made = await client.post("/v1/visits", json=body, headers=mine)
    assert (made.status_code, made.json()["month"], made.json()["completed_at"]) == (201, NAME, None)
    assert (await client.post("/v1/visits", json=body, headers=mine)).json() == made.json(), "the same again is the same"
    differs = await client.post("/v1/visits", json={**body, "outcome": "absent"}, headers=mine)
    assert (differs.status_code, differs.json()["code"]) == (409, "visit.id_taken")
    foreign = await client.post("/v1/visits", json={"visit_id": str(new_id()), "household_id": other[0]}, headers=mine)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "household.unknown")
    address = f"/v1/visits/{body['visit_id']}"
    assert (await client.get(address, headers=theirs)).json()["code"] == "visit.unknown"
    assert (await client.post(f"{address}/completion", json={}, headers=theirs)).json()["code"] == "visit.unknown"
    waits = await client.post(f"{address}/completion", json={"opinion_ids": [str(new_id())]}, headers=mine)
    assert waits.json()["code"] == "visit.waits_for_opinions"
    for _twice in range(2):
        over = await client.post(f"{address}/completion", json={}, headers=mine)
        assert over.status_code == 200, over.text
        assert over.json()["completed_at"]
    assert (await client.get(address, headers=await sign_in(client, "shuikou"))).status_code == 200, "the village knows of it"
    asked = {"purpose": "visit", "words": "上门走访"}
    assert (await client.post(f"/v1/me/households/{own[0]}/contact", json=asked, headers=mine)).json()["head"] == "黄某"
    assert (await client.post(f"/v1/me/households/{other[0]}/contact", json=asked, headers=mine)).status_code == 404
    assert (await client.get("/v1/households", headers=mine)).status_code == 403
    report_ = {
        "kind": "report",
        "command_id": str(new_id()),
        "happened_at": told(8),
        "report": {"report_id": str(new_id()), "words": "漏水"},
    }
    (refused,) = (await send(client, mine, [report_], clock.now()))["results"]
    assert (refused["status"], refused["code"]) == ("refused", "permission.denied")
    at.to(FIRST + timedelta(days=5), 9)
    mine = await sign_in(client, "mine")
    between = {"visit_id": str(new_id()), "household_id": own[1], "nothing_said": True, "purposes": ["development", "people"]}
    made = (await client.post("/v1/visits", json=between, headers=mine)).json()
    assert (made["month"], made["ad_hoc"], made["purposes"]) == (None, True, ["development", "people"])
    ledger = await county.fetch("SELECT kind, outcome FROM activities")
    assert [(row["kind"], row["outcome"]) for row in ledger] == [("visit", "met")] * 2, "each is in the ledger once"


async def test_the_county_moves_its_days_ahead_and_never_back_and_steps_keep_their_order(county, client, at):
    at.to(MONTH, 9)
    await load(county, ("member",))
    desk, member = await sign_in(client, "county"), await sign_in(client, "member")
    moved = {"days": [20, 21], "because": "台风顺延"}
    assert (await client.put(f"/v1/service-days/{NAME}", json=moved, headers=member)).status_code == 403
    told_ = (await client.put(f"/v1/service-days/{NAME}", json=moved, headers=desk)).json()
    assert (told_["days"], told_["moved"], told_["because"]) == ([f"{NAME}-20", f"{NAME}-21"], True, "台风顺延")
    assert (await client.put(f"/v1/service-days/{NAME}", json=moved, headers=desk)).json() == told_
    begun = await client.post("/v1/service-days/rules", json={"days": [1], "from_month": NAME, "because": "试行"}, headers=desk)
    assert begun.json()["code"] == "service_days.begun"
    ahead = f"{(MONTH + timedelta(days=40)):%Y-%m}"
    ruled = await client.post("/v1/service-days/rules", json={"days": [10], "from_month": ahead, "because": "县委办文件"}, headers=desk)
    assert (ruled.status_code, ruled.json()["days"]) == (201, [f"{ahead}-10"])
    at.to(MONTH.replace(day=21), 10)
    desk, member = await sign_in(client, "county"), await sign_in(client, "member")
    late = await client.put(f"/v1/service-days/{NAME}", json={"days": [28], "because": "再顺延"}, headers=desk)
    assert late.json()["code"] == "service_days.begun"
    body = {"month": NAME, "unit": SHUIKOU, "position": {"lat": 24.4381, "lon": 114.9423, "coordinate_system": "WGS-84"}, "words": "已报到"}
    codes = []
    for step in ("feedback", "check_in", "household_service", "check_in"):
        answer = await client.post("/v1/me/service-steps", json={**body, "step_id": str(new_id()), "step": step}, headers=member)
        codes.append(answer.json().get("code", answer.status_code))
    assert codes == ["service_step.waits_for_previous", 201, "service_step.waits_for_visits", "service_step.done"]
    (kept,) = await county.fetch("SELECT lat, lon, cell_metres FROM service_steps")
    assert (kept["lat"], kept["lon"]) != (24.4381, 114.9423), "only the cell is kept"
    mine = (await client.get(f"/v1/me/service-round?month={NAME}", headers=member)).json()
    assert (mine["next_step"], [one["words"] for one in mine["steps"]], len(mine["households"])) == ("household_service", ["已报到"], 10)
    with pytest.raises(Exception, match=r"after_the_one_before|fk_service_steps_previous"):
        await county.fetch(
            "INSERT INTO service_steps SELECT gen_random_uuid(), member_id, month, 'feedback', 3, 2, happened_at, happened_at, unit_id,"
            " NULL, NULL, NULL, NULL, fingerprint, recorded_at, recorded_by_account_id FROM service_steps"
        )


async def test_what_was_owed_in_a_week_is_what_a_recount_of_the_ledger_says(county, client, reports, at):
    """Guides of two grids, one of them on leave, one new; the secretary there on one day: then again as known before the visit came."""
    monday = next(day for day in (MONTH + timedelta(days=nth) for nth in range(8, 15)) if day.isoweekday() == 1)
    at.to(monday + timedelta(days=1), 9)
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        posts = {
            "steady": (STAFFED_GRID, date(2024, 1, 1)), "idle": (BLANK_GRID, date(2024, 1, 1)),
            "fresh": (STAFFED_GRID, monday + timedelta(days=1)), "resting": (BLANK_GRID, date(2024, 1, 1)),
        }  # fmt: skip
        for login, (unit, since) in posts.items():
            member = await add_member(work, AddMember(name=login, staff_number=login, party_member=True))
            await give_post(work, member.id, GivePost(unit_code=unit, role="guide", valid_from=since))
            await add_account(work, member.id, login, PASSWORD)
        tree = await read_unit_tree(work.session)
        register = f"unit,number,head,phone,address,people\n{STAFFED_GRID},1-1,黄某,,,\n{BLANK_GRID},1-2,黄某,,,\n"
        await put_households(work, parse_households(register, tree).households)
    rows = await county.fetch("SELECT h.id, u.code FROM households h JOIN units u ON u.id = h.unit_id")
    homes = {row["code"]: str(row["id"]) for row in rows}
    (resting,) = await county.fetch("SELECT id FROM members WHERE name = 'resting'")
    await county.fetch(
        "INSERT INTO leaves (id, member_id, kind, valid_from, valid_to, over_on, entered_at) VALUES ($1, $2, 'annual', $3, $4, $4, $5)",
        new_id(), resting["id"], monday, monday + timedelta(days=7), clock.now(),
    )  # fmt: skip

    async def call(login, unit, outcome="met"):
        said = {"visit_id": str(new_id()), "household_id": homes[unit], "outcome": outcome}
        answer = await client.post("/v1/visits", json=said, headers=await sign_in(client, login))
        assert answer.status_code == 201, answer.text

    await call("idle", BLANK_GRID, "absent")
    await call("shuikou", STAFFED_GRID)
    before = at.to(monday + timedelta(days=2), 9)
    at.to(monday + timedelta(days=2), 10)
    await call("steady", STAFFED_GRID)
    at.to(monday + timedelta(days=7), 0)
    desk = await sign_in(reports, "county")
    week = f"{monday:%G-W%V}"
    async with county.as_role(REPORTING):
        told_ = (await reports.get(f"/v1/reports/obligations?week={week}&state=all", headers=desk)).json()
        missed = (await reports.get(f"/v1/reports/obligations?week={week}&unit={SHUIKOU}", headers=desk)).json()
        then = (await reports.get("/v1/reports/obligations", params={"week": week, "state": "all", "as_of": before.isoformat()},
                                  headers=desk)).json()  # fmt: skip
        pages, more = [], {}
        while more is not None:
            ask = {"week": week, "state": "all", "limit": 2, **more}
            page = (await reports.get("/v1/reports/obligations", params=ask, headers=desk)).json()
            pages.append(page["items"])
            more = {"cursor": page["next"]} if page["next"] else None
    stands = {one["member_name"]: (one["kind"], one["state"], one["done"], one["attempts"], one["because"]) for one in told_["items"]}
    assert stands == {
        "steady": ("weekly_visit", "kept", 1, 0, None),
        "idle": ("weekly_visit", "missed", 0, 1, None),
        "fresh": ("weekly_visit", "excused", 0, 0, "new_post"),
        "resting": ("weekly_visit", "excused", 0, 0, "leave"),
        "书记庚": ("grid_days", "missed", 1, 0, None),
    }
    assert {one["member_name"] for one in missed["items"]} == {"idle", "书记庚"}
    assert [(one["owed"], one["kept"], one["missed"], one["excused"], one["rate"]) for one in told_["totals"]] == [
        (4, 1, 1, 2, "50.00"), (1, 0, 1, 0, "0.00"),
    ]  # fmt: skip
    assert list(chain(*pages)) == told_["items"]
    assert {one["state"] for one in then["items"] if one["member_name"] == "steady"} == {"open"}
