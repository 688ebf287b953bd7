"""A county's tickets, anchored, read at the doors, and changed behind everybody's back: one mutation at a time, each found and named."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import ASGITransport, AsyncClient

from services.anchors.files import across, check
from services.anchors.publishing import export_chain, prove_subject
from services.anchors.verifying import check_anchors, check_journals, not_anchored
from services.anchors.views import ChainFile
from services.journal.chain import content_hash, content_of
from services.platform.actor import SYSTEM
from services.platform.database import REPORTING
from services.platform.ids import new_id
from services.platform.secrets import tracking_code
from services.platform.unit_of_work import unit_of_work
from tests.anchors.world import KEY, OTHER_KEY, TODAY, Journal, day, noon, subjects
from tests.conftest import TestDatabase
from tests.journeys.people import Desk

TOOL = Path(__file__).resolve().parents[2] / "tools" / "verify_history.py"
TOMORROW = noon(0) + timedelta(days=1)
NOBODY: frozenset[str] = frozenset()


@pytest.fixture
async def told(intake: AsyncClient, county: TestDatabase) -> AsyncIterator[tuple[AsyncClient, TestDatabase, str, UUID]]:
    """A ticket that was filed and dispatched today, a journal of some days beside it, and every day closed up to today."""
    number = await Desk(intake, county).file()
    journal = Journal(county)
    await journal.write(noon(3), *subjects(5))
    await journal.close(at=noon(2))
    await journal.close(at=TOMORROW)
    ticket_id = await county.value("SELECT id FROM tickets WHERE number = $1", number)
    assert isinstance(ticket_id, UUID)
    return intake, county, number, ticket_id


async def verified(county: TestDatabase) -> list[str]:
    """Return what `daguanjia verify` says is broken."""
    async with county.as_role(REPORTING), unit_of_work(SYSTEM) as work:
        broken = [one async for step in check_journals(work.session) for one in step.broken]
        return broken + await check_anchors(work.session, NOBODY)


async def recomputed(county: TestDatabase, subject: UUID, words: str) -> None:
    """Write another second event, and every hash after it anew, as somebody would who knows how."""
    rows = [dict(row) for row in await county.fetch("SELECT * FROM events WHERE subject_id = $1 ORDER BY seq", subject)]
    previous = b""
    for row in rows:
        row["data"] = json.loads(row["data"])
        if row["seq"] == 2:
            row["data"]["words"] = words
        row["previous_hash"], previous = previous, content_hash(previous, content_of(row))
        values = (json.dumps(row["data"]), row["previous_hash"], previous, row["id"])
        await county.owner.execute("UPDATE events SET data = $1::jsonb, previous_hash = $2, hash = $3 WHERE id = $4", *values)


async def appended(county: TestDatabase, subject: UUID) -> None:
    """Write a further event that fits the last."""
    last = dict(await county.owner.fetchrow("SELECT * FROM events WHERE subject_id = $1 ORDER BY seq DESC LIMIT 1", subject))
    last |= {"id": new_id(), "seq": last["seq"] + 1, "previous_hash": last["hash"], "data": json.loads(last["data"])}
    last["hash"] = content_hash(last["previous_hash"], content_of(last))
    names = ", ".join(last)
    slots = ", ".join(f"${at}" for at in range(1, len(last) + 1))
    last["data"] = json.dumps(last["data"])
    await county.owner.execute(f"INSERT INTO events ({names}) VALUES ({slots})", *last.values())


CONTENT = "its content does not fit its hash"
SWAP = """
WITH a AS (SELECT * FROM events WHERE subject_id = $1 AND seq = 1), b AS (SELECT * FROM events WHERE subject_id = $1 AND seq = 2)
UPDATE events SET id = gen_random_uuid(), type = other.type, data = other.data, happened_at = other.happened_at,
  actor_kind = other.actor_kind, actor_account_id = other.actor_account_id, actor_unit_id = other.actor_unit_id
