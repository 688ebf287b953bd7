"""Posts at the door: kept once, whatever the order, acknowledged as the exchange expects, refused where they are not the exchange's."""

import asyncio
import base64
import json
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from services.platform.papers import read_paper
from tests.calls.exchange import play
from tests.calls.vectors import DISPOSITIONS, EXPECTED, FOUR, POSTS, TWILIO
from tests.county import sign_in

FORM = "application/x-www-form-urlencoded"
CALLS = "SELECT * FROM calls WHERE linked_id = call_id ORDER BY call_id"


async def raw_of(county, paper_id):
    (paper,) = await county.fetch("SELECT row_key, sealed FROM sealed_papers WHERE id = $1", paper_id)
    return read_paper(paper_id, paper["row_key"], paper["sealed"])


async def test_the_four_real_calls_are_four_calls(county, pbx, intake, operator):
    await play(pbx, FOUR)
    rows = {row["call_id"]: row for row in await county.fetch(CALLS)}
    assert set(rows) == set(EXPECTED)
    for call_id, wanted in EXPECTED.items():
        assert rows[call_id]["disposition"] == DISPOSITIONS[wanted["kind"]]
        assert rows[call_id]["agent"] == wanted["agent"]
    listed = (await intake.get("/v1/hotline/calls", headers=operator)).json()["items"]
    assert [one["call_id"] for one in listed] == sorted(EXPECTED, reverse=True)
    assert {one["caller"] for one in listed} == {"139****0001"}
    assert [one["called_before"] for one in listed] == [True, True, True, False]
    assert listed[0]["dnis"] == "12345"


async def test_every_post_the_exchange_ever_made_can_be_read(county, pbx):
    for posts in POSTS.values():
        if isinstance(posts, list):
            await play(pbx, posts)
    assert await county.value("SELECT count(*) FROM call_events WHERE call_id IS NULL") == 0
    assert await county.value("SELECT count(*) FROM calls") == len({one["form"]["call_id"] for one in _forms()})


def _forms():
    return [one for posts in POSTS.values() if isinstance(posts, list) for one in posts if isinstance(one["form"], dict)]


async def test_posts_repeated_reordered_and_at_once_leave_the_same_rows(county, pbx):
    await play(pbx, list(reversed(FOUR)))
    columns = "call_id, disposition, arrived_at, ended_at, agent, talk_seconds, called_before"
    events = await county.value("SELECT count(*) FROM call_events")
    papers = await county.value("SELECT count(*) FROM sealed_papers")
    once = await county.fetch(f"SELECT {columns} FROM calls ORDER BY call_id")
    await asyncio.gather(*(play(pbx, [one]) for one in FOUR * 3))
    assert await county.fetch(f"SELECT {columns} FROM calls ORDER BY call_id") == once
    assert await county.value("SELECT count(*) FROM call_events") == events == 12
    assert await county.value("SELECT count(*) FROM sealed_papers") == papers


async def test_new_calls_of_one_number_at_once_are_each_there_once(county, pbx):
    posts = [{"path": "/start", "form": one["form"] | {"call_id": f"{one['form']['call_id']}9{n}"}} for n in range(8) for one in FOUR[:1]]
    ends = [{"path": "/end", "form": FOUR[1]["form"] | {"call_id": one["form"]["call_id"], "linkedid": ""}} for one in posts]
    await asyncio.gather(*(play(pbx, [one]) for one in [*ends, *posts]))
    rows = await county.fetch(CALLS)
    assert len(rows) == 8
    assert {row["disposition"] for row in rows} == {"answered"}
    assert sorted(row["called_before"] for row in rows) == [False] + [True] * 7, "exactly one of them is the first"


async def test_a_lost_start_and_a_late_start(county, pbx):
    start, end = FOUR[0], FOUR[1]
    await play(pbx, [end])
    (row,) = await county.fetch(CALLS)
    assert (row["disposition"], str(row["arrived_at"])) == ("answered", "2026-11-22 01:58:14+00:00")
    await play(pbx, [start])
    (late,) = await county.fetch(CALLS)
    assert (late["disposition"], late["ended_at"], late["arrived_at"]) == (row["disposition"], row["ended_at"], row["arrived_at"])


