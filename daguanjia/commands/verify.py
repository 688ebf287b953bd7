"""``daguanjia verify``: whether the history is what it was."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.anchors.files import Named


async def verify(
    files: Annotated[list[Path] | None, typer.Argument(help="Journals, proofs and anchors as JSON; none: the whole database.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="A public key, or its key id: then anchors signed by no other will do.")] = None,
) -> None:
    """Check the whole history of a database, or files that were handed out of one, and name the first event that is broken.

    Of a database: every journal, what was anchored of it, every anchor and its signature. Files are checked by themselves and against each
    other; `tools/verify_history.py` does that without anything of ours. Changes nothing; exit code 1 where something does not fit.
    """
    named: Named = frozenset(one.lower() for one in key or ())
    fits = await _files(files, named) if files else await _database(named)
    if not fits:
        raise typer.Exit(1)


async def _files(files: list[Path], named: Named) -> bool:
    from daguanjia.loading import file_json
    from services.anchors.files import UNREADABLE, across, check
    from services.platform.errors import Problem

    fits, sound = True, list[Any]()
    for path in files:
        try:
            document = file_json(path)
        except Problem as problem:
            if problem.code == "file.unreadable":
                raise
            document = None
        good, sentence = check(document, named) if document is not None else (False, UNREADABLE)
        fits, sound = fits and good, [*sound, *([document] if good else [])]
        typer.echo(f"{path}: {'ok' if good else 'BROKEN'}: {sentence}")
    for sentence in across(sound):
        fits = False
        typer.echo(f"together: BROKEN: {sentence}")
    return fits


async def _database(named: Named) -> bool:
    from rich.console import Console
    from rich.progress import Progress
    from sqlalchemy import text

    from daguanjia.loading import opened
    from services.anchors.verifying import check_anchors, check_journals, count_events, not_anchored
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    console, broken, read = Console(stderr=True), 0, 0
    async with opened(), unit_of_work(SYSTEM) as work:
        await work.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        await work.session.execute(text("SET LOCAL statement_timeout = 0"))
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("Reading the journal", total=await count_events(work.session))
            async for step in check_journals(work.session):
                read, broken = read + step.events, broken + len(step.broken)
                progress.advance(task, step.events)
                for sentence in step.broken:
                    typer.echo(f"BROKEN: {sentence}")
        faults = await check_anchors(work.session, named)
        waiting = await not_anchored(work.session)
    for sentence in faults:
        typer.echo(f"BROKEN: {sentence}")
    broken += len(faults)
    typer.echo(f"{read} events, {waiting} of them in no anchor yet: {broken or 'nothing'} broken.")
    return not broken
