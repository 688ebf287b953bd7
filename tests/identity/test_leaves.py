"""Leave, and who acts for a post meanwhile: what a deputy sees and does, whom it is told of, and that it ends."""

import asyncio
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
from httpx import Response

from services.identity import actors
from services.organization.leaves import days_of_leave, on_leave
from services.platform.actor import SYSTEM
from services.platform.clock import local_day, now
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.county import LOGINS, PENGZHAI, SHUIKOU, actor
from tests.journeys.people import Desk


def day(number: int) -> date:
    """Return the day so many days from today."""
    return local_day(now()) + timedelta(days=number)


class House(Desk):
    """A county in which people go away."""

    async def member(self, login: str) -> str:
        return str(await self.county.value("SELECT member_id FROM accounts WHERE login = $1", login))

    async def post(self, login: str) -> str:
        return str(
            await self.county.value("SELECT p.id FROM posts p JOIN accounts a ON a.member_id = p.member_id WHERE a.login = $1", login)
        )

    async def ask(self, login: str, method: str, url: str, **more: Any) -> Response:
        headers = {**await self.as_(login), **more.pop("headers", {})}
        return await self.client.request(method, url, headers=headers, **more)

    async def try_away(self, by: str, login: str, deputy: str | None = None, first: int = 0, over_on: int = 3, **more: Any) -> Response:
        deputies = [{"post_id": await self.post(login), "deputy_id": await self.member(deputy)}] if deputy else []
        body = {"member_id": await self.member(login), "kind": "annual", "valid_from": str(day(first)), "valid_to": str(day(over_on))}
        return await self.ask(by, "POST", "/v1/leaves", json={**body, "deputies": deputies, **more})

    async def away(self, by: str, login: str, deputy: str | None = None, first: int = 0, over_on: int = 3, **more: Any) -> dict[str, Any]:
        answer = await self.try_away(by, login, deputy, first, over_on, **more)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def seats(self, login: str) -> list[tuple[str, str, str | None]]:
        seats = (await self.ask(login, "GET", "/v1/me")).json()["seats"]
        return [(seat["role"], seat["unit_code"], seat["acting_for"]) for seat in seats]


@pytest.fixture
async def house(intake, county) -> House:
    return House(intake, county)


