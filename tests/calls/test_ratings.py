"""The key pressed after a call (后评价), as exchanges tell it."""

import pytest

RATED = "SELECT call_id, satisfaction FROM calls ORDER BY call_id"


@pytest.mark.parametrize(("digit", "kept"), [("1", 1), ("2", 2), ("3", 3), ("9", None), ("", None)])
async def test_a_key_is_an_opinion_only_where_it_says_one(county, pbx, digit, kept):
    await pbx.form("start", event="started", call_id="1.10", caller="13800000123", callee="580")
    await pbx.form("rating", call_id="1.10", digit=digit)
    assert [tuple(row) for row in await county.fetch(RATED)] == [("1.10", kept)]


async def test_a_key_that_comes_before_the_call_and_twice_is_kept_once(county, pbx):
    for _ in range(2):
        await pbx.form("rating", event="satisfaction", call_id="1.10", digit="3")
    await pbx.form("start", event="started", call_id="1.10", caller="13800000123", callee="580")
    await pbx.form("end", event="hangup", call_id="1.10", disposition="ANSWERED", agent="PJSIP/agent1001")
    assert [tuple(row) for row in await county.fetch(RATED)] == [("1.10", 3)]
    assert await county.value("SELECT count(*) FROM call_events WHERE event = 'rated'") == 1
    assert await county.value("SELECT disposition FROM calls") == "answered"


async def test_our_own_json_says_it_too(county, pbx):
    own = await pbx.again_as("generic", "pbx-2", zone="UTC")
    sent = await own.json('{"event": "rated", "call_id": "7.1", "satisfaction": 2}')
    assert sent.status_code == 200, sent.text
    assert [tuple(row) for row in await county.fetch(RATED)] == [("7.1", 2)]
