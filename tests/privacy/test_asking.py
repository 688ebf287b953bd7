"""What persons ask about their own data, by tracking code, and what the county decides, holds and restricts."""

import pytest

from services.attachments.store import store
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.secrets import tracking_code
from services.privacy.erasing import erase_next
from services.privacy.turning import turn_next
from tests.told import only_told_in

UNTIL = "2030-01-01T00:00:00+08:00"
HOLD = {"reason": "litigation", "words": "行政诉讼一审", "until": UNTIL}


class Villager:
    """Somebody who complained, with number and code."""

    def __init__(self, desk, number: str, code: str, complaint: str) -> None:
        self.desk, self.number, self.code, self.complaint = desk, number, code, complaint

    async def sees(self, more: str = ""):
        return await self.desk.client.get(f"/v1/complaints/{self.number}/personal-data{more}", headers={"X-Tracking-Code": self.code})

    async def asks(self, kind: str, **more):
        path = f"/v1/complaints/{self.number}/personal-data/requests"
        return await self.desk.client.post(path, json={"kind": kind, **more}, headers={"X-Tracking-Code": self.code})


@pytest.fixture
async def villager(desk, county) -> Villager:
    number = await desk.file("水管爆了，找我：欧阳金丝雀", contact={"name": "欧阳金丝雀", "phone": "13877665544"})
    [row] = await county.fetch(
        "SELECT t.id, c.id AS complaint FROM tickets t JOIN complaints c ON c.ticket_id = t.id WHERE number = $1", number
    )
    return Villager(desk, number, tracking_code(row["id"]), str(row["complaint"]))


async def _decided(desk, request: str, login: str = "county", **more):
    return await desk.client.post(f"/v1/person-requests/{request}/decision", json=more, headers=await desk.as_(login))


async def _erased(county) -> None:
    async with county.as_role(WORKER):
        while await erase_next(store()):
            pass


async def test_a_person_sees_what_is_kept_masked_and_who_looked(villager, desk):
    first = (await villager.sees()).json()
    assert (first["name"], first["phone"], first["in_clear"], first["looked"], first["requests"]) == (
        "欧****",
        "138****5544",
        False,
        [],
        [],
    )
    assert (await villager.sees("/copy")).json()["code"] == "privacy.copy_not_granted"
    wrong = await desk.client.get(f"/v1/complaints/{villager.number}/personal-data", headers={"X-Tracking-Code": "AAAAAAAA"})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "tracking.not_found")

    asked = (await villager.asks("copy")).json()
    assert (await villager.asks("copy")).json() == asked, "asked again while it is open, it is the same"
    assert (asked["state_name"], asked["kind_name"]) == ("办理中", "复制")
    waiting = (await desk.client.get("/v1/person-requests", headers=await desk.as_("county"))).json()
    assert [(one["id"], one["ticket"], one["overdue"]) for one in waiting] == [(asked["id"], villager.number, False)]
    for nobody in ("hotline", "pengzhai", "grid", "admin", "analyst"):
        assert (await _decided(desk, asked["id"], nobody, outcome="done")).status_code == 403
    assert (await _decided(desk, asked["id"], outcome="refused")).status_code == 422, "a refusal says why"
    assert (await _decided(desk, asked["id"], outcome="done")).json()["state"] == "done"
    assert (await _decided(desk, asked["id"], outcome="done")).json()["code"] == "privacy.decided"
    copy = await villager.sees("/copy")
    assert copy.headers["content-disposition"] == f'attachment; filename="{villager.number}.json"'
    assert (copy.json()["phone"], copy.json()["words"], copy.json()["channel"]) == ("13877665544", "水管爆了，找我：欧阳金丝雀", "热线")


async def test_a_correction_is_sealed_anew_and_restricts_until_it_is_decided(villager, desk, county):
    assert (await villager.asks("correction")).status_code == 422
    asked = (await villager.asks("correction", contact={"phone": "139 1111 2222"}, words="换号了")).json()
    listed = (await desk.client.get(f"/v1/tickets/{villager.number}/complaints", headers=await desk.as_("county"))).json()[0]
    assert (listed["restricted"], listed["contact"]) == (True, None)
    [waiting] = (await desk.client.get("/v1/person-requests", headers=await desk.as_("county"))).json()
    assert (waiting["said"], waiting["wants"]) == ("换号了", ["电话"])
    before = await county.value("SELECT row_key FROM complainants")
    assert (await _decided(desk, asked["id"], outcome="done")).status_code == 200
    assert await county.value("SELECT row_key FROM complainants") != before
    assert await county.value("SELECT count(*) FROM key_turns") == 1, "the old key is to leave the backups"
    listed = (await desk.client.get(f"/v1/tickets/{villager.number}/complaints", headers=await desk.as_("county"))).json()[0]
    assert (listed["restricted"], listed["contact"]["phone"], listed["contact"]["name"]) == (False, "139****2222", "欧****")


