"""Pictures that clients name by address: fetched by the worker from a real server, a few times, from where they may be fetched only."""

import asyncio
import contextlib

import pytest

from services.channels.open311.media import LADDER, LOST, fetch_due
from services.connections.calling import open_client
from services.platform.database import WORKER
from tests.attachments.samples import JPEG
from tests.channels.open311_client import connect
from tests.journeys.people import Desk
from tests.notifications.platform import Said, playing
from tests.told import only_told_in


@pytest.fixture
async def platform():
    async with playing() as found:
        found.answer = lambda _asked: Said(body=JPEG, headers={"content-type": "image/jpeg"})
        yield found


@pytest.fixture
async def client(intake, home):
    return await connect(intake, options={"allow_private": True})


async def fetch(county, limit=5):
    """What the worker does, under its own rights."""
    async with county.as_role(WORKER), open_client() as client:
        return await fetch_due(client, limit)


async def state(county):
    (row,) = await county.fetch("SELECT * FROM open311_media")
    return row


async def due(county):
    await county.fetch("UPDATE open311_media SET next_try_at = now()")


async def test_a_named_picture_is_fetched_once_and_belongs_to_the_complaint(client, county, platform):
    await client.filed(media_url=f"{platform.url}/huang/pipe.jpg?token=geheim")
    assert await asyncio.gather(fetch(county)) == [1]
    assert await fetch(county) == 0
    row = await state(county)
    assert (row["state"], row["last_error"]) == ("fetched", None)
    linked = await county.value("SELECT subject_id FROM attachment_links WHERE attachment_id = $1", row["attachment_id"])
    assert linked == row["complaint_id"]
    assert [asked.path for asked in platform.asked] == ["/huang/pipe.jpg"]


async def test_several_pictures_of_a_request_are_all_fetched(client, county, platform):
    await client.filed(media_url=[f"{platform.url}/{nth}.jpg" for nth in range(3)])
    assert await fetch(county, 2) == 2
    assert await fetch(county) == 1
    assert await county.value("SELECT count(*) FROM attachment_links WHERE subject_kind = 'complaint'") == 3


async def test_a_server_that_is_away_is_asked_again_and_given_up_in_the_end(client, county, intake, platform, capsys):
    platform.answer = lambda _asked: Said(503)
    number = await client.filed(media_url=f"{platform.url}/huang.jpg", address_id="441624108213")
    await county.settle()
    for tries in range(1, len(LADDER) + 1):
        assert await fetch(county) == 1
        row = await state(county)
        assert (row["state"], row["tries"], row["last_error"]) == ("wanted", tries, "http.503")
        assert await fetch(county) == 0, "not before its time"
        await due(county)
    assert await fetch(county) == 1
    assert (await state(county))["state"] == "given_up"
    assert await only_told_in(county, "supplements") == LOST
    events = await Desk(intake, county).client.get(f"/v1/tickets/{number}/events", headers=await Desk(intake, county).as_("county"))
    assert "ticket.supplemented" in events.text
    said = capsys.readouterr()
    assert "huang.jpg" not in said.out + said.err


@pytest.mark.parametrize("url", ["ftp://example.org/a.jpg", "not an address", "http://127.0.0.1:1/a.jpg", "http://[::1]/a.jpg"])
async def test_addresses_that_are_not_called_are_given_up_at_once(intake, home, county, url):
    outside = await connect(intake)
    await outside.filed(media_url=url)
    assert await fetch(county) == 1
    row = await state(county)
    assert (row["state"], row["last_error"]) == ("given_up", "address_not_public" if "http://" in url else "url_malformed")


async def test_what_is_no_picture_is_not_kept(client, county, platform):
    platform.answer = lambda _asked: Said(body=b"<html>not found</html>")
    await client.filed(media_url=f"{platform.url}/a.jpg")
    await fetch(county)
    assert (await state(county))["last_error"] == "attachment.type_not_taken"
    assert not await county.value("SELECT count(*) FROM attachments")


async def test_a_worker_that_died_leaves_the_picture_to_the_next(client, county, platform):
    await client.filed(media_url=f"{platform.url}/a.jpg")
    await county.fetch("UPDATE open311_media SET tries = 1, next_try_at = now() + interval '5 minutes'")
    assert await fetch(county) == 0
    await due(county)
    assert await fetch(county) == 1
    assert (await state(county))["state"] == "fetched"


async def test_a_picture_of_an_update_is_fetched_too(client, county, platform):
    number = await client.filed()
    update = {
        "service_request_id": number,
        "update_id": "1",
        "updated_datetime": "2026-11-22T02:10:00Z",
        "status": "OPEN",
        "description": "看图",
    }
    answer = await client.post("servicerequestupdates.json", **update, media_url=f"{platform.url}/b.jpg")
    assert answer.status_code == 200, answer.text
    assert await fetch(county) == 1
    assert (await state(county))["state"] == "fetched"


async def test_a_server_that_never_ends_its_picture_holds_nobody_up(client, county, monkeypatch):
    monkeypatch.setattr("services.channels.open311.media._LONGEST_FETCH", 0.5, raising=False)

    async def trickle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG[:64])
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"\0")
                await writer.drain()
                await asyncio.sleep(0.05)

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await client.filed(media_url=f"http://127.0.0.1:{port}/endless.jpg")
    async with asyncio.timeout(5):
        assert await fetch(county) == 1
    row = await state(county)
    assert (row["state"], row["last_error"]) == ("wanted", "call.TimeoutError")
    server.close()
