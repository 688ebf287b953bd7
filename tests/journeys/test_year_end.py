"""S15 of the field's scenarios, over HTTP with the clock moved: twelve matters are registered, nine struck off, three carried over.

Each of the three is asked about, answered for and decided on; the dossier is frozen; what becomes known later stands beside it as a
correction, and the edition before stays as it was, to the byte. The next year's dossier begins with the three.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from services.platform import clock
from services.platform.canonical import canonical
from services.platform.ids import new_id
from tests.county import COUNTY, ROADS, SHUIKOU
from tests.matters.striking import Canal

pytestmark = pytest.mark.filterwarnings("error")
REGISTERED, STRUCK_OFF = 12, 9
SPRING, SUMMER, AFTER = datetime(2025, 3, 3, 2, tzinfo=UTC), datetime(2025, 7, 1, 2, tzinfo=UTC), datetime(2025, 7, 10, 2, tzinfo=UTC)
NEW_YEAR, FROZEN, MARCH = datetime(2026, 1, 5, 2, tzinfo=UTC), datetime(2026, 1, 20, 2, tzinfo=UTC), datetime(2026, 3, 2, 2, tzinfo=UTC)
YEAR_AFTER = datetime(2027, 1, 4, 2, tzinfo=UTC)
Moved = Callable[[datetime], None]


@pytest.fixture
def register(intake, county, monkeypatch: pytest.MonkeyPatch) -> tuple[Canal, Moved]:
    """The county's register, and the hands of the clock."""
    world, real = Canal(intake, county), clock.now

    def move(instant: datetime) -> None:
        """Set the clock, which goes on from there."""
        world.headers.clear()
        ahead = instant - real()
        monkeypatch.setattr(clock, "now", lambda: real() + ahead)

    move(SPRING)
    return world, move


async def _registered(world: Canal, nth: int) -> str:
    """Have a matter registered, with its three supervisors and its follower."""
    world.matter = str((await world.determined(title=f"水渠第{nth}段"))["id"])
    await world.do("county", "register", lead="441624-D-SLJ", words="列入台账。")
    for level, login in (("county", "county"), ("township", "pengzhai"), ("village", "shuikou")):
        await world.do("county", "name_supervisor", level=level, member_id=await world.member(login))
    await world.do("pengzhai", "attach_follower", member_id=await world.member("shuikou"), rhythm_days=92)
    return world.matter


async def _worked(world: Canal, matter: str) -> None:
    """Have everything done that striking off asks for, up to the days of notice."""
    world.matter = matter
    await world.work_done()
    site = str((await world.do("pengzhai", "add_site", name="渠段"))["sites"][-1]["id"])
    await world.shown(site)
    await world.completed()
    await world.do("pengzhai", "waive", about="households", because="few_households", words="受益户为外出户,已电话告知。")
    await world.published()