def code(answer: Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, answer.json()["code"]


async def test_a_deputy_works_from_the_seat_and_the_journal_says_for_whom(house):
    number = await house.file()
    assert (await house.read(number))["holder"]["code"] == SHUIKOU
    await house.ask("yangming", "GET", "/v1/me")
    leave = await house.away("pengzhai", "shuikou", "yangming")
    assert [(one["deputy"]["name"], one["state"]) for one in leave["deputies"]] == [(LOGINS["yangming"].name, "running")]
    own, acted = await house.seats("yangming")
    assert (own[2], acted) == (None, ("village_secretary", SHUIKOU, LOGINS["shuikou"].name)), "the own seat first"
    work = (await house.ask("yangming", "GET", "/v1/me/work")).text
    assert number in work, "what waits for the post waits for the deputy"
    assert (await house.read(number, "yangming"))["number"] == number
    await house.does("yangming", number, "accept")
    told = (await house.ask("county", "GET", f"/v1/tickets/{number}/events")).json()
    accepted = next(item for item in told["items"] if item["type"] == "ticket.accepted")
    assert told["intact"] is True
    assert (accepted["actor"], accepted["acting_for"], accepted["unit"]["code"]) == (
        LOGINS["yangming"].name, [LOGINS["shuikou"].name], SHUIKOU,
    )  # fmt: skip
    assert number in (await house.ask("shuikou", "GET", "/v1/me/work")).text, "the holder loses nothing"
    await house.does("shuikou", number, "log_work", words="已到现场")
    told = (await house.ask("county", "GET", f"/v1/tickets/{number}/events")).json()
    assert told["items"][-1]["acting_for"] == []
    await house.does("yangming", number, "resolve", words="已修好", files=await house.evidence("yangming"))
    ended = await house.ask("pengzhai", "DELETE", f"/v1/leaves/{leave['id']}")
    assert (ended.json()["state"], ended.json()["deputies"][0]["state"]) == ("ended", "ended")
    assert (await house.ask("yangming", "GET", f"/v1/tickets/{number}")).status_code == 404, "the same token, at once"
    assert await house.seats("yangming") == [own]


async def test_who_did_the_work_closes_it_from_no_seat_and_the_holder_neither(house):
    number = await house.file()
    await house.away("county", "shuikou", "yangming")
    await house.does("yangming", number, "accept")
    await house.does("yangming", number, "resolve", words="已修好", files=await house.evidence("yangming"))
    await house.does("pengzhai", number, "answer", words="已修好")
    second = await house.away("county", "pengzhai", "yangming")
    assert ("township_dispatcher", PENGZHAI, LOGINS["pengzhai"].name) in await house.seats("yangming")
    closes = {"verified_by": "site_check", "words": "现场查看"}
    assert await house.refused("yangming", number, "close", **closes) == "ticket.executor_verifies", "from the seat of the desk"
    first = (await house.ask("county", "GET", "/v1/leaves", params={"member_id": await house.member("shuikou")})).json()["items"][0]
    for leave in (first, second):
        assert (await house.ask("county", "DELETE", f"/v1/leaves/{leave['id']}")).status_code == 200
    await house.away("county", "pengzhai", "shuikou")
    assert await house.refused("shuikou", number, "close", **closes) == "ticket.executor_verifies", "the holder, after the return"
    await house.away("admin", "county", "yangming")
    assert await house.refused("yangming", number, "close", **closes) == "ticket.executor_verifies", "whatever seat they come from"
    await house.does("hotline", number, "close", verified_by="site_check", words="现场查看")


async def test_leave_ends_by_itself_and_what_is_acted_for_with_it(house, monkeypatch):
    monkeypatch.setattr(actors, "KEPT_SECONDS", 0.0)
    leave = await house.away("county", "shuikou", "yangming")
    ahead = await house.away("county", "grid", "roads", 2, 4)
    assert len(await house.seats("yangming")) == 2
    assert len(await house.seats("roads")) == 1, "it has not begun"
    member = await house.member("shuikou")
    async with unit_of_work(SYSTEM) as work:
        assert {str(one) for one in await on_leave(work.session, [member], day(2))} == {member}
        assert await on_leave(work.session, [member], day(3)) == frozenset()
        assert list((await days_of_leave(work.session, [member], day(2), day(9))).values()) == [[(day(0), day(3))]]
    for table in ("actings", "leaves"):
        await house.county.owner.execute(
            f"UPDATE {table} SET valid_from = valid_from - 3, valid_to = valid_to - 3, over_on = over_on - 3 WHERE valid_from = $1", day(0)
        )
    assert len(await house.seats("yangming")) == 1
    assert (await house.ask("county", "GET", f"/v1/leaves/{leave['id']}")).json()["state"] == "over"
    assert code(await house.ask("county", "DELETE", f"/v1/leaves/{leave['id']}")) == (409, "leave.over")
    late = {"post_id": await house.post("shuikou"), "deputy_id": await house.member("water")}
    assert code(await house.ask("county", "POST", f"/v1/leaves/{leave['id']}/deputies", json=late)) == (409, "leave.over")
    gone = await house.ask("county", "DELETE", f"/v1/leaves/{ahead['id']}")
    assert (gone.json()["over_on"], gone.json()["state"]) == (str(day(2)), "ended"), "it never was"
    again = await house.ask("county", "DELETE", f"/v1/leaves/{ahead['id']}")
    assert again.json() == gone.json()
    assert await house.county.value("SELECT count(*) FROM events WHERE type = 'leave.ended'") == 1
    await house.away("county", "grid", "roads", 2, 4)


async def test_a_deputy_whose_holder_loses_the_post_or_leaves_has_nothing_left(house, monkeypatch):
    monkeypatch.setattr(actors, "KEPT_SECONDS", 0.0)
    await house.away("county", "shuikou", "yangming", 0, 5)
    assert len(await house.seats("yangming")) == 2
    for change, back in (
        ("UPDATE posts SET valid_to = current_date - 1 WHERE id = $1::uuid", "UPDATE posts SET valid_to = NULL WHERE id = $1::uuid"),
        (
            "UPDATE members SET left_on = current_date - 1 FROM posts p WHERE p.id = $1::uuid AND p.member_id = members.id",
            "UPDATE members SET left_on = NULL FROM posts p WHERE p.id = $1::uuid AND p.member_id = members.id",
        ),
    ):
        await house.county.owner.execute(change, await house.post("shuikou"))
        assert len(await house.seats("yangming")) == 1
        await house.county.owner.execute(back, await house.post("shuikou"))
        assert len(await house.seats("yangming")) == 2
    await house.county.owner.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'shuikou'")
    assert len(await house.seats("yangming")) == 2, "whoever is suspended is acted for all the same"


async def test_who_may_enter_leave_for_whom(house):
    assert code(await house.try_away("pengzhai", "county")) == (404, "member.unknown")
    assert code(await house.try_away("yangming", "shuikou")) == (404, "member.unknown")
    assert code(await house.try_away("organization", "shuikou")) == (404, "member.unknown")
    assert code(await house.try_away("shuikou", "shuikou", over_on=8)) == (422, "leave.too_long_for_oneself")
    assert code(await house.try_away("shuikou", "shuikou", "water")) == (403, "acting.deputy_far")
    mine = await house.away("shuikou", "shuikou", "grid", member_id=None)
    assert (mine["entered_by"], mine["kind_name"]) == (LOGINS["shuikou"].name, "年休假")
    assert code(await house.try_away("county", "shuikou", first=2)) == (409, "leave.overlaps")
    seen = {login: (await house.ask(login, "GET", "/v1/leaves")).json()["items"] for login in LOGINS}
    assert {login for login, items in seen.items() if items} == {
        "shuikou", "grid", "pengzhai", "county", "admin", "organization", "discipline",
    }  # fmt: skip
    assert {login for login, items in seen.items() if items and items[0]["kind"]} == set(seen) & {
        "shuikou", "pengzhai", "county", "admin", "organization", "discipline",
    }  # fmt: skip
    for login in ("yangming", "water"):
        assert code(await house.ask(login, "GET", f"/v1/leaves/{mine['id']}")) == (404, "leave.unknown")
        assert code(await house.ask(login, "DELETE", f"/v1/leaves/{mine['id']}")) == (404, "leave.unknown")
    assert code(await house.ask("discipline", "DELETE", f"/v1/leaves/{mine['id']}")) == (404, "leave.unknown"), "they read"
    acting = mine["deputies"][0]["id"]
    assert code(await house.ask("shuikou", "DELETE", f"/v1/leaves/{mine['id']}/deputies/{new_id()}")) == (404, "acting.unknown")
    declined = await house.ask("grid", "DELETE", f"/v1/leaves/{mine['id']}/deputies/{acting}")
    assert [(one["id"], one["state"]) for one in declined.json()["deputies"]] == [(acting, "ended")], "a deputy may say no more"
    assert (await house.ask("shuikou", "DELETE", f"/v1/leaves/{mine['id']}/deputies/{acting}")).json() == {
        **declined.json(), "kind": "annual", "kind_name": "年休假",
    }  # fmt: skip
    other = {"post_id": await house.post("shuikou"), "deputy_id": await house.member("yangming")}
    named = await house.ask("pengzhai", "POST", f"/v1/leaves/{mine['id']}/deputies", json=other)
    assert named.status_code == 201, "at once after the one before"


async def test_whom_nobody_can_name(house):
    leave = await house.away("admin", "pengzhai", "yangming")
    url = f"/v1/leaves/{leave['id']}/deputies"

    async def refusal(by: str, post: str, deputy: str) -> tuple[int, str]:
        body = {"post_id": await house.post(post), "deputy_id": await house.member(deputy)}
        return code(await house.ask(by, "POST", url, json=body))

    assert await refusal("admin", "pengzhai", "water") == (409, "acting.somebody_acts")
    assert await refusal("admin", "pengzhai", "pengzhai") == (422, "acting.own_post")
    assert await refusal("admin", "pengzhai", "admin") == (403, "acting.oneself")
    assert await refusal("admin", "shuikou", "water") == (404, "post.unknown")
    assert code(await house.try_away("admin", "yangming")) == (409, "leave.acts_for_somebody"), "nobody is left to act"
    await house.county.owner.execute("UPDATE actings SET over_on = valid_from, ended_at = now()")
    await house.away("admin", "yangming", "water", 0, 2)
    assert await refusal("admin", "pengzhai", "yangming") == (409, "acting.deputy_away")
    await house.county.owner.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'grid'")
    assert await refusal("admin", "pengzhai", "grid") == (409, "acting.deputy_cannot")
    assert code(await house.try_away("admin", "admin", "water")) == (403, "acting.role_is_personal")
    assert code(await house.try_away("admin", "discipline", "water")) == (403, "acting.role_is_personal")
    assert await house.county.value("SELECT count(*) FROM leaves") == 2, "all or nothing"


async def test_what_is_acted_for_is_lent_on_neither_to_deputies_nor_to_keys(house):
    await house.away("county", "shuikou", "yangming")
    body = {"kind": "annual", "valid_from": str(day(0)), "valid_to": str(day(1))}
    chain = {"deputies": [{"post_id": await house.post("shuikou"), "deputy_id": await house.member("water")}]}
    assert code(await house.ask("admin", "POST", "/v1/leaves", json={**body, "member_id": await house.member("yangming"), **chain})) == (
        409, "leave.acts_for_somebody",
    )  # fmt: skip
    wanted = {"name": "x", "owner": "yangming", "seat": {"role": "village_secretary", "unit_code": SHUIKOU}, "actions": ["ticket.read"]}
    assert code(await house.ask("admin", "POST", "/v1/api-keys", json=wanted)) == (422, "key.nothing_to_lend")
    del wanted["seat"]
    key = (await house.ask("admin", "POST", "/v1/api-keys", json=wanted)).json()["secret"]
    number = await house.file()
    refused = await house.client.get(f"/v1/tickets/{number}", headers={"Authorization": f"Bearer {key}"})
    assert refused.status_code == 404, "a key borrows what its owner has, not what they act for"
    assert len((await actor("yangming")).seats) == 2


async def test_twice_and_at_once(house):
    body = {"member_id": await house.member("shuikou"), "kind": "sick", "valid_from": str(day(0)), "valid_to": str(day(2))}
    headers = {"Idempotency-Key": "leave-1"}
    first = await house.ask("county", "POST", "/v1/leaves", json=body, headers=headers)
    again = await house.ask("county", "POST", "/v1/leaves", json=body, headers=headers)
    assert first.json() == again.json()
    body["valid_from"], body["valid_to"] = str(day(10)), str(day(12))
    answers = await asyncio.gather(*(house.ask("county", "POST", "/v1/leaves", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    leave = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    rivals = [{"post_id": await house.post("shuikou"), "deputy_id": await house.member(login)} for login in ("grid", "water", "roads")]
    answers = await asyncio.gather(*(house.ask("county", "POST", f"/v1/leaves/{leave}/deputies", json=rival) for rival in rivals))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    going = next(rival["deputy_id"] for rival, answer in zip(rivals, answers, strict=True) if answer.status_code == 201)
    both = await asyncio.gather(
        house.ask("admin", "POST", "/v1/leaves", json={**body, "member_id": going}),
        house.ask("county", "DELETE", f"/v1/leaves/{leave}"),
        house.ask("county", "DELETE", f"/v1/leaves/{leave}"),
    )
    assert both[0].status_code in (201, 409)
    assert [answer.status_code for answer in both[1:]] == [200, 200]
    assert await house.county.value("SELECT count(*) FROM events WHERE type = 'acting.ended'") == 1


async def test_the_database_itself_refuses_what_overlaps(house):
    leave = await house.away("county", "shuikou", "yangming", 0, 5)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await house.county.owner.execute(
            "INSERT INTO leaves (id, member_id, kind, valid_from, valid_to, over_on, entered_at)"
            " SELECT gen_random_uuid(), member_id, 'other', valid_from + 4, valid_to + 4, valid_to + 4, now() FROM leaves"
        )
    with pytest.raises(asyncpg.ExclusionViolationError):
        await house.county.owner.execute(
            "INSERT INTO actings (id, leave_id, post_id, holder_id, deputy_id, valid_from, valid_to, over_on, entered_at)"
            " SELECT gen_random_uuid(), leave_id, post_id, holder_id, entered_by, valid_from, valid_to, over_on, now() FROM actings,"
            " (SELECT member_id AS entered_by FROM accounts WHERE login = 'water') w"
        )
    await house.county.owner.execute(
        "INSERT INTO leaves (id, member_id, kind, valid_from, valid_to, over_on, entered_at)"
        " SELECT gen_random_uuid(), member_id, 'other', over_on, over_on + 4, over_on + 4, now() FROM leaves"
    )
    async with house.county.as_role("daguanjia_intake"):
        with pytest.raises(Exception, match="permission denied"):
            async with unit_of_work(SYSTEM) as work:
                await (await work.session.connection()).exec_driver_sql("UPDATE leaves SET valid_from = valid_from - 1")
    assert leave["state"] == "running"
