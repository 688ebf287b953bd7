"""Reading requests over Open311: what the public sees, what a client sees of its own, and how it is selected."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from tests.channels.open311_client import PIPE, connect, tree
from tests.channels.open311_schemas import faults
from tests.county import SHUIKOU, STAFFED_GRID
from tests.journeys.people import Desk

EXACT = {"lat": "24.443149", "long": "114.935251"}


@pytest.fixture
async def client(intake, home):
    return await connect(intake)


@pytest.fixture
async def desk(intake, county):
    return Desk(intake, county)


async def test_the_public_sees_what_and_roughly_where_but_no_words(client, county):
    number = await client.filed(
        **EXACT, address_id=STAFFED_GRID, address_string="水口村黄大山家门口", media_url="https://example.org/huang.jpg"
    )
    await county.settle()
    (shown,) = await client.listed()
    received = datetime.fromisoformat(shown.pop("requested_datetime"))
    assert received.utcoffset() == timedelta(hours=8)
    assert abs(datetime.now(UTC) - received) < timedelta(minutes=5)
    assert datetime.fromisoformat(shown.pop("expected_datetime")) > received
    assert shown.pop("updated_datetime")
    assert shown == {
        "service_request_id": number,
        "status": "open",
        "status_notes": "已派给承办单位，等待签收",
        "service_name": "自来水管破裂",
        "service_code": "water.pipe_burst",
        "description": None,
        "agency_responsible": "第一网格",
        "service_notice": None,
        "address": "和平县彭寨镇水口村",
        "address_id": SHUIKOU,
        "zipcode": None,
        "lat": 24.443,
        "long": 114.935,
        "media_url": None,
    }
    assert "黄大山" not in (await client.get("requests.xml", extensions="true")).text


async def test_a_client_sees_its_own_requests_whole_and_those_of_others_as_anybody_does(client, intake):
    number = await client.filed(
        **EXACT, address_id=STAFFED_GRID, address_string="水口村黄大山家门口", media_url="https://example.org/huang.jpg"
    )
    (own,) = await client.listed(key=True)
    assert (own["description"], own["address"], own["address_id"]) == (PIPE["description"], "水口村黄大山家门口", STAFFED_GRID)
    assert (own["lat"], own["long"], own["media_url"]) == (24.443149, 114.935251, "https://example.org/huang.jpg")
    other = await connect(intake, code="other-app")
    (theirs,) = await other.listed(f"requests/{number}.json", key=True)
    assert (theirs["description"], theirs["lat"], theirs["media_url"]) == (None, 24.443, None)
    assert theirs == (await client.listed())[0]


HIDDEN = {
    "a private matter": {"service_code": "disputes.wages"},
    "a confidential matter": {"service_code": "environment.pollution"},
    "a complaint made in confidence": {"attribute[CONFIDENTIAL]": "yes"},
}


@pytest.mark.parametrize("why", HIDDEN)
async def test_what_is_not_for_everybody_does_not_exist_for_anybody_but_its_client(client, intake, why):
    number = await client.filed(**HIDDEN[why])
    other = await connect(intake, code="other-app")
    for reader, key in ((client, False), (other, True)):
        assert await reader.listed(key=key) == []
        assert await reader.listed(key=key, service_request_id=number) == []
        assert (await reader.get(f"requests/{number}.json", key=key)).status_code == 404
    assert [one["service_request_id"] for one in await client.listed(key=True)] == [number]


async def test_tickets_of_other_channels_are_listed_without_words_and_only_with_a_decided_public_category(client, desk):
    public = await desk.file("路灯坏了，找黄大山", category="electricity.street_light")
    await desk.file("不知道算什么", category=None)
    await desk.file("欠薪", category="disputes.wages")
    await desk.file("路灯坏了，请保密", category="electricity.street_light", confidential=True)
    listed = await client.listed()
    assert [(one["service_request_id"], one["description"]) for one in listed] == [(public, None)]
    await desk.does("county", public, "triage", category="disputes.wages", words="实为欠薪")
    assert await client.listed() == []


async def test_how_far_a_request_is_ends_with_the_answer_for_its_client_alone(client, desk, county):
    number = await client.filed(service_code="consultation.policy", description="医保怎么报销", address_id=SHUIKOU)
    await county.settle()
    await desk.does("shuikou", number, "accept")
    await desk.does("shuikou", number, "resolve", words="已经讲解")
    await desk.does("hotline", number, "answer", words="带上发票到镇医保窗口即可。")
    (own,), (public,) = await client.listed(key=True), await client.listed()
    assert (own["status"], own["status_notes"]) == ("open", "已向您反馈办理结果：带上发票到镇医保窗口即可。")
    assert (public["status"], public["status_notes"]) == ("open", "已向您反馈办理结果")
    await desk.does("county", number, "close", verified_by="documents", words="办结")
    (own,) = await client.listed(key=True, extensions="true")
    assert (own["status"], own["expected_datetime"]) == ("closed", None)
    assert own["updated_datetime"] == own["notes"][-1]["datetime"]
    assert [note["type"] for note in own["notes"]].count("answer") == 1
    assert own["extended_attributes"] == {"external_status_code": "closed", "fixmystreet_status": "CLOSED"}
    assert faults("request", own) == []


async def test_requests_are_selected_by_service_status_time_and_page(client, county):
    pipes = [await client.filed() for _ in range(3)]
    lamp = await client.filed(service_code="electricity.street_light")
    old = await client.filed()
    await county.fetch("UPDATE tickets SET received_at = received_at - interval '100 days' WHERE number = $1", old)
    await county.fetch("UPDATE tickets SET status = 'cancelled' WHERE number = $1", lamp)

    async def ids(**params):
        return [one["service_request_id"] for one in await client.listed(**params)]

    assert await ids() == [lamp, *reversed(pipes)]
    assert await ids(service_code="electricity.street_light, water.canal") == [lamp]
    assert await ids(service_code="water") == await ids(service_code="nothing") == await ids(service_code="' OR 1=1") == []
    assert await ids(status="open") == list(reversed(pipes))
    assert await ids(status="closed") == [lamp]
    assert await ids(page_size="2") == [lamp, pipes[2]]
    assert await ids(page_size="2", page="2") == [pipes[1], pipes[0]]
    assert await ids(page="99") == []
    since = (datetime.now(UTC) - timedelta(days=101)).isoformat()
    assert await ids(start_date=since) == [lamp, *reversed(pipes), old]
    week = datetime.now(UTC) - timedelta(days=95)
    assert await ids(start_date=since, end_date=week.isoformat()) == [old]
    assert await ids(end_date=since) == []
    assert await ids(service_request_id=f"{old},{lamp},20261122-000123-0,x", status="open", start_date="2020-01-01T00:00:00Z") == [
        lamp,
        old,
    ]


async def test_ids_may_come_with_escaped_commas_and_override_even_what_is_wrong(client):
    first, second = await client.filed(), await client.filed()
    answer = await client.http.get(
        f"/open311/v2/requests.json?service_request_id={quote(f'{first},{second}')}&status=nonsense&start_date=x"
    )
    assert [one["service_request_id"] for one in answer.json()] == [second, first]


async def test_a_list_takes_few_statements_however_long_and_a_thousand_ids_are_the_most(client, county, monkeypatch):
    from sqlalchemy import event

    await client.filed()
    await client.filed()
    said = []
    event.listen(county.database.engine.sync_engine, "before_cursor_execute", lambda *about: said.append(about[2]))
    await client.listed(key=True)
    first = len(said)
    for _ in range(5):
        await client.filed()
    said.clear()
    await client.listed(key=True)
    assert len(said) <= first <= 10
    too_many = ",".join(["1"] * 1001)
    assert (await client.get("requests.json", service_request_id=too_many)).status_code == 400


async def test_one_request_is_a_list_of_one_and_an_unknown_one_404_in_either_form(client):
    number = await client.filed()
    root, requests = tree((await client.get(f"requests/{number}.xml")).content)
    assert (root, len(requests)) == ("service_requests", 1)
    for wrong in ("NOPE", number[:-1] + str((int(number[-1]) + 1) % 10), "a.b", "%27"):
        answer = await client.get(f"requests/{wrong}.xml")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/xml; charset=utf-8"), wrong


async def test_every_request_has_a_token_of_its_own(client, county):
    number = await client.filed()
    token = await county.value("SELECT complaint_id FROM open311_requests")
    answer = await client.get(f"tokens/{token}.json")
    assert answer.json() == [{"service_request_id": number, "token": str(token)}]
    assert tree((await client.get(f"tokens/{token}.xml")).content)[0] == "service_requests"
    for wrong in ("NOPE", number, "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3f"):
        assert (await client.get(f"tokens/{wrong}.json")).status_code == 404


async def test_a_wrong_key_is_refused_also_where_none_is_needed(client):
    assert (await client.http.get("/open311/v2/requests.json?api_key=wrong")).status_code == 403
    assert (await client.http.get("/open311/v2/requests.json?api_key=")).status_code == 200


async def test_other_forms_and_addresses_do_not_exist(client):
    for path in ("services.html", "requests.JSON", "discovery.yaml"):
        answer = await client.get(path)
        assert (answer.status_code, tree(answer.content)[0]) == (404, "errors"), path


async def test_discovery_stands_at_both_levels_in_both_forms(client):
    answers = [await client.http.get(f"/open311/{level}discovery.json") for level in ("", "v2/")]
    assert answers[0].json() == answers[1].json()
    found = answers[0].json()
    (endpoint,) = found["endpoints"]
    assert endpoint["url"] == "http://intake/open311/v2"
    assert (endpoint["type"], endpoint["formats"]) == ("production", ["text/xml", "application/json"])
    assert datetime.fromisoformat(found["changeset"]).tzinfo
    root, parts = tree((await client.http.get("/open311/v2/discovery.xml")).content)
    assert root == "discovery"
    assert [name for name, _ in parts] == ["changeset", "contact", "key_service", "endpoints"]
    ((_, fields),) = parts[3][1]
    assert fields[-1] == ("formats", [("format", "text/xml"), ("format", "application/json")])


async def test_services_are_the_leaves_in_force_and_their_definitions_fit_the_schema(client, county):
    services = await client.listed("services.json")
    assert faults("service", services) == []
    by_code = {one["service_code"]: one for one in services}
    assert "water" not in by_code
    assert by_code["water.pipe_burst"]["group"] == "水利供水"
    assert "爆管" in by_code["water.pipe_burst"]["keywords"].split(", ")
    assert by_code["environment.pollution"]["metadata"] is False
    for code in ("water.pipe_burst", "environment.pollution"):
        answer = await client.get(f"services/{code}.json")
        assert faults("service-definition", answer.json()) == []
        assert bool(answer.json()["attributes"]) is by_code[code]["metadata"]
    assert tree((await client.get("services.xml")).content)[0] == "services"
    for unknown in ("water", "NOPE", "water.pipe_burst.x"):
        assert (await client.get(f"services/{unknown}.json")).status_code == 404
