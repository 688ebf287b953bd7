"""My work: due soon first, and exactly what changed since one looked, whatever transaction was slow."""

from datetime import timedelta

import asyncpg
import pytest

from services.platform.clock import now
from services.platform.database import INTAKE
from tests.county import BLANK_GRID, ROADS, SHUIKOU, STAFFED_GRID, WATER
from tests.journeys.people import Desk


@pytest.fixture
def desk(intake, county):
    return Desk(intake, county)


async def look(desk: Desk, login: str, **query):
    answer = await desk.client.get("/v1/me/work", params=query, headers=await desk.as_(login))
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(found) -> list[str]:
    return [item["number"] for item in found["items"]]


async def test_what_waits_for_me_is_what_my_seats_hold_help_with_and_hand_out(desk):
    held = await desk.file(place={"unit_code": STAFFED_GRID})
    helped = await desk.file(place={"unit_code": BLANK_GRID})
    mine = await look(desk, "grid")
    assert (mine["full"], numbers(mine), mine["gone"], mine["next"]) == (True, [held], [], None)
    item = mine["items"][0]
    assert (item["part"], item["next_stage"], item["task"]) == ("lead", "accept", None)
    assert item["next_due_at"] is not None
    assert numbers(await look(desk, "shuikou")) == [helped]

    await desk.does("shuikou", helped, "accept")
    await desk.does("shuikou", helped, "join", unit=WATER, task="检测主管")
    (task,) = (await look(desk, "water"))["items"]
    assert (task["number"], task["part"], task["task"]) == (helped, "co", "检测主管")
    await desk.does("water", helped, "finish_task", words="已检测")
    assert numbers(await look(desk, "water")) == []

    assert numbers(await look(desk, "pengzhai")) == []
    await desk.does("grid", held, "return", reason="not_ours", words="不属本网格")
    (waiting,) = (await look(desk, "pengzhai"))["items"]
    assert (waiting["number"], waiting["part"], waiting["next_stage"]) == (held, "desk", "dispatch")
    assert numbers(await look(desk, "yangming")) == numbers(await look(desk, "analyst")) == []


async def test_whoever_is_called_or_instructed_finds_it_in_their_work_until_it_is_done(desk):
    number = await desk.file(place={"unit_code": STAFFED_GRID})
    before = (await look(desk, "roads"))["since"]
    meet_at = (now() + timedelta(minutes=5)).isoformat()
    where = {"units": [ROADS], "meet_at": meet_at, "place": "村口"}
    await desk.does("pengzhai", number, "whistle", kind="emergency", words="请到场", **where)
    (called,) = (await look(desk, "roads"))["items"]
    assert (called["number"], called["part"], called["next_stage"]) == (number, "called", "respond")
    assert numbers(await look(desk, "roads", since=before)) == [number]
    since = (await look(desk, "roads"))["since"]
    await desk.does("roads", number, "respond", answer="arrived")
    assert numbers(await look(desk, "roads")) == []
    assert [gone["number"] for gone in (await look(desk, "roads", since=since))["gone"]] == [number]

    await desk.does("county", number, "instruct", unit=SHUIKOU, words="书记到场")
    (told,) = (await look(desk, "shuikou"))["items"]
    assert (told["number"], told["part"]) == (number, "called")
    await desk.does("shuikou", number, "report_back", words="已到场")
    assert numbers(await look(desk, "shuikou")) == []


async def test_overdue_comes_first_then_what_is_due_soon_and_what_stands_still_last(desk):
    filed = [await desk.file(place={"unit_code": STAFFED_GRID}) for _ in range(5)]
    for place, number in enumerate([filed[3], filed[0], filed[4], filed[1]]):
        await desk.county.owner.execute(
            "UPDATE clocks SET due_at = now() + make_interval(hours => $2) FROM tickets t WHERE t.id = ticket_id AND t.number = $1",
            number,
            place - 1,
        )
    await desk.county.owner.execute("UPDATE clocks SET state = 'paused' FROM tickets t WHERE t.id = ticket_id AND t.number = $1", filed[2])
    expected = [filed[3], filed[0], filed[4], filed[1], filed[2]]
    assert numbers(await look(desk, "grid")) == expected
    paged, cursor = [], None
    for _ in range(3):
        page = await look(desk, "grid", limit=2, **({"cursor": cursor} if cursor else {}))
        paged += numbers(page)
        cursor = page["next"]
    assert (paged, cursor) == (expected, None)


async def test_only_what_changed_is_told_and_what_left_is_told_as_gone(desk):
    first, second, third = [await desk.file(place={"unit_code": STAFFED_GRID}) for _ in range(3)]
    since = (await look(desk, "grid"))["since"]
    nothing = await look(desk, "grid", since=since)
    assert (nothing["full"], nothing["items"], nothing["gone"]) == (False, [], [])

    await desk.does("grid", first, "accept")
    await desk.does("grid", second, "hand_up", reason="needs_funds", words="需要资金")
    fresh = await desk.file(place={"unit_code": STAFFED_GRID})
    elsewhere = await desk.file(place={"unit_code": BLANK_GRID})
    changed = await look(desk, "grid", since=since)
    assert numbers(changed) == [first, fresh]
    assert [(one["number"], one["gone"]) for one in changed["gone"]] == [(second, True)]
    assert third not in numbers(changed)
    assert elsewhere not in str(changed)
    assert numbers(await look(desk, "grid", since=changed["since"])) == []

    pages, cursor = [], None
    for _ in range(3):
        page = await look(desk, "grid", since=since, limit=1, **({"cursor": cursor} if cursor else {}))
        pages += numbers(page) + [one["number"] for one in page["gone"]]
        cursor = page["next"]
    assert (sorted(pages), cursor) == (sorted([first, second, fresh]), None)