async def _read(world: Canal, login: str, path: str, **query: Any) -> dict[str, Any]:
    answer = await world.doors.get(login, path, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _questioned(world: Canal, matters: list[str]) -> list[str]:
    """Have each of the three asked about by the organisation department, answered for, and decided on; return the questions."""
    asked = []
    decisions = (
        {"code": "carry_over", "new_date": "2026-06-30", "words": "资金已落实,限期完成。"},
        {"code": "supervised", "words": "列为县级挂牌督办。"},
        {"code": "passed_to_discipline", "words": "移送纪委监委核查。"},
    )
    for matter, decision in zip(matters, decisions, strict=True):
        body = {
            "year": 2025, "matter_id": matter, "member_id": await world.member("shuikou"), "words": "为何未能销号?",
            "answer_by": "2026-01-15",
        }  # fmt: skip
        question = (await world.did("organization", "/v1/year-end/questions", body))["id"]
        early = await world.post("organization", f"/v1/year-end/questions/{question}/outcomes", decision)
        assert early.json()["code"] == "question.waits", "nobody is judged unheard"
        await world.did("shuikou", f"/v1/year-end/questions/{question}/answers", {"words": "用地五月才批,秋汛停工。"})
        await world.did("organization", f"/v1/year-end/questions/{question}/outcomes", decision)
        asked.append(question)
    return asked


async def test_twelve_registered_nine_struck_off_three_carried_over(register: tuple[Canal, Moved]) -> None:
    world, move = register
    await world.did("county", "/v1/pairings", {"kind": "secretary_village", "member_id": await world.member("shuikou"), "unit": SHUIKOU})
    matters = [await _registered(world, nth) for nth in range(1, REGISTERED + 1)]
    move(SUMMER)
    for matter in matters[:STRUCK_OFF]:
        await _worked(world, matter)
    left = matters[STRUCK_OFF:]
    await world.act("pengzhai", left[0], "block", code="land", since="2025-04-01", words="用地未批。")
    await world.act("county", left[1], "change_lead", lead=ROADS, words="改由交通局牵头。")
    move(AFTER)
    for matter in matters[:STRUCK_OFF]:
        world.matter = matter
        struck = await world.strike()
        assert struck.status_code == 200, struck.text
    move(NEW_YEAR)
    await world.alarm()
    told = await _read(world, "organization", "/v1/reports/year-end", year=2025, unit=COUNTY)
    counts = told["counts"]
    assert (counts["carried_in"], counts["registered"], counts["struck_off"], counts["open"]) == (0, REGISTERED, STRUCK_OFF, 3)
    assert told["lists"]["undecided"] == told["lists"]["open"] == [one["number"] for one in told["matters"]]
    assert [len(told["lists"][name]) for name in ("registered", "struck_off")] == [REGISTERED, STRUCK_OFF]
    assert [one["code"] for one in told["matters"][0]["blockers"]] == ["land"]
    assert [one["new"]["code"] for one in told["matters"][1]["hand_offs"]] == [ROADS]
    assert [one["follow_ups"][0]["missed"] for one in told["matters"]] == [["2025-06-03", "2025-09-03", "2025-12-04"]] * 3
    assert (await _read(world, "shuikou", "/v1/reports/year-end", year=2025))["counts"]["open"] == 3
    questions = await _questioned(world, left)
    await _frozen(world, move, left, questions)


async def _frozen(world: Canal, move: Moved, left: list[str], questions: list[str]) -> None:
    move(FROZEN)
    wanted = {"year": 2025, "unit": COUNTY}
    assert (await world.post("county", "/v1/year-end/dossiers", wanted)).json()["code"] == "question.own_matter"
    first = await world.did("organization", "/v1/year-end/dossiers", wanted)
    whole = await _read(world, "discipline", f"/v1/year-end-dossiers/{first['id']}")
    assert hashlib.sha256(canonical(whole["document"])).hexdigest() == whole["hash"], "anybody can make the hash again"
    outcomes = {one["questions"][0]["outcome"]["code"] for one in whole["document"]["dossier"]["matters"]}
    assert outcomes == {"carry_over", "supervised", "passed_to_discipline"}
    move(MARCH)
    late = {"follow_up_id": str(new_id()), "happened_on": "2025-12-03", "words": "补记:已到现场。"}
    await world.act("shuikou", left[0], "follow_up", **late)
    decision = {"code": "accepted", "words": "说明成立。", "because": "核查后更正。"}
    await world.did("discipline", f"/v1/year-end/questions/{questions[2]}/outcomes", decision)
    assert await _read(world, "discipline", f"/v1/year-end-dossiers/{first['id']}") == whole, "what is frozen changes silently never"
    correction = {"reason": "补录一次跟进,一件处理意见更正。"}
    second = await world.did("organization", f"/v1/year-end/dossiers/{first['id']}/correction", correction)
    corrected = await _read(world, "discipline", f"/v1/year-end-dossiers/{second['id']}")
    changes = {(one["where"].rpartition(" / ")[2], one["old"], one["new"]) for one in corrected["document"]["changes"]}
    assert {("kept", "0", "1"), ("2025-12-04", "2025-12-04", None), ("code", "passed_to_discipline", "accepted")} <= changes
    assert (second["edition"], second["corrects_id"], corrected["document"]["corrects"]) == (2, first["id"], first["hash"])
    again = await _read(world, "discipline", f"/v1/year-end-dossiers/{first['id']}")
    assert (again["corrected_by_id"], again["document"], again["hash"]) == (second["id"], whole["document"], whole["hash"])
    listed = (await _read(world, "organization", "/v1/year-end-dossiers", year=2025))["items"]
    assert [(one["edition"], one["corrected_by_id"]) for one in listed] == [(2, None), (1, second["id"])]
    then = (await _read(world, "organization", "/v1/year-end-dossiers", as_of="2026-02-01T00:00:00Z"))["items"]
    assert [(one["edition"], one["corrected_by_id"]) for one in then] == [(1, None)]
    assert (await world.post("organization", f"/v1/year-end/dossiers/{first['id']}/correction", correction)).json()["code"] in {
        "dossier.unchanged", "dossier.corrected",
    }  # fmt: skip
    move(YEAR_AFTER)
    after = await _read(world, "organization", "/v1/reports/year-end", year=2026, unit=COUNTY)
    assert (after["counts"]["carried_in"], after["counts"]["registered"], after["counts"]["open"]) == (3, 0, 3)
    assert {tuple(one["years_before"]) for one in after["matters"]} == {(2025,)}
    assert {one["before"][0]["outcome"]["code"] for one in after["matters"]} == {"carry_over", "supervised", "accepted"}
