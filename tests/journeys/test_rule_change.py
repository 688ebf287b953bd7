"""S14: a new row of the catalogue kills an older one. It is blocked with the list, tried on the last quarter, repaired, and taken back."""

import json
import random
from datetime import timedelta

import pytest

from services.complaints.commands import FileComplaint, Place, Telling
from services.complaints.filing_desk import file_complaint
from services.platform.actor import SYSTEM
from services.platform.clock import day_end, day_start, local_day, now
from services.platform.ids import new_id
from services.simulation.matters import last_quarter
from tests.county import COUNTY, PENGZHAI, SHUIKOU, STAFFED_GRID, WATER, YANGMING
from tests.journeys.people import Desk
from tests.verification.matters import hire

CANAL = "water.canal"
BRANCH = {"category": "water", "area": SHUIKOU, "handler": SHUIKOU, "note": "水口村水务自理"}
NEW = {"category": CANAL, "area": PENGZHAI, "handler": WATER, "note": "整镇由县水利局直管"}
CATALOGUE = "/v1/policies/catalogue"
MOVING = 37


class Office:
    """Two administrators at the door of rules: one drafts, the other brings into force."""

    def __init__(self, desk):
        self.desk = desk

    async def asks(self, method, path, **body):
        headers = await self.desk.as_("admin")
        answer = await self.desk.client.request(method, f"{CATALOGUE}{path}", headers=headers, json=body if method == "POST" else None)
        return answer.status_code, answer.json()

    async def in_force(self):
        status, listed = await self.asks("GET", "")
        version = next(item["version"] for item in listed["items"] if item["state"] == "in_force")
        status, found = await self.asks("GET", f"/{version}")
        assert status == 200
        return version, found["definition"]

    async def drafts(self, definition):
        status, drafted = await self.asks("POST", "", definition=definition)
        assert status == 201, drafted
        return drafted["version"], drafted["findings"]

    async def activates(self, version):
        headers = await self.desk.as_("admin2")
        answer = await self.desk.client.post(f"{CATALOGUE}/{version}/activation", headers=headers, json={})
        return answer.status_code, answer.json()


@pytest.fixture
async def office(intake, county):
    """A county in which the branch row of 水口村 decides about canals only: every other leaf has a row for the whole township."""
    await hire(county, "admin2", "administrator", COUNTY)
    found = Office(Desk(intake, county))
    _version, definition = await found.in_force()
    leaves = [one["code"] for one in definition["categories"] if one["parent_code"] == "water" and one["code"] != CANAL]
    rows = [{"category": leaf, "area": PENGZHAI, "handler": PENGZHAI, "note": None} for leaf in leaves]
    version, findings = await found.drafts({**definition, "rows": [*rows, BRANCH]})
    assert findings == []
    assert (await found.activates(version))[0] == 200
    return found


async def _file(category, unit_code, at=None):
    telling = Telling(words="水渠塌了,稻田进不了水", category=category, place=Place(unit_code=unit_code), happened_at=at)
    outcome = await file_complaint(FileComplaint("hotline", str(new_id()), telling), SYSTEM)
    return outcome.number


async def _a_quarter_of_matters(county):
    """37 canals in 彭寨镇 within the last quarter, and everything that is nearly one of them: other times, townships and categories."""
    dice = random.Random(14)
    quarter = last_quarter(local_day(now()))
    villages = {
        town: [row["code"] for row in await county.fetch("SELECT code FROM units WHERE kind = 'village' AND path LIKE $1", f"%/{town}/%")]
        for town in (PENGZHAI, YANGMING)
    }

    def some_time():
        return day_start(quarter.first) + timedelta(
            seconds=dice.randrange(int((day_end(quarter.last) - day_start(quarter.first)).total_seconds()))
        )

    edges = [day_start(quarter.first), day_end(quarter.last) - timedelta(seconds=1)]
    outside = [day_start(quarter.first) - timedelta(seconds=1), day_end(quarter.last), now() - timedelta(minutes=5)]
    plan = [(CANAL, STAFFED_GRID, some_time()) for _ in range(6)]
    plan += [(CANAL, dice.choice(villages[PENGZHAI]), at) for at in (*edges, *(some_time() for _ in range(MOVING - 6 - len(edges))))]
    plan += [(CANAL, dice.choice(villages[PENGZHAI]), at) for at in outside]
    plan += [(CANAL, dice.choice(villages[YANGMING]), some_time()) for _ in range(9)]
    plan += [("roads.damage", dice.choice(villages[PENGZHAI]), some_time()) for _ in range(11)]
    plan += [("water.pond", dice.choice(villages[PENGZHAI]), some_time()) for _ in range(5)]
    dice.shuffle(plan)
    numbers = [await _file(*told) for told in plan]
    await county.settle()
    return quarter, dict(zip(numbers, plan, strict=True))


