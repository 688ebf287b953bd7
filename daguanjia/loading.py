"""What the loading commands share: reading a file a person names, and an open database."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from migrations.running import require_current
from services.platform.csv_files import LineError
from services.platform.database import OWNER, Database, use_database
from services.platform.doorbell import Doorbell, use_doorbell
from services.platform.errors import Problem
from services.platform.key_folder import require_same_folder
from services.platform.settings import settings

_LARGEST = 50 * 1024 * 1024
_SHOWN = 100
_FAILED = 2

T = TypeVar("T")


def file_text(path: Path) -> str:
    """Return the text of a UTF-8 file; raise a problem with one clear sentence where it cannot be read."""
    try:
        if path.stat().st_size > _LARGEST:
            raise Problem("file.too_large", f"{path} is larger than {_LARGEST // 1024 // 1024} MiB; it can hardly be such a file.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Problem("file.not_utf8", f"{path} is not UTF-8: see line {line}. Save it as UTF-8 (in Excel: “CSV UTF-8”).") from None
    except OSError as error:
        raise Problem("file.unreadable", f"{path} cannot be read: {error.strerror}.") from None
    if "\x00" in text or "\\u0000" in text:
        raise Problem("file.nul", f"{path} contains U+0000, which cannot be kept. Take it out.")
    return text


def file_json(path: Path) -> Any:
    """Return the JSON of a file; raise a problem with one clear sentence where it is none."""
    text = file_text(path)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Problem("file.not_json", f"{path} is not JSON: see line {error.lineno}, column {error.colno}.") from None


@asynccontextmanager
async def opened(*, seals: bool = False) -> AsyncIterator[Database]:
    """Open DATABASE_URL as its owner, for one command; raise where its schema is not of this release.

    `seals`: the command seals personal data; raise ``keys.another_folder`` where the keys here are not those of the doors and workers.
    """
    database = Database(settings().database_url, OWNER, pool_size=2)
    use_database(database)
    use_doorbell(Doorbell(""))
    try:
        await require_current(database)
        if seals:
            await require_same_folder(database)
        yield database
    finally:
        use_database(None)
        use_doorbell(None)
        await database.close()


def with_progress(title: str, rows: Sequence[T], portion: int) -> Iterator[Sequence[T]]:
    """Go through `rows` in portions, with a bar on a terminal that says how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=len(rows))
        for first in range(0, len(rows), portion):
            taken = rows[first : first + portion]
            yield taken
            bar.advance(task, len(taken))


def told_mistakes(errors: Sequence[LineError], into: Path | None) -> None:
    """Name the lines that were not loaded, and fail where there are any; all of them go `into` a file where one is named."""
    if not errors:
        return
    if into is not None:
        into.write_text("".join(f"{error}\n" for error in errors), encoding="utf-8")
    for error in errors[:_SHOWN]:
        typer.echo(str(error), err=True)
    more = f" The first {_SHOWN} are shown." if len(errors) > _SHOWN else ""
    typer.echo(f"{len(errors)} mistake(s): these lines were not loaded; correct them and load the file again.{more}", err=True)
    raise typer.Exit(_FAILED)
