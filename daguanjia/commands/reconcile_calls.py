"""``daguanjia reconcile-calls``: fill gaps in the calls of an exchange from its own files."""

from pathlib import Path
from typing import Annotated, BinaryIO

import typer


async def reconcile_calls(
    *,
    source: Annotated[str, typer.Option(help="Code of the exchange's connection.")],
    cdr: Annotated[Path | None, typer.Option(help="Call records as CSV (cdr_custom of the page, or Master.csv).")] = None,
    queue_log: Annotated[Path | None, typer.Option(help="Asterisk's queue_log.")] = None,
) -> None:
    """Read the files of an exchange and keep what no post said. Reading the same file again changes nothing."""
    from daguanjia.loading import opened
    from services.calls.exchanges import KIND, exchange_of
    from services.calls.reconciling import CDR, QUEUE_LOG, Reconciled, reconcile
    from services.connections.directory import connected_systems
    from services.platform.database import database
    from services.platform.errors import Invalid, NotFound

    if cdr is None and queue_log is None:
        raise Invalid("reconcile.nothing_given", "Give --cdr or --queue-log, or both.")
    async with opened(seals=True):
        async with database().transaction() as session:
            system = (await connected_systems(session)).by_code(source, KIND)
        if system is None:
            raise NotFound("exchange.unknown", "No exchange is connected under this code; see /v1/connections.")
        done = Reconciled()
        for kind, path in ((QUEUE_LOG, queue_log), (CDR, cdr)):
            if path is not None:
                with _opened(path) as lines:
                    done += await reconcile(exchange_of(system), kind, lines)
    typer.echo(f"{done.lines} lines read, {done.filled} events were missing, {done.unreadable} lines could not be read.")


def _opened(path: Path) -> BinaryIO:
    from services.platform.errors import NotFound

    try:
        return path.open("rb")
    except OSError:
        raise NotFound("reconcile.no_file", f"{path} cannot be read.") from None