async def test_a_deletion_that_is_granted_is_carried_out_and_a_refused_one_says_why(villager, desk, county):
    asked = (await villager.asks("deletion")).json()
    said = (await _decided(desk, asked["id"], outcome="refused", reason="still_needed", words="办结后可再次申请")).json()
    assert said["reason_name"] == "事项仍在办理，处理目的尚未实现"
    mine = (await villager.sees()).json()
    assert [(one["state_name"], one["words"]) for one in mine["requests"]] == [("不予办理", "办结后可再次申请")]
    asked = (await villager.asks("deletion", words="我叫欧阳金丝雀")).json()
    assert (await _decided(desk, asked["id"], outcome="done", passages=["找我："])).status_code == 200
    await _erased(county)
    mine = (await villager.sees()).json()
    assert (mine["name"], mine["phone"], len(mine["erased"])) == (None, None, 6)
    assert await only_told_in(county, "complaints") == "水管爆了，〔已删除个人信息〕〔已删除个人信息〕"
    assert await county.value("SELECT count(*) FROM sealed_papers WHERE row_key IS NOT NULL") == 0, "what was asked, and the passages, too"
    assert (await villager.asks("correction", contact={"phone": "13911112222"})).json()["code"] == "privacy.nothing_to_correct"
    state = (await desk.client.get(f"/v1/tickets/{villager.number}/personal-data", headers=await desk.as_("admin"))).json()
    assert {one["because_name"] for one in state["erasures"]} == {"当事人请求"}
    assert all(one["done_at"] for one in state["erasures"])


async def test_a_hold_stops_what_was_granted_and_planned_and_another_lifts_it(villager, desk, county):
    path = f"/v1/tickets/{villager.number}/legal-holds"
    keyed = {**await desk.as_("county"), "Idempotency-Key": str(new_id())}
    asked = (await villager.asks("deletion")).json()
    placed = [await desk.client.post(path, json=HOLD, headers=keyed) for _ in range(2)]
    assert [one.status_code for one in placed] == [201, 201]
    assert placed[0].json() == placed[1].json()
    hold = placed[0].json()["id"]
    assert (
        await desk.client.post(path, json={**HOLD, "until": "2020-01-01T00:00:00Z"}, headers=await desk.as_("admin"))
    ).status_code == 422
    assert (await desk.client.post(path, json=HOLD, headers=await desk.as_("pengzhai"))).status_code == 403
    refused = await _decided(desk, asked["id"], outcome="done")
    assert refused.json()["code"] == "privacy.held"
    own = await desk.client.post(f"/v1/legal-holds/{hold}/lifting", headers=await desk.as_("county"))
    assert own.json()["code"] == "privacy.own_hold"
    lifted = await desk.client.post(f"/v1/legal-holds/{hold}/lifting", headers=await desk.as_("admin"))
    assert lifted.json()["standing"] is False
    assert (await _decided(desk, asked["id"], outcome="done")).status_code == 200
    await desk.client.post(path, json=HOLD, headers=await desk.as_("admin"))
    await _erased(county)
    assert await county.value("SELECT count(*) FROM erasures WHERE erased_at IS NOT NULL") == 0, "held after it was granted: it waits"
    types = {row["type"] for row in await county.fetch("SELECT type FROM events WHERE subject_kind = 'legal_hold'")}
    assert types == {"legal_hold.placed", "legal_hold.lifted"}


async def test_a_restricted_contact_opens_for_a_named_purpose_only_and_the_person_sees_it(villager, desk, county):
    path = f"/v1/complaints/{villager.complaint}/restriction"
    open_ = await desk.client.post(f"{path}/contact", json={"purpose": "dispute"}, headers=await desk.as_("county"))
    assert open_.json()["code"] == "contact.not_restricted"
    for _ in range(2):
        put = await desk.client.put(path, json={"because": "dispute"}, headers=await desk.as_("admin"))
        assert put.json() == {"complaint_id": villager.complaint, "restricted": True, "because": "dispute"}
    assert await county.value("SELECT count(*) FROM restrictions") == 1
    seen = await desk.client.post(f"{path}/contact", json={"purpose": "dispute"}, headers=await desk.as_("county"))
    assert (seen.json()["phone"], seen.headers["cache-control"]) == ("13877665544", "no-store")
    assert (await desk.client.post(f"{path}/contact", json={"purpose": "好奇"}, headers=await desk.as_("county"))).status_code == 422
    mine = (await villager.sees()).json()
    assert [(one["what"], one["purpose"]) for one in mine["looked"]] == [("查看联系电话", "处理争议")]
    assert mine["restricted"] is True
    assert (await desk.client.delete(path, headers=await desk.as_("county"))).json()["restricted"] is False
    async with county.as_role(WORKER):
        assert not await turn_next(), "nothing was erased"
