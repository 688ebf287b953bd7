"""The desks see whether somebody was told, by which way and why not; and nothing of who it is or what was said."""

import orjson
import pytest
from httpx import AsyncClient

from services.complaints.commands import Contact, FileComplaint, Place, Telling
from services.complaints.filing_desk import file_complaint
from services.notifications.senders import open_senders
from services.notifications.sending import send_due
from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from tests.conftest import TestDatabase
from tests.county import SHUIKOU, sign_in
from tests.notifications.platform import Platform
from tests.notifications.test_sending import answers, settings_for


@pytest.fixture
async def number(county: TestDatabase, platform: Platform) -> str:
    """A ticket in 水口村 whose complainant was told by SMS, and whose units by nobody yet."""
    contact = Contact(name="黄某", phone="13805550123", openid="oPerson0001")
    telling = Telling(words="路灯不亮了", place=Place(unit_code=SHUIKOU), contact=contact)
    outcome = await file_complaint(FileComplaint("wechat", "m-1", telling), SYSTEM)
    await county.settle()
    await county.owner.execute("UPDATE messages SET next_try_at = now() + interval '1 hour' WHERE audience = 'unit'")
    answers(platform, wechat=43004)
    async with county.as_role(WORKER), open_senders(settings_for(platform)) as senders:
        await send_due(senders, 10)
    return outcome.number


@pytest.mark.parametrize("login", ["pengzhai", "county", "hotline"])
async def test_a_desk_sees_how_the_messages_stand(intake: AsyncClient, number: str, login: str) -> None:
    found = await intake.get(f"/v1/tickets/{number}/messages", headers=await sign_in(intake, login))
    assert found.status_code == 200
    items = found.json()["items"]
    told = [item for item in items if item["audience"] == "complainant"]
    assert {(item["state"], item["carrier"], item["unit"]) for item in told} == {("sent", "sms", None)}
    assert [[(way["way"], way["error"]) for way in item["ways"]] for item in told] == [[("wechat", "wechat_43004")]] * len(told)
    waiting = [item for item in items if item["audience"] == "unit"]
    assert waiting
    assert all(item["state"] == "queued" and item["next_try_at"] and item["unit"] for item in waiting)
    text = orjson.dumps(items).decode()
    for personal in ("黄某", "13805550123", "oPerson0001", "路灯", "受理"):
        assert personal not in text


@pytest.mark.parametrize(("login", "status"), [("shuikou", 403), ("analyst", 403), ("yangming", 404)])
async def test_others_do_not(intake: AsyncClient, number: str, login: str, status: int) -> None:
    found = await intake.get(f"/v1/tickets/{number}/messages", headers=await sign_in(intake, login))
    assert found.status_code == status
