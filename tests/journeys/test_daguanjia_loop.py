"""S2, the whole 大管家 loop with the clock moved: from a call at 02:10 over a seat nobody fills to round 2 and the month's figures."""

from datetime import UTC, datetime

import pytest
from httpx import ASGITransport, AsyncClient

from reporting_api.app import build
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.clock import SHANGHAI
from services.platform.database import REPORTING, WORKER
from services.platform.unit_of_work import unit_of_work
from services.tickets.escalating import escalate_due
from tests.county import PENGZHAI, SHUIKOU, STAFFED_GRID, WATER
from tests.journeys.people import Desk
from tests.reports.signing import signed_in_as

COMPLETION = ("completion_rate_received", "completion_rate_due", "completion_rate_flow")
MONTH = {"unit": PENGZHAI, "from": "2026-10-01", "to": "2026-10-31"}


@pytest.fixture
async def desk(intake, county, monkeypatch):
    """A desk whose clock the test moves; it begins in the night of the 12th of October 2026, a Monday."""
    found = Desk(intake, county)

    def move(day, hour, minute=0, month=10):
        instant = datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)
        monkeypatch.setattr(clock, "now", lambda: instant)
        found.headers.clear()  # a session is over after some hours

    found.move = move
    move(12, 2, 10)
    return found


async def test_the_loop_from_a_call_in_the_night_to_the_month_s_figures(desk, county):
    number = await from_the_township_to_the_grid(desk)
    await the_empty_seat_is_passed_over(desk, county, number)
    await the_grid_hands_up(desk, number)
    await the_department_works(desk, number)
    await not_solved_is_round_two(desk, county, number)
    await the_month_s_figures_are_their_tickets(desk, county, number)


async def from_the_township_to_the_grid(desk):
    """The caller knows the town alone: its dispatcher gives the matter to the village, and, told the spot, to the grid."""
    number = await desk.file(place={"unit_code": PENGZHAI})
    ticket = await desk.read(number)
    assert (ticket["status"], ticket["holder"]["code"], ticket["received_at"]) == ("dispatched", PENGZHAI, "2026-10-11T18:10:00Z")
    due = limits(ticket)
    assert due["accept"] == "2026-10-11T20:10:00Z", "two hours of the clock on the wall, by night as by day"
    for unit, words in ((SHUIKOU, "水口村核实位置"), (STAFFED_GRID, "位置在第一网格")):
        ticket = await desk.does("pengzhai", number, "transfer", unit=unit, words=words)
        assert (ticket["holder"]["code"], limits(ticket)) == (unit, due), "who gets it last gets no more time"
    return number


def limits(ticket):
    return {item["stage"]: item["due_at"] for item in ticket["clocks"] if item["state"] == "running"}


async def the_empty_seat_is_passed_over(desk, county, number):
    """Nobody accepts; the grid's worker had left the day before. At its limit the matter leaves the seat for the village."""
    desk.move(12, 3)
    address = await grid_worker_address(county)
    ended = await desk.client.post(f"{address}/end", json={"valid_to": "2026-10-12"}, headers=await desk.as_("admin"))
    assert ended.status_code == 200, ended.text
    assert await tick(county) == 0, "late is late, not a minute before"
    desk.move(12, 4, 10)
    assert await tick(county) == 1
    await county.settle()
    ticket = await desk.read(number)
    assert (ticket["status"], ticket["holder"]["code"], ticket["hand_offs"]) == ("dispatched", SHUIKOU, 2)
    why = (await asked(desk, number, "why"))[-1]["why"]
    assert (why["rule"], why["because"], why["chosen"]["code"]) == ("escalated", "nobody holds a post there", SHUIKOU)
    (level,) = await county.fetch(
        "SELECT e.name, e.reached_at, l.code AS late FROM escalations e JOIN units l ON l.id = e.late_unit_id"
        " JOIN clocks c ON c.id = e.clock_id WHERE c.stage = 'accept' AND c.due_at <= e.reached_at"
    )
    assert (level["name"], level["late"]) == ("urge", STAFFED_GRID)
    assert level["reached_at"] == datetime(2026, 10, 12, 4, 10, tzinfo=SHANGHAI), "at the true time"


async def grid_worker_address(county):
    ((member, post),) = await county.fetch("SELECT p.member_id, p.id FROM posts p JOIN accounts a USING (member_id) WHERE a.login = 'grid'")
    return f"/v1/members/{member}/posts/{post}"


async def tick(county):
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        return await escalate_due(work, 100)


