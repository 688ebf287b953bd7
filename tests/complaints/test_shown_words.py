"""Numbers of people in what anybody wrote are shown to no colleague, at any address; whoever calls is told them once, for a purpose."""

import pytest
from httpx import ASGITransport, AsyncClient

from services.platform.database import REPORTING
from services.platform.ids import new_id
from services.platform.text import numbers_of_people
from tests.county import PENGZHAI, SHUIKOU, WATER
from tests.journeys.people import Desk
from tests.told import only_told_in
from tests.verification.matters import told

PHONE, ID_NUMBER, CARD = "13844337766", "441624198807145239", "6222 0220 1234 5678 901"
SAID = f"水管爆了，找我叔{PHONE}，身份证{ID_NUMBER}，卡{CARD}"
READERS = ("county", "hotline", "pengzhai", "shuikou", "water")


def _addresses(app, number, complaint):
    """Every address of a door that tells of one ticket or complaint, and every list: a new one is asked too."""
    for path, deeds in app.openapi()["paths"].items():
        needed = {one["name"] for one in deeds.get("get", {}).get("parameters", ()) if one.get("in") == "path"}
        if "get" in deeds and needed <= {"number", "complaint_id"} and not path.startswith("/v1/complaints/{number}"):
            yield path.replace("{number}", number).replace("{complaint_id}", complaint)


async def _everything(client, headers, addresses):
    return {address: (await client.get(address, headers=headers)) for address in addresses}


async def _as_a_release_before_wrote_it(county, number):
    """Work logs took numbers of people once; they lie there still."""
    await county.owner.execute(
        "INSERT INTO work_logs (id, ticket_id, round, kind, unit_id, account_id, words, happened_at, recorded_at)"
        " SELECT $2, ticket_id, round, 'work', unit_id, account_id, $3, happened_at, recorded_at FROM work_logs"
        " WHERE ticket_id = (SELECT id FROM tickets WHERE number = $1) LIMIT 1",
        number, new_id(), f"已联系{PHONE}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("who", "deed"),
    [
        ("pengzhai", {"action": "transfer", "unit": PENGZHAI, "words": f"转办，联系{PHONE}"}),
        ("pengzhai", {"action": "log_work", "contacted": True, "words": f"已联系{PHONE}"}),
        ("pengzhai", {"action": "join", "unit": WATER, "task": f"联系{PHONE}", "within_working_days": 2}),
        ("county", {"action": "instruct", "unit": PENGZHAI, "words": f"请速办，身份证{ID_NUMBER}", "report_in_working_days": 2}),
        ("hotline", {"action": "answer", "words": f"已修好，可联系{PHONE}"}),
    ],
)
async def test_what_a_colleague_does_with_a_number_of_a_person_in_it_is_refused(intake, county, who, deed):
    desk = Desk(intake, county)
    number = await desk.file(SAID, place={"unit_code": SHUIKOU})
    address = f"/v1/tickets/{number}/actions"
    refused = await intake.post(address, json=deed, headers={**await desk.as_(who), "If-Match": "*"})
    assert refused.status_code == 422, refused.text
    assert "mobile number" in refused.text
    assert numbers_of_people(refused.text) == []
    assert await county.value("SELECT count(*) FROM events WHERE data::text LIKE $1", f"%{PHONE}%") == 0


async def test_no_colleague_is_shown_a_number_that_stands_in_words_at_any_address(intake, county):
    from intake_api.app import app as door
    from reporting_api.app import app as reports

    desk = Desk(intake, county)
    number = await desk.file(SAID, place={"unit_code": SHUIKOU, "words": f"{PHONE}家门口"})
    complaint = str(await county.value("SELECT id FROM complaints"))
    rewording = await intake.post(
        f"/v1/complaints/{complaint}/rewordings", json={"words": f"来电更正：{SAID}"}, headers=await desk.as_("hotline")
    )
    assert rewording.status_code == 201, rewording.text
    await desk.does("pengzhai", number, "transfer", unit=PENGZHAI, words="转办")
    await desk.does("pengzhai", number, "accept")
    await desk.does("pengzhai", number, "log_work", contacted=True, words="已联系")
    await _as_a_release_before_wrote_it(county, number)
    await county.settle()
    shown = {}
    for login in READERS:
        shown |= {
            f"{login} {at}": it
            for at, it in (await _everything(intake, await desk.as_(login), _addresses(door, number, complaint))).items()
        }
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(reports), base_url="http://reports") as client:
        for login in READERS:
            shown |= {
                f"{login} {at}": it
                for at, it in (await _everything(client, await desk.as_(login), _addresses(reports, number, complaint))).items()
            }
    texts = {at: it.text for at, it in shown.items() if it.status_code == 200 and "json" in it.headers.get("content-type", "")}
    assert {f"county /v1/tickets/{number}/{tail}" for tail in ("complaints", "events", "work-logs", "words", "why")} <= set(texts), sorted(
        texts
    )
    assert "138****66" in texts[f"county /v1/tickets/{number}/complaints"]
    leaks = [(at, part) for at, text in texts.items() for part in (PHONE, ID_NUMBER, CARD) if part in text]
    assert leaks == []
    assert await only_told_in(county, "complaints") == SAID, "what was said stays as it was said"


async def test_whoever_calls_is_told_the_numbers_in_the_words_once_and_the_person_sees_it(intake, county):
    desk = Desk(intake, county)
    number = await desk.file(SAID, place={"unit_code": SHUIKOU})
    ticket, complaint = (await county.fetch("SELECT ticket_id, id FROM complaints"))[0]
    await county.owner.execute(
        "INSERT INTO phone_tasks (id, ticket_id, complaint_id, purpose, words, state, tries, not_before, created_at)"
        " VALUES (gen_random_uuid(), $1, $2, 'tell', $3, 'open', 0, now() - interval '1 minute', now())",
        ticket, complaint, f"请转告{PHONE}",
    )  # fmt: skip
    listed = await intake.get("/v1/hotline/phone-tasks", headers=await desk.as_("hotline"))
    assert numbers_of_people(listed.text) == []
    (task,) = listed.json()
    taken = told(
        await intake.post(f"/v1/hotline/phone-tasks/{task['id']}/number", json={"purpose": "回访"}, headers=await desk.as_("hotline")), 200
    )
    assert taken["said"] == [PHONE, ID_NUMBER, CARD]
    assert await county.value("SELECT count(*) FROM contact_reveals WHERE complaint_id = $1", complaint) == 1
    assert number == task["ticket"]