async def test_a_rule_change_from_the_first_draft_to_the_way_back(office, county, commands):
    quarter, told = await _a_quarter_of_matters(county)
    version, definition = await office.in_force()
    rows = definition["rows"]

    # the row alone, and the whole draft: both are blocked, with what would never decide again
    headers = await office.desk.as_("admin")
    put = await office.desk.client.put(f"/v1/categories/{CANAL}/areas/{PENGZHAI}", json={"handler_code": WATER}, headers=headers)
    assert (put.status_code, put.json()["code"]) == (409, "policy.blocked")
    first, findings = await office.drafts({**definition, "rows": [*rows, NEW]})
    (dead,) = findings
    assert (dead["kind"], dead["category"], dead["unit"]) == ("shadowed", "water", SHUIKOU)
    assert f"{CANAL} in {PENGZHAI}" in dead["by"]
    status, problem = await office.activates(first)
    assert (status, problem["code"], problem["findings"]) == (409, "policy.blocked", findings)
    assert problem["findings"] == put.json()["findings"]

    # what it would have done, by the door and by the command, and by a count that knows nothing of either
    events = await county.value("SELECT count(*) FROM events")
    status, trial = await office.asks("POST", f"/{first}/simulation", first_day=str(quarter.first), last_day=str(quarter.last))
    assert status == 200, trial
    by_hand = await county.fetch(
        "SELECT t.number, u.code FROM tickets t JOIN units u ON u.id = t.lead_unit_id"
        " WHERE t.category_code = $1 AND t.area_path LIKE $2 AND t.received_at >= $3 AND t.received_at < $4 AND u.code <> $5",
        CANAL, f"%/{PENGZHAI}/%", day_start(quarter.first), day_end(quarter.last), WATER,
    )  # fmt: skip
    assert len(by_hand) == MOVING
    assert {one["number"]: one["before"]["code"] for one in trial["moved"]} == {row["number"]: row["code"] for row in by_hand}
    assert {one["after"]["code"] for one in trial["moved"]} == {WATER}
    assert sum(pair["matters"] for pair in trial["pairs"]) == MOVING
    assert {pair["before"]["code"]: pair["matters"] for pair in trial["pairs"]}[SHUIKOU] >= 6
    assert trial["matters"] == len(told) - 3
    assert (trial["deadlines"]["moved"], trial["findings"]) == (0, findings)
    code, said = await commands.command("simulate", "--policy", f"catalogue:{first}", "--json")
    assert (code, json.loads(said)) == (0, trial)
    assert await county.value("SELECT count(*) FROM events") == events, "a trial writes nothing"

    # repaired: without the dead row; and canals are to be done sooner
    repaired = json.loads(json.dumps({**definition, "rows": [row for row in rows if row != BRANCH] + [NEW]}))
    canal = next(one for one in repaired["categories"] if one["code"] == CANAL)
    canal["limits"]["resolve"]["amount"], canal["limits"]["answer"] = 30, {"amount": 3, "unit": "working_days"}
    second, findings = await office.drafts(repaired)
    assert findings == []
    status, trial = await office.asks("POST", f"/{second}/simulation")
    assert (status, len(trial["moved"])) == (200, MOVING)
    assert (trial["deadlines"]["earlier"], trial["deadlines"]["later"]) == ({"resolve": MOVING + 9}, {}), "those of 阳明镇 too"

    before, promised = await _file(CANAL, STAFFED_GRID), {}
    await county.settle()
    for number in (before, *(row["number"] for row in by_hand[:3])):
        promised[number] = await _promise(county, number)
    assert (await office.activates(second))[1]["state"] == "in_force"

    # open tickets keep the promise they were given, in the limits that begin only now too; new ones get the new one
    for number, promise in promised.items():
        assert await _promise(county, number) == promise
    await office.desk.does("shuikou", before, "accept")
    await office.desk.does("water", before, "finish_task", words="已看过现场")
    await office.desk.does("shuikou", before, "resolve", words="已修好", files=await office.desk.evidence("shuikou"))
    answer = await county.fetch(
        "SELECT limit_amount, limit_unit FROM clocks c JOIN tickets t ON t.id = ticket_id WHERE number = $1 AND stage = 'answer'", before
    )
    assert [tuple(row) for row in answer] == [(1, "working_days")]
    assert (await _handled(county, await _file(CANAL, STAFFED_GRID))) == (WATER, 30)

    # and back: the rules of before, as a new version
    status, back = await office.asks("POST", f"/{version}/reversion", note="水利局人手不够")
    assert (status, back["reverts"], back["state"]) == (201, version, "in_force")
    assert (await office.in_force())[1] == definition
    assert (await _handled(county, await _file(CANAL, STAFFED_GRID))) == (SHUIKOU, 60)


async def _promise(county, number):
    found = await county.fetch(
        "SELECT t.category_version, u.code, c.stage, c.first_due_at, c.due_at FROM clocks c JOIN tickets t ON t.id = c.ticket_id"
        " JOIN units u ON u.id = t.lead_unit_id WHERE t.number = $1 ORDER BY c.stage, c.turn", number,
    )  # fmt: skip
    assert found
    return [tuple(row) for row in found]


async def _handled(county, number):
    await county.settle()
    (row,) = await county.fetch(
        "SELECT u.code, c.limit_amount FROM tickets t JOIN units u ON u.id = t.lead_unit_id"
        " JOIN clocks c ON c.ticket_id = t.id AND c.stage = 'resolve' WHERE t.number = $1", number,
    )  # fmt: skip
    return tuple(row)
