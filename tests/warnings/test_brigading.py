"""A flood, a brigade and a matter in confidence on one day: what is seen, who is told once, who may read it; and nothing else changes."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

from httpx import AsyncClient, Response

from dispatch_worker.jobs.brigading import brigading
from dispatch_worker.jobs.purge import purge
from dispatch_worker.station import Station
from services.attachments.store import store
from services.complaints.signs import ALWAYS
from services.notifications.senders import Senders
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import OWNER, WORKER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.privacy.wholly import Wanted, erase_now
from services.warnings.brigading import look
from tests import county as heping
from tests.assessment.world import Doors
from tests.channels.open311_client import PIPE, connect
from tests.complaints.desk import home
from tests.conftest import TestDatabase
from tests.journeys.people import Desk

__all__ = ["home"]
STATION = Station(handlers={}, senders=Senders(), batch=1)
COPIED = "水口村的水渠堵死一个多月了稻田全部干裂请县里马上派人来清淤"
NAMES = ("赵铁柱", "钱多多", "孙悟净")


async def _tell(desk: Desk, words: str, phone: str | None, **more: Any) -> str:
    """Tell a matter by telephone; return the ticket's number."""
    contact = {"phone": phone, "name": more.pop("name", None)} if phone else None
    place = {"unit_code": more.pop("unit", heping.BLANK_GRID)}
    body = {"words": words, "call_id": str(new_id()), "category": "water.canal", "place": place, "contact": contact, **more}
    answer = await desk.client.post("/v1/hotline/complaints", json=body, headers=await desk.as_("hotline"))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


async def _flood(desk: Desk) -> list[str]:
    """Nine households of 水口村, each in words of its own, tell that the road is gone."""
    chance = random.Random(580)
    words = ["".join(chance.choices("桥头塌方路断石头滚落车过不去求人来看雨大水急", k=26)) for _ in range(9)]
    return [await _tell(desk, said, f"1380000{n:04}", category="roads.damage") for n, said in enumerate(words)]


async def _brigade(desk: Desk) -> list[str]:
    """One number under three names, three times each, and two others with the very same letters."""
    told = [await _tell(desk, f"{COPIED}{'!' * n}", "13900000000", name=NAMES[n % 3]) for n in range(9)]
    return [*told, *[await _tell(desk, COPIED, f"1390000000{n}") for n in (1, 2)]]


async def _look(county: TestDatabase) -> None:
    async with county.as_role(WORKER):
        await asyncio.gather(*(brigading(STATION) for _ in range(3)))


