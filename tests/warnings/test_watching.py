"""A quarter of a village's life, one bad day, and what becomes of it: found once, told once, answered, over."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

from dispatch_worker.jobs.warn import warn
from dispatch_worker.station import Station
from services.notifications.senders import Senders
from services.platform.actor import SYSTEM
from services.platform.clock import day_start, local_day, now
from services.platform.database import WORKER
from services.platform.unit_of_work import unit_of_work
from services.warnings.watching import count_day, days_to_look_at, weigh
from tests import county as heping
from tests.assessment.world import PENGZHAI_PATH, Doors
from tests.conftest import TestDatabase
from tests.reports import ground

STATION = Station(handlers={}, senders=Senders(), batch=1)
BAD = 16
"""How many matters came in on the bad day, beside the usual one."""


async def _quarter(county: TestDatabase) -> date:
    """Write one matter a day for thirteen weeks and many yesterday, half of which were due the same day; return yesterday."""
    yesterday, ids = local_day(now()) - timedelta(days=1), []
    water = await county.value("SELECT id FROM units WHERE code = $1", heping.WATER)
    for back in range(95, -1, -1):
        noon = day_start(yesterday - timedelta(days=back)) + timedelta(hours=12)
        for _ in range(1 + BAD * (back == 0)):
            in_time = {"status": "closed", "resolved_at": noon, "closed_at": noon} if back else {}
            ids.append(
                await ground.put(
                    county.owner, area_path=PENGZHAI_PATH, category_code="water.canal", received_at=noon, recorded_at=noon,
                    lead_unit_id=water, due=noon + timedelta(hours=2), **in_time,
                )
            )  # fmt: skip
    await ground.tell(ids)
    await county.settle()
    await county.owner.execute("DELETE FROM messages")
    return yesterday


async def _look(county: TestDatabase, day: date) -> int:
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        counted = await count_day(work, day)
        return len(await weigh(work, day, *counted)) if counted is not None else 0


async def _read(doors: Doors, login: str, **query: Any) -> dict[tuple[str, str, str], dict[str, Any]]:
    answer = await doors.get(login, "/v1/warnings", **query)
    assert answer.status_code == 200, answer.text
    return {(found["measure"], found["subject"], found["code"]): found for found in answer.json()["items"]}


async def test_one_bad_day_is_found_told_answered_and_over(county: TestDatabase) -> None:
    yesterday, doors = await _quarter(county), Doors(county)
    async with county.as_role(WORKER):
        await asyncio.gather(warn(STATION), warn(STATION), warn(STATION))
        await warn(STATION)
    subjects = {
        ("unit", heping.SHUIKOU),
        ("unit", heping.PENGZHAI),
        ("category", "water"),
        ("category", "water.canal"),
        ("department", heping.WATER),
    }
    found = await _read(doors, "county", limit=200)
    assert set(found) == {(measure, *subject) for measure in ("inflow", "overdue") for subject in subjects}
    inflow, overdue = found["inflow", "unit", heping.SHUIKOU], found["overdue", "unit", heping.SHUIKOU]
    assert (inflow["opened_with"]["span"], inflow["opened_with"]["value"]) == ("day", 1 + BAD)
    assert (inflow["opened_with"]["middle"], inflow["opened_with"]["before"]) == ("1.00", ["1"] * 12)
    assert (overdue["opened_with"]["value"], overdue["opened_with"]["of"]) == (1 + BAD, 1 + BAD)

    # the figures are those of the reports, and lead to their tickets
    for warning in found.values():
        told = await doors.get("county", warning["opened_with"]["tickets"])
        expected = warning["opened_with"]["value"] if warning["measure"] == "inflow" else warning["opened_with"]["of"]
        assert told.json()["total"] == expected, warning

    # each desk above is told once, in one message
    messages = await county.fetch(
        "SELECT u.code, m.words FROM messages m JOIN units u ON u.id = m.unit_id WHERE template = 'early_warning'"
    )
    assert {row["code"] for row in messages} == {heping.PENGZHAI, heping.COUNTY}
    assert len(messages) == 2
    assert any("昨日受理17件（往常约1件）" in row["words"] for row in messages)
    await _answered(doors, inflow["id"], found["inflow", "unit", heping.PENGZHAI]["id"], found["inflow", "category", "water"]["id"])
    before = await _as_told(doors, now())
    await _over(county, doors, yesterday)
    assert await _as_told(doors, before[0]) == before, "what was told before it was over is told of that instant still"
    assert (await _as_told(doors, now()))[1] != before[1]


async def _as_told(doors: Doors, instant: datetime) -> tuple[datetime, dict[Any, Any]]:
    """Return an instant, and all that is told of it, with how many tickets lie behind each peak."""
    found = await _read(doors, "county", limit=200, as_of=instant.isoformat())
    behind = {key: (await doors.get("county", warning["peak"]["tickets"])).json()["total"] for key, warning in list(found.items())[:3]}
    return instant, {"warnings": found, "behind": behind}


async def _answered(doors: Doors, village: str, township: str, category: str) -> None:
    assert {subject for _measure, subject, _code in await _read(doors, "pengzhai")} == {"unit"}
    assert {code for _measure, _subject, code in await _read(doors, "shuikou")} == {heping.SHUIKOU}
    assert {code for _measure, _subject, code in await _read(doors, "water")} == {heping.WATER}
    assert await _read(doors, "yangming") == {}
    words = {"words": "暴雨冲毁水渠，已派人。"}
    for login, warning, code in (
        ("analyst", village, "permission.denied"),
        ("yangming", village, "warning.unknown"),
        ("pengzhai", township, "warning.own_unit"),
        ("pengzhai", category, "warning.unknown"),
    ):
        assert (await doors.post(login, f"/v1/warnings/{warning}/acknowledgement", words)).json()["code"] == code
    for login, warning in (("pengzhai", village), ("county", township), ("county", category)):
        done = await doors.post(login, f"/v1/warnings/{warning}/acknowledgement", words, key=f"k{warning}")
        assert done.json()["acknowledged_words"] == words["words"], done.text
    again = await doors.post("pengzhai", f"/v1/warnings/{village}/acknowledgement", words, key=f"k{village}")
    assert again.status_code == 200, "the same request again gets the same answer"
    assert (await doors.post("county", f"/v1/warnings/{village}/acknowledgement", words)).json()["code"] == "warning.acknowledged"


async def _over(county: TestDatabase, doors: Doors, yesterday: date) -> None:
    """The bad day stays in the last seven days for a week; three quiet days later it is over."""
    assert await _look(county, yesterday) == 0, "a day is looked at once"
    for ahead in range(1, 10):
        assert await _look(county, yesterday + timedelta(days=ahead)) == 0, "nobody is told again of the same episode"
    found = await _read(doors, "county", state="open", limit=200)
    assert not [key for key in found if key[0] == "inflow"]
    over = (await _read(doors, "county", state="ended", measure="inflow", limit=200))["inflow", "unit", heping.SHUIKOU]
    assert over["ended_on"] == str(date.fromisoformat(over["last_outside_on"]) + timedelta(days=3))
    assert (over["opened_on"], over["acknowledged_words"]) == (str(yesterday), "暴雨冲毁水渠，已派人。")
    events = "SELECT type FROM events WHERE subject_id = $1::text::uuid ORDER BY seq"
    types = [row["type"] for row in await county.fetch(events, over["id"])]
    assert (types[0], types[-1]) == ("warning.opened", "warning.ended")
    assert "warning.acknowledged" in types

    # after a standstill the days that were missed are looked at in order, and no more than a month of them
    await county.owner.execute("DELETE FROM warning_looks WHERE day > $1", yesterday - timedelta(days=5))
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert await days_to_look_at(work) == [yesterday], "the first look ever is of yesterday"
    await county.owner.execute("INSERT INTO warning_looks VALUES ($1, now(), 0, 0, 0)", yesterday - timedelta(days=5))
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert await days_to_look_at(work) == [yesterday - timedelta(days=back) for back in range(4, -1, -1)]
    await county.owner.execute("UPDATE warning_looks SET day = day - 200")
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert len(await days_to_look_at(work)) == 31
