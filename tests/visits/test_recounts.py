"""Both reports of what was owed, against a recount in Python of the very rows that were written: random months, as known at any instant."""

import random
from datetime import date, datetime, time, timedelta

import pytest

from services.activities.models import Activity
from services.organization.leave_models import Leave
from services.organization.models import Post
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.bulk import insert_many
from services.platform.clock import SHANGHAI
from services.platform.database import OWNER, REPORTING
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.visits.models import STEPS, ServiceStep, Visit
from services.visits.obligations import Owed, Week
from services.visits.owed import AskedWeek, obligations_report
from services.visits.reporting import AskedRound, missing_homes, service_days_report
from tests.county import BLANK_GRID, SHUIKOU, STAFFED_GRID, actor
from tests.visits.test_obligations import is_worked, recount
from tests.visits.test_visits import load

MONTH = date(2026, 12, 1)
FIRST, LAST = date(2026, 12, 15), date(2026, 12, 16)
DUE = datetime(2026, 12, 17, tzinfo=SHANGHAI)
WEEK = Week(date(2026, 12, 28))
"""The last of the year, 2026-W53: it ends on 3 January 2027."""
END = datetime(2027, 1, 10, tzinfo=SHANGHAI)


@pytest.fixture
async def people(county, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: END)
    await load(county, ("one", "two", "three"))
    rows = await county.fetch("SELECT c.id, c.member_id, m.name FROM accounts c JOIN members m ON m.id = c.member_id")
    await county.owner.execute("UPDATE pairings SET recorded_at = '2026-11-01', valid_from = '2026-11-01'")
    return {row["name"]: (row["member_id"], row["id"]) for row in rows}


def instant(rng, first, last):
    return first + rng.random() * (last - first)


def calls(rng, people, homes):
    """Make visits and attempts of December, some told late, some withdrawn: (activity, visit)."""
    found = []
    for _ in range(90):
        name = rng.choice(("one", "two", "three"))
        member, account = people[name]
        home = rng.choice([home for home in homes if home["member_id"] == member])
        day = rng.choice((FIRST, LAST, LAST + timedelta(days=rng.randrange(5)), MONTH + timedelta(days=rng.randrange(31))))
        at = datetime.combine(day, time(rng.randrange(24), rng.randrange(60)), SHANGHAI)
        recorded = at + timedelta(hours=rng.choice((0, 1, 20, 60, 300)))
        outcome = rng.choice(("met", "met", "absent", "refused"))
        made = {"recorded_at": recorded, "recorded_by_account_id": account, "fingerprint": b"x"}
        gone = recorded + timedelta(hours=rng.choice((1, 50))) if rng.random() < 0.15 else None
        row = {"id": new_id(), "member_id": member, "outcome": outcome, **made}
        ledger = {
            **row, "kind": "visit", "unit_id": home["unit_id"], "by_unit_id": None, "happened_on": day, "household": home["reference"],
            "withdrawn_at": gone, "withdrawn_because": "did_not_happen" if gone else None,
            "withdrawn_by_account_id": account if gone else None,
        }  # fmt: skip
        visit = {
            **row, "household_id": home["id"], "month": MONTH if day in (FIRST, LAST) or rng.random() < 0.2 else None, "happened_at": at,
            "nothing_said": outcome == "met", "rebooked_for": None, "follows_id": None, "purposes": ["people"], "matter_id": None,
            "completed_at": recorded, "completed_by_account_id": account, "unconfirmed_because": None, "desk_told_at": None,
        }  # fmt: skip
        found.append((ledger, visit))
    return found


def steps(rng, people, unit_id):
    found = []
    for name in ("one", "two", "three"):
        member, account = people[name]
        at, before = datetime.combine(FIRST, time(rng.randrange(12)), SHANGHAI), None
        recorded = at
        for nth, step in enumerate(STEPS[: rng.randrange(6)], 1):
            recorded = max(recorded, at + timedelta(hours=rng.choice((0, 5, 90))))  # a step waits for the one before it
            found.append({
                "id": new_id(), "member_id": member, "month": MONTH, "step": step, "nth": nth, "previous_nth": nth - 1 or None,
                "happened_at": at, "previous_at": before, "unit_id": unit_id, "lat": None, "lon": None, "cell_metres": None,
                "paper_id": None, "fingerprint": b"x", "recorded_at": recorded,
                "recorded_by_account_id": account,
            })  # fmt: skip
            before, at = at, at + timedelta(hours=rng.choice((0, 3, 12, 20)))
    return found