async def test_times_without_zone_are_read_in_the_sources_zone(county, pbx):
    beijing = await pbx.again_as("asterisk", "pbx-cn", zone="Asia/Shanghai")
    await play(beijing, [FOUR[1]])
    (row,) = await county.fetch("SELECT arrived_at FROM calls WHERE source = 'pbx-cn'")
    assert str(row["arrived_at"]) == "2026-11-21 17:58:14+00:00"


async def test_a_call_id_written_as_a_number_keeps_its_last_zero(county, pbx):
    assert (
        await pbx.json('{"event": "hangup", "call_id": 1795311452.10, "end": "2026-11-22 01:37:38", "caller": 13805550123}')
    ).text == "ok"
    (row,) = await county.fetch(CALLS)
    assert row["call_id"] == "1795311452.10"
    assert (await raw_of(county, row["paper_id"])) == {"number": "13805550123"}


async def test_legs_are_grouped_by_what_links_them_even_when_it_is_told_late(county, pbx):
    await pbx.form("start", event="ringing", call_id="9.2", caller="13805550123", callee="580")
    await pbx.form("start", event="ringing", call_id="9.1", caller="13805550123", callee="580")
    assert await county.value("SELECT count(*) FROM calls WHERE linked_id = call_id") == 2
    await pbx.form("end", event="hangup", call_id="9.2", linkedid="9.1", end="2026-11-22 01:58:20", disposition="ANSWERED", agent="")
    (row,) = await county.fetch(CALLS)
    assert (row["call_id"], row["disposition"]) == ("9.1", None), "the call itself goes on"
    await pbx.form(
        "end", event="hangup", call_id="9.1", linkedid="9.1", end="2026-11-22 01:59:20", agent="PJSIP/1001", disposition="ANSWERED"
    )
    (row,) = await county.fetch(CALLS)
    assert row["disposition"] == "answered"


async def test_what_nobody_can_read_is_kept_listed_and_still_acknowledged(county, pbx, intake, operator):
    odd = [
        b"\xff\xfe\x00odd",
        b"",
        b"event=dance&call_id=1",
        b"event=hangup&call_id=1&end=yesterday",
        b"event=hangup",
        b'{"call_id": "\\ud800"}',
    ]
    for body in (*odd, *odd):
        kind = "application/json" if body.startswith(b"{") else FORM
        answer = await pbx.post(body, kind)
        assert (answer.status_code, answer.text) == (200, "ok")
    listed = (await intake.get("/v1/hotline/unreadable-events", headers=operator)).json()["items"]
    assert len(listed) == len(odd)
    codes = {one["error"] for one in listed}
    assert codes == {"body.not_utf8", "body.empty", "event.unknown", "time.malformed", "call_id.missing", "text.not_storable"}
    one = next(one for one in listed if one["error"] == "time.malformed")
    shown = (await intake.get(f"/v1/hotline/unreadable-events/{one['id']}", headers=operator)).json()
    assert (shown["raw"], shown["content_type"]) == ("event=hangup&call_id=1&end=yesterday", FORM)
    one = next(one for one in listed if one["error"] == "body.not_utf8")
    shown = (await intake.get(f"/v1/hotline/unreadable-events/{one['id']}", headers=operator)).json()
    assert (bytes.fromhex(shown["raw"]), shown["encoding"]) == (odd[0], "hex")
    assert await county.value("SELECT count(*) FROM calls") == 0
    assert (await intake.get("/v1/hotline/unreadable-events", headers=await sign_in(intake, "analyst"))).status_code == 403


async def test_what_contradicts_itself_is_kept_beside_the_first(county, pbx, intake, operator):
    await play(pbx, [FOUR[1]])
    await play(pbx, [FOUR[1] | {"form": FOUR[1]["form"] | {"agent": "", "disposition": "NO ANSWER"}}])
    (row,) = await county.fetch(CALLS)
    assert row["disposition"] == "answered"
    (listed,) = (await intake.get("/v1/hotline/unreadable-events", headers=operator)).json()["items"]
    assert listed["error"] == "event.contradicts"


