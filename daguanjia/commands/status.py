"""``daguanjia status``: whether everything is well."""

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from services.deadlines.queries import overdue_clocks
from services.journal.queries import Backlog, backlog
from services.notifications.queries import Mail, mail
from services.organization.queries import unit_tree
from services.platform.database import Database
from services.platform.doorbell import Doorbell
from services.platform.key_folder import is_same_folder
from services.platform.settings import settings
from services.reports.made import read_made

LONGEST_WAIT = 60.0
"""Seconds after which an undelivered event means that no worker does its duty."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is looked at. Without a current schema nothing beyond it can be known."""

    postgres: str
    redis: bool
    schema: str | None
    schema_needed: str
    deliveries: Backlog | None = None
    overdue_clocks: int | None = None
    messages: Mail | None = None
    units: int | None = None
    blank_units: int | None = None
    missing_sums: int | None = None
    same_keys: bool | None = None

    def wrong(self) -> list[str]:
        """Return what somebody has to do something about, one sentence each."""
        found = []
        if self.schema != self.schema_needed:
            found.append(f"The schema is at {self.schema or 'nothing'}, this release needs {self.schema_needed}: run `daguanjia migrate`.")
        if self.same_keys is False:
            found.append(
                "The keys of days here are not those this database goes with, or DAGUANJIA_SECRET is another: mount the folder the other"
                " machines use as <DAGUANJIA_HOME>/contact_keys; doors and workers refuse to start without it."
            )
        if self.missing_sums:
            found.append(
                "Sums of reports are missing, and all tickets are counted instead: a worker makes them within ten minutes,"
                " `daguanjia rebuild-reports --missing` at once."
            )
        if self.deliveries and self.deliveries.parked:
            found.append(f"{self.deliveries.parked} deliveries are parked: look at the worker's log, then run `daguanjia retry-parked`.")
        if self.deliveries and (self.deliveries.oldest_seconds or 0) > LONGEST_WAIT:
            found.append("Events wait for their delivery for more than a minute: is a worker running?")
        return found


async def status(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Show servers, schema, queue, clocks, messages and blank units. Exit code 1: something needs a person."""
    found = await look()
    wrong = found.wrong()
    if as_json:
        _print_json(found, wrong)
    else:
        _print_table(found, wrong)
    if wrong:
        raise typer.Exit(1)


async def look() -> Status:
    """Ask the servers of DATABASE_URL and REDIS_URL."""
    from migrations import running

    database, bell = Database(settings().database_url, pool_size=1), Doorbell(settings().redis_url)
    try:
        schema, redis = await running.current(database), await bell.answers()
        async with database.transaction() as session:
            connection = await session.connection()
            postgres = ".".join(str(part) for part in (connection.dialect.server_version_info or ()))
            plain = Status(postgres, redis, schema, running.head())
            if schema != plain.schema_needed:
                return plain
            tree = await unit_tree(session)
            active = [unit for unit in tree.by_id.values() if unit.active]
            return Status(
                postgres,
                redis,
                schema,
                plain.schema_needed,
                deliveries=await backlog(session),
                overdue_clocks=await overdue_clocks(session),
                messages=await mail(session),
                units=len(active),
                blank_units=sum(not tree.staffed(unit.id) for unit in active),
                missing_sums=(await read_made(session)).missing,
                same_keys=await is_same_folder(session),
            )
    finally:
        await bell.close()
        await database.close()


def _print_json(found: Status, wrong: list[str]) -> None:
    import orjson

    typer.echo(orjson.dumps({**asdict(found), "wrong": wrong}, option=orjson.OPT_INDENT_2).decode())


def _print_table(found: Status, wrong: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "", show_header=False)
    for name, value in rows(found):
        table.add_row(name, value)
    console = Console()
    console.print(table)
    for sentence in wrong:
        console.print(sentence, style="bold red", markup=False)
    if not wrong:
        console.print("All is well.", style="green")


def rows(found: Status) -> list[tuple[str, str]]:
    """Return the lines of the table."""
    lines = [
        ("PostgreSQL", found.postgres),
        ("Redis", "answers" if found.redis else "does not answer: the worker looks by itself, every two seconds"),
        ("schema", f"{found.schema or 'empty'} (needed: {found.schema_needed})"),
    ]
    if found.deliveries is not None:
        oldest = found.deliveries.oldest_seconds
        lines += [
            ("deliveries due / put off / parked", f"{found.deliveries.due} / {found.deliveries.put_off} / {found.deliveries.parked}"),
            ("oldest undelivered event", "none" if oldest is None else f"{oldest:.1f} s ago"),
        ]
    if found.messages is not None:
        counts = (found.messages.queued, found.messages.sent, found.messages.given_up, found.messages.no_carrier)
        lines.append(("messages queued / sent / given up / no carrier", " / ".join(str(count) for count in counts)))
        if found.messages.stopped_endpoints:
            lines.append(("webhook", "stopped: its endpoint answered 410"))
        if found.messages.paused_ways:
            lines.append(("ways of WeChat that are closed for now", str(found.messages.paused_ways)))
        if found.messages.phone_tasks:
            lines.append(("calls the hotline is to make", str(found.messages.phone_tasks)))
    if found.units is not None:
        lines += [("overdue clocks", str(found.overdue_clocks)), ("units, blank", f"{found.units}, {found.blank_units}")]
        lines.append(("sums of reports that are missing", str(found.missing_sums)))
        keys = {True: "the ones this database goes with", False: "of another folder", None: "no process has started yet"}
        lines.append(("keys of days", keys[found.same_keys]))
    return lines
