"""The kept counts against a recount from all rows, for any day as known at any instant; and what a renumbering does to them: nothing."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from services.households.commands import EndHousehold
from services.households.models import Household
from services.identity.actions import add_account
from services.identity.closing import close_account
from services.identity.models import Account
from services.organization.leave_models import Leave
from services.organization.loading import load_unit_file
from services.organization.models import Member
from services.organization.queries import forget_unit_tree
from services.pairing.actions import end_pairing, hand_over, household_ended, pair
from services.pairing.commands import EndPairing, HandOver, Pair
from services.pairing.counting import fold_counts
from services.pairing.coverage import AskedCoverage, coverage, missing
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.bulk import insert_many
from services.platform.clock import local_day
from services.platform.database import OWNER, REPORTING, WORKER
from services.platform.errors import Problem
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.visits.following import follow_service
from tests.county import BLANK_GRID, PENGZHAI, SHUIKOU, STAFFED_GRID, WATER, YANGMING, actor
from tests.pairing.recount import recounted
from tests.pairing.test_pairing import FILE, cadre, load, load_pairs

HOMES = 14
GRIDS = (STAFFED_GRID, BLANK_GRID, SHUIKOU)


class Days:
    """A clock that goes on by hours from today, so that nothing is known twice at one instant."""

    def __init__(self, monkeypatch):
        self.at = clock.now()
        monkeypatch.setattr(clock, "now", lambda: self.at)

    def on(self, hours):
        self.at += timedelta(hours=hours, seconds=1)


async def random_deed(county, rng, desk, members, homes):
    """Do one of the things that are done with a register, however it ends."""
    today = local_day(clock.now())
    day = today - timedelta(days=rng.randrange(6))
    home, member, other = rng.choice(homes), *rng.sample(members, 2)
    what = rng.choice(("pair", "pair", "pair", "end", "over", "moved", "again", "left", "hand"))
    if what == "left":
        await county.owner.execute("UPDATE members SET left_on = $2 WHERE staff_number = $1", "R-4", rng.choice((None, day)))
    elif what == "again":
        lines = "".join(f"{rng.choice(GRIDS)},9-{nth:03},黄某,,水口{rng.random()},{rng.randrange(9)}\n" for nth in range(HOMES))
        await load(county, "unit,number,head,phone,address,people\n" + lines)
    elif what == "moved":
        (row,) = await county.fetch("SELECT id FROM units WHERE code = $1", rng.choice(GRIDS))
        await county.owner.execute("UPDATE households SET unit_id = $2 WHERE id = $1", home, row["id"])
    else:
        async with county.as_role(OWNER), unit_of_work(desk) as work:
            if what == "pair":
                await pair(work, Pair(kind="member_household", member_id=member, household_id=home, since=day))
            elif what == "hand":
                await hand_over(work, HandOver(from_member_id=member, to=(other,)))
            elif what == "over":
                await household_ended(work, home, EndHousehold(because="moved_away", on=day))
            else:
                (row,) = await county.fetch("SELECT id FROM pairings WHERE household_id = $1 ORDER BY recorded_at DESC LIMIT 1", home)
                await end_pairing(work, row["id"], EndPairing(because="other", on=day))


async def asked(county, desk, question):
    """Return the answer, and the ids of all pages of households, members and those with too many."""
    async with county.as_role(REPORTING), unit_of_work(desk) as work:
        told = await coverage(work, question)
        pages = {}
        for side in ("households", "members"):
            ids, after = [], None
            while True:
                items, total = await missing(work, question, side, after=after, limit=3)
                ids += [one.id for one in items]
                if len(items) < 3:
                    break
                after = items[-1].id
            assert len(ids) == len(set(ids)) == total
            pages[side] = set(ids)
        return told, pages


@pytest.mark.parametrize("seed", [1, 2])
async def test_counts_are_what_a_recount_of_all_rows_says_for_any_day_as_known_at_any_instant(county, monkeypatch, seed):
    rng, days = random.Random(seed), Days(monkeypatch)
    first = days.at
    await load(county, "unit,number\n" + "".join(f"{GRIDS[nth % 3]},9-{nth:03}\n" for nth in range(HOMES)))
    members = [await cadre(county, f"R-{nth}") for nth in range(5)]
    desk = await actor("county")
    done = 0
    for nth in range(60):
        days.on(rng.choice((1, 5, 19)))
        homes = [row["id"] for row in await county.fetch("SELECT id FROM households ORDER BY id")]
        try:
            await random_deed(county, rng, desk, members, homes)
            done += 1
        except (Problem, ValueError):
            pass  # refused: nothing changed, which the recount shows too
        if nth == 30:
            async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
                monkeypatch.setattr("services.pairing.counting.FOLDED_FROM", 1)
                assert await fold_counts(work)
    assert done > 20
    paths = {row["code"]: row["path"] for row in await county.fetch("SELECT code, path FROM units")}
    for unit in (None, PENGZHAI, SHUIKOU, STAFFED_GRID, YANGMING):
        for nth in range(6):
            as_of = days.at if nth == 0 else first + rng.random() * (days.at - first)
            day = local_day(as_of) - timedelta(days=0 if nth < 2 else rng.randrange(8))
            told, pages = await asked(county, desk, AskedCoverage(unit, day, as_of))
            lone, total, loads = await recounted(county, paths[unit or "441624"], day, as_of)
            assert (pages["households"], told.households.missing, told.households.total) == (lone, len(lone), total), (unit, day, as_of)
            idle = {member for member, homes in loads.items() if not homes}
            assert (pages["members"], told.members.missing, told.members.total) == (idle, len(idle), len(loads))
            held = sorted(homes for homes in loads.values() if homes)
            assert (told.loads.least, told.loads.most) == ((held[0], held[-1]) if held else (None, None))


RENUMBERED = "441624108299"


async def renumber(county, village, code, *, into=PENGZHAI):
    text = f"code,parent_code,name,tier,predecessor_code\n{code},{into},水口新村村民委员会,village,{village}\n"
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        await load_unit_file(work, text)
    forget_unit_tree()


async def test_a_village_that_gets_another_code_keeps_its_households_its_pairings_and_what_was_known_of_them(county, monkeypatch):
    days = Days(monkeypatch)
    await load(county, FILE)
    await cadre(county, "SL-1")
    pairs = "unit,household,member,partner\n" + "".join(f"{SHUIKOU},3-{nth:03},SL-1,\n" for nth in range(6))
    done, wrong = await load_pairs(county, pairs + f"{SHUIKOU},,SL-1,\n{SHUIKOU},,,{WATER}\n")
    assert (done.added, wrong) == (8, [])
    desk = await actor("county")
    before, day_before = days.at, local_day(days.at)
    answers = [await asked(county, desk, AskedCoverage(unit, day_before, before)) for unit in (None, PENGZHAI, SHUIKOU)]
    homes = await county.fetch("SELECT id, reference FROM households ORDER BY id")
    days.on(26)
    await renumber(county, SHUIKOU, RENUMBERED)
    again = await load(county, FILE)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 12), "the grids are those they were"
    by_village = FILE.replace(STAFFED_GRID, RENUMBERED).replace(BLANK_GRID, RENUMBERED)
    moved = await load(county, by_village)
    assert (moved.added, moved.changed, moved.errors) == (0, 12, []), "the same households, in the village of the new code"
    assert (await load(county, by_village)).unchanged == 12
    assert await county.fetch("SELECT id, reference FROM households ORDER BY id") == homes
    done, wrong = await load_pairs(county, pairs.replace(SHUIKOU, RENUMBERED) + f"{RENUMBERED},,SL-1,\n{RENUMBERED},,,{WATER}\n")
    assert (done.added, done.transferred, done.unchanged, wrong) == (0, 0, 8, [])
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        await follow_service(work)
    for unit, (told, pages) in zip((None, PENGZHAI, SHUIKOU), answers, strict=True):
        then, pages_then = await asked(county, desk, AskedCoverage(unit, day_before, before))
        assert (then, pages_then) == (told, pages), "what was known then is what is said of then"
    for unit in (PENGZHAI, RENUMBERED, SHUIKOU):
        now, _pages = await asked(county, desk, AskedCoverage(unit))
        assert (now.households.total, now.households.paired) == (12, 6)
        assert (now.villages_with_unit.paired, now.villages_with_secretary.paired) == (1, 1)
    async with county.as_role(REPORTING), unit_of_work(desk) as work:
        for when, code in ((before, SHUIKOU), (None, RENUMBERED)):
            listed, _total = await missing(work, AskedCoverage(SHUIKOU, None, when), "townships_with_leader", after=None, limit=5)
            assert listed == []
            lone, _total = await missing(work, AskedCoverage(PENGZHAI, None, when), "villages_with_unit", after=None, limit=50)
            assert code not in {one.unit for one in lone}


async def test_villages_that_become_one_keep_the_numbers_of_both_books(county):
    other = await _village_beside(county)
    lines = "".join(f"{STAFFED_GRID},3-{nth:03}\n{other}001,{5 if nth else 3}-{nth:03}\n" for nth in range(3))
    assert (await load(county, "unit,number\n" + lines)).added == 6
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        await load_unit_file(work, f"code,parent_code,name,tier\n{other}001,{SHUIKOU},并入网格,grid\n")
    forget_unit_tree()
    homes = {row["id"] for row in await county.fetch("SELECT id FROM households")}
    again = await load(county, f"unit,number\n{other}001,5-001\n{other}001,3-000\n{STAFFED_GRID},3-001\n")
    assert (again.added, again.changed, again.unchanged, again.errors) == (0, 0, 3, [])
    twice = await load(county, f"unit,number\n{SHUIKOU},3-000\n")
    assert (twice.added, len(twice.errors)) == (0, 1), "whose household it is has to be said by its grid"
    assert {row["id"] for row in await county.fetch("SELECT id FROM households")} == homes
    await cadre(county, "SL-1")
    done, wrong = await load_pairs(county, f"unit,household,member\n{SHUIKOU},5-002,SL-1\n{other}001,3-000,SL-1\n")
    assert (done.added, wrong) == (2, [])


async def _village_beside(county):
    rows = await county.fetch(
        "SELECT code FROM units WHERE kind = 'village' AND path ^@ $1 AND code <> $2 ORDER BY code", "/441624/441624108/", SHUIKOU
    )
    return rows[0]["code"]


async def test_a_household_that_ended_is_listed_anew_by_a_file_that_says_something_new_of_it(county):
    await load(county, FILE)
    desk = await actor("county")
    (row,) = await county.fetch("SELECT id FROM households ORDER BY id LIMIT 1")
    async with county.as_role(OWNER), unit_of_work(desk) as work:
        await household_ended(work, row["id"], EndHousehold(because="moved_away"))
    same = await load(county, FILE)
    assert (same.added, same.unchanged) == (0, 12), "a file that is as old as its end lists nobody anew"
    anew = await load(county, FILE.replace("黄某0,", "黄回来,"))
    assert (anew.added, anew.changed) == (1, 0)
    intervals = await county.fetch(
        "SELECT ended_on FROM households WHERE reference = (SELECT reference FROM households WHERE id = $1)", row["id"]
    )
    assert sorted(one["ended_on"] is None for one in intervals) == [False, True], "both intervals stay known"


async def test_households_whose_member_is_away_or_may_sign_in_no_more_are_listed_and_those_of_who_left_lack_a_member(county, monkeypatch):
    days = Days(monkeypatch)
    await load(county, FILE)
    members = {login: await cadre(county, login) for login in ("SL-1", "SL-2", "SL-3", "SL-4")}
    lines = "".join(f"{SHUIKOU},3-{nth:03},SL-{nth % 4 + 1}\n" for nth in range(12))
    await load_pairs(county, "unit,household,member\n" + lines)
    desk, today = await actor("county"), local_day(days.at)
    days.on(1)
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        leave = {
            "id": new_id(),
            "member_id": UUID(members["SL-1"]),
            "kind": "annual",
            "valid_from": today,
            "valid_to": today + timedelta(3),
        }
        await insert_many(work.session, Leave, [{**leave, "over_on": leave["valid_to"], "entered_at": work.now}])
        account_id = (await add_account(work, UUID(members["SL-2"]), "sl-2", "测试口令-2026")).id
    days.on(1)
    before = days.at
    days.on(1)
    async with county.as_role(OWNER), unit_of_work(desk) as work:
        await close_account(work, await work.session.get_one(Account, account_id), "left")
        await work.session.execute(update(Member).where(Member.staff_number == "SL-3").values(left_on=today))
    for as_of, who in ((before, {"SL-1"}), (days.at, {"SL-1", "SL-2"})):
        async with county.as_role(REPORTING), unit_of_work(desk) as work:
            listed, total = await missing(work, AskedCoverage(None, today, as_of), "unattended", after=None, limit=50)
        rows = await county.fetch("SELECT household_id, m.name FROM pairings p JOIN members m ON m.id = p.member_id")
        assert {one.id for one in listed} == {row["household_id"] for row in rows if row["name"] in who}
        assert total == len(listed)
    told, pages = await asked(county, desk, AskedCoverage(None, today))
    assert {row["household_id"] for row in rows if row["name"] == "SL-3"} <= pages["households"], "who has left covers nobody"
    assert told.households.missing == 3
    async with county.as_role(OWNER), unit_of_work(desk) as work:
        await hand_over(work, HandOver(from_member_id=UUID(members["SL-3"]), to=(UUID(members["SL-4"]),)))
    told, _pages = await asked(county, desk, AskedCoverage(None, today))
    assert told.households.missing == 0


async def test_whoever_pairs_and_whoever_moves_households_at_once_leave_the_counts_right(county):
    await load(county, FILE)
    members = [UUID(await cadre(county, f"R-{nth}")) for nth in range(3)]
    desk, homes = await actor("county"), [row["id"] for row in await county.fetch("SELECT id FROM households ORDER BY id")]
    units = [row["id"] for row in await county.fetch("SELECT id FROM units WHERE code = ANY ($1)", list(GRIDS))]

    async def moved(nth):
        async with unit_of_work(SYSTEM) as work:
            one = select(Household).where(Household.id == homes[nth % 12])
            (await work.session.scalars(one.with_for_update())).one().unit_id = units[nth % 3]

    async def paired(nth):
        try:
            async with unit_of_work(desk) as work:
                if nth % 3:
                    await pair(work, Pair(kind="member_household", member_id=members[nth % 3], household_id=homes[nth % 12]))
                else:
                    await household_ended(work, homes[nth % 12], EndHousehold(because="dissolved"))
        except Problem:
            pass  # somebody was first

    async with county.as_role(OWNER):
        await asyncio.gather(*(do(nth) for nth in range(60) for do in (moved, paired)))
    kept = await county.fetch(
        "SELECT unit_id, sum(homes) AS homes, sum(paired) AS paired FROM home_counts WHERE member_id IS NULL GROUP BY 1"
    )
    rows = await county.fetch(
        "SELECT h.unit_id, count(*) FILTER (WHERE h.ended_on IS NULL) AS homes, count(p.id) AS paired FROM households h"
        " LEFT JOIN pairings p ON p.household_id = h.id AND p.valid_to IS NULL GROUP BY 1"
    )
    assert {tuple(row) for row in kept if row["homes"] or row["paired"]} == {tuple(row) for row in rows if row["homes"] or row["paired"]}
    assert sum(row["paired"] for row in rows) > 0