async def test_wrong_options_or_an_unknown_adapter_lose_nothing(county, pbx):
    for adapter, options, why in (("asterisk", {"zone": "Mars/Olympus"}, "options.invalid"), ("abacus", {}, "adapter.unknown")):
        other = await pbx.again_as(adapter, f"pbx-{adapter}", **options)
        assert (await other.form("end", **FOUR[1]["form"])).status_code == 200
        assert await county.value("SELECT error FROM call_events WHERE source = $1", f"pbx-{adapter}") == why


async def test_only_the_exchange_may_post_and_refusals_say_nothing_of_the_caller(county, pbx, intake):
    address, form = "/v1/hotline/calls/pbx-580/end", urlencode(FOUR[1]["form"])
    kind = {"Content-Type": FORM}
    for shown in ({}, {"X-Hotline-Token": "wrong"}, {"Authorization": "Basic bm9ib2R5Ondyb25n"}, {"Authorization": "Basic %%%"}):
        with capture_logs() as logs:
            answer = await intake.post(address, content=form, headers=kind | shown)
        assert {"source": "pbx-580", "why": "secret", "event": "calls.refused", "log_level": "warning"} in logs
        assert "13905550001" not in str(logs)
        assert (answer.status_code, answer.json()["code"]) == (401, "exchange.secret_wrong")
        assert "13905550001" not in answer.text
    basic = base64.b64encode(f"pbx:{pbx.secret}".encode()).decode()
    assert (await intake.post(address, content=form, headers=kind | {"Authorization": f"Basic {basic}"})).status_code == 200
    unknown = await intake.post("/v1/hotline/calls/nobody", content=form, headers=kind)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "exchange.unknown")
    assert await county.value("SELECT count(*) FROM call_events") == 1


async def test_an_address_that_is_not_listed_is_refused_even_with_the_secret(county, pbx, intake):
    inside = await pbx.again_as("asterisk", "pbx-in", addresses=["127.0.0.0/8"])
    outside = await pbx.again_as("asterisk", "pbx-out", addresses=["10.1.0.0/16"])
    assert (await inside.form("end", **FOUR[1]["form"])).status_code == 200
    answer = await outside.form("end", **FOUR[1]["form"])
    assert (answer.status_code, answer.json()["code"]) == (403, "exchange.address_refused")
    broken = await pbx.again_as("asterisk", "pbx-bad", addresses=["somewhere"])
    assert (await broken.form("end", **FOUR[1]["form"])).status_code == 403, "a list that cannot be read opens nothing"


async def test_the_secret_may_stand_in_the_query_only_where_the_connection_says_so(pbx, intake):
    async def status(code, query):
        answer = await intake.post(f"/v1/hotline/calls/{code}?{query}", content=b"[]", headers={"Content-Type": "application/json"})
        return answer.status_code

    aliyun = await pbx.again_as("aliyun", "aliyun", secret_in_query="key")
    assert await status("aliyun", f"key={aliyun.secret}") == 200
    assert await status("aliyun", "key=wrong") == 401
    assert await status("pbx-580", f"key={pbx.secret}") == 401


async def test_the_secret_before_is_good_while_it_is_rotated(pbx, intake):
    rotated = await intake.post("/v1/connections/pbx-580/secrets", json={"grace_hours": 1}, headers=pbx.admin | {"If-Match": '"1"'})
    assert rotated.status_code == 201
    assert (await pbx.form("end", **FOUR[1]["form"])).status_code == 200
    pbx.secret = rotated.json()["secret"]
    assert (await pbx.form("end", **FOUR[1]["form"])).status_code == 200


@pytest.mark.parametrize("vector", TWILIO, ids=lambda vector: vector.get("note", "form"))
async def test_twilio_vectors_at_the_signature(vector):
    from services.calls.authenticating import Shown, refusal
    from services.calls.exchanges import exchange_of
    from services.connections.directory import ConnectedSystem
    from services.platform import clock
    from services.platform.ids import new_id

    body = vector["json_body"].encode() if "json_body" in vector else urlencode(vector["params"]).encode()
    kind = "application/json" if "json_body" in vector else FORM
    system = ConnectedSystem(new_id(), "t", "pbx", "twilio", "t", {}, True, vector["auth_token"], None, None)
    headers = {"content-type": kind, "x-twilio-signature": vector["x_twilio_signature"]}
    shown = Shown(vector["url"], vector["url"].partition("?")[2], headers, body, "127.0.0.1")
    assert (refusal(exchange_of(system), shown, clock.now()) is None) is vector["valid"]
    if "json_body" in vector:
        changed = Shown(shown.url, shown.query, headers, body + b" ", "127.0.0.1")
        assert refusal(exchange_of(system), changed, clock.now()) == "signature"