FROM (SELECT 1 AS at, b.* FROM b UNION ALL SELECT 2, a.* FROM a) AS other
WHERE events.subject_id = $1 AND events.seq = other.at
"""
TICKET_MUTATIONS = {
    "edit data": (['UPDATE events SET data = data || \'{"words": "x"}\' WHERE subject_id = $1 AND seq = 2'], f"2: {CONTENT}"),
    "edit when": (["UPDATE events SET happened_at = happened_at - interval '1 s' WHERE subject_id = $1 AND seq = 1"], f"1: {CONTENT}"),
    "edit who": (["UPDATE events SET actor_account_id = NULL, actor_kind = 'system' WHERE subject_id = $1 AND seq = 1"], f"1: {CONTENT}"),
    "edit a hash": (["UPDATE events SET hash = sha256(hash) WHERE subject_id = $1 AND seq = 1"], f"1: {CONTENT}"),
    "edit the hash before": (
        ["UPDATE events SET previous_hash = sha256(hash) WHERE subject_id = $1 AND seq = 2"],
        "2: it does not continue the event before it",
    ),
    "delete the first": (["DELETE FROM events WHERE subject_id = $1 AND seq = 1"], "1: it is missing"),
    "delete and close up": (
        ["DELETE FROM events WHERE subject_id = $1 AND seq = 1", "UPDATE events SET seq = 1 WHERE subject_id = $1 AND seq = 2"],
        "1: it does not continue the event before it",
    ),
    "insert one": (
        [
            "UPDATE events SET seq = 3 WHERE subject_id = $1 AND seq = 2",
            (
                "INSERT INTO events SELECT gen_random_uuid(), subject_kind, subject_id, 2, 'ticket.urged', happened_at, recorded_at,"
                " actor_kind, actor_account_id, actor_unit_id, '{}', hash, sha256(hash) FROM events WHERE subject_id = $1 AND seq = 1"
            ),
        ],
        f"2: {CONTENT}",
    ),
    "reorder two": ([SWAP], f"1: {CONTENT}"),
    "truncate the tail": (["DELETE FROM events WHERE subject_id = $1 AND seq = 2"], "2: it is missing; the anchor of"),
    "truncate, and the ticket's version": (
        ["DELETE FROM events WHERE subject_id = $1 AND seq = 2", "UPDATE tickets SET version = 1 WHERE id = $1"],
        "2: it is missing; the anchor of",
    ),
    "delete all of it": (["DELETE FROM events WHERE subject_id = $1"], "1: it is missing; the anchor of"),
    "give it to another": (
        ["UPDATE events SET subject_id = '00000000-0000-0000-0000-000000000001' WHERE subject_id = $1 AND seq = 2"],
        "2: it is missing; the anchor of",
    ),
}
ANCHOR_MUTATIONS = {
    "edit a root": ("UPDATE anchors SET root = sha256(root) WHERE number = 1", "{day}: its signature is not that of key"),
    "edit a log root": ("UPDATE anchors SET log_root = sha256(root) WHERE number = 1", "{day}: its signature is not that of key"),
    "edit when": ("UPDATE anchors SET closed_at = closed_at + interval '1 s' WHERE number = 1", "{day}: its signature is not that of key"),
    "edit a signature": (
        "UPDATE anchors SET signature = sha256(root) || sha256(root) WHERE number = 1",
        "{day}: its signature is not that",
    ),
    "edit its key": ("UPDATE anchor_keys SET public_key = sha256(public_key)", "{day}: its key"),
    "edit a head": ("UPDATE anchored_heads SET hash = sha256(hash) WHERE day = $1", "{day}: its root does not fit the heads"),
    "delete a head": (
        "DELETE FROM anchored_heads WHERE (subject_id, day) = (SELECT subject_id, day FROM anchored_heads WHERE day = $1 LIMIT 1)",
        "{day}: its root does not fit the heads",
    ),
    "delete one in the middle": (
        "DELETE FROM anchors WHERE number = 1",
        "{next}: its number is 2 and not 1; an anchor before it is missing",
    ),
    "delete one and close up": (
        "DELETE FROM anchors WHERE number = 1; UPDATE anchors SET number = number - 1 WHERE number > 1",
        "{next}: its signature is not that of key",
    ),
    "delete the newest": ("DELETE FROM anchors WHERE number = 3", "{last}: it is missing; the journal says that it was closed"),
}
KEPT = ("events", "tickets", "anchors", "anchor_keys", "anchored_heads")


async def test_every_mutation_is_found_and_named(told):
    _intake, county, _number, ticket = told
    assert await verified(county) == []
    owner = county.owner
    await owner.execute("SET session_replication_role = replica")  # as whoever owns the database can
    for table in KEPT:
        await owner.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")

    async def restored() -> None:
        for table in KEPT:
            await owner.execute(f"DELETE FROM {table}")
            await owner.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")

    for name, (statements, expected) in TICKET_MUTATIONS.items():
        for statement in statements:
            await owner.execute(statement, ticket)
        found = await verified(county)
        assert any(one.startswith(f"ticket {ticket} seq {expected}") for one in found), (name, found)
        await restored()
    await recomputed(county, ticket, "从来没有人说过")
    assert await verified(county) == [f"ticket {ticket} seq 2: it is not the event that was anchored on {TODAY}"]
    await restored()
    await appended(county, ticket)
    assert await verified(county) == [f"ticket {ticket} seq 3: the ticket knows nothing of it; it has 2 events"]
    await restored()
    days = {"day": day(2), "next": day(1), "last": day(0)}
    for name, (statement, expected) in ANCHOR_MUTATIONS.items():
        await owner.execute(statement, *([day(2)] if "$1" in statement else []))
        found = await verified(county)
        assert any(one.startswith(f"anchor {expected.format(**days)}") for one in found), (name, found)
        await restored()
    assert await verified(county) == []


async def test_the_command_checks_a_whole_database_and_exports_a_journal(told, tmp_path):
    _intake, county, number, ticket = told
    environment = {"PYTHONPATH": str(TOOL.parents[1]), "PATH": "/usr/bin:/bin", "DATABASE_URL": county.url, "DAGUANJIA_HOME": str(tmp_path)}

    def said(*arguments: str) -> tuple[int, str]:
        program = [sys.executable, "-m", "daguanjia", *arguments]
        done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
        return done.returncode, done.stdout

    code, words = said("verify")
    assert (code, words.splitlines()[-1].split(": ")[1]) == (0, "nothing broken."), words
    code, words = said("export-chain", number)
    assert check(json.loads(words), NOBODY)[0]
    await county.owner.execute("UPDATE events SET type = 'ticket.closed' WHERE subject_id = $1 AND seq = 2", ticket)
    code, words = said("verify", "--key", OTHER_KEY.key_id)
    assert (code, words.splitlines()[0]) == (1, f"BROKEN: ticket {ticket} seq 2: {CONTENT}")
    assert f"anchor {day(0)}: its key {KEY.key_id} is not one that was named" in words


async def test_who_signs_it_all_anew_is_found_by_whoever_kept_an_anchor(told, tmp_path):
    """Whoever has the database and a key can make another history. Not one that continues what was published."""
    _intake, county, _number, ticket = told
    async with reporting(county) as client:
        kept = (await client.get("/anchors")).json()
    proof = await proof_of(county, ticket)
    owner = county.owner
    await owner.execute("SET session_replication_role = replica")
    await recomputed(county, ticket, "从来没有人说过")
    for table in ("anchors", "anchor_keys", "anchored_heads", "anchor_blocks"):
        await owner.execute(f"DELETE FROM {table}")
    await owner.execute("DELETE FROM events WHERE subject_kind = 'anchors'")
    journal = Journal(county)
    await journal.close(OTHER_KEY, at=noon(2))
    await journal.close(OTHER_KEY, at=TOMORROW)
    assert await verified(county) == []
    async with county.as_role(REPORTING), unit_of_work(SYSTEM) as work:
        assert await check_anchors(work.session, frozenset({KEY.key_id}))
    async with reporting(county) as client:
        given = (await client.get("/anchors")).json()
    assert any("two different ones were given" in one for one in across([kept, given]))
    chain = await chain_of(county, ticket)
    assert across([chain, proof]) == [f"ticket {ticket} seq 2: it is not the event that was anchored on {TODAY}"]


def reporting(county: TestDatabase) -> Any:
    """The reporting door as a client; call it inside a `with`."""
    from contextlib import asynccontextmanager

    from reporting_api.app import app

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncClient]:
        async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(app), base_url="http://reporting") as client:
            yield client

    return opened()


async def proof_of(county: TestDatabase, subject: UUID) -> dict[str, Any]:
    async with county.as_role(REPORTING), unit_of_work(SYSTEM) as work:
        return json.loads((await prove_subject(work.session, subject)).model_dump_json())


async def chain_of(county: TestDatabase, subject: UUID) -> dict[str, Any]:
    number = await county.value("SELECT number FROM tickets WHERE id = $1", subject)
    async with county.as_role(REPORTING), unit_of_work(SYSTEM) as work:
        found: ChainFile = await export_chain(work.session, str(number))
    return json.loads(found.model_dump_json())


async def test_doors_tell_everybody_and_prove_to_complainants(told):
    intake, county, number, ticket = told
    async with reporting(county) as client:
        first = await client.get("/anchors", params={"limit": 3})
        assert first.status_code == 200
        assert first.headers["Access-Control-Allow-Origin"] == "*"
        rest = await client.get(first.headers["Link"].split(">")[0].strip("<"))
        shown = [*first.json()["items"], *rest.json()["items"]]
        assert [one["day"] for one in shown] == [str(day(back)) for back in range(4)]
        assert rest.json()["next"] is None
        assert [one["public_key"] for one in first.json()["keys"]] == [KEY.public.hex()]
        again = await client.get("/anchors", params={"limit": 3}, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        one = await client.get(f"/anchors/{day(2)}")
        assert one.json()["anchor"] == shown[2]
        assert check(one.json(), NOBODY)[0]
        both = await client.get("/anchors/consistency", params={"first": str(day(3)), "second": str(day(0))})
        assert check(both.json(), frozenset({KEY.public.hex()})) == (True, f"anchor {day(0)}: its log continues that of {day(3)}")
        assert check(first.json(), NOBODY)[0]
        assert check({**first.json(), "items": shown}, NOBODY)[0]
        assert (await client.get("/anchors/2020-01-01")).json()["code"] == "anchor.unknown"
        wrong = await client.get("/anchors/consistency", params={"first": str(day(0)), "second": str(day(3))})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "anchor.order")
        for cursor, status in (("WyIwMDAxLTAxLTAxIl0", 200), ("WzFd", 400), ("WyJ4Il0", 400)):  # ["0001-01-01"], [1], ["x"]
            assert (await client.get("/anchors", params={"cursor": cursor})).status_code == status
        assert (await client.get("/anchors/yesterday")).status_code == 422
    assert (await intake.get(f"/v1/complaints/{number}/proof", headers={"X-Tracking-Code": "AAAAAAAA"})).status_code == 404
    answer = await intake.get(f"/v1/complaints/{number}/proof", headers={"X-Tracking-Code": tracking_code(ticket)})
    assert answer.status_code == 200, answer.text
    good, sentence = check(answer.json(), NOBODY)
    assert good
    assert sentence.startswith(f"ticket {ticket} seq 2: in the anchor of {TODAY}")
    assert across([answer.json(), await chain_of(county, ticket)]) == []
    assert "黄" not in answer.text
    assert "13800000123" not in answer.text
    fresh = await Desk(intake, county).file("路灯不亮")
    code = tracking_code(await county.value("SELECT id FROM tickets WHERE number = $1", fresh))
    answer = await intake.get(f"/v1/complaints/{fresh}/proof", headers={"X-Tracking-Code": code})
    assert (answer.status_code, answer.json()["code"]) == (409, "anchor.not_yet")
    async with county.as_role(REPORTING), unit_of_work(SYSTEM) as work:
        assert await not_anchored(work.session) == 5, "two of the fresh ticket, and of the three closings of just now"
    await county.owner.execute("UPDATE anchor_blocks SET hash = sha256(hash)")
    answer = await intake.get(f"/v1/complaints/{number}/proof", headers={"X-Tracking-Code": tracking_code(ticket)})
    if await county.value("SELECT count(*) FROM anchor_blocks") > 1:
        assert answer.status_code == 503


def told_by_tool(tmp_path: Path, documents: list[Any], *options: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines of the program that has nothing of ours."""
    names = []
    for at, document in enumerate(documents):
        (tmp_path / f"{at}.json").write_bytes(
            document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
        )
        names.append(f"{at}.json")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(TOOL), *options, *names], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def told_by_command(tmp_path: Path, count: int, *options: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines of `daguanjia verify` over the same files."""
    names = [f"{at}.json" for at in range(count)]
    program = [sys.executable, "-m", "daguanjia", "verify", *options, *names]
    environment = {"PYTHONPATH": str(TOOL.parents[1]), "PATH": "/usr/bin:/bin", "DAGUANJIA_HOME": str(tmp_path)}
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def changed(document: dict[str, Any], *path: Any, to: Any) -> dict[str, Any]:
    """Return a copy of a document with one value replaced (or taken out: `to` is None)."""
    found = json.loads(json.dumps(document))
    here = found
    for step in path[:-1]:
        here = here[step]
    if to is None:
        del here[path[-1]]
    else:
        here[path[-1]] = to
    return found


async def test_the_single_file_and_the_command_say_the_same(told, tmp_path):
    _intake, county, _number, ticket = told
    chain, proof = await chain_of(county, ticket), await proof_of(county, ticket)
    async with reporting(county) as client:
        anchors = (await client.get("/anchors")).json()
        one = (await client.get(f"/anchors/{day(1)}")).json()
        both = (await client.get("/anchors/consistency", params={"first": str(day(3)), "second": str(day(1))})).json()
    other = "ab" * 32
    sound = [chain, proof, anchors, one, both]
    broken = [
        changed(chain, "events", 1, "content", "data", "words", to="x"),
        changed(chain, "events", 0, to=None),
        changed(chain, "events", 1, "hash", to=other),
        changed(chain, "events", 1, "previous_hash", to=other),
        changed(chain, "events", 1, "content", "seq", to=1),
        changed(chain, "subject_id", to=str(new_id())),
        changed(chain, "events", 0, "content", "data", to={"place": 1.5}),
        changed(chain, "events", 0, "content", "data", to={"big": 2**70}),
        changed(chain, "events", to=[]),
        changed(proof, "leaf", "hash", to=other),
        changed(proof, "leaf", "seq", to=1),
        changed(proof, "index", to=proof["index"] + 1),
        changed(proof, "index", to="1"),
        changed(proof, "path", to=[*proof["path"], other]),
        changed(proof, "path", to=["x"]),
        changed(proof, "anchor", "root", to=other),
        changed(proof, "keys", to=[]),
        changed(anchors, "items", 1, to=None),
        changed(anchors, "items", 2, "leaves", to=1),
        changed(one, "anchor", "signature", to=other * 2),
        changed(one, "anchor", "signature", to="ab"),
        changed(both, "path", to=[]),
        changed(both, "second", to=both["first"]),
        {"form": "daguanjia.other@1"},
        [],
        b"no JSON",
        b"\xff",
        b'{"form": NaN}',
    ]
    code, lines = told_by_tool(tmp_path, sound)
    assert (code, [": ok: " in line for line in lines]) == (0, [True] * 5), lines
    assert (code, lines) == told_by_command(tmp_path, len(sound))
    for key in (KEY.key_id, KEY.public.hex().upper(), OTHER_KEY.key_id):
        said = told_by_tool(tmp_path, sound, "--key", key)
        assert said == told_by_command(tmp_path, len(sound), "--key", key)
        assert said[0] == (key == OTHER_KEY.key_id)
    code, lines = told_by_tool(tmp_path, broken)
    assert (code, ["BROKEN" in line for line in lines]) == (1, [True] * len(broken)), lines
    assert (code, lines) == told_by_command(tmp_path, len(broken))
    cut = {**chain, "events": chain["events"][:1]}
    together = told_by_tool(tmp_path, [cut, proof])
    assert together == told_by_command(tmp_path, 2)
    assert together[1][-1] == f"together: BROKEN: ticket {ticket} seq 2: it is missing; the anchor of {TODAY} has 2 events"
