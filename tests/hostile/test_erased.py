"""Erased is erased: canaries told at every way in, then erased by request and by command, are found nowhere; not in yesterday's backup."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from cryptography.exceptions import InvalidTag

from services.attachments.store import store
from services.exports.sources import SOURCES
from services.journal.chain import first_broken
from services.platform import clock
from services.platform.database import OWNER, WORKER
from services.platform.ids import new_id
from services.platform.row_keys import KeyDestroyed, open_row_key
from services.platform.secrets import tracking_code, unseal
from services.privacy.sealing import PLACES
from services.privacy.turning import turn_next
from services.privacy.wholly import Wanted, erase_now
from tests.hostile import canaries as c
from tests.hostile.canaries import found_in
from tests.hostile.outlets import Outlets, files
from tests.hostile.planting import Planter
from tests.hostile.searching import all_of_redis, everything_reported, leaks_in_tables
from tests.journeys.people import PICTURE, Desk
from tests.notifications.platform import Said, playing

_OF_COLLEAGUES = {c.USERID}
_SOUGHT = tuple(canary for canary in c.EVERYTHING if canary not in _OF_COLLEAGUES)
_IN_PICTURE = "七彩鹦哥在照片里"
_SURVIVOR = "13900009999"


@pytest.fixture
async def desk(stack, county):
    async with httpx.AsyncClient(base_url=stack.environment["DAGUANJIA_INTAKE_URL"], timeout=30) as client:
        yield Desk(client, county)


@pytest.fixture
async def planter(desk) -> AsyncIterator[Planter]:
    async with playing() as listener:
        listener.answer = lambda asked: Said(500) if asked.path.startswith(("/broken", "/recordings")) else Said()
        yield Planter(desk, listener)


async def _until(desk: Desk, query: str, *values: object) -> None:
    for _ in range(600):
        if await desk.county.value(query, *values):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(query)


_BOUND = {"sealed": b"", "sealed_words": b"words", "sealed_place": b"place"}
"""Columns that are sealed under row keys, and what they are bound to beside the row."""


async def _sealed(county) -> list[Any]:
    """Everything that is sealed under a row key, as a backup of the database holds it."""
    keyed = await county.fetch(
        "SELECT s.table_name AS name, s.column_name AS what FROM information_schema.columns k JOIN information_schema.columns s"
        " USING (table_schema, table_name) WHERE table_schema = 'public' AND k.column_name = 'row_key' AND s.column_name = ANY($1)",
        list(_BOUND),
    )
    assert len({row["name"] for row in keyed}) == len(("complainants", "sealed_papers")) + len(PLACES)
    found = []
    for table, column in map(tuple, keyed):
        row_id = "complaint_id" if table == "complainants" else "id"
        place = "kind" if table == "sealed_papers" else f"'{table}'"
        query = f"SELECT {place} AS place, '{column}' AS what, {row_id} AS id, row_key, {column} AS sealed FROM {table}"
        found += await county.fetch(f"{query} WHERE row_key IS NOT NULL AND {column} IS NOT NULL")
    return found


def _opened(rows: list[Any]) -> dict[str, bytes]:
    """What of it can be opened with the keys that are there."""
    found = {}
    for row in rows:
        try:
            clear = unseal(open_row_key(row["row_key"]), row["sealed"], row["id"].bytes + _BOUND[row["what"]])
        except (KeyDestroyed, InvalidTag):
            continue
        spelt = orjson.dumps(orjson.loads(clear)) if row["what"] == "sealed" else b""
        found[f"{row['place']} {row['what']} {row['id']}"] = spelt + clear
    return found


def _readable(rows: list[Any]) -> list[str]:
    return [f"{canary} in {place}" for place, clear in _opened(rows).items() for canary in found_in(clear, _SOUGHT)]


async def _pictured(planter: Planter) -> str:
    """File a matter with a picture that holds a canary, and have its public copy made."""
    headers = {"Content-Type": "image/png"}
    sent = await planter.ask("POST", "/v1/attachments", "hotline", 201, content=PICTURE + _IN_PICTURE.encode(), headers=headers)
    number = await planter.file("/v1/hotline/complaints", "hotline", call_id="canary-3", attachment_ids=[sent.json()["id"]])
    await planter.ask("GET", f"/v1/attachments/{sent.json()['id']}/public", "county")
    return number


async def _asked_to_delete(planter: Planter, number: str) -> None:
    """By tracking code, granted by the county, carried out by the running worker."""
    ticket = await planter.desk.county.value("SELECT id FROM tickets WHERE number = $1", number)
    path = f"/v1/complaints/{number}/personal-data/requests"
    code = {"X-Tracking-Code": tracking_code(ticket)}
    asked = await planter.ask("POST", path, headers=code, json={"kind": "deletion", "words": c.WORDS})
    decision = {"outcome": "done", "whole_words": True, "passages": [c.PLACE]}
    await planter.ask("POST", f"/v1/person-requests/{asked.json()['id']}/decision", "county", json=decision)
    await _until(
        planter.desk, "SELECT count(*) = 6 AND bool_and(done_at IS NOT NULL) FROM erasures WHERE request_id::text = $1", asked.json()["id"]
    )


@pytest.mark.timeout(600)
async def test_whoever_was_erased_is_found_nowhere_not_in_a_backup_and_the_journal_is_whole(
    planter, desk, county, stack, servers, monkeypatch
):
    monkeypatch.setattr(c, "WORDS", c.WORDS_OF_THEMSELVES)
    await planter.everywhere()
    pictured = await _pictured(planter)
    survivor = {"words": "路灯不亮", "call_id": str(new_id()), "contact": {"name": "黄某", "phone": _SURVIVOR}}
    await planter.ask("POST", "/v1/hotline/complaints", "hotline", 201, json=survivor)
    await _until(desk, "SELECT count(*) = 0 FROM deliveries WHERE parked_at IS NULL")
    await _until(desk, "SELECT count(*) = 0 FROM wechat_messages WHERE processed_at IS NULL")
    outlets = Outlets(planter, stack.home)
    await outlets.open(monkeypatch)
    await outlets.exported("csv", "xlsx", "parquet")
    await outlets.told_by_schedule()
    backup = await _sealed(county)
    assert {canary for line in _readable(backup) for canary in _SOUGHT if line.startswith(canary)} >= {c.NAME, c.PHONE, c.OPENID, c.CALLER}
    who = (c.NAME, c.PHONE, c.ID_NUMBER)
    said = {(line.split(" in ")[1].split()[0], canary) for line in _readable(backup) for canary in who if line.startswith(canary)}
    assert said >= {(place, canary) for place in ("complaints", "supplements") for canary in who}, "who it is stands in the very words"
    in_clear = await leaks_in_tables(desk, _SOUGHT, lambda _table, _column: set())
    assert not in_clear, "what a backup holds in clear nobody can take back"
    assert [name for name, content in files(stack.home).items() if found_in(content, (_IN_PICTURE,))]

    await _asked_to_delete(planter, pictured)
    async with county.as_role(OWNER):
        for phone in (c.PHONE, c.AGENT_PHONE, c.CALLER):
            done = await erase_now(Wanted(phone=phone, whole=True, linked=True, passages=c.SAID), store())
            assert done.held == []
    await _until(desk, "SELECT count(*) = 0 FROM erasures WHERE done_at IS NULL")  # the worker may have taken some of them

    leaks = await leaks_in_tables(desk, (*_SOUGHT, _IN_PICTURE), lambda _table, _column: set())
    leaks += _readable(await _sealed(county))
    await outlets.exported("csv")
    out = {"the views": await outlets.views(), "a saved report": await outlets.told_by_schedule(), "webhooks": await outlets.told_again()}
    out |= await everything_reported(desk, stack.environment["DAGUANJIA_REPORTING_URL"], outlets.known, ("county", "analyst"))
    places = {**out, **files(stack.home), "Redis": await all_of_redis(servers.redis_url)}
    kept = [name for name in places if name.startswith("attachments/exports")]
    assert len(kept) == 4 * len(SOURCES), "what was exported before is there, and what is exported now"
    leaks += [f"{found} in {place}" for place, content in places.items() for found in found_in(content, (*_SOUGHT, _IN_PICTURE))]
    assert not leaks, "\n".join(sorted(leaks))
    events = await county.fetch("SELECT * FROM events ORDER BY subject_id, seq")
    chains: dict[Any, list[Any]] = {}
    for event in events:
        chains.setdefault(event["subject_id"], []).append({**event, "data": orjson.loads(event["data"])})
    assert len(chains) > 10
    assert all(first_broken(chain) is None for chain in chains.values())

    assert found_in(b"".join(_opened(backup).values()), (c.PHONE,)), "until the key of the day is turned the backup can be read"
    tomorrow = clock.now() + timedelta(days=1, hours=2)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    async with county.as_role(WORKER):
        while await turn_next(timedelta(0)):
            pass
    assert not _opened(backup), "no row key of the backup opens any more"
    assert found_in(b"".join(_opened(await _sealed(county)).values()), (_SURVIVOR,)), "who was not erased is readable"
