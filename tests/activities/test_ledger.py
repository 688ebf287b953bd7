"""The ledger over HTTP: recorded once, corrected and withdrawn but never erased, and nobody's name in it."""

import asyncio
from datetime import date, timedelta

import pytest
from httpx import AsyncClient

from services.platform.clock import local_day, now
from services.platform.ids import new_id
from tests.conftest import TestDatabase
from tests.county import PENGZHAI, SHUIKOU, STAFFED_GRID, WATER, YANGMING, sign_in

pytestmark = pytest.mark.asyncio
DAY = "2026-03-04"


def entry(kind: str, **said: object) -> dict[str, object]:
    """Return an entry of `kind` in the staffed grid, with an id of its own."""
    return {"kind": kind, "activity_id": str(new_id()), "happened_on": DAY, "unit": STAFFED_GRID} | said


class Desk:
    """Somebody who records."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.tokens: dict[str, dict[str, str]] = {}

    async def post(self, login: str, path: str, body: object, **headers: str):
        """Send; return the answer."""
        if login not in self.tokens:
            self.tokens[login] = await sign_in(self.client, login)
        return await self.client.post(f"/v1/activities{path}", json=body, headers=self.tokens[login] | headers)

    async def get(self, login: str, path: str = "", **query: object):
        """Read."""
        if login not in self.tokens:
            self.tokens[login] = await sign_in(self.client, login)
        return await self.client.get(f"/v1/activities{path}", params=query, headers=self.tokens[login])


@pytest.fixture
def desk(intake: AsyncClient) -> Desk:
    """The ledger's door."""
    return Desk(intake)


async def test_each_kind_is_recorded_once_and_shown_to_those_of_the_area(desk: Desk, county: TestDatabase):
    visit = entry("visit", household="３-012")
    first = await desk.post("grid", "", visit, **{"Idempotency-Key": "one"})
    assert (first.status_code, first.json()["counting_unit"], first.json()["outcome"]) == (201, "次", "met")
    again = await desk.post("grid", "", visit)
    assert (again.status_code, again.json()) == (200, first.json()), "without the key, the id alone says that it is the same"
    replayed = await desk.post("grid", "", visit, **{"Idempotency-Key": "one"})
    assert replayed.headers["Idempotency-Replayed"] == "true"
    other = await desk.post("grid", "", visit | {"outcome": "refused"})
    assert (other.status_code, other.json()["code"]) == (409, "activity.id_taken")
    theirs = await desk.post("shuikou", "", visit)
    assert (theirs.status_code, theirs.json()["code"]) == (409, "activity.id_taken"), "the same id from somebody else is another entry"
    same_house = await desk.post("shuikou", "", entry("visit", unit=SHUIKOU, household="3-0 12", outcome="absent"))
    assert same_house.json()["household"] == first.json()["household"], "however the village writes its number"

    opinion = entry("opinion", words="水渠要修,找张三", within_id=visit["activity_id"])
    assert (await desk.post("grid", "", opinion)).status_code == 201
    thing = entry("thing", words="修好了水渠", opinion_ids=[opinion["activity_id"]])
    assert (await desk.post("grid", "", thing)).status_code == 201
    for more in (
        entry("funds", stage="received", source="finance", amount_fen=1_085_000_000, within_id=thing["activity_id"]),
        entry("labour", days=12.5, within_id=thing["activity_id"]),
        entry("help", persons=["3-012-1", "3-012-2"]),
        entry("help", people=30),
        entry("dispute"),
    ):
        answer = await desk.post("grid", "", more)
        assert answer.status_code == 201, answer.text
    listed = (await desk.get("pengzhai", unit=SHUIKOU)).json()["items"]
    assert len(listed) == 9
    by_kind = {item["kind"]: item for item in listed}
    assert by_kind["opinion"]["thing_id"] == thing["activity_id"]
    assert by_kind["opinion"]["words"] == "水渠要修,找张三"
    assert (by_kind["labour"]["amount"], by_kind["funds"]["amount"]) == (25, 1_085_000_000)
    assert (await desk.get("yangming")).json()["items"] == [], "another township knows nothing of it"
    assert {item["words"] for item in (await desk.get("analyst")).json()["items"]} == {None}, "analysts count; words are not theirs"
    assert (await desk.get("yangming", f"/{visit['activity_id']}")).status_code == 404

    stored = str(await county.fetch("SELECT * FROM activities")) + str(await county.fetch("SELECT data FROM events"))
    assert "张三" not in stored
    assert "3-012" not in stored
    kept = str(await county.fetch("SELECT body FROM idempotency_keys"))
    assert "household" not in kept


