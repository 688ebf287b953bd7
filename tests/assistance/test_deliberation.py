"""议事 over HTTP: the numbers decide by the rules of their day; somebody else publishes; everybody reads it without a login."""

import asyncio

import pytest
from asyncpg import CheckViolationError

from tests.assistance.doors import DAY, Desk, fresh
from tests.conftest import TestDatabase
from tests.county import SHUIKOU

pytestmark = pytest.mark.asyncio


def meeting(**said: object) -> dict[str, object]:
    """Return a meeting of the villagers' representatives that decides."""
    numbers = {"eligible": 45, "present": 40, "votes_for": 36, "votes_against": 1, "abstained": 3}
    told = {"form": "representatives", "held_on": "2026-11-05", "place": "水口村委会", "decision": "每户投工两天"}
    return {"meeting_id": fresh(), **told, **numbers, **said}


async def test_a_village_decides_about_its_canal(desk: Desk, county: TestDatabase):
    said = {"deliberation_id": fresh(), "unit": SHUIKOU, "title": "集资修水渠3.5公里", "proposed_on": DAY, "words": "黄某某提议"}
    for status in (201, 200):
        first = await desk.post("shuikou", "/deliberations", said, status)
    assert (first["state"], first["words"]) == ("open", "黄某某提议")
    of_nothing = {**said, "deliberation_id": fresh(), "matter_id": fresh()}
    assert await desk.refused("shuikou", "/deliberations", of_nothing) == (404, "matter.unknown")
    at = f"/deliberations/{said['deliberation_id']}"
    few = {"present": 29, "votes_for": 29, "votes_against": 0, "abstained": 0}
    for wrong, code in (
        (meeting(votes_for=37), "deliberation.votes"), (meeting(present=46, votes_for=42), "deliberation.more_than_eligible"),
        (meeting(held_on="2026-11-01"), "deliberation.before_proposal"), (meeting(decision=None), "deliberation.decision_missing"),
        (meeting(**few), "deliberation.no_quorum"), (meeting(decision="找13812345678"), "request.invalid"),
    ):  # fmt: skip
        assert await desk.refused("shuikou", f"{at}/meetings", wrong) == (422, code)
    tried = await desk.post("shuikou", f"{at}/meetings", meeting(**few, decision=None), 201)
    assert (tried["state"], tried["meetings"][0]["verdict_name"]) == ("open", "未达法定人数")
    rivals = [meeting() for _ in range(4)]
    answers = await asyncio.gather(*(desk.post("shuikou", f"{at}/meetings", one) for one in rivals))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409], "one meeting decides"
    decided = next(one for one, answer in zip(rivals, answers, strict=True) if answer.status_code == 201)
    assert (await desk.post("shuikou", f"{at}/meetings", decided, 200))["state"] == "adopted"
    assert (await desk.get("grid", at))["words"] is None, "a grid worker reads what the village decides, not who proposed it"
    assert (await desk.ask("yangming", "GET", at)).status_code == 404
    assert await desk.refused("grid", f"{at}/meetings", meeting()) == (403, "assistance.outside_area")

    show, nobody = f"{at}/meetings/{decided['meeting_id']}/publication", {"names_nobody": True}
    assert await desk.refused("shuikou", show, nobody) == (403, "deliberation.own_record")
    with pytest.raises(CheckViolationError, match="another_publishes"):
        await county.owner.execute(
            "UPDATE deliberation_meetings SET published_at = now(), published_by_account_id = recorded_by_account_id WHERE id = $1",
            decided["meeting_id"],
        )
    assert (await desk.client.get("/v1/notice/deliberations")).json()["items"] == []
    for _ in range(2):
        shown = await desk.post("pengzhai", show, nobody, 200)
    published = next(one["published_at"] for one in shown["meetings"] if one["published_at"])
    [public] = (await desk.client.get("/v1/notice/deliberations", params={"unit": "441624108"})).json()["items"]
    assert (public["title"], public["votes_for"], public["verdict_name"], public["decision"]) == (said["title"], 36, "通过", "每户投工两天")
    assert "words" not in public
    assert "黄某某" not in str(await county.fetch("SELECT * FROM deliberations")) + str(await county.fetch("SELECT data FROM events"))

    back = f"{at}/meetings/{decided['meeting_id']}/withdrawal"
    for _ in range(2):
        assert (await desk.post("shuikou", back, {"reason": "typing_error"}, 200))["state"] == "open"
    assert (await desk.client.get("/v1/notice/deliberations")).json()["items"] == [], "what was taken back is shown no more"
    then = await desk.client.get("/v1/notice/deliberations", params={"as_of": published})
    assert [one["id"] for one in then.json()["items"]] == [decided["meeting_id"]], "as it was known then"
    against = meeting(votes_for=20, votes_against=20, abstained=0)
    assert (await desk.post("shuikou", f"{at}/meetings", against, 201))["state"] == "rejected", "half is not more than half"
    report = await desk.get("county", "/reports/assistance", **{"from": "2026-11-01", "to": "2026-11-30"})
    counted = {one["figure"]: one["value"] for one in report["figures"]}
    assert (counted["adopted"], counted["rejected"], counted["no_quorum"]) == (0, 1, 1)
    assert (await desk.get("pengzhai", "/deliberations", state="rejected"))["items"][0]["id"] == said["deliberation_id"]
