"""调解: what one side showed is not for the other, goes with either side; mediators are told when a settlement is to be asked about."""

from datetime import timedelta
from pathlib import Path

import pytest

from dispatch_worker.jobs.mediations import mediations
from services.attachments.store import store
from services.platform import clock
from services.platform.database import WORKER
from services.privacy.loose import drop_loose_files
from services.privacy.retaining import plan_due
from tests.assistance.doors import Desk
from tests.assistance.test_help_confirmed import upload
from tests.assistance.test_mediation import A, B, case, ending, session
from tests.conftest import TestDatabase

pytestmark = pytest.mark.asyncio


async def test_what_one_side_showed_is_not_for_the_other_and_goes_with_it(desk: Desk, county: TestDatabase, home_of_files: Path):
    one, other = await desk.home("3-001"), await desk.home("3-002")
    opened = case(party_a={"name": A, "household_id": one}, party_b={"name": B, "household_id": other})
    await desk.post("grid", "/mediations", opened, 201)
    at = f"/mediations/{opened['mediation_id']}"
    alone, together, agreed = [await upload(desk, "grid", salt) for salt in (b"b", b"both", b"signed")]
    await desk.post("grid", f"{at}/sessions", session(present="b", attachment_ids=[alone]), 201)
    await desk.post("grid", f"{at}/sessions", session(attachment_ids=[together]), 201)
    await desk.post("grid", f"{at}/ending", ending(attachment_id=agreed), 201)
    for file in (alone, together, agreed):
        assert (await desk.ask("pengzhai", "GET", f"{at}/files/{file}")).status_code == 200
        assert (await desk.ask("yangming", "GET", f"{at}/files/{file}")).json()["code"] == "mediation.unknown"
    pair = {"kind": "member_household", "member_id": await desk.member("shuikou"), "household_id": one}
    await desk.post("county", "/pairings", pair, 201)
    for file in (alone, together, agreed):
        assert (await desk.ask("shuikou", "GET", f"{at}/files/{file}")).json()["code"] == "mediation.other_side"
    assert [held["attachment_ids"] for held in (await desk.get("shuikou", at))["held"]] == [[], []]
    assert sorted(held["attachment_ids"] for held in (await desk.get("grid", at))["held"]) == sorted([[alone], [together]])

    await desk.post("county", f"{at}/parties/a/erasure", {"because": "request"}, 200)
    async with county.as_role(WORKER):
        while await plan_due():
            pass
        assert await drop_loose_files(store()) == 0
    assert (await desk.ask("grid", "GET", f"{at}/files/{alone}")).status_code == 200, "what the other side showed alone is theirs"
    for file in (together, agreed):
        assert (await desk.ask("grid", "GET", f"{at}/files/{file}")).status_code == 404
    assert len([path for path in (home_of_files / "attachments").rglob("*") if path.is_file()]) == 1


async def test_whoever_mediates_is_told_once_when_it_is_to_be_asked_about(desk: Desk, county: TestDatabase, monkeypatch):
    kept, settled = case(), case()
    for opened in (kept, settled):
        await desk.post("grid", "/mediations", opened, 201)
        at = f"/mediations/{opened['mediation_id']}"
        await desk.post("grid", f"{at}/sessions", session(), 201)
        await desk.post("grid", f"{at}/ending", ending(), 201)
    asked = {"follow_up_id": kept["mediation_id"], "held_on": "2026-11-20", "found": "kept"}
    await desk.post("grid", f"/mediations/{kept['mediation_id']}/follow-ups", asked, 201)
    told = "SELECT words FROM messages WHERE template = 'mediation_follow_up'"
    seen = []
    async with county.as_role(WORKER):
        for days in (0, 40, 40):
            then = clock.now() + timedelta(days=days)
            with monkeypatch.context() as later:
                later.setattr(clock, "now", lambda then=then: then)
                await mediations(None)  # type: ignore[arg-type]  # it asks nothing of its station
            seen.append(await county.value("SELECT count(*) FROM messages WHERE template = 'mediation_follow_up'"))
    assert seen == [0, 1, 1], "not before its day, not one that was asked about, and once"
    assert await county.value("SELECT count(*) FROM mediation_reminders") == 1
    (row,) = await county.fetch(f"{told.replace('words', 'unit_id::text AS words')}")
    assert row["words"] == str(await county.value("SELECT unit_id::text FROM mediations LIMIT 1"))