async def test_a_desk_is_told_when_a_ticket_stopped_waiting_there(desk):
    number = await desk.file(place={"unit_code": STAFFED_GRID})
    await desk.does("grid", number, "return", reason="not_ours", words="不属本网格")
    found = await look(desk, "pengzhai")
    assert numbers(found) == [number]
    # it was raised to the county's desk, because nobody handed it out in time
    county_desk = "UPDATE tickets SET desk_unit_id = (SELECT id FROM units WHERE code = '441624') WHERE number = $1"
    await desk.county.owner.execute(county_desk, number)
    raised = await look(desk, "pengzhai", since=found["since"])
    assert (raised["items"], [one["number"] for one in raised["gone"]]) == ([], [number])
    county = await look(desk, "county")
    assert numbers(county) == [number]
    await desk.does("county", number, "dispatch", unit=SHUIKOU, words="由村里办理")
    given = await look(desk, "county", since=county["since"])
    assert (numbers(given), [one["number"] for one in given["gone"]]) == ([], [number])


async def test_a_change_committed_late_with_an_earlier_time_is_not_missed(desk):
    """Two transactions, the one that began first commits last: any cursor made of times or of numbers in order would step over it."""
    slow, quick = [await desk.file(place={"unit_code": STAFFED_GRID}) for _ in range(2)]
    since = (await look(desk, "grid"))["since"]
    first = await asyncpg.connect(desk.county.url, server_settings={"role": INTAKE})
    second = await asyncpg.connect(desk.county.url, server_settings={"role": INTAKE})
    try:
        begun = first.transaction()
        await begun.start()
        await first.execute("UPDATE tickets SET version = version + 1, updated_at = now() WHERE number = $1", slow)
        await second.execute("UPDATE tickets SET version = version + 1, updated_at = now() WHERE number = $1", quick)
        between = await look(desk, "grid", since=since)
        assert numbers(between) == [quick]
        again = await look(desk, "grid", since=between["since"])
        assert numbers(again) == []
        await begun.commit()
    finally:
        await first.close()
        await second.close()
    assert (await desk.county.value("SELECT count(DISTINCT updated_at) FROM tickets")) == 2
    late = "SELECT (SELECT updated_at FROM tickets WHERE number = $1) < (SELECT updated_at FROM tickets WHERE number = $2)"
    assert await desk.county.value(late, slow, quick) is True
    for cursor in (between["since"], again["since"]):
        assert numbers(await look(desk, "grid", since=cursor)) == [slow]


async def test_what_is_rolled_back_was_no_change(desk):
    number = await desk.file(place={"unit_code": STAFFED_GRID})
    since = (await look(desk, "grid"))["since"]
    began = desk.county.owner.transaction()
    await began.start()
    await desk.county.owner.execute("UPDATE tickets SET version = version + 1 WHERE number = $1", number)
    await began.rollback()
    assert numbers(await look(desk, "grid", since=since)) == []


async def test_an_unchanged_list_is_304_and_a_changed_one_is_not(desk):
    number = await desk.file(place={"unit_code": STAFFED_GRID})
    headers = await desk.as_("grid")
    answer = await desk.client.get("/v1/me/work", headers=headers)
    tag = answer.headers["ETag"]
    assert tag.startswith('W/"')
    same = await desk.client.get("/v1/me/work", headers={**headers, "If-None-Match": f'"other", {tag}'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    await desk.does("grid", number, "accept")
    after = await desk.client.get("/v1/me/work", headers={**headers, "If-None-Match": tag})
    assert after.status_code == 200
    assert after.headers["ETag"] != tag


async def test_with_other_seats_or_another_database_the_whole_list_comes_again(desk):
    import base64

    import orjson

    number = await desk.file(place={"unit_code": STAFFED_GRID})
    since = (await look(desk, "grid"))["since"]
    assert (await look(desk, "shuikou", since=since))["full"] is True

    def changed(place: int, value: object) -> str:
        parts = orjson.loads(base64.urlsafe_b64decode(since + "=" * (-len(since) % 4)))
        parts[place] = value
        return base64.urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()

    for place, value in ((0, 1), (1, "999999999:999999999:"), (3, 1_700_000_000)):
        found = await look(desk, "grid", since=changed(place, value))
        assert (found["full"], numbers(found)) == (True, [number]), place
    for value in ("1", "x:y:z", "3:1:", "1:5:9,2", "1:2:3;DROP TABLE tickets"):
        refused = await desk.client.get("/v1/me/work", params={"since": changed(1, value)}, headers=await desk.as_("grid"))
        assert refused.status_code in (400, 422), value
    for query in ({"since": "x"}, {"cursor": "x"}, {"cursor": since}):
        refused = await desk.client.get("/v1/me/work", params=query, headers=await desk.as_("grid"))
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor.malformed")


async def test_numbers_of_a_database_this_one_was_restored_from_are_no_changes(desk):
    number = await desk.file(place={"unit_code": STAFFED_GRID})
    await desk.county.owner.execute("ALTER TABLE tickets DISABLE TRIGGER note_change")
    await desk.county.owner.execute("UPDATE tickets SET changed_in = 9000000000")
    await desk.county.owner.execute("ALTER TABLE tickets ENABLE TRIGGER note_change")
    since = (await look(desk, "grid"))["since"]
    assert numbers(await look(desk, "grid", since=since)) == []
    await desk.does("grid", number, "accept")
    assert numbers(await look(desk, "grid", since=since)) == [number]
