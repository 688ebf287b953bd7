"""``daguanjia simulate``: what changed rules would have done."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from services.simulation.matters import Period
    from services.simulation.views import Simulation

_DAY = ["%Y-%m-%d"]
_PAIRS = 20
_FIRST, _LAST = date(2000, 1, 1), date(2100, 12, 31)


async def simulate(
    file: Annotated[Path | None, typer.Argument(help="Changed rules: JSON of any kind, or a categories.csv.")] = None,
    policy: Annotated[str | None, typer.Option(metavar="KIND:VERSION", help="A version, in place of FILE.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="First day; default: of the last quarter.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="Last day; default: of the last quarter, or today.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables: every matter that moves.")] = False,
) -> None:
    """Try a changed catalogue, ladder or calendar on the matters of a period, beside the rules in force. Nothing is written.

    Who would have got what, which deadlines move, which levels would be reached or not, which rules can never match.
    """
    from rich.console import Console
    from rich.progress import Progress

    from daguanjia.loading import opened
    from daguanjia.rules import definition_in, named_version
    from services.platform.clock import local_day, now
    from services.platform.errors import Problem
    from services.policies.actions import definition_of
    from services.simulation.simulating import read_only
    from services.simulation.simulating import simulate as try_out

    if (file is None) == (policy is None):
        raise Problem("simulation.nothing_named", "Name a file, or a version with --policy; one of them.")
    period = _period(first, last, local_day(now()))
    async with opened() as database, database.transaction() as session:
        await read_only(session)
        if policy is not None:
            kind, number = named_version(policy)
            definition = await definition_of(session, kind, number)
        else:
            assert file is not None
            kind, definition = await definition_in(session, file)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Trying the rules", total=None)
            told = lambda done, total: progress.update(task, completed=done, total=total)  # noqa: E731
            found = await try_out(session, kind, definition, period, now(), progress=told)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        _print(found, Console(soft_wrap=True))


def _period(first: datetime | None, last: datetime | None, today: date) -> "Period":
    from services.platform.errors import Problem
    from services.simulation.matters import Period, last_quarter

    if first is None and last is None:
        return last_quarter(today)
    if first is None:
        raise Problem("simulation.period_wrong", "Give the first day with --from too.")
    if not _FIRST <= first.date() <= _LAST or (last and last.date() > _LAST):
        raise Problem("simulation.period_wrong", f"The days of a period lie from {_FIRST} to {_LAST}.")
    try:
        return Period(first.date(), last.date() if last else today)
    except ValueError:
        raise Problem("simulation.period_wrong", "The last day comes before the first.") from None


def _print(found: "Simulation", console: "Console") -> None:
    from rich.table import Table

    from services.platform.clock import local_text

    console.print(f"{found.kind}, {found.first_day} to {found.last_day}: {found.matters} matters, {found.clocks} clocks.", highlight=False)
    console.print(f"{len(found.moved)} matters would have gone to another unit first.", highlight=False)
    if found.pairs:
        table = Table("from", "to", "matters")
        for pair in found.pairs[:_PAIRS]:
            table.add_row(f"{pair.before.name} {pair.before.code}", f"{pair.after.name} {pair.after.code}", str(pair.matters))
        console.print(table)
    due = found.deadlines
    table = Table("stage", "earlier", "later", "no limit any more", "a limit they had not")
    for stage in dict.fromkeys((*due.earlier, *due.later, *due.without, *due.more)):
        table.add_row(stage, *(str(counts.get(stage, 0)) for counts in (due.earlier, due.later, due.without, due.more)))
    console.print(f"{due.moved} deadlines move; {due.now_late} clocks would be late that were not, {due.now_in_time} the other way round.")
    if table.row_count:
        console.print(table)
    for one in due.examples[:5]:
        console.print(f"  {one.number} {one.stage}: {local_text(one.before)} → {local_text(one.after)}", highlight=False)
    table = Table("level", "reached by the rules in force", "by the changed ones", "gained", "lost")
    for name in dict.fromkeys((*found.levels.before, *found.levels.after)):
        counts = (found.levels.before, found.levels.after, found.levels.gained, found.levels.lost)
        table.add_row(name, *(str(counted.get(name, 0)) for counted in counts))
    console.print(table)
    for finding in found.findings:
        console.print(f"{finding.kind}: {finding.rule}: {finding.detail}", style="yellow", markup=False, highlight=False)
