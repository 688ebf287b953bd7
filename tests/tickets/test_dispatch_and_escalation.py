"""From receipt to a seat, and what happens when nobody acts: against the real database and the real county."""

from datetime import timedelta

import pytest

from services.complaints.commands import Contact, FileComplaint, Place, Telling
from services.complaints.filing_desk import file_complaint
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.tickets.escalating import escalate_due
from tests.county import BLANK_GRID, PENGZHAI, SHUIKOU, STAFFED_GRID, actor


async def file(category="water.pipe_burst", unit=STAFFED_GRID, ago=timedelta(0), place=None, **more):
    telling = Telling(
        words="水管爆了,满地是水",
        category=category,
        place=place or (Place(unit_code=unit) if unit else None),
        contact=Contact(name="黄某", phone="13800000123"),
        happened_at=clock.now() - ago,
        **more,
    )
    return await file_complaint(FileComplaint("hotline", str(new_id()), telling), await actor("hotline"), None)


async def escalate(county):
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        return await escalate_due(work, 100)


async def ticket(county, number):
    (row,) = await county.fetch(
        "SELECT t.*, u.code AS holder, d.code AS desk FROM tickets t LEFT JOIN units u ON u.id = t.lead_unit_id"
        " LEFT JOIN units d ON d.id = t.desk_unit_id WHERE number = $1",
        number,
    )
    return row


async def test_matter_goes_to_the_grid_that_has_people(county):
    filed = await file()
    await county.settle()
    row = await ticket(county, filed.number)
    assert (row["status"], row["holder"], row["desk"], row["tier"]) == ("dispatched", STAFFED_GRID, PENGZHAI, "grid")


async def test_blank_grid_is_passed_over_and_named(county):
    filed = await file(unit=BLANK_GRID)
    await county.settle()
    row = await ticket(county, filed.number)
    assert row["holder"] == SHUIKOU
    why = await county.value("SELECT why->'skipped'->0->>'code' FROM assignments")
    assert why == BLANK_GRID


async def test_matter_without_place_or_category_lands_on_the_county_desk(county):
    filed = await file(category=None, unit=None)
    await county.settle()
    row = await ticket(county, filed.number)
    assert (row["status"], row["holder"]) == ("dispatched", "441624")


async def test_unaccepted_ticket_climbs_and_each_level_has_its_true_time(county):
    filed = await file()
    await county.settle()
    # three days pass while no worker runs: the acceptance clock (120 minutes) was due long ago
    await county.owner.execute(
        "UPDATE clocks SET started_at = started_at - interval '3 days', due_at = due_at - interval '3 days',"
        " first_due_at = first_due_at - interval '3 days', next_level_at = next_level_at - interval '3 days' WHERE stage = 'accept'"
    )
    assert await escalate(county) == 1
    assert await escalate(county) == 0
    levels = await county.fetch(
        "SELECT e.level, e.name, e.reached_at - c.due_at AS after, u.code FROM escalations e JOIN clocks c ON c.id = e.clock_id"
        " JOIN units u ON u.id = e.unit_id ORDER BY e.level"
    )
    assert [(row["level"], row["name"], row["after"], row["code"]) for row in levels] == [
        (1, "urge", timedelta(0), STAFFED_GRID),
        (2, "supervise", timedelta(minutes=60), PENGZHAI),
        (3, "raise", timedelta(minutes=120), SHUIKOU),
        (4, "list", timedelta(minutes=360), "441624"),
    ]
    row = await ticket(county, filed.number)
    assert (row["holder"], row["status"], row["tier"]) == (SHUIKOU, "dispatched", "village")
    assert row["hand_offs"] == 0, "a system's raise is nobody's hand-off"
    happened = await county.fetch("SELECT happened_at FROM events WHERE type = 'ticket.escalated' ORDER BY seq")
    assert [item["happened_at"] for item in happened] == sorted(item["happened_at"] for item in happened)


async def test_late_paper_entry_is_dispatched_and_its_lateness_is_recorded_once(county):
    filed = await file(ago=timedelta(hours=9))
    await county.settle()
    row = await ticket(county, filed.number)
    assert row["status"] == "dispatched"
    assert await escalate(county) == 1
    assert await escalate(county) == 0
    levels = await county.fetch(
        "SELECT e.level FROM escalations e JOIN clocks c ON c.id = e.clock_id WHERE c.stage = 'dispatch' ORDER BY 1"
    )
    assert [item["level"] for item in levels] == [1, 2, 3, 4]
    assert (await ticket(county, filed.number))["holder"] == STAFFED_GRID, "what was late before it was dispatched moves nobody now"


@pytest.mark.parametrize("unit", [STAFFED_GRID, BLANK_GRID])
async def test_every_event_of_a_ticket_fits_its_chain(county, unit):
    from services.tickets.queries import timeline

    filed = await file(unit=unit, ago=timedelta(hours=30))
    await county.settle()
    await escalate(county)
    async with unit_of_work(SYSTEM) as work:
        told = await timeline(work.session, (await ticket(county, filed.number))["id"])
    assert told.intact
    assert [item.seq for item in told.items] == list(range(1, len(told.items) + 1))
    assert (await ticket(county, filed.number))["version"] == len(told.items)


@pytest.mark.parametrize(
    ("place", "holder"),
    [
        (Place(words="彭寨镇水口村小学旁边"), SHUIKOU),
        (Place(words="水口村委会门口"), SHUIKOU),
        (Place(lat=24.45, lon=115.05, coordinate_system="WGS-84"), STAFFED_GRID),
        (Place(words="老地方"), "441624"),
    ],
)
async def test_words_and_coordinates_find_the_seat_and_what_they_do_not_say_is_for_the_desk(county, place, holder):
    await county.owner.execute("UPDATE units SET lat = 24.451, lon = 115.051, version = version + 1 WHERE code = $1", STAFFED_GRID)
    filed = await file(unit=None, place=place)
    await county.settle()
    assert (await ticket(county, filed.number))["holder"] == holder


async def test_ticket_that_cannot_be_escalated_holds_up_no_other(county, monkeypatch):
    from services.tickets import escalating

    bad, good = await file(ago=timedelta(hours=30)), await file(ago=timedelta(hours=20))
    bad_id = await county.value("SELECT id FROM tickets WHERE number = $1", bad.number)
    decide = escalating.escalated

    def fails_for_one(case, deed):
        if case.ticket.id == bad_id:
            raise RuntimeError
        return decide(case, deed)

    monkeypatch.setattr(escalating, "escalated", fails_for_one)
    assert await escalate(county) == 2
    recorded = await county.fetch("SELECT DISTINCT t.number FROM escalations e JOIN tickets t ON t.id = e.ticket_id")
    assert [row["number"] for row in recorded] == [good.number]
    monkeypatch.undo()
    await county.owner.execute("UPDATE clocks SET next_level_at = next_level_at - interval '11 minutes'")
    assert await escalate(county) >= 1
    true_times = await county.fetch(
        "SELECT e.reached_at = c.due_at AS exact FROM escalations e JOIN clocks c ON c.id = e.clock_id"
        " WHERE e.ticket_id = $1 AND e.level = 1",
        bad_id,
    )
    assert [row["exact"] for row in true_times] == [True]
