"""Recordings: fetched late and again, from one address only, kept by their hash, listened to by few, and never without a trace."""

import asyncio
import hashlib
import json
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from services.calls.exchanges import Recordings
from services.calls.recordings import LADDER, address_of, fetch_due
from services.connections.calling import open_client
from services.connections.directory import forget_connected_systems
from services.platform.database import WORKER
from services.platform.settings import settings
from tests.calls.exchange import connect, play
from tests.calls.vectors import FOUR
from tests.county import sign_in
from tests.notifications.platform import Said, playing

SOUND = bytes(range(256)) * 40
WAV = b"RIFF" + (len(SOUND) + 4).to_bytes(4, "little") + b"WAVE" + SOUND
ROW = "SELECT * FROM calls WHERE linked_id = call_id"


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.fixture
async def exchange():
    async with playing() as platform:
        platform.answer = lambda _asked: Said(200, WAV, {"content-type": "audio/wav"})
        yield platform


@pytest.fixture
async def recorded(intake, exchange):
    """An Asterisk whose recordings lie behind ARI, on this machine."""
    admin = await sign_in(intake, "admin")
    await connect(intake, admin, "ari", "pbx-ari", "hotpw-hotpw")
    recordings = {"base_url": f"{exchange.url}/ari/recordings/stored", "path": "{stem}/file", "allow_private": True, "user": "hot"}
    return await connect(intake, admin, "asterisk", "pbx-580", zone="UTC", recordings=recordings | {"secret_of": "pbx-ari"})


async def fetch(county, *, later: timedelta = timedelta(minutes=1)) -> int:
    """Fetch what is due after some time."""
    await county.owner.execute("UPDATE calls SET recording_next_try_at = recording_next_try_at - $1::interval", later)
    forget_connected_systems()
    async with county.as_role(WORKER), open_client() as client:
        return await fetch_due(client, 10)


async def one(county):
    (row,) = await county.fetch(ROW)
    return row


async def test_a_recording_is_fetched_after_the_call_and_kept_by_its_hash(county, recorded, exchange):
    await play(recorded, FOUR[:2])
    assert await fetch(county, later=timedelta()) == 0, "the exchange has not closed the file yet"
    assert await fetch(county) == 1
    row = await one(county)
    assert (row["recording_state"], row["recording_error"], row["recording_tries"]) == ("kept", None, 1)
    (asked,) = exchange.asked
    assert (asked.path, asked.headers["authorization"]) == ("/ari/recordings/stored/1795312694.0/file", "Basic aG90OmhvdHB3LWhvdHB3")
    (file,) = await county.fetch(
        "SELECT a.*, l.role, l.subject_kind, l.subject_id FROM attachments a JOIN attachment_links l ON l.attachment_id = a.id"
    )
    assert (file["sha256"], file["size"], file["media_type"]) == (hashlib.sha256(WAV).digest(), len(WAV), "audio/wav")
    assert (file["role"], file["subject_kind"], file["subject_id"]) == ("recording", "call", row["id"])
    assert await fetch(county) == 0
    await play(recorded, FOUR[:2])
    assert await fetch(county) == 0


async def test_what_is_not_there_yet_is_asked_for_again_and_then_given_up(county, recorded, exchange, intake, operator):
    exchange.answer = lambda _asked: Said(404, b"")
    await play(recorded, FOUR[:2])
    for tries, step in enumerate(LADDER, start=1):
        assert await fetch(county) == 1
        row = await one(county)
        assert (row["recording_state"], row["recording_error"], row["recording_tries"]) == ("awaited", "http.404", tries)
        wait = await county.value("SELECT recording_next_try_at - updated_at FROM calls")
        assert abs(wait - step) < timedelta(seconds=1)
        await county.owner.execute("UPDATE calls SET recording_next_try_at = now()")
    assert await fetch(county) == 1
    assert (await one(county))["recording_state"] == "given_up"
    assert await fetch(county) == 0
    listed = (await intake.get("/v1/hotline/calls?recording=given_up", headers=operator)).json()["items"]
    assert [found["recording_error"] for found in listed] == ["http.404"]
    await recorded.form("recording", event="recording", call_id="1795312694.0", recording="1795312694.0.wav")
    exchange.answer = lambda _asked: Said(200, WAV)
    assert await fetch(county) == 1
    assert (await one(county))["recording_state"] == "kept", "word that it is ready after all begins anew"


async def test_a_file_still_being_written_is_fetched_again(county, recorded, exchange):
    exchange.answer = lambda _asked: Said(200, WAV[:5000])
    await play(recorded, FOUR[:2])
    await fetch(county)
    assert ((await one(county))["recording_state"], (await one(county))["recording_error"]) == ("awaited", "recording.incomplete")
    exchange.answer = lambda _asked: Said(200, WAV)
    await fetch(county)
    assert (await one(county))["recording_state"] == "kept"
    assert await county.value("SELECT size FROM attachments") == len(WAV)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Said(200, b'{"message": "Recording not found"}'), "attachment.type_not_taken"),
        (Said(200, b""), "attachment.empty"),
        (Said(302, b"", {"location": "http://169.254.169.254/"}), "http.302"),
        (Said(401, b""), "http.401"),
    ],
)
async def test_what_is_no_recording_is_not_kept(county, recorded, exchange, said, error):
    exchange.answer = lambda _asked: said
    await play(recorded, FOUR[:2])
    await fetch(county)
    assert ((await one(county))["recording_state"], (await one(county))["recording_error"]) == ("awaited", error)
    assert len(exchange.asked) == 1
    assert await county.value("SELECT count(*) FROM attachments") == 0


