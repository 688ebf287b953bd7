"""Deeds of help and sessions of mediations from a phone that was away: once, whatever is sent again, and in whatever order."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.platform.ids import new_id
from tests.assistance.doors import Desk, fresh
from tests.assistance.test_help import item, step
from tests.assistance.test_mediation import case, session
from tests.conftest import TestDatabase

pytestmark = pytest.mark.asyncio


def command(kind: str, **more: Any) -> dict[str, Any]:
    """Return a command of a phone."""
    return {"kind": kind, "command_id": str(new_id()), "happened_at": datetime.now(UTC).isoformat(), **more}


async def send(desk: Desk, *commands: dict[str, Any]) -> list[str]:
    """Send a batch; return what became of each."""
    body = {"device_id": str(new_id()), "sent_at": datetime.now(UTC).isoformat(), "commands": list(commands)}
    answer = await desk.post("grid", "/field-reports/sync", body, 200)
    return [one["status"] for one in answer["results"]]


async def test_what_was_done_away_from_a_network_is_there_once(desk: Desk, county: TestDatabase):
    opened, dispute = item(await desk.home()), case()
    given, held = step("given", words="教养羊", upload_ids=[fresh()]), session(upload_ids=[fresh()])
    help_step = command("help_step", item_id=opened["item_id"], step=given)
    sitting = command("mediation_session", mediation_id=dispute["mediation_id"], session=held)
    assert await send(desk, sitting, help_step) == ["waiting", "waiting"], "what they belong to is not here yet"
    await desk.post("grid", "/help-items", opened, 201)
    await desk.post("grid", "/mediations", dispute, 201)
    wrong = command("help_step", item_id=opened["item_id"], step=step("handed_over", source="donation", amount_fen=100))
    assert await send(desk, help_step, sitting, wrong) == ["applied", "applied", "conflict"]
    assert await send(desk, sitting, help_step) == ["replayed", "replayed"]
    again = command("help_step", item_id=opened["item_id"], step=given)
    assert await send(desk, again) == ["applied"], "the same deed under another command is the same deed"
    shown = await desk.get("grid", f"/help-items/{opened['item_id']}")
    assert [one["words"] for one in shown["steps"]] == ["教养羊"]
    assert await desk.ledger("people_helped") == 2
    assert (await desk.get("grid", f"/mediations/{dispute['mediation_id']}"))["sessions"] == 1
    assert await county.value("SELECT count(*) FROM expected_files WHERE subject_kind IN ('help_item', 'mediation')") == 2
