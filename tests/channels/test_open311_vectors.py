"""Every error case and every request that client libraries send, word for word, against the door."""

import re
from urllib.parse import quote

import pytest

from tests.channels.open311_client import ASKING_MORE, PIPE, V2, connect, tree
from tests.channels.open311_schemas import VECTORS, faults

HOLE = {"service_code": "roads.damage", "description": "路上有个大坑", "address_id": "441624108213"}
CASES = {case["call"]: case["status"] for case in VECTORS["error_cases"]}


@pytest.fixture
async def client(intake, home):
    return await connect(intake, options=ASKING_MORE)


async def _get(client, path):
    return await client.http.get(f"{V2}/{path}")


def _without(*names):
    return {name: value for name, value in PIPE.items() if name not in names}


CALLS = {
    "GET services with unknown jurisdiction_id": lambda c: _get(c, "services.json?jurisdiction_id=000000"),
    "GET services/NOPE.json": lambda c: _get(c, "services/NOPE.json"),
    "POST requests without service_code": lambda c: c.post(**_without("service_code")),
    "POST requests with unknown service_code": lambda c: c.post(**{**PIPE, "service_code": "NOPE"}),
    "POST requests without api_key / wrong api_key": lambda c: c.post(key="wrong", **PIPE),
    "POST requests with lat but no long, no address_string, no address_id": lambda c: c.post(**_without("address_id"), lat="24.4"),
    "POST requests missing a required attribute": lambda c: c.post(**HOLE),
    "GET requests/NOPE.xml": lambda c: _get(c, "requests/NOPE.xml"),
    "GET tokens/NOPE.json": lambda c: _get(c, "tokens/NOPE.json"),
    "GET requests.json?start_date=2026-01-01T00:00:00 (no zone)": lambda c: _get(c, "requests.json?start_date=2026-01-01T00:00:00"),
    "GET requests.json span > 90 days": lambda c: _get(c, "requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-04-30T00:00:00Z"),
    "description of 4001 characters": lambda c: c.post(**{**PIPE, "description": "长" * 4001}),
}
SEVERAL = "GET services without jurisdiction_id on a multi-jurisdiction server"
SHAPE = "error body XML root errors/error/code,description; JSON an array [{code,description}]"


def test_every_error_case_is_played():
    assert set(CASES) == {*CALLS, SEVERAL, SHAPE}


@pytest.mark.parametrize("call", CALLS)
async def test_errors_are_what_the_specification_says(client, call):
    answer = await CALLS[call](client)
    assert answer.status_code == CASES[call], answer.text
    if answer.headers["content-type"] == "application/json; charset=utf-8":
        assert [sorted(error) for error in answer.json()] == [["code", "description"]]
        assert answer.json()[0]["code"] == CASES[call]
    else:
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        root, ((error, parts),) = tree(answer.content)
        assert (root, error, [name for name, _ in parts]) == ("errors", "error", ["code", "description"])


async def test_one_jurisdiction_needs_no_name_and_an_empty_key_is_a_missing_one(client):
    for query in ("", "?jurisdiction_id=", "?jurisdiction_id=441624"):
        assert (await _get(client, f"services.json{query}")).status_code == 200
    answer = await client.post(key="", **PIPE)
    assert (answer.status_code, "api_key" in answer.text) == (403, True)
    wrong_in_form = await client.post(**PIPE, jurisdiction_id="000000")
    assert wrong_in_form.status_code == 404


RECORDS = {f"{record['client']}: {sent}": sent for record in VECTORS["client_wire_records"] for sent in record["requests"]}


@pytest.mark.parametrize("sent", RECORDS.values(), ids=RECORDS)
async def test_requests_as_clients_send_them_are_answered(client, county, sent):
    numbers = [await client.filed(), await client.filed()]
    token = await county.value("SELECT complaint_id FROM open311_requests LIMIT 1")
    path = re.sub(r" \(.*\)$", "", sent.removeprefix("GET ")).replace("jurisdiction_id=J", "jurisdiction_id=441624")
    path = path.replace("services/001", "services/water.pipe_burst").replace("service_code=001", "service_code=water.pipe_burst")
    path = path.replace("638344", numbers[0]).replace("1%2C2", quote(",".join(numbers), safe="")).replace("tokens/123", f"tokens/{token}")
    for form in ("json", "xml"):
        url = path.replace("{json|xml}", form).replace("{fmt}", form)
        answer = await client.http.get(f"{V2}/{url}")
        assert answer.status_code == 200, (url, answer.text)
        if answer.headers["content-type"].startswith("application/json"):
            _check(url, answer.json(), numbers)


def _check(url, value, numbers):
    if url.startswith("services/"):
        assert faults("service-definition", value) == []
    elif url.startswith("services"):
        assert faults("service", value) == []
        assert len(value) > 40
    elif url.startswith("requests"):
        assert faults("request", value) == []
        if "start_date" not in url:
            assert {one["service_request_id"] for one in value} <= set(numbers)
            assert value
    elif url.startswith("tokens"):
        assert value[0]["service_request_id"] in numbers


async def test_three_posts_everything_in_the_form(client, county):
    (record,) = [record for record in VECTORS["client_wire_records"] if "post_form" in record]
    body = record["post_form"].split(" ")[0].replace("service_code=001", "service_code=water.pipe_burst")
    body = body.replace("jurisdiction_id=J", "jurisdiction_id=441624").replace("api_key=K", f"api_key={client.key}")
    answer = await client.http.post(f"{V2}/requests.json", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200, answer.text
    assert answer.json()[0]["service_request_id"] == await county.value("SELECT number FROM tickets")


async def test_npm_open311_posts_the_jurisdiction_in_the_address_and_attributes_escaped(client, county):
    (record,) = [record for record in VECTORS["client_wire_records"] if "post" in record]
    line, body = record["post"].split("  body ")
    url = line.removeprefix("POST ").replace("=J", "=441624")
    body = body.replace("service_code=001", "service_code=water.pipe_burst").replace("api_key=K", f"api_key={client.key}")
    answer = await client.http.post(
        f"{V2}/{url}", content=body, headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    )
    assert answer.status_code == 200, answer.text
    row = (await county.fetch("SELECT lat, lon, coordinate_system FROM complaints"))[0]
    assert tuple(row) == (31.5, 118.4, "WGS-84")


async def test_categories_without_a_place_are_filed_without_coordinates(client, county):
    places = {
        row["code"]: row["place_needed"] for row in await county.fetch("SELECT code, place_needed FROM categories WHERE leaf AND active")
    }
    assert {True, False} == set(places.values())
    for code, needed in places.items():
        answer = await client.post(service_code=code, description="请问", **{"attribute[LANES]": "1"})
        assert answer.status_code == (400 if needed else 200), (code, answer.text)
