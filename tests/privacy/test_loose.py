"""Calls that led to no complaint: their recordings have a term too, and a hold on a matter they were about is respected."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from dispatch_worker.jobs.personal_data import erase
from dispatch_worker.station import Station
from services.attachments.receiving import receive, write_down
from services.attachments.store import store
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import OWNER, WORKER
from services.platform.papers import seal_paper
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.privacy.retaining import plan_due
from services.privacy.wholly import Wanted, erase_now

PHONE = "13877665544"
_CALL = (
    "INSERT INTO calls (id, source, call_id, linked_id, direction, paper_id, arrived_at, basis, queued, recording_state,"
    " recording_attachment_id, first_heard_at, updated_at)"
    " VALUES (gen_random_uuid(), 'pbx', $1, $1, 'inbound', $2, now(), 'queue', true, $3, $4, now(), now())"
)
_ABOUT = (
    "INSERT INTO ticket_calls (id, ticket_id, source, call_id, purpose, linked_at, by_account_id)"
    " SELECT gen_random_uuid(), t.id, 'pbx', $1, 'urge', now(), a.id FROM tickets t, accounts a WHERE number = $2 AND login = 'hotline'"
)
_HELD = (
    "INSERT INTO legal_holds (id, ticket_id, reason, words, until, placed_at, placed_by_account_id)"
    " SELECT gen_random_uuid(), t.id, 'audit', '专项', now() + interval '9 years', now(), a.id FROM tickets t, accounts a"
    " WHERE number = $1 AND login = 'county'"
)


async def _wav(said: bytes) -> AsyncIterator[bytes]:
    yield b"RIFF" + (len(said) + 28).to_bytes(4, "little") + b"WAVEfmt " + said.ljust(64, b"\0")


async def _called(county, name: str, *, phone: str = PHONE) -> str:
    """A call with a caller and a recording that was fetched; return the key of the file."""
    paper = seal_paper("call", {"number": phone}, clock.now(), phone=phone)
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        received = await receive(_wav(name.encode()), store(), settings().recording_limit)
        file = await write_down(work, received)
    columns = ("id", "kind", "row_key", "sealed", "phone_index", "recorded_at")
    placed = "INSERT INTO sealed_papers (id, kind, row_key, sealed, phone_index, recorded_at) VALUES ($1, $2, $3, $4, $5, $6)"
    await county.owner.execute(placed, *(paper[column] for column in columns))
    await county.owner.execute(_CALL, name, paper["id"], "kept", file)
    return received.store_key


async def _lie(keys: dict[str, str]) -> set[str]:
    return {name for name, key in keys.items() if await store().lies(key)}


async def _pass_on(county, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Have the worker plan and erase everything that is due so many days from now."""
    then = clock.now() + timedelta(days=days)
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: then)
        async with county.as_role(WORKER):
            while await plan_due():
                pass
            await erase(Station({}, None, 1))  # type: ignore[arg-type]


async def test_recordings_of_calls_without_a_complaint_are_erased_when_their_time_is_over(desk, county, monkeypatch):
    names = ("nothing", "told", "about-open", "about-held", "about-ended")
    keys = {name: await _called(county, name) for name in names}
    open_, held, ended = [await desk.file() for _ in range(3)]
    await desk.file(call_id="told", contact={"name": "黄某", "phone": PHONE})
    for name, number in (("about-open", open_), ("about-held", held), ("about-ended", ended)):
        await county.owner.execute(_ABOUT, name, number)
    await county.owner.execute("UPDATE tickets SET status = 'closed', closed_at = now() WHERE number = ANY($1)", [held, ended])
    await county.owner.execute(_HELD, held)
    assert await _lie(keys) == set(names)
    await _pass_on(county, monkeypatch, 23 * 30)
    assert await _lie(keys) == set(names), "24 months"
    await _pass_on(county, monkeypatch, 25 * 31)
    assert await _lie(keys) == {"told", "about-open", "about-held"}, "what belongs to a matter stays with it"
    papers = await county.fetch("SELECT call_id FROM calls JOIN sealed_papers p ON p.id = paper_id WHERE row_key IS NOT NULL")
    assert {row["call_id"] for row in papers} == {"told", "about-open", "about-held"}, "and so does who called"
    assert await county.value("SELECT count(*) FROM loose_files") == 0
    await county.owner.execute("UPDATE legal_holds SET until = now() - interval '1 second', placed_at = now() - interval '1 day'")
    await _pass_on(county, monkeypatch, 25 * 31)
    assert await _lie(keys) == {"told", "about-open"}


async def test_erasing_a_number_erases_recordings_of_its_calls_without_a_complaint_too(desk, county):
    keys = {name: await _called(county, name, phone=phone) for name, phone in (("hers", PHONE), ("his", "13900000123"))}
    async with county.as_role(OWNER):
        done = await erase_now(Wanted(phone=PHONE), store())
    assert (done.complaints, done.papers, done.left) == (0, 1, 0)
    assert await _lie(keys) == {"his"}
