"""Where pages of lists go on, as cursors: the place of the last item, and what the first page counted.

What a list has in all is counted once, with its first page, and comes back with every cursor: so no page after it looks at all there is.
"""

from datetime import datetime
from uuid import UUID

from services.platform.errors import Problem
from services.web.paging import Part, read_cursor, write_cursor

Place = tuple[datetime, UUID]
_MOST = 10**15


def write_place(place: Place | None) -> str | None:
    """Return the cursor for a place in a list ordered by an instant; None of none."""
    return write_cursor(*_parts(place)) if place else None


def read_place(cursor: str) -> Place:
    """Return the place a cursor of :func:`write_place` stands for; raise a problem for any other text."""
    return _place(*read_cursor(cursor, (str, str)))


def write_counted(place: Place | None, *counts: int) -> str | None:
    """Return the cursor for a place in a list of which that many were counted; None of none."""
    return write_cursor(*_parts(place), *counts) if place else None


def read_counted(cursor: str | None) -> tuple[Place | None, int | None]:
    """Return the place and the count of a cursor of :func:`write_counted`, or neither without one; raise a problem for any other text."""
    if cursor is None:
        return None, None
    instant, one, count = read_cursor(cursor, (str, str, int))
    return _place(instant, one), counted(count)


def read_counted_twice(cursor: str | None) -> tuple[Place | None, tuple[int, int] | None]:
    """Return what :func:`read_counted` does, of two counts."""
    if cursor is None:
        return None, None
    instant, one, first, second = read_cursor(cursor, (str, str, int, int))
    return _place(instant, one), (counted(first), counted(second))


def counted(count: Part) -> int:
    """Return a count that a cursor brings; raise a problem for what none can be."""
    if isinstance(count, int) and 0 <= count <= _MOST:
        return count
    raise no_cursor()


def page_id(cursor: str) -> UUID:
    """Return the id a page ended with; raise a problem for any other text."""
    try:
        return UUID(page_text(cursor))
    except ValueError:
        raise no_cursor() from None


def page_text(cursor: str) -> str:
    """Return the one text a page ended with; raise a problem for what is no cursor."""
    return str(read_cursor(cursor, (str,))[0])


def no_cursor() -> Problem:
    """Return the problem of a text that is no cursor of the list."""
    return Problem("cursor.malformed", "The cursor is not one of this list; start without it.")


def _parts(place: Place) -> tuple[str, str]:
    return place[0].isoformat(), str(place[1])


def _place(instant: Part, one: Part) -> Place:
    try:
        found = datetime.fromisoformat(str(instant)), UUID(str(one))
    except ValueError:
        found = None
    if found is None or found[0].tzinfo is None:
        raise no_cursor()
    return found
