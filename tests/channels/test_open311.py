"""Filing over Open311: what becomes of a request, that nothing is filed twice or lost, and that what people say of themselves is sealed."""

import asyncio

import pytest

from services.complaints.contacts import open_contact
from services.connections.directory import forget_connected_systems
from services.platform.database import INTAKE, Database, use_database
from services.platform.papers import read_paper
from services.platform.secrets import tracking_code
from tests.attachments.samples import JPEG, picture
from tests.channels.open311_client import ASKING_MORE, CLIENT, PIPE, connect, tree
from tests.county import SHUIKOU, sign_in
from tests.told import place_in, words_in

HOLE = {"service_code": "roads.damage", "description": "路上有个大坑", "address_id": SHUIKOU, "attribute[LANES]": "2"}
PERSON = {"first_name": "三", "last_name": "张", "phone": "+86 138 0000 0123", "email": "zhang@example.org", "device_id": "d-580"}


@pytest.fixture
async def client(intake, home):
    return await connect(intake, options=ASKING_MORE)


async def told(county):
    """What was told, newest first."""
    query = "SELECT c.*, t.number, t.category_code, t.urgency, t.privacy FROM complaints c JOIN tickets t ON t.id = c.ticket_id"
    return await county.fetch(f"{query} ORDER BY c.received_at DESC, c.id DESC")


async def paper(county):
    """The newest sealed paper, opened."""
    (row,) = await county.fetch("SELECT * FROM sealed_papers ORDER BY id DESC LIMIT 1")
    return read_paper(row["id"], row["row_key"], row["sealed"])


async def test_a_request_becomes_a_ticket_and_is_answered_with_its_number_and_code(client, county):
    answer = await client.post(**PIPE, **PERSON)
    assert answer.status_code == 200, answer.text
    (filed,) = answer.json()
    (row,) = await told(county)
    assert filed == {
        "service_request_id": row["number"],
        "service_notice": f"您反映的问题已受理。工单号：{row['number']}；查询码：{tracking_code(row['ticket_id'])}（请勿告诉他人）。",
        "account_id": None,
    }
    assert (row["channel"], row["category_code"], words_in(row)) == ("open311", "water.pipe_burst", PIPE["description"])
    assert (row["place_code"], row["wants_answer"], row["confidential"]) == (SHUIKOU, True, False)


async def test_xml_says_the_same_and_parameters_may_stand_in_the_address(client, county):
    answer = await client.http.post(
        f"/open311/v2/requests.xml?jurisdiction_id=441624&api_key={client.key}", data={**PIPE, "jurisdiction_id": "441624", "email": ""}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    (row,) = await told(county)
    root, ((request, fields),) = tree(answer.content)
    assert (root, request, fields[0]) == ("service_requests", "request", ("service_request_id", row["number"]))


async def test_who_asked_is_sealed_and_nowhere_else(client, county, capsys):
    await client.post(**PIPE, **PERSON, account_id="42", title="漏水")
    (row,) = await county.fetch("SELECT * FROM complainants")
    contact = open_contact(row["complaint_id"], row["row_key"], row["sealed"])
    assert (contact.name, contact.phone, contact.email) == ("张三", "13800000123", "zhang@example.org")
    assert (await paper(county))["device_id"] == ["d-580"]
    for table in ("open311_requests", "complaints", "tickets", "events", "sealed_papers", "idempotency_keys", "complainants"):
        rows = str([dict(found) for found in await county.fetch(f"SELECT * FROM {table}")])
        for secret in ("zhang@example.org", "13800000123", "d-580", "张三", client.key):
            assert secret not in rows, (table, secret)
    said = capsys.readouterr()
    for secret in ("zhang", "138", "水管", client.key):
        assert secret not in said.out + said.err


async def test_what_cannot_be_read_of_a_person_is_kept_and_stops_nothing(client, county):
    await client.filed(phone="请勿来电", email="not an address", first_name="-", last_name="-")
    assert await county.value("SELECT count(*) FROM complainants") == 0
    assert (await paper(county))["phone"] == ["请勿来电"]


async def test_pictures_in_the_form_belong_to_the_complaint(client, county):
    files = {"photo1": ("a.jpg", JPEG), "media": ("b.png", picture("PNG")), "photo3": ("", b"")}
    answer = await client.post(**PIPE, **PERSON, files=files)
    assert answer.status_code == 200, answer.text
    found = await county.fetch(
        "SELECT media_type FROM attachments JOIN attachment_links ON attachment_id = id WHERE subject_kind = 'complaint'"
    )
    assert sorted(row["media_type"] for row in found) == ["image/jpeg", "image/png"]
    again = await client.post(**PIPE, **PERSON, files=files)
    assert again.json() == answer.json()
    other = await client.post(**PIPE, **PERSON, files={"photo1": ("a.jpg", picture(seed=1))})
    assert other.json() != answer.json()


async def test_a_file_that_is_none_of_ours_is_refused_in_open311s_shape(client, county):
    answer = await client.post(**PIPE, files={"media": ("a.sh", b"#!/bin/sh\n")})
    assert (answer.status_code, answer.json()[0]["code"]) == (400, 400)
    assert "JPEG" in answer.json()[0]["description"]
    assert not await told(county)


async def test_the_same_request_of_one_device_is_one_however_often_and_at_once(client, county):
    answers = await asyncio.gather(*(client.post(**PIPE, device_id="d-1") for _ in range(8)))
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].status_code == 200
    assert len(await told(county)) == 1
    assert await county.value("SELECT count(*) FROM open311_requests") == 1
    await client.post(**PIPE, device_id="d-2")
    await client.post(**{**PIPE, "description": "水管又爆了"}, device_id="d-1")
    assert len(await told(county)) == 3


