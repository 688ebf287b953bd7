"""What the commands about rules share: naming a version, and reading a definition from a file."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from daguanjia.loading import file_json, file_text
from services.catalogue.definition import CatalogueDefinition
from services.catalogue.parsing import parse_categories
from services.catalogue.queries import present_definition
from services.organization.loading import file_wrong
from services.organization.queries import read_unit_tree
from services.platform.clock import SHANGHAI
from services.platform.errors import Problem
from services.policies.actions import Kind
from services.simulation.kinds import kind_of

_MARKS = {
    "categories": "catalogue", "rows": "catalogue", "rules": "ladder", "calendars": "calendar", "years": "calendar",
    "schemes": "assessment",
}  # fmt: skip
"""What a definition has, by which it is told of which kind it is."""


def named_version(words: str) -> tuple[Kind, int]:
    """Return kind and version of words like ``ladder:3``; raise a problem for anything else."""
    kind, _, version = words.partition(":")
    if not version.isascii() or not version.isdigit() or len(version) > len("999999999"):
        raise Problem("policy.version_wrong", f"{words!r} is not a version like ladder:3 or catalogue:12.")
    return kind_of(kind), int(version)


def is_version(words: str) -> bool:
    """Tell whether words name a version and not a file."""
    return words.partition(":")[0] in set(_MARKS.values()) and ":" in words


async def definition_in(session: AsyncSession, path: Path) -> tuple[Kind, dict[str, Any]]:
    """Return the definition in a file: JSON of any kind, or a categories.csv, which keeps the area rows of now."""
    if path.suffix.lower() == ".csv":
        parsed = parse_categories(file_text(path))
        if parsed.errors:
            raise file_wrong(parsed.errors)
        codes = {found.code for found in parsed.categories}
        rows = tuple(row for row in (await present_definition(session)).rows if row.category in codes)
        return kind_of("catalogue"), CatalogueDefinition(parsed.categories, rows).as_json()
    definition = file_json(path)
    kinds = {_MARKS[name] for name in definition if name in _MARKS} if isinstance(definition, dict) else set()
    if len(kinds) != 1:
        raise Problem("policy.kind_unclear", f"{path} holds no rules: it has neither `categories`, `rules`, `calendars` nor `schemes`.")
    return kind_of(kinds.pop()), definition


async def warning(session: AsyncSession) -> str | None:
    """Return what has to be said where no units are loaded: nobody could check who is responsible where."""
    if (await read_unit_tree(session)).root is not None:
        return None
    return "No units are loaded yet, so nothing could say where nobody is responsible. Load units and departments first."


def instant_in(words: str | None) -> datetime | None:
    """Return the instant of words like ``2027-01-01`` or ``2027-01-01T08:00``, of Asia/Shanghai where no zone is given."""
    if words is None:
        return None
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        raise Problem("policy.instant_wrong", f"{words!r} is not an instant like 2027-01-01 or 2027-01-01T08:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)
