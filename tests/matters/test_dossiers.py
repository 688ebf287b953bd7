"""年终质询 over HTTP: what was open at the year's end, who asks, who answers, who decides, what is frozen and how it is corrected."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from asyncpg import CheckViolationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.platform import clock
from services.platform.database import INTAKE, Database
from tests.county import COUNTY, PENGZHAI, ROADS, SHUIKOU, WATER
from tests.matters.world import World

Moved = Callable[[datetime], None]


@pytest.fixture
def at(world: World, monkeypatch: pytest.MonkeyPatch) -> Moved:
    """The hands of the clock; whoever was signed in has to sign in again."""

    def move(instant: datetime) -> None:
        world.headers.clear()
        monkeypatch.setattr(clock, "now", lambda: instant)

    move(datetime(2025, 3, 3, 2, tzinfo=UTC))
    return move


async def _open_one(world: World, at: Moved) -> str:
    """Have a matter with supervisors, a follower and a blocker go through 2025 and stay open."""
    matter = await world.registered()
    for level, login in (("township", "pengzhai"), ("village", "shuikou")):
        await world.act("county", matter, "name_supervisor", level=level, member_id=await world.member(login))
    await world.did("county", "/v1/pairings", {"kind": "secretary_village", "member_id": await world.member("shuikou"), "unit": SHUIKOU})
    at(datetime(2025, 10, 1, 2, tzinfo=UTC))
    await world.act("pengzhai", matter, "attach_follower", member_id=await world.member("shuikou"), rhythm_days=30)
    await world.act("pengzhai", matter, "block", code="funding", since="2025-06-01", words="资金未落实。")
    at(datetime(2025, 11, 20, 2, tzinfo=UTC))
    await world.act("county", matter, "change_lead", lead=ROADS, words="改由交通局牵头。")
    report = {"follow_up_id": "01993000-0000-7000-8000-000000000001", "happened_on": "2025-11-20", "words": "现场看过。"}
    await world.act("shuikou", matter, "follow_up", **report)
    return matter


async def _dossier(world: World, login: str, **query: object) -> dict:
    answer = await world.doors.get(login, "/v1/reports/year-end", year=2025, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_dossier_says_why_a_matter_is_open_and_who_answers_for_it(world: World, at: Moved) -> None:
    matter = await _open_one(world, at)
    at(datetime(2026, 1, 5, 2, tzinfo=UTC))
    told = await _dossier(world, "organization", unit=COUNTY)
    assert (told["over"], told["counts"]["carried_in"], told["counts"]["registered"], told["counts"]["open"]) == (True, 0, 1, 1)
    [one] = told["matters"]
    assert told["lists"]["open"] == told["lists"]["undecided"] == [one["number"]]
    assert [(person["capacity"], person["name"]) for person in one["persons"]] == [
        ("township", "调度员戊"), ("village", "书记庚"), ("lead", "承办人癸"), ("follower", "书记庚"),
    ]  # fmt: skip
    assert one["blockers"][0] | {"name": ""} == {"code": "funding", "name": "", "since": "2025-06-01", "ended_on": None, "days": 213}
    assert [(hand["old"]["code"], hand["new"]["code"], hand["on"]) for hand in one["hand_offs"]] == [(WATER, ROADS, "2025-11-20")]
    assert (one["follow_ups"][0]["kept"], one["follow_ups"][0]["missed"]) == (1, ["2025-10-31", "2025-12-20"])
    assert [line["what"] for line in one["history"]][:2] == ["确定为焦点问题", "挂号"]
    secretary = await _dossier(world, "shuikou")
    assert ([person["name"] for person in secretary["persons"]], len(secretary["matters"])) == (["书记庚"], 1)
    assert (await _dossier(world, "water"))["matters"] == [], "whoever led before answers no more"
    assert (await _dossier(world, "roads"))["counts"]["open"] == 1
    assert (await _dossier(world, "yangming"))["counts"]["registered"] == 0
    late = {"follow_up_id": "01993000-0000-7000-8000-000000000002", "happened_on": "2025-12-20", "words": "补记。"}
    at(datetime(2026, 1, 6, 2, tzinfo=UTC))
    await world.act("shuikou", matter, "follow_up", **late)
    assert (await _dossier(world, "organization"))["matters"][0]["follow_ups"][0]["kept"] == 2, "written down late, and still of the year"
    then = await _dossier(world, "organization", as_of="2026-01-05T12:00:00Z")
    assert then["matters"][0]["follow_ups"][0]["kept"] == 1
    ahead = await world.doors.get("organization", "/v1/reports/year-end", year=2027)
    assert ahead.json()["code"] == "year.ahead"


async def test_who_asks_does_not_answer_and_who_answers_does_not_decide(world: World, at: Moved) -> None:
    matter = await _open_one(world, at)
    follower = await world.member("shuikou")
    body = {"year": 2025, "matter_id": matter, "member_id": follower, "words": "为何未销号?", "answer_by": "2026-01-20"}
    assert (await world.post("organization", "/v1/year-end/questions", body)).json()["code"] in {"year.not_over", "question.answer_by"}
    at(datetime(2026, 1, 5, 2, tzinfo=UTC))
    for login, changed, code in (
        ("pengzhai", {}, "permission.denied"),
        ("organization", {"member_id": await world.member("yangming")}, "question.not_responsible"),
        ("organization", {"answer_by": "2026-06-20"}, "question.answer_by"),
        ("organization", {"year": 2026}, "year.not_over"),
        ("organization", {"words": "请找13800000123"}, None),
    ):
        refused = await world.post(login, "/v1/year-end/questions", {**body, **changed})
        assert refused.status_code >= 400, refused.text
        assert code is None or refused.json()["code"] == code, refused.text
    asked = await world.did("organization", "/v1/year-end/questions", body)
    assert (asked["capacity"], asked["asked_by"], asked["outcome"]) == ("village", "组织干部子", None)
    assert [words for code, words in await world.told() if code == SHUIKOU and "年终质询" in words], "whoever is asked is told"
    again = await world.post("discipline", "/v1/year-end/questions", body)
    assert again.json()["code"] == "question.asked"
    address = f"/v1/year-end/questions/{asked['id']}"
    decided = {"code": "carry_over", "new_date": "2026-06-30", "words": "限期六月底。"}
    assert (await world.post("organization", f"{address}/outcomes", decided)).json()["code"] == "question.waits"
    assert (await world.post("organization", f"{address}/answers", {"words": "代答。"})).json()["code"] == "question.not_yours"
    assert (await world.post("roads", f"{address}/answers", {"words": "代答。"})).json()["code"] == "question.unknown"
    answered = await world.did("shuikou", f"{address}/answers", {"words": "用地五月才落实。"})
    assert answered == await world.did("shuikou", f"{address}/answers", {"words": "用地五月才落实。"}), "the same is the same"
    assert (await world.post("organization", f"{address}/outcomes", {**decided, "code": "no_answer", "new_date": None})).json()[
        "code"
    ] == "question.answered"
    assert (await world.post("shuikou", f"{address}/outcomes", decided)).json()["code"] == "permission.denied"
    whole = await world.did("discipline", f"{address}/outcomes", decided)
    assert (whole["outcome"]["name"], whole["outcome"]["new_date"]) == ("限期结转", "2026-06-30")
    assert (await world.post("shuikou", f"{address}/answers", {"words": "还有一句。"})).json()["code"] == "question.decided"
    other = {"code": "supervised", "words": "挂牌督办。"}
    assert (await world.post("discipline", f"{address}/outcomes", other)).json()["code"] == "question.decided"
    corrected = await world.did("discipline", f"{address}/outcomes", {**other, "because": "县委研究。"})
    assert (corrected["outcome"]["code"], [one["code"] for one in corrected["corrected"]]) == ("supervised", ["carry_over"])
    await _the_database_refuses(world, UUID(asked["id"]))


async def _the_database_refuses(world: World, question: UUID) -> None:
    owner, county = world.county.owner, world.county
    asker = await county.value("SELECT id FROM accounts WHERE login = 'organization'")
    answerer = await county.value("SELECT id FROM accounts WHERE login = 'shuikou'")
    with pytest.raises(CheckViolationError):
        await owner.execute("INSERT INTO year_end_answers VALUES (gen_random_uuid(), $1, 'x', now(), $2, $2)", question, asker)
    with pytest.raises(CheckViolationError):
        await owner.execute("INSERT INTO year_end_outcomes VALUES ($1, 9, 'accepted', NULL, 'x', 'y', now(), $2)", question, answerer)
    intake = Database(county.url, INTAKE)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with intake.transaction() as session:
            await session.execute(text("UPDATE year_end_outcomes SET words = 'anders'"))
    await intake.close()


async def test_whoever_answers_for_a_matter_asks_and_freezes_nothing_of_it(world: World, at: Moved) -> None:
    matter = await _open_one(world, at)
    await world.act("county", matter, "name_supervisor", level="county", member_id=await world.member("county"))
    at(datetime(2026, 1, 5, 2, tzinfo=UTC))
    body = {"year": 2025, "matter_id": matter, "member_id": await world.member("shuikou"), "words": "为何?", "answer_by": "2026-01-20"}
    assert (await world.post("county", "/v1/year-end/questions", body)).json()["code"] == "question.own_matter"
    freeze = {"year": 2025, "unit": COUNTY}
    assert (await world.post("county", "/v1/year-end/dossiers", freeze)).json()["code"] == "question.own_matter"
    undecided = (await world.post("organization", "/v1/year-end/dossiers", freeze)).json()
    assert (undecided["code"], undecided["matters"]) == ("dossier.undecided", ["挂号〔2025〕第0001号"])
    assert (await world.post("discipline", "/v1/year-end/dossiers", freeze)).json()["code"] == "permission.denied"
    wrong = await world.post("organization", "/v1/year-end/dossiers", {**freeze, "unit": SHUIKOU})
    assert wrong.json()["code"] == "dossier.unit"
    frozen = await world.did("organization", "/v1/year-end/dossiers", {**freeze, "unit": PENGZHAI, "unfinished": "质询延至二月。"})
    assert (frozen["edition"], frozen["counts"]["open"]) == (1, 1)
    assert (await world.post("organization", "/v1/year-end/dossiers", {**freeze, "unit": PENGZHAI, "unfinished": "x"})).json()[
        "code"
    ] == "dossier.frozen"
    twice = await world.post("organization", f"/v1/year-end/dossiers/{frozen['id']}/correction", {"reason": "x", "unfinished": "x"})
    assert twice.json()["code"] == "dossier.unchanged"
    with pytest.raises(CheckViolationError):
        await world.county.owner.execute("UPDATE year_end_dossiers SET document = 'x'")