async def test_two_people_who_say_the_same_and_show_nothing_of_themselves_are_two(client, county):
    policy = {"service_code": "consultation.policy", "description": "医保怎么报销"}
    first, second = [(await client.post(**policy)).json() for _ in range(2)]
    assert first != second
    assert len(await told(county)) == 2


async def test_the_same_words_of_one_device_are_a_new_request_after_ten_minutes(client, county):
    first = await client.filed(device_id="d-1")
    await county.fetch("UPDATE open311_requests SET recorded_at = recorded_at - interval '9 minutes'")
    assert await client.filed(device_id="d-1") == first
    await county.fetch("UPDATE open311_requests SET recorded_at = recorded_at - interval '2 minutes'")
    assert await client.filed(device_id="d-1") != first


async def test_a_clients_own_id_makes_a_request_one_for_good_but_other_words_another(client, county):
    own = {"attribute[fixmystreet_id]": "8001"}
    first = await client.filed(**own)
    await county.fetch("UPDATE open311_requests SET recorded_at = recorded_at - interval '30 days'")
    assert await client.filed(**own) == first
    assert await client.filed(**own, description="另一件事") != first


async def test_an_idempotency_key_stands_for_one_request_of_one_client(client, county, intake):
    key = {"headers": {"Idempotency-Key": '"k-1"'}}
    policy = {"service_code": "consultation.policy", "description": "医保怎么报销"}
    first = await client.post(**policy, **key)
    assert (await client.post(**policy, **key)).json() == first.json()
    differs = await client.post(**{**policy, "description": "别的"}, **key)
    assert (differs.status_code, differs.json()[0]["code"]) == (400, 400)
    other = await connect(intake, code="other-app")
    assert (await other.post(**policy, **key)).json() != first.json()
    assert len(await told(county)) == 2


@pytest.mark.parametrize(
    "where",
    [{"lat": "24.4431", "long": "114.9352"}, {"address_string": "水口村老水井旁"}, {"address_id": SHUIKOU}],
    ids=min,
)
async def test_one_way_to_say_where_is_enough(client, county, where):
    given = {name: value for name, value in PIPE.items() if name != "address_id"}
    assert (await client.post(**given, **where)).status_code == 200
    (row,) = await told(county)
    assert (row["coordinate_system"] == "WGS-84") == ("lat" in where)
    none = await client.post(**given, lat="24.4")
    assert (none.status_code, "address_string" in none.json()[0]["description"]) == (400, True)


async def test_an_address_too_long_for_a_place_is_kept_whole(client, county):
    address = "水口村" + "弯" * 300
    await client.filed(address_string=address)
    (row,) = await told(county)
    assert place_in(row) == address[:200]
    assert words_in(row) == f"{PIPE['description']}\n\n地点：{address}"
    assert (await client.listed(key=True))[0]["description"] == PIPE["description"]


async def test_answers_to_what_is_asked_are_told_below_the_words(client, county):
    sent = {**HOLE, "attribute[KIND][]": ["hole", "crack"], "attribute[SINCE]": "2026-11-22T08:00:00+08:00", "attribute[OTHER]": "kept"}
    number = await client.filed(**sent)
    (row,) = await told(county)
    assert words_in(row) == "路上有个大坑\n\n影响几条车道：2\n破损类型：坑洞、裂缝\n发现时间：2026-11-22T08:00:00+08:00"
    assert (await paper(county))["attribute[OTHER]"] == ["kept"]
    (shown,) = await client.listed(f"requests/{number}.json", key=True, extensions="true")
    assert shown["description"] == "路上有个大坑"
    assert {"code": "KIND", "value": "hole, crack"} in shown["attributes"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"attribute[LANES]": ""}, "attribute[LANES] is required"),
        ({"attribute[LANES]": "two"}, "must be a number"),
        ({"attribute[KIND]": "dent"}, "must be one of hole, crack"),
        ({"attribute[SINCE]": "gestern"}, "ISO 8601"),
        ({"attribute[LANES][]": ["1", "2"]}, "takes one value"),
        ({"attribute[CONFIDENTIAL]": "maybe"}, "must be one of yes, no"),
    ],
)
async def test_wrong_answers_are_refused_by_name(client, county, changes, says):
    answer = await client.post(**{**HOLE, **changes})
    assert answer.status_code == 400
    assert says in answer.json()[0]["description"]
    assert not await told(county)