async def _listed(doors: Doors, login: str, **query: Any) -> dict[str, dict[str, Any]]:
    answer = await doors.get(login, "/v1/brigading", **query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rule"] == ALWAYS
    return {found["branch"]["code"]: found for found in answer.json()["items"]}


def _signs(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {sign["kind"]: sign for sign in found["signs"]}


async def test_a_flood_is_told_from_a_brigade_and_each_desk_is_told_once(intake: AsyncClient, county: TestDatabase) -> None:
    doors, desk = Doors(county), Desk(intake, county)
    flood, brigade = await _flood(desk), await _brigade(desk)
    hidden = await _tell(desk, COPIED, "13911112222", confidential=True)
    stands = "SELECT number, status, urgency, version FROM tickets ORDER BY number"
    before = [tuple(row) for row in await county.fetch(stands)]
    await _look(county)
    first_known = clock.now()
    await _look(county)
    assert [tuple(row) for row in await county.fetch(stands)] == before, "a sign changes nothing of any ticket"

    found = await _listed(doors, "pengzhai")
    assert set(found) == {"water", "roads"}
    water, roads = found["water"], found["roads"]
    assert (roads["unit"]["code"], roads["calls_for_a_look"], list(_signs(roads))) == (heping.SHUIKOU, False, ["burst"])
    assert (_signs(roads)["burst"]["looks"], roads["weight"]["households"]) == ("many", 9)
    assert _signs(roads)["burst"]["tickets"] == sorted(flood)
    assert water["weight"] == {"tellings": 11, "households": 3, "anonymous": 0}, "what was told in confidence is no part of it"
    assert set(_signs(water)) == {"burst", "many_names", "same_words", "few_households"}
    assert (_signs(water)["burst"]["looks"], _signs(water)["many_names"]["count"]) == ("few", 3)
    assert hidden not in str(found)
    for nobody in (*NAMES, "1390000", "1380000", COPIED):
        assert nobody not in str(found)

    messages = await county.fetch("SELECT u.code, m.words FROM messages m JOIN units u ON u.id = m.unit_id WHERE template = 'brigading'")
    assert [row["code"] for row in messages] == [heping.PENGZHAI], "one message about both, to the desk above"
    assert "来自9户" in messages[0]["words"]
    assert "不得因此不予受理" in messages[0]["words"]
    assert await county.value("SELECT count(*) FROM brigading_looks") == 2, "what is seen again is not written again"

    await _who_may(doors)
    await _at_the_ticket(desk, brigade[0], hidden)
    await _known_then(desk, doors, first_known)
    await _over(county, doors)


async def _who_may(doors: Doors) -> None:
    assert set(await _listed(doors, "county")) == set(await _listed(doors, "hotline")) == {"water", "roads"}
    assert await _listed(doors, "yangming") == {}
    for login in ("shuikou", "grid", "water", "analyst", "admin", "discipline"):
        assert (await doors.get(login, "/v1/brigading")).json()["code"] == "permission.denied"
    page = (await doors.get("county", "/v1/brigading", limit=1)).json()
    rest = (await doors.get("county", "/v1/brigading", limit=1, cursor=page["next"])).json()
    assert {page["items"][0]["branch"]["code"], rest["items"][0]["branch"]["code"]} == {"water", "roads"}
    assert rest["next"] is None
    assert (await doors.get("county", "/v1/brigading", cursor="x")).json()["code"] == "cursor.malformed"


async def _at_the_ticket(desk: Desk, number: str, hidden: str) -> None:
    """The desk sees what was told openly; who told it in confidence counts at the ticket itself, for whoever may know."""

    async def read(login: str, ticket: str) -> Response:
        return await desk.client.get(f"/v1/tickets/{ticket}/signs", headers=await desk.as_(login))

    own = (await read("pengzhai", number)).json()
    assert own["matter"]["weight"] == {"tellings": 1, "households": 1, "anonymous": 0}
    assert (own["around"]["place"]["code"], own["around"]["branch"]["code"], own["around"]["usual"]) == (heping.SHUIKOU, "water", 0)
    assert {sign["kind"] for sign in own["around"]["signs"]} == {"burst", "many_names", "same_words", "few_households"}
    assert own["around"]["weight"]["tellings"] == 11
    assert hidden not in str(own)
    secret = (await read("county", hidden)).json()
    assert (secret["matter"]["weight"]["tellings"], secret["around"]) == (1, None)
    assert (await read("yangming", number)).json()["code"] == "ticket.unknown"
    for login in ("shuikou", "water", "analyst"):
        assert (await read(login, number)).json()["code"] == "permission.denied"


async def _known_then(desk: Desk, doors: Doors, first_known: datetime) -> None:
    """More is told; what was known is told as it was. A third place within the hour waits; a burst is told of once."""
    then, county = await _listed(doors, "pengzhai"), desk.county
    for n in range(7):
        await _tell(desk, f"第{n}家停水停了好几天了一滴水都没有老人小孩怎么办{n}", f"1370000{n:04}", category="water.outage")
        await _tell(
            desk, f"{n}号路灯不亮走路摔了一跤夜里太黑了什么都看不见{n * n}", f"1360000{n:04}", category="roads.lamp", unit=heping.YANGMING
        )
    await _look(county)
    assert _signs((await _listed(doors, "pengzhai"))["water"])["burst"]["count"] == 18
    assert await _listed(doors, "pengzhai", as_of=first_known.isoformat()) == then
    assert await _listed(doors, "county", as_of=(first_known - timedelta(days=1)).isoformat()) == {}
    assert (await doors.get("county", "/v1/brigading", as_of="2999-01-01T00:00:00Z")).json()["code"] == "as_of.future"
    told = await county.fetch("SELECT u.code FROM messages m JOIN units u ON u.id = m.unit_id WHERE template = 'brigading'")
    assert sorted(row["code"] for row in told) == [heping.COUNTY, heping.PENGZHAI], (
        "of a township the county is told; of 彭寨镇 again nobody"
    )


async def _over(county: TestDatabase, doors: Doors) -> None:
    """Days later it is over, and nobody is told again."""
    messages = await county.value("SELECT count(*) FROM messages WHERE template = 'brigading'")
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        work.now += timedelta(days=5)
        assert await look(work) == []
    assert await _listed(doors, "county", state="open", as_of=clock.now().isoformat()) == await _listed(doors, "county")
    ended = "SELECT count(*) FROM brigading_episodes WHERE ended_at IS NULL"
    assert await county.value(ended) == 0
    assert await county.value("SELECT count(*) FROM messages WHERE template = 'brigading'") == messages
    types = await county.fetch("SELECT DISTINCT type FROM events WHERE type LIKE 'brigading.%' ORDER BY 1")
    assert [row["type"] for row in types] == ["brigading.ended", "brigading.opened"]


async def test_one_device_under_many_numbers_is_seen_and_its_mark_goes_with_the_person_or_after_its_time(
    intake: AsyncClient, home: Any, county: TestDatabase
) -> None:
    client, doors = await connect(intake), Doors(county)
    for n in range(3):
        said = f"第{n}次反映水管漏水路面结冰{n * 7}"
        await client.filed(**PIPE | {"description": said}, phone=f"1380000000{n}", device_id="seven-of-nine")
    await client.filed(**PIPE | {"description": "没有说是哪台设备"}, phone="13800000009")
    await _look(county)
    (found,) = (await _listed(doors, "pengzhai")).values()
    assert [(sign["kind"], sign["count"]) for sign in found["signs"]] == [("many_names", 3)]
    assert "同一设备以3个不同姓名或身份反映3次" in found["signs"][0]["words"]
    marks = await county.fetch("SELECT * FROM device_marks ORDER BY complaint_id")
    assert len(marks) == 3
    assert len({row["mark"] for row in marks}) == 1
    assert b"seven-of-nine" not in marks[0]["mark"]

    number = await county.value(
        "SELECT number FROM tickets t JOIN complaints c ON c.ticket_id = t.id WHERE c.id = $1", marks[0]["complaint_id"]
    )
    async with county.as_role(OWNER):
        assert (await erase_now(Wanted(ticket=number), store())).left == 0
    assert await county.value("SELECT count(*) FROM device_marks WHERE complaint_id = $1", marks[0]["complaint_id"]) == 0
    assert await county.value("SELECT count(*) FROM device_marks") == 2, "others keep theirs"
    await county.owner.execute(
        "UPDATE device_marks SET recorded_at = recorded_at - interval '91 days' WHERE complaint_id = $1", marks[1][0]
    )
    async with county.as_role(WORKER):
        await purge(STATION)
    assert await county.value("SELECT count(*) FROM device_marks") == 1, "a mark ends by itself"