async def test_what_cannot_be_is_refused_with_a_word_that_helps(desk: Desk):
    tomorrow = str(local_day(now()) + timedelta(days=1))
    for login, body, status, code in (
        ("grid", entry("visit", household="1", happened_on=tomorrow), 422, "activity.day_in_future"),
        ("grid", entry("visit", household="1", happened_on="1911-10-10"), 422, "activity.day_too_early"),
        ("grid", entry("visit", household="1", unit=YANGMING), 403, "activity.outside_area"),
        ("pengzhai", entry("visit", household="1", unit=PENGZHAI), 422, "activity.unit_too_wide"),
        ("water", entry("thing", words="x", unit=WATER), 422, "unit.not_an_area"),
        ("grid", entry("thing", words="x", unit="nowhere"), 404, "unit.unknown"),
        ("grid", entry("thing", words="x", ticket="20260101-000001-1"), 404, "ticket.unknown"),
        ("grid", entry("thing", words="x", member_id=str(new_id())), 403, "activity.not_yours"),
        ("pengzhai", entry("thing", words="x", member_id=str(new_id())), 404, "member.unknown"),
        ("grid", entry("opinion", words="x", within_id=str(new_id())), 409, "activity.whole_unknown"),
        ("grid", entry("thing", words="x", opinion_ids=[str(new_id())]), 409, "activity.opinion_unknown"),
        ("grid", entry("help"), 422, "request.invalid"),
        ("grid", entry("labour", days=0.3), 422, "request.invalid"),
        ("grid", entry("visit", household="1", activity_id="8e03978e-40d5-43e8-bc93-6894a57f9324"), 422, "request.invalid"),
        ("analyst", entry("dispute"), 403, "permission.denied"),
    ):
        answer = await desk.post(login, "", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (body, answer.text)
    assert (await desk.get("county")).json()["items"] == []


async def test_a_batch_takes_each_entry_for_itself_in_order(desk: Desk):
    visit = entry("visit", household="7")
    opinion = entry("opinion", words="路灯", within_id=visit["activity_id"])
    thing = entry("thing", words="装了路灯", opinion_ids=[opinion["activity_id"]])
    second = entry("thing", words="又装", opinion_ids=[opinion["activity_id"]])
    unreadable = entry("visit")
    sent = {"activities": [visit, opinion, thing, second, unreadable, visit]}
    told = (await desk.post("grid", "/batch", sent)).json()["results"]
    assert [one["status"] for one in told] == ["recorded", "recorded", "recorded", "refused", "refused", "repeated"]
    assert told[3]["problem"]["code"] == "activity.opinion_taken"
    assert (told[4]["problem"]["code"], told[4]["activity_id"]) == ("activity.invalid", unreadable["activity_id"])
    again = (await desk.post("grid", "/batch", sent)).json()["results"]
    assert [one["status"] for one in again] == ["repeated", "repeated", "repeated", "refused", "refused", "repeated"]


async def test_the_same_entry_from_many_hands_at_once_is_there_once(desk: Desk, county: TestDatabase):
    visit, opinion = entry("visit", household="9"), entry("opinion", words="同时")
    await desk.post("grid", "", opinion)
    answers = await asyncio.gather(*(desk.post("grid", "", visit) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    rivals = [entry("thing", words=f"第{nth}件", opinion_ids=[opinion["activity_id"]]) for nth in range(4)]
    taken = await asyncio.gather(*(desk.post("grid", "", thing) for thing in rivals))
    assert sorted(answer.status_code for answer in taken) == [201, 409, 409, 409]
    assert await county.value("SELECT count(*) FROM events WHERE subject_kind = 'activity'") == 3


async def test_a_correction_is_a_new_entry_and_the_old_one_stays(desk: Desk, county: TestDatabase):
    opinion = entry("opinion", words="水")
    thing = entry("thing", words="打井", opinion_ids=[opinion["activity_id"]])
    for body in (opinion, thing):
        await desk.post("grid", "", body)
    better = entry("thing", words="打了两口井", opinion_ids=[opinion["activity_id"]])
    correction = {"reason": "typing_error", "words": "李四说是两口", "activity": better}
    first = await desk.post("grid", f"/{thing['activity_id']}/correction", correction)
    assert (first.status_code, first.json()["corrects_id"]) == (201, thing["activity_id"])
    again = await desk.post("grid", f"/{thing['activity_id']}/correction", correction)
    assert (again.status_code, again.json()) == (200, first.json())
    old = (await desk.get("grid", f"/{thing['activity_id']}")).json()
    assert (old["withdrawn_because"], old["words"]) == ("typing_error", "打井")
    plain = (await desk.get("grid", f"/{opinion['activity_id']}")).json()
    assert plain["thing_id"] == better["activity_id"]
    moved = entry("opinion", words="水不够")
    assert (await desk.post("grid", f"/{opinion['activity_id']}/correction", {"reason": "other", "activity": moved})).status_code == 201
    assert (await desk.get("grid", f"/{moved['activity_id']}")).json()["thing_id"] == better["activity_id"]

    twice = await desk.post("grid", f"/{thing['activity_id']}/withdrawal", {"reason": "recorded_twice"})
    assert (twice.status_code, twice.json()["code"]) == (409, "activity.withdrawn")
    other_kind = await desk.post("grid", f"/{moved['activity_id']}/correction", {"reason": "other", "activity": entry("dispute")})
    assert other_kind.json()["code"] == "activity.other_kind"
    for login, status in (("water", 404), ("yangming", 404), ("shuikou", 200)):
        answer = await desk.post(login, f"/{better['activity_id']}/withdrawal", {"reason": "did_not_happen"})
        assert answer.status_code == status, answer.text
    assert (await desk.get("grid", f"/{moved['activity_id']}")).json()["thing_id"] is None
    assert len((await desk.get("grid", mine=True)).json()["items"]) == 1
    assert len((await desk.get("grid", withdrawn=True)).json()["items"]) == 4
    types = [row["type"] for row in await county.fetch("SELECT type FROM events WHERE subject_kind = 'activity' ORDER BY id")]
    assert sorted(types) == ["activity.recorded"] * 4 + ["activity.withdrawn"] * 3
    assert "李四" not in str(await county.fetch("SELECT data FROM events"))


async def test_the_database_itself_refuses_to_change_or_erase(county: TestDatabase):
    for statement in ("UPDATE activities SET amount = 1", "DELETE FROM activities", "UPDATE declared_totals SET amount = 1"):
        with pytest.raises(Exception, match="permission denied"):
            async with county.database.raw() as connection:
                await connection.execute(statement)


async def test_the_village_records_for_those_who_did_it_and_pages_go_on(desk: Desk, county: TestDatabase):
    member = await county.value("SELECT member_id FROM accounts WHERE login = 'water'")
    visit = entry("visit", household="5", member_id=str(member), happened_on=str(date(2013, 6, 15)))
    assert (await desk.post("shuikou", "", visit)).json()["member_id"] == str(member)
    seen = (await desk.get("water")).json()["items"]
    assert [item["id"] for item in seen] == [visit["activity_id"]], "whoever did it knows of it, and so does their office"
    for nth in range(3):
        await desk.post("grid", "", entry("dispute", happened_on=f"2026-02-0{nth + 1}"))
    found, cursor = [], None
    while True:
        page = (await desk.get("county", limit=2, **({"cursor": cursor} if cursor else {}))).json()
        found += [item["happened_on"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == ["2026-02-03", "2026-02-02", "2026-02-01", "2013-06-15"]
    assert (await desk.get("county", cursor="W10")).status_code == 400


async def test_totals_from_paper_are_kept_once_and_apart(desk: Desk):
    total = {
        "declared_id": str(new_id()), "unit": PENGZHAI, "figure": "visits", "first_day": "2013-06-01", "last_day": "2013-12-31",
        "amount": 18_600, "basis": "镇民情台账2013年汇总",
    }  # fmt: skip
    first = await desk.post("pengzhai", "/declared", total)
    assert (first.status_code, first.json()["figure"], first.json()["counting_unit"]) == (201, "visits@1", "次")
    assert (await desk.post("pengzhai", "/declared", total)).status_code == 200
    for change, code in (
        ({"declared_id": str(new_id()), "first_day": "2013-12-31", "last_day": "2014-01-31"}, "declared.overlaps"),
        ({"amount": 1}, "declared.id_taken"),
        ({"declared_id": str(new_id()), "unit": YANGMING}, "unit.outside_scope"),
        ({"declared_id": str(new_id()), "figure": "opinions_led_rate"}, "declared.figure_unknown"),
        ({"declared_id": str(new_id()), "last_day": "2099-01-01"}, "activity.day_in_future"),
    ):
        answer = await desk.post("pengzhai", "/declared", total | change)
        assert answer.json()["code"] == code, answer.text
    gone = await desk.post("pengzhai", f"/declared/{total['declared_id']}/withdrawal", {"reason": "wrong_amount"})
    assert (gone.status_code, gone.json()["withdrawn_because"]) == (200, "wrong_amount")
    assert (await desk.post("county", f"/declared/{total['declared_id']}/withdrawal", {"reason": "other"})).status_code == 409
    assert (await desk.post("pengzhai", "/declared", total | {"declared_id": str(new_id()), "amount": 18_601})).status_code == 201
    assert len((await desk.get("county", "/declared")).json()["items"]) == 2
    assert (await desk.get("yangming", "/declared")).json()["items"] == []
