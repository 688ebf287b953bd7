"""Where people in the field are: only on duty, coarse, not for long, for the desk of their area, and they see who looked."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from dispatch_worker.jobs.positions import positions
from dispatch_worker.jobs.purge import purge
from services.platform import clock
from services.platform.database import REPORTING, WORKER
from services.platform.ids import new_id
from services.platform.settings import settings
from tests.channels.phone import Phone
from tests.hostile.canaries import found_in
from tests.hostile.searching import all_of_redis, leaks_in_tables
from tests.journeys.people import Desk

_LAT, _LON = 24.447183829, 114.937261947
"""Somewhere nobody else is: its digits are looked for everywhere."""
_HERE = {"lat": _LAT, "lon": _LON, "coordinate_system": "WGS-84"}
_CANARIES = ("447183829", "937261947", "24.44718", "114.93726")
_PEOPLE = ("county", "pengzhai", "yangming", "grid", "shuikou", "hotline", "analyst", "admin", "water")


@pytest.fixture
def desk(intake, county, tmp_path: Path, monkeypatch) -> Desk:
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield Desk(intake, county)
    monkeypatch.undo()
    settings.cache_clear()


async def _ask(desk: Desk, who: str, method: str, path: str, body=None, want: int = 200):
    answer = await desk.client.request(method, path, json=body, headers=await desk.as_(who))
    assert answer.status_code == want, answer.text
    return answer.json() if answer.content else None


async def _stored(county) -> int:
    return await county.value("SELECT count(*) FROM shift_positions")


async def test_a_position_is_taken_on_duty_only_coarse_and_gone_with_the_shift(desk, county, monkeypatch, capsys, caplog, servers):
    caplog.set_level(logging.DEBUG)
    refused = await _ask(desk, "grid", "PUT", "/v1/me/shift/position", _HERE, 409)
    assert refused["code"] == "shift.off_duty"
    assert await _stored(county) == 0
    began = await _ask(desk, "grid", "PUT", "/v1/me/shift", {"state": "on", "device_id": str(new_id())})
    assert (began["on"], began["position"]) == (True, None)
    assert await _ask(desk, "grid", "PUT", "/v1/me/shift", {"state": "on"}) == began, "said again it is not longer"
    shown = (await _ask(desk, "grid", "PUT", "/v1/me/shift/position", _HERE))["position"]
    assert 0 < abs(shown["lat"] - _LAT) < 0.004
    assert shown["cell_metres"] == 500
    for wrong in ({**_HERE, "lat": 2400 + _LAT}, {**_HERE, "accuracy": _LAT}, {**_HERE, "coordinate_system": str(_LAT)}, [_LAT]):
        told = await _ask(desk, "grid", "PUT", "/v1/me/shift/position", wrong, 422)
        assert not found_in(str(told).encode(), _CANARIES), told
    await _ask(desk, "grid", "PUT", "/v1/me/shift/position", {**_HERE, "lat": _LAT + 0.02})
    assert await _stored(county) == 1, "the newest alone"
    command = Phone(desk).command("shift", state="on", position=_HERE, lat=_LAT)
    [told] = await Phone(desk).send(command)
    assert (told["status"], told["code"]) == ("refused", "command.invalid"), "a command is kept, a position is not"

    leaks = await leaks_in_tables(desk, _CANARIES, lambda _table, _column: set())
    written = capsys.readouterr()
    said = {"logs": caplog.text + written.out + written.err, "Redis": (await all_of_redis(servers.redis_url)).decode("latin-1")}
    assert not leaks + [f"{canary} in {place}" for place, text in said.items() for canary in found_in(text.encode(), _CANARIES)]
    over = await _ask(desk, "grid", "PUT", "/v1/me/shift", {"state": "off"})
    assert (over["on"], over["position"], await _stored(county)) == (False, None, 0), "gone at once"
    await _ask(desk, "grid", "PUT", "/v1/me/shift/position", _HERE, 409)


async def test_only_the_desk_of_the_area_looks_for_a_purpose_and_the_person_reads_who_did(desk, county):
    for who in ("grid", "shuikou"):
        await _ask(desk, who, "PUT", "/v1/me/shift", {"state": "on"})
    await _ask(desk, "grid", "PUT", "/v1/me/shift/position", _HERE)
    listed = await _ask(desk, "pengzhai", "GET", "/v1/shifts")
    assert [one["unit_code"] for one in listed] == ["441624108213", "441624108213001"]
    assert "position" not in listed[0]
    seen = await _ask(desk, "pengzhai", "POST", "/v1/shifts/looks", {"purpose": "dispatch"})
    assert [one["position"] is not None for one in seen] == [False, True]
    assert await _ask(desk, "county", "POST", "/v1/shifts/looks", {"purpose": "safety", "unit": "441624100"}) == []
    assert len(await _ask(desk, "county", "POST", "/v1/shifts/looks", {"purpose": "safety", "unit": "441624108213001"})) == 1
    assert await _ask(desk, "yangming", "POST", "/v1/shifts/looks", {"purpose": "dispatch", "unit": "441624108"}) == []
    assert (await _ask(desk, "county", "GET", "/v1/shifts?unit=nowhere", want=404))["code"] == "unit.unknown"
    for who in set(_PEOPLE) - {"county", "pengzhai", "yangming"}:
        await _ask(desk, who, "POST", "/v1/shifts/looks", {"purpose": "dispatch"}, 403)
        await _ask(desk, who, "GET", "/v1/shifts", want=403)
    await _ask(desk, "pengzhai", "POST", "/v1/shifts/looks", {"purpose": "curiosity"}, 422)
    looks = await _ask(desk, "grid", "GET", "/v1/me/shift/looks")
    assert [(one["name"], one["purpose_name"]) for one in looks] == [("督办员乙", "人员安全"), ("调度员戊", "就近派单")]
    assert await _ask(desk, "shuikou", "GET", "/v1/me/shift/looks") == [], "nothing was shown of them"
    async with county.as_role(REPORTING) as reporting:
        for table in ("shifts", "shift_positions", "position_looks"):
            with pytest.raises(Exception, match="permission denied"):
                async with reporting.raw() as connection:
                    await connection.execute(f"SELECT * FROM {table}")


async def test_a_phone_that_was_away_says_later_when_it_went_on_and_off_in_any_order(desk, county):
    phone = Phone(desk)
    on = phone.command("shift", state="on", ago=timedelta(hours=5))
    off = phone.command("shift", state="off", ago=timedelta(hours=1))
    assert (await phone.does(off))["status"] == "applied"
    assert (await phone.does(on))["status"] == "applied"
    assert not (await _ask(desk, "grid", "GET", "/v1/me/shift"))["on"], "off duty wins"
    anew = phone.command("shift", state="on", ago=timedelta(minutes=5))
    assert [(await phone.send(anew))[0]["status"] for _ in range(2)] == ["applied", "replayed"]
    assert (await _ask(desk, "grid", "GET", "/v1/me/shift"))["on"]
    other = Phone(desk, "water").command("shift", state="on")
    assert (await Phone(desk, "water").post(other)).status_code == 403
    assert await county.value("SELECT count(*) FROM shifts") == 2


async def test_nobody_is_on_duty_longer_than_a_shift_and_positions_go_though_nobody_says_off(desk, county, monkeypatch):
    began = clock.now()
    await _ask(desk, "grid", "PUT", "/v1/me/shift", {"state": "on"})
    await _ask(desk, "grid", "PUT", "/v1/me/shift/position", _HERE)
    await _ask(desk, "pengzhai", "POST", "/v1/shifts/looks", {"purpose": "dispatch"})
    later = began + timedelta(hours=2, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (await _ask(desk, "grid", "GET", "/v1/me/shift"))["position"] is None, "too old to be shown, deleted or not"
    async with county.as_role(WORKER):
        await positions(None)
    assert await _stored(county) == 0
    await _ask(desk, "grid", "PUT", "/v1/me/shift/position", _HERE)
    later = began + timedelta(hours=12, minutes=1)
    desk.headers.clear()
    assert await _ask(desk, "pengzhai", "POST", "/v1/shifts/looks", {"purpose": "dispatch"}) == [], "over, whoever has written it down"
    await _ask(desk, "grid", "PUT", "/v1/me/shift/position", _HERE, 409)
    async with county.as_role(WORKER):
        await positions(None)
        assert await _stored(county) == 0
        assert await county.value("SELECT ended_because FROM shifts") == "time"
        later = began + timedelta(days=93)
        await purge(None)
        assert await county.value("SELECT count(*) FROM shifts") == 0
        assert await county.value("SELECT count(*) FROM position_looks") == 1
        later = began + timedelta(days=367)
        await purge(None)
        assert await county.value("SELECT count(*) FROM position_looks") == 0