def known(row, as_of):
    return row["recorded_at"] <= as_of and not (row.get("withdrawn_at") and row["withdrawn_at"] <= as_of)


def by_hand(members, homes, made, taken, as_of):
    """Go through every household of every member, and every call there."""
    lines, lone = {}, set()
    for member in members:
        line = {"planned": 0, "visited": 0, "attempted": 0, "missing": 0, "caught_up": 0, "ad_hoc": 0}
        of_them = [visit for ledger, visit in made if known(ledger, as_of) and visit["member_id"] == member]
        for home in homes:
            if home["member_id"] != member:
                continue
            here = [visit for visit in of_them if visit["household_id"] == home["id"] and visit["month"] == MONTH]
            in_time = [visit for visit in here if visit["happened_at"] < DUE]
            met = any(visit["outcome"] == "met" for visit in in_time)
            line["planned"] += 1
            line["visited" if met else "attempted" if in_time else "missing"] += 1
            line["caught_up"] += not met and any(visit["outcome"] == "met" and visit["happened_at"] >= DUE for visit in here)
            if not in_time:
                lone.add(home["id"])
        line["ad_hoc"] = sum(visit["month"] is None and visit["outcome"] == "met" for visit in of_them)
        told = [step for step in taken if step["member_id"] == member and step["recorded_at"] <= as_of]
        done = {step["step"]: "in_time" if step["happened_at"] < DUE else "late" for step in told}
        line["steps"] = {step: done.get(step, "missing" if as_of >= DUE else "to_come") for step in STEPS}
        line["complete"] = set(line["steps"].values()) == {"in_time"} and not line["missing"]
        lines[member] = line
    return lines, lone


async def test_service_days_are_told_as_a_recount_of_all_calls_and_steps_says(county, people):
    rng = random.Random(15)
    homes = await county.fetch(
        "SELECT h.id, h.unit_id, h.reference, p.member_id FROM households h JOIN pairings p ON p.household_id = h.id ORDER BY h.id"
    )
    (unit,) = await county.fetch("SELECT id FROM units WHERE code = $1", SHUIKOU)
    made, taken = calls(rng, people, homes), steps(rng, people, unit["id"])
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        await insert_many(work.session, Activity, [ledger for ledger, _visit in made])
        await insert_many(work.session, Visit, [visit for _ledger, visit in made])
        await insert_many(work.session, ServiceStep, taken)
    desk = await actor("county")
    members = [people[name][0] for name in ("one", "two", "three")]
    instants = [DUE, END, *(instant(rng, DUE - timedelta(days=3), END) for _ in range(12))]
    async with county.as_role(REPORTING), unit_of_work(desk) as work:
        for as_of in instants:
            asked = AskedRound(None, MONTH, as_of)
            told = await service_days_report(work, asked, "all", after=None, limit=50)
            lone = await missing_homes(work, asked, after=None, limit=200)
            lines, without = by_hand(members, homes, made, taken, as_of)
            assert {one.household_id for one in lone.items} == without
            assert len(without) == lone.total == told.totals.missing
            got = {one.member_id: {name: getattr(one, name) for name in lines[members[0]]} for one in told.items}
            assert got == lines, as_of
            some = await service_days_report(work, asked, "incomplete", after=None, limit=50)
            assert {one.member_id for one in some.items} == {member for member, line in lines.items() if not line["complete"]}


