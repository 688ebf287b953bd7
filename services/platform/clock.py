"""The one place that reads the machine's clock, and the one that knows the time zone of the people served.

Inside, every instant is an aware ``datetime`` in UTC. Days, months and everything printed are Asia/Shanghai, which has no
summer time. Rooms never read the clock: they take ``work.now`` from their unit of work.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_FIRST, _LAST = date(1, 1, 2), date(9999, 12, 31)
"""The days whose beginning is an instant in UTC, too; whoever asks about the one before or the one after is answered as of these."""


def now() -> datetime:
    """Return the present instant in UTC. For the unit of work and the process shells only."""
    return datetime.now(UTC)


def local_day(instant: datetime) -> date:
    """Return the day in Asia/Shanghai on which `instant` falls. Raises ``ValueError`` for an instant without a time zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """Return the instant, in UTC, at which `day` begins in Asia/Shanghai; of any day there is."""
    return datetime.combine(max(day, _FIRST), time(), SHANGHAI).astimezone(UTC)


def day_end(day: date) -> datetime:
    """Return the instant, in UTC, at which `day` is over in Asia/Shanghai (exclusive); of any day there is."""
    return day_start(day + timedelta(days=1) if day < _LAST else _LAST)


def local_text(instant: datetime) -> str:
    """Return `instant` as people here write it, to the minute: ``2026年11月22日 02:10``."""
    local = instant.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
