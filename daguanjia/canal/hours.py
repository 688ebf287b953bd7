"""The story's clock: months go by in seconds, in this process alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

from services.platform import clock

_BETWEEN = timedelta(milliseconds=250)
MONTHS = 6
"""From the service day to the end. Where the month is young, the end lies in the month before."""
_YOUNG = 6


class Hours:
    """What time it is in the story: a little later at every look, and another day where it says so."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def __call__(self) -> datetime:
        """Return what time it is."""
        self._at += _BETWEEN
        return self._at

    def to(self, day: date, hour: int, minute: int = 0) -> datetime:
        """Go on to an hour of a day, never back; return it."""
        self._at = max(self._at, datetime.combine(day, time(hour, minute), clock.SHANGHAI).astimezone(UTC))
        return self._at


def months_before(today: date) -> list[date]:
    """Return the first days of the months in which the story plays, the first one first; the last step comes after the last of them."""
    back = MONTHS + (today.day < _YOUNG)
    first = today.year * 12 + today.month - 1 - back
    return [date(month // 12, month % 12 + 1, 1) for month in range(first, first + MONTHS)]


@contextmanager
def story_clock(hours: Hours) -> Iterator[None]:
    """Have this process look at the story's clock inside the block."""
    before = clock.now
    clock.now = hours
    try:
        yield
    finally:
        clock.now = before