async def test_a_week_over_new_year_is_judged_as_a_recount_of_all_deeds_says(county, people):
    rng = random.Random(53)
    units = {row["code"]: row["id"] for row in await county.fetch("SELECT id, code FROM units")}
    names = ("one", "two", "three")
    posts, leaves, deeds = [], [], []
    for name in names:
        member, account = people[name]
        for unit, role in ((STAFFED_GRID, "guide"), (BLANK_GRID, "guide"), (SHUIKOU, "village_secretary")):
            begins = rng.choice((date(2024, 1, 1), WEEK.monday, WEEK.monday + timedelta(days=2)))
            ends = rng.choice((None, None, WEEK.monday + timedelta(days=5), WEEK.monday + timedelta(days=30)))
            posts.append({"id": new_id(), "member_id": member, "unit_id": units[unit], "role": role, "valid_from": begins, "valid_to": ends,
                          "created_at": datetime(2026, 12, rng.randrange(1, 31), tzinfo=SHANGHAI)})  # fmt: skip
        first = WEEK.monday + timedelta(days=rng.randrange(-2, 4))
        over = first + timedelta(days=rng.randrange(1, 9))
        leaves.append({"id": new_id(), "member_id": member, "kind": "annual", "valid_from": first, "valid_to": over, "over_on": over,
                       "entered_at": datetime(2026, 12, 29, rng.randrange(24), tzinfo=SHANGHAI)})  # fmt: skip
        for _ in range(9):
            day = WEEK.monday + timedelta(days=rng.randrange(-2, 9))
            recorded = datetime.combine(day, time(12), SHANGHAI) + timedelta(hours=rng.choice((0, 30, 100)))
            deeds.append({"id": new_id(), "kind": "visit", "unit_id": units[rng.choice((STAFFED_GRID, BLANK_GRID, "441624100"))],
                          "by_unit_id": None, "member_id": member, "happened_on": day, "outcome": rng.choice(("met", "absent")),
                          "household": b"y", "recorded_at": recorded, "recorded_by_account_id": account, "fingerprint": b"x",
                          "withdrawn_at": None, "withdrawn_because": None, "withdrawn_by_account_id": None})  # fmt: skip
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        for row_class, rows in ((Post, posts), (Leave, leaves), (Activity, deeds)):
            await insert_many(work.session, row_class, rows)
    desk = await actor("county")
    mine = {people[name][0] for name in names}
    states = set()
    async with county.as_role(REPORTING), unit_of_work(desk) as work:
        for as_of in (END, *(instant(rng, datetime(2026, 12, 27, tzinfo=SHANGHAI), END) for _ in range(15))):
            told, _next = await obligations_report(work, AskedWeek(None, WEEK, as_of), "all", after="", limit=500)
            got = {(one.member_id, one.unit_code): one for one in told.items if one.member_id in mine}
            expected = judged_by_hand(posts, leaves, deeds, {unit: code for code, unit in units.items()}, as_of)
            assert {key: (one.state, one.done, one.because) for key, one in got.items()} == expected, as_of
            states |= {state for state, _done, _because in expected.values()}
            for total in told.totals:
                kept = [one.state for one in told.items if one.kind == total.kind]
                assert (total.owed, total.kept, total.missed) == (len(kept), kept.count("kept"), kept.count("missed"))
    assert states == {"kept", "missed", "excused", "open"}, "all of them are met"


def judged_by_hand(posts, leaves, deeds, codes, as_of):
    found = {}
    for post in posts:
        ends = post["valid_to"]
        if post["created_at"] > as_of or (ends is not None and ends <= WEEK.monday) or post["valid_from"] > WEEK.days[-1]:
            continue
        code = codes[post["unit_id"]]
        there = [deed for deed in deeds if deed["member_id"] == post["member_id"] and deed["recorded_at"] <= as_of
                 and codes[deed["unit_id"]].startswith(code)]  # fmt: skip
        village = code == SHUIKOU
        days = tuple(deed["happened_on"] for deed in there if village or deed["outcome"] == "met")
        away = tuple((leave["valid_from"], leave["valid_to"]) for leave in leaves
                     if leave["member_id"] == post["member_id"] and leave["entered_at"] <= as_of)  # fmt: skip
        working = frozenset(day for day in WEEK.days if is_worked(day))
        kind = "grid_days" if village else "weekly_visit"
        over = as_of >= datetime(2027, 1, 4, tzinfo=SHANGHAI)
        judged = recount(Owed(kind, WEEK, ((post["valid_from"], ends),), away, working, days), over)
        found[post["member_id"], code] = (judged.state, judged.done, judged.because)
    return found