async def test_a_private_address_is_called_only_where_the_connection_allows_it(county, intake, exchange):
    admin = await sign_in(intake, "admin")
    plain = await connect(intake, admin, "asterisk", "pbx-580", recordings={"base_url": exchange.url})
    await play(plain, FOUR[:2])
    await fetch(county)
    assert (await one(county))["recording_error"] == "address_not_public"
    assert exchange.asked == []


async def test_nothing_outside_of_the_base_address_is_fetched(county, recorded, exchange):
    await recorded.form("recording", event="recording", call_id="1.0", recording="http://127.0.0.1:1/other.wav")
    await fetch(county)
    assert (await one(county))["recording_error"] == "recording.outside_base_url"
    assert exchange.asked == []


def test_addresses_of_recordings():
    ari = Recordings(base_url="http://10.0.0.5:8088/ari/recordings/stored/", path="{stem}/file")
    plain = Recordings(base_url="https://pbx.example/rec")
    base = "http://10.0.0.5:8088/ari/recordings/stored/"
    assert address_of(ari, "1795311452.0.wav") == base + "1795311452.0/file"
    assert address_of(ari, "2026/11/a b?.wav") == base + "2026/11/a%20b%3F/file"
    assert address_of(plain, "/a.wav") == "https://pbx.example/rec/a.wav"
    assert address_of(plain, "https://pbx.example/rec/x.wav?sig=1") == "https://pbx.example/rec/x.wav?sig=1"
    outside = [
        "https://pbx.example/record/x.wav",
        "https://pbx.example.evil/rec/x",
        "https://pbx.example/rec/../etc",
        "http://pbx.example/rec/x",
    ]
    for said in (*outside, "../x.wav", "a/../../x", "..", "", "/", "https://pbx.example/rec/%2e%2e/x", "a\\..\\x"):
        assert address_of(plain, said) is None, said


async def test_several_workers_fetch_each_recording_once(county, recorded, exchange):
    await play(recorded, FOUR)
    await county.owner.execute("UPDATE calls SET recording_next_try_at = now() - interval '1 minute'")
    forget_connected_systems()
    async with county.as_role(WORKER), open_client() as client:
        done = await asyncio.gather(*(fetch_due(client, 3) for _ in range(4)))
    assert sum(done) == 4
    assert len(exchange.asked) == 4
    assert await county.value("SELECT count(*) FROM calls WHERE recording_state = 'kept'") == 4


async def test_a_worker_that_died_leaves_the_recording_to_the_next(county, recorded, exchange):
    await play(recorded, FOUR[:2])
    await county.owner.execute("UPDATE calls SET recording_tries = 1, recording_next_try_at = now() + interval '10 minutes'")
    assert await fetch(county) == 0
    assert await fetch(county, later=timedelta(minutes=11)) == 1
    assert (await one(county))["recording_state"] == "kept"


async def test_listening_is_written_down_before_the_first_byte(county, recorded, intake, operator):
    await play(recorded, FOUR[:2])
    call_id = (await one(county))["id"]
    address = f"/v1/hotline/calls/{call_id}/recording"
    purpose = {"X-Purpose": "%E6%A0%B8%E5%AF%B9%E5%9C%B0%E5%9D%80"}
    waiting = await intake.get(address, headers=operator | purpose)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "recording.awaited")
    await fetch(county)
    without = await intake.get(address, headers=operator)
    assert (without.status_code, without.json()["code"]) == (422, "recording.purpose_missing")
    assert await county.value("SELECT count(*) FROM recording_accesses") == 0
    whole = await intake.get(address, headers=operator | purpose)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, WAV, "audio/wav")
    assert whole.headers["accept-ranges"] == "bytes"
    part = await intake.get(address + "?purpose=check", headers=operator | {"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, WAV[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(WAV)}"
    past = await intake.get(address, headers=operator | purpose | {"Range": f"bytes={len(WAV)}-"})
    assert (past.status_code, past.headers["content-range"]) == (416, f"bytes */{len(WAV)}")
    rows = await county.fetch(
        "SELECT r.purpose, r.first_byte, r.last_byte, a.login FROM recording_accesses r"
        " JOIN accounts a ON a.id = r.account_id ORDER BY r.id"
    )
    assert [tuple(row) for row in rows] == [("核对地址", 0, len(WAV) - 1, "hotline"), ("check", 100, 199, "hotline")]


async def test_a_voice_is_only_for_the_hotline_and_the_county(county, recorded, intake):
    await play(recorded, FOUR[:2])
    await fetch(county)
    row = await one(county)
    for login, status in (("county", 200), ("pengzhai", 403), ("shuikou", 403), ("water", 403), ("analyst", 403), ("admin", 403)):
        answer = await intake.get(f"/v1/hotline/calls/{row['id']}/recording?purpose=x", headers=await sign_in(intake, login))
        assert answer.status_code == status, login
    for login in ("county", "pengzhai", "water"):
        file = await intake.get(f"/v1/attachments/{row['recording_attachment_id']}", headers=await sign_in(intake, login))
        assert file.status_code == 404, "no way around the log"
    assert await county.value("SELECT count(*) FROM recording_accesses") == 1


async def test_where_a_recording_lies_is_sealed_and_no_log_names_it(county, recorded, exchange):
    name = "580-13905550001-1795312694.wav"
    exchange.answer = lambda _asked: Said(500, b"")
    await play(recorded, [{**FOUR[1], "form": FOUR[1]["form"] | {"recording": name}}])
    with capture_logs() as logs:
        await fetch(county)
    row = await one(county)
    assert row["recording_error"] == "http.500"
    assert "13905550001" not in json.dumps([dict(found) for found in await county.fetch("SELECT row_to_json(calls) FROM calls")])
    assert [line["event"] for line in logs] == ["recording.not_fetched"]
    assert "13905550001" not in str(logs)