async def asked(desk, number, what):
    answer = await desk.client.get(f"/v1/tickets/{number}/{what}", headers=await desk.as_("county"))
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def the_grid_hands_up(desk, number):
    """The seat is filled again; whoever sits there says why it is beyond a grid. The village passes it on likewise."""
    desk.move(12, 8)
    member = (await grid_worker_address(desk.county)).split("/")[3]
    post = {"unit_code": STAFFED_GRID, "role": "grid_worker"}
    given = await desk.client.post(f"/v1/members/{member}/posts", json=post, headers=await desk.as_("admin"))
    assert given.status_code == 201, given.text
    desk.headers.clear()
    await desk.does("pengzhai", number, "transfer", unit=STAFFED_GRID, words="网格员已到岗")
    await desk.does("grid", number, "accept")
    await desk.does("grid", number, "log_work", words="已到场,先关阀门。", contacted=True)
    assert await desk.refused("grid", number, "hand_up", words="修不了") == "request.invalid", "without a coded reason it stays"
    ticket = await desk.does("grid", number, "hand_up", reason="needs_department", words="主管破裂,网格没有设备")
    assert ticket["holder"]["code"] == SHUIKOU
    why = (await asked(desk, number, "why"))[-1]["why"]
    assert (why["rule"], why["reason"], why["words"]) == ("hand_up", "needs_department", "主管破裂,网格没有设备")
    ticket = await desk.does("shuikou", number, "hand_up", reason="needs_department", words="村里没有管件")
    assert ticket["holder"]["code"] == PENGZHAI


async def the_department_works(desk, number):
    """Text and pictures; text alone is refused. Whoever called is told."""
    desk.move(12, 9)
    await desk.does("pengzhai", number, "transfer", unit=WATER, words="请县水利局办理")
    await worked(desk, number, "已更换爆裂管段,恢复供水")
    answered = await desk.does("hotline", number, "answer", words="水管已修好,感谢监督")
    assert answered["status"] == "answered"


async def worked(desk, number, words):
    await desk.does("water", number, "accept")
    await desk.does("water", number, "log_work", words="已联系来电人,现场开挖", contacted=True)
    assert await desk.refused("water", number, "resolve", words=words) == "ticket.evidence_missing"
    files = await desk.evidence("water")
    assert (await desk.does("water", number, "resolve", words=words, files=files))["status"] == "resolved"


async def not_solved_is_round_two(desk, county, number):
    """The hotline calls back: not solved. The same number, a second round to the same seat, solved this time."""
    desk.move(13, 10)
    heard = {"reached": True, "contacted": True, "solved": False, "satisfied": False}
    ticket = await desk.does("hotline", number, "call_back", words="夜里又漏了", **heard)
    assert (ticket["round"], ticket["status"], ticket["holder"]["code"]) == (2, "dispatched", WATER)
    await worked(desk, number, "已换整段主管,试压合格")
    await desk.does("hotline", number, "answer", words="主管已换")
    await desk.does("hotline", number, "call_back", words="通水了", **(heard | {"solved": True, "satisfied": True}))
    assert await desk.refused("water", number, "close", verified_by="site_check", words="自己验收") == "ticket.executor_verifies"
    ticket = await desk.does("pengzhai", number, "close", verified_by="call_back", words="回访确认")
    assert (ticket["status"], ticket["round"]) == ("closed", 2)
    rounds = await county.fetch(
        "SELECT r.number, r.outcome FROM rounds r JOIN tickets t ON t.id = r.ticket_id WHERE t.number = $1 ORDER BY 1", number
    )
    assert [tuple(row) for row in rounds] == [(1, "reopened"), (2, "closed")]


async def the_month_s_figures_are_their_tickets(desk, county, number):
    """One matter closed, one that nobody closes, one of the month before closed in this one: three definitions, three figures."""
    desk.move(30, 9, month=9)
    old = await desk.file("上月的水管", place={"unit_code": SHUIKOU})
    desk.move(14, 9)
    left = await desk.file("第二处水管", place={"unit_code": SHUIKOU})
    await desk.does("shuikou", old, "accept")
    await desk.does("shuikou", old, "log_work", words="已联系", contacted=True)
    await desk.does("shuikou", old, "resolve", words="修好", files=await desk.evidence("shuikou"))
    await desk.does("hotline", old, "answer", words="修好了")
    await desk.does("pengzhai", old, "close", verified_by="site_check", words="现场看过")
    desk.move(31, 18)
    expected = {
        "completion_rate_received": ({number}, {number, left}),
        "completion_rate_due": ({number, old}, {number, old, left}),
        "completion_rate_flow": ({number, old}, {number, left}),
    }
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as door:
        headers = await signed_in_as("analyst")
        for metric in COMPLETION:
            figure = (await report(door, headers, metric))["total"]
            parts = [await report(door, headers, f"{metric}/tickets", part=part) for part in ("numerator", "denominator")]
            listed = tuple({item["number"] for item in part["items"]} for part in parts)
            assert listed == expected[metric], metric
            assert (figure["numerator"], figure["denominator"]) == tuple(map(len, listed)) == tuple(part["total"] for part in parts)


async def report(door, headers, path, **more):
    answer = await door.get(f"/v1/reports/{path}", params={**MONTH, **more}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()