async def test_without_a_description_the_service_says_what_it_is_about(client, county):
    number = await client.filed(description="")
    (row,) = await told(county)
    assert words_in(row) == "自来水管破裂（通过开放接口提交，没有填写描述）"
    (shown,) = await client.listed(f"requests/{number}.json", key=True)
    assert shown["description"] is None


async def test_four_thousand_characters_are_taken_and_one_more_is_not(client):
    assert (await client.post(**{**PIPE, "description": "长" * 4000})).status_code == 200
    refused = await client.post(**{**PIPE, "description": "长" * 4001})
    assert (refused.status_code, "4000" in refused.json()[0]["description"]) == (400, True)
    both = await client.post(**{**HOLE, "description": "长" * 4000})
    assert both.status_code == 400


async def test_somebody_may_ask_to_stay_unknown(client, county):
    await client.filed(**PERSON, **{"attribute[CONFIDENTIAL]": "yes"})
    (row,) = await told(county)
    assert (row["confidential"], row["privacy"]) == (True, "confidential")


async def test_danger_to_life_is_an_emergency_here_too(client, county):
    await client.filed(service_code="consultation.policy", description="救命，孩子掉进河里了")
    (row,) = await told(county)
    assert row["urgency"] == "emergency"


BODIES = {
    "no form": (b'{"service_code": "water.pipe_burst"}', "application/json", 400),
    "no UTF-8": (b"description=%FF%FE&service_code=water.pipe_burst", "application/x-www-form-urlencoded", 400),
    "raw bytes": (b"description=\xff\xfe", "application/x-www-form-urlencoded", 400),
    "too many fields": (b"&".join(b"a%d=1" % nth for nth in range(300)), "application/x-www-form-urlencoded", 400),
    "broken multipart": (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
    "no boundary": (b"--x", "multipart/form-data", 400),
    "too large": (b"description=" + b"a" * 300_000, "application/x-www-form-urlencoded", 413),
    "NUL": (b"service_code=water.pipe_burst&address_id=441624&description=a%00b", "application/x-www-form-urlencoded", 400),
    "NUL in a name": (b"service_code=water.pipe_burst&address_id=441624&a%00b=c", "application/x-www-form-urlencoded", 400),
}


@pytest.mark.parametrize("what", BODIES)
async def test_bodies_that_cannot_be_right_are_refused_in_open311s_shape(client, county, what):
    body, kind, status = BODIES[what]
    for form in ("json", "xml"):
        url = f"/open311/v2/requests.{form}?api_key={client.key}"
        answer = await client.http.post(url, content=body, headers={"Content-Type": kind})
        assert answer.status_code == status, answer.text
        if form == "xml":
            assert tree(answer.content)[1][0][1][0] == ("code", str(status))
        else:
            assert answer.json()[0]["code"] == status
    assert not await told(county)


async def test_a_unit_that_does_not_exist_is_no_address(client, county):
    for wrong in ("999999", "../etc", "a" * 65):
        answer = await client.post(**{**PIPE, "address_id": wrong})
        assert (answer.status_code, answer.json()[0]["code"]) == (400, 400), wrong
    assert not await told(county)


async def test_an_inactive_client_and_a_key_of_another_kind_are_refused(client, intake):
    exchange = await connect(intake, code="pbx-580", kind="pbx", adapter="asterisk", options={})
    for key in (exchange.key, client.key[:-1], "x" * 5000, "钥匙"):
        answer = await client.post(**PIPE, key=key)
        assert answer.status_code == 403, key
    headers = await sign_in(intake, "admin") | {"If-Match": '"1"'}
    assert (await intake.patch(f"/v1/connections/{CLIENT['code']}", json={"active": False}, headers=headers)).status_code == 200
    forget_connected_systems()
    assert (await client.post(**PIPE)).status_code == 403


async def test_while_the_database_is_away_clients_are_told_to_come_again(client, county):
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing", INTAKE)
    use_database(nowhere)
    try:
        answer = await client.post(**PIPE, device_id="d-1")
    finally:
        use_database(county.database)
        await nowhere.close()
    assert (answer.status_code, answer.json()[0]["code"]) == (503, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert (await client.post(**PIPE, device_id="d-1")).status_code == 200


async def test_questions_that_cannot_be_asked_are_refused_when_they_are_set(client, intake):
    headers = await sign_in(intake, "admin")
    for wrong in (
        {"roads.damage": [{"code": "A B", "description": "?"}]},
        {"roads.damage": [{"code": "A", "description": "?", "datatype": "singlevaluelist"}]},
        {"roads.damage": {"code": "A"}},
        ["roads.damage"],
    ):
        body = {**CLIENT, "code": "other-app", "options": {"attributes": wrong}}
        answer = await intake.post("/v1/connections", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "open311.options_invalid"), wrong
        assert answer.json()["errors"][0]["pointer"].startswith("/options/attributes")