async def test_a_signed_post_behind_a_proxy_is_checked_against_the_public_address(county, pbx, intake):
    from services.calls.authenticating import twilio_signature

    twilio = await pbx.again_as("twilio", "twilio", "an-auth-token", public_url="https://hotline.example.cn")
    fields = {"CallSid": "CA1", "From": "+8613905550001", "To": "580", "CallStatus": "ringing", "Direction": "inbound"}
    signature = twilio_signature("an-auth-token", "https://hotline.example.cn/v1/hotline/calls/twilio", tuple(fields.items()))

    async def send(signature):
        headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
        return await intake.post("/v1/hotline/calls/twilio", content=urlencode(fields), headers=headers)

    assert (await send("AAAA")).json()["code"] == "exchange.signature_wrong"
    assert (await send("AAAA")).status_code == 403
    answer = await send(signature)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert "<Response/>" in answer.text
    assert await county.value("SELECT count(*) FROM calls WHERE source = $1", twilio.code) == 1


async def test_nothing_of_a_caller_lies_in_clear(county, pbx):
    await play(pbx, FOUR)
    for table in ("calls", "call_events"):
        for row in await county.fetch(f"SELECT row_to_json({table})::text AS all FROM {table}"):
            assert "13905550001" not in row["all"]
    for row in await county.fetch("SELECT paper_id FROM call_events LIMIT 3"):
        assert "raw" in await raw_of(county, row["paper_id"])
    (row,) = await county.fetch("SELECT paper_id FROM call_events WHERE event = 'ended' LIMIT 1")
    assert (await raw_of(county, row["paper_id"]))["raw"] == urlencode(FOUR[1]["form"])


async def test_a_private_number_in_place_of_ours_is_not_kept_in_clear(county, pbx):
    await pbx.form("start", event="ringing", call_id="7.1", caller="580", callee="13805550123")
    assert await county.value("SELECT dnis FROM calls") is None


async def test_one_call_and_who_may_see_it(county, pbx, intake, operator):
    await play(pbx, FOUR[:3])
    (row,) = await county.fetch(CALLS)
    seen = await intake.get(f"/v1/hotline/calls/{row['id']}", headers=operator)
    assert (seen.status_code, seen.json()["disposition_name"], seen.json()["state"]) == (200, "人工接听", "ended")
    for login, status in (("county", 200), ("analyst", 403), ("pengzhai", 403), ("grid", 403), ("admin", 403)):
        assert (await intake.get(f"/v1/hotline/calls/{row['id']}", headers=await sign_in(intake, login))).status_code == status
    for query, found in (("state=ended", 1), ("state=open", 0), ("since=2026-11-22T01:58:15Z", 0), ("disposition=answered", 1)):
        listed = await intake.get(f"/v1/hotline/calls?{query}", headers=operator)
        assert len(listed.json()["items"]) == found, query
    await play(pbx, FOUR[3:])
    page = await intake.get("/v1/hotline/calls?limit=3", headers=operator)
    rest = await intake.get(f"/v1/hotline/calls?limit=3&cursor={page.json()['next']}", headers=operator)
    assert [one["call_id"] for one in page.json()["items"] + rest.json()["items"]] == sorted(EXPECTED, reverse=True)
    assert 'rel="next"' in page.headers["link"]


def test_raw_json_items_keep_their_bytes():
    from services.calls.adapters.values import each

    body = b'[ {"a": 1.10, "b": [1, 2]} ,\n{"c" : "\\u4e2d"}]'
    items = each(body, lambda _record: iter(()))
    assert [item.raw for item in items] == [b'{"a": 1.10, "b": [1, 2]}', b'{"c" : "\\u4e2d"}']
    assert json.loads(items[1].raw) == {"c": "中"}
