"""``daguanjia policies``: the versions of the rules, or one of them."""

from typing import Annotated

import typer


async def policies(
    show: Annotated[str | None, typer.Argument(metavar="[KIND|KIND:VERSION]", help="calendar, ladder, catalogue; or one version.")] = None,
) -> None:
    """List the versions of the rules, or print one (KIND:VERSION) as JSON, ready to be changed and drafted again."""
    import orjson
    from rich.console import Console
    from rich.table import Table

    from daguanjia.loading import opened
    from daguanjia.rules import is_version, named_version
    from services.platform.actor import SYSTEM
    from services.platform.clock import local_text
    from services.platform.unit_of_work import unit_of_work
    from services.policies.actions import definition_of
    from services.policies.queries import policies_of, state_of, timetable_of
    from services.simulation.kinds import KINDS, kind_of

    console, table = Console(), Table("kind", "version", "state", "in force from", "base", "note")
    async with opened(), unit_of_work(SYSTEM) as work:
        if show is not None and is_version(show):
            kind, version = named_version(show)
            definition = await definition_of(work.session, kind, version)
            typer.echo(orjson.dumps(definition, option=orjson.OPT_INDENT_2).decode())
            return
        for name in KINDS if show is None else [kind_of(show).name]:
            timetable = await timetable_of(work.session, name)
            for row in await policies_of(work.session, name, None, 50):
                said = f"repeats {row.reverts} " if row.reverts is not None else ""
                since = local_text(row.effective_at) if row.effective_at else ""
                state = state_of(row, timetable, work.now)
                table.add_row(name, str(row.version), state, since, str(row.base), said + (row.note or ""))
    console.print(table)
