"""The made-up county: the same for the same seed whoever makes it, true to its journal, and true where it is copied."""

import asyncio
import os
from collections.abc import Iterator
from datetime import date

import asyncpg
import orjson
import pytest

from daguanjia.county import copying
from daguanjia.county.drawing import Drawing, Wanted
from daguanjia.county.living import Copied
from daguanjia.county.making import Making, make
from daguanjia.county.playing import play
from daguanjia.county.world import World, read_world
from daguanjia.loading import opened
from services.identity import passwords
from services.journal.chain import first_broken
from services.platform.actor import SYSTEM
from services.platform.clock import day_start
from services.platform.errors import Conflict
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.reports.facts import Fact
from services.reports.rebuilding import rebuild
from services.tickets.numbers import format_number, read_number
from services.tickets.rebuilding import check_clocks
from tests.conftest import Running, _run_sql
from tests.county import CHEAP

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
UNTIL = date(2026, 11, 22)
TABLES = ("report_facts", "report_history", "rollup_cells", "duration_cells")
_names = iter(range(1, 1000))


class Made:
    """A database of its own for a county."""

    def __init__(self, servers: Running, template: str) -> None:
        name = f"made_{next(_names)}"
        self.url = servers.named(name)
        asyncio.run(_run_sql(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))

    def use(self) -> None:
        os.environ["DATABASE_URL"] = self.url
        settings.cache_clear()

    def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        async def fetched() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.url)
            try:
                return await connection.fetch(query, *values)
            finally:
                await connection.close()

        return asyncio.run(fetched())

    def sums(self) -> dict[str, tuple[int, int]]:
        """The number of rows of each table of figures, and a sum over all they say."""
        return {
            table: tuple(self.fetch(f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t")[0])  # type: ignore[misc]
            for table in TABLES
        }


@pytest.fixture(autouse=True)
def cheap() -> Iterator[None]:
    before, hasher = os.environ.get("DATABASE_URL"), passwords.HASHER
    passwords.HASHER = CHEAP
    yield
    passwords.HASHER = hasher
    if before is None:
        os.environ.pop("DATABASE_URL", None)
    else:
        os.environ["DATABASE_URL"] = before
    settings.cache_clear()


def county(seed: int = 1, tickets: int = 450, *, journal: bool = True, processes: int = 1) -> Making:
    return Making(Wanted(seed, tickets, 6, UNTIL), journal, processes, "a-password-of-its-own")


async def the_world() -> World:
    async with opened() as database, database.transaction() as session:
        return await read_world(session, day_start(UNTIL), UNTIL)


def test_a_county_is_what_its_seed_says_and_what_its_journal_says(servers: Running, empty_template: str) -> None:
    first = Made(servers, empty_template)
    first.use()
    made = make(county())
    kinds = dict(map(tuple, first.fetch("SELECT tier, count(*) FROM units GROUP BY tier")))  # type: ignore[arg-type]
    assert kinds["grid"] == 6955
    assert kinds["village"] == 424
    assert kinds["township"] == 40
    assert first.fetch("SELECT count(*) AS n FROM members")[0]["n"] > 8_000
    _is_true_to_its_journal(first)
    with pytest.raises(Conflict, match="--force"):
        make(county())

    second = Made(servers, empty_template)
    second.use()
    assert make(county(processes=2)) == made
    assert second.sums() == first.sums()
    assert make(Making(Wanted(2, 450, 6, UNTIL), journal=True, processes=1, password="x" * 12, force=True)).content != made.content
    asyncio.run(_run_sql(second.url, "UPDATE accounts SET login = 'somebody' WHERE login = 'demo-analyst-441624-1'"))
    asyncio.run(_run_sql(second.url, "DELETE FROM events WHERE type = 'organization.simulated'"))
    with pytest.raises(Conflict, match="account"):
        make(Making(Wanted(2, 10, 6, UNTIL), journal=True, processes=1, password="x" * 12, force=True))


def _is_true_to_its_journal(made: Made) -> None:
    events = made.fetch("SELECT * FROM events WHERE subject_kind = 'ticket' ORDER BY subject_id, seq")
    chains: dict[object, list[dict[str, object]]] = {}
    for event in events:
        chains.setdefault(event["subject_id"], []).append({**event, "data": orjson.loads(event["data"])})
    assert len(chains) == 450
    assert all(first_broken(chain) is None for chain in chains.values())
    heads = dict(map(tuple, made.fetch("SELECT id, chain_head FROM tickets")))  # type: ignore[arg-type]
    assert heads == {ticket: chain[-1]["hash"] for ticket, chain in chains.items()}
    kinds = {event["type"] for event in events}
    assert kinds >= {
        "ticket.returned", "ticket.handed_up", "ticket.merged", "ticket.reopened", "ticket.repeated", "ticket.extension_decided",
        "ticket.suspension_decided", "ticket.rejected", "ticket.exclusion_decided", "ticket.escalated",
    }  # fmt: skip

    async def check() -> int:
        async with opened() as database, database.transaction() as session:
            pages = [page async for page in check_clocks(session)]
        assert [difference.said() for page in pages for difference in page.differences] == []
        async with opened(), unit_of_work(SYSTEM) as work:
            return await rebuild(work)

    before = made.sums()
    assert asyncio.run(check()) == 450
    assert made.sums() == before


def test_copied_lives_are_what_living_them_elsewhere_would_have_been(
    servers: Running, empty_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "MOST_LIVED", 450)
    made = Made(servers, empty_template)
    made.use()
    make(county(tickets=1350, journal=False))
    facts = {row["ticket_id"]: Fact._make(row[name] for name in Fact._fields) for row in made.fetch("SELECT * FROM report_facts")}
    assert len(facts) == 1350
    world = asyncio.run(the_world())
    wanted = Wanted(1, 450, 6, UNTIL)
    drawing = Drawing(wanted, world)
    plans = [plan for number in range(2) for plan in drawing.block(number)]
    for copy in (1, 2):
        copied = {
            plan.nth: Copied(copying.moved(world, plan.spot, copy), copying.copied_id(living.ticket_id, copy))
            for plan, living in zip(plans, [one for number in range(2) for one in play(world, drawing.block(number), 1)], strict=True)
        }
        for number in range(2):
            for living in play(world, drawing.block(number), 1, copied=copied):
                sequence = copying.copied_sequence(living.plan.nth, copy, 450)
                lived = living.life.facts()[-1]
                number_said = format_number(date.fromisoformat(f"{lived.number[:4]}-{lived.number[4:6]}-{lived.number[6:8]}"), sequence)
                assert facts[living.ticket_id] == lived._replace(number=number_said, lead_member_id=None)
                assert read_number(number_said) == number_said
    _cells_are_sums(made)


def _cells_are_sums(made: Made) -> None:
    """Every cell is what the product's own functions make of the facts that were written."""
    from services.reports.durations import durations_of
    from services.reports.measures import COUNTERS, KEY, Sums, add

    sums: Sums = {}
    durations: dict[tuple[object, ...], int] = {}
    for row in made.fetch("SELECT * FROM report_facts"):
        fact = Fact._make(row[name] for name in Fact._fields)
        add(sums, fact)
        for key in durations_of(fact):
            durations[key] = durations.get(key, 0) + 1
    cells = {
        tuple(row[name] for name in KEY): {name: row[name] for name in COUNTERS if row[name]}
        for row in made.fetch("SELECT * FROM rollup_cells")
    }
    assert cells == {key: kept for key, cell in sums.items() if (kept := {name: value for name, value in cell.items() if value})}
    found = made.fetch("SELECT measure, area, month, source, demand, minutes, tickets FROM duration_cells")
    assert {tuple(row)[:-1]: row["tickets"] for row in found} == durations
    is_open = "status IN ('received', 'dispatched', 'accepted', 'resolved', 'answered')"
    past_due = "EXISTS (SELECT FROM clocks, backlog_line WHERE ticket_id = tickets.id AND state = 'running' AND due_at < line_at)"
    rows = made.fetch(f"SELECT area_path, count(*), count(*) FILTER (WHERE {past_due}) FROM tickets WHERE {is_open} GROUP BY 1")
    summed = "sum(received + dispatched + accepted + resolved + answered), sum(late)"
    backlog = made.fetch(f"SELECT area, {summed} FROM backlog_cells GROUP BY 1")
    for area, open_tickets, late in backlog:
        below = [row for row in rows if row[0].startswith(area)]
        assert (open_tickets, late) == (sum(row[1] for row in below), sum(row[2] for row in below))
    assert {row[0] for row in rows} <= {row[0] for row in backlog}
    tickets = made.fetch("SELECT count(*) AS n, count(DISTINCT number) AS numbers, count(merged_into_id) AS merged FROM tickets")[0]
    assert tickets["n"] == tickets["numbers"] == 1350
    stray = "SELECT FROM tickets t WHERE merged_into_id IS NOT NULL AND NOT EXISTS (SELECT FROM tickets o WHERE o.id = t.merged_into_id)"
    assert made.fetch(stray) == []
    assert tickets["merged"] > 0
