"""What becomes of "on duty" and "off duty", in whatever order they come from phones that were away. Pure.

Off duty always wins: who said so is off, though an earlier "on" comes after it; and a shift ends by itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Said = Literal["on", "off"]
Ended = Literal["said", "time"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A shift that has not been said to be over: from when, and until when it lasts by itself."""

    started_at: datetime
    ends_at: datetime

    def lasts(self, now: datetime) -> bool:
        """Tell whether it still goes on at `now`."""
        return now < self.ends_at


@dataclass(frozen=True, slots=True)
class Deed:
    """What to write: end the standing shift (`end_at`, `because`), and a new row from `begin_at` to `until`.

    A new row with `over_at` is over already: it only remembers what was said. All None: nothing changes.
    """

    end_at: datetime | None = None
    because: Ended | None = None
    begin_at: datetime | None = None
    until: datetime | None = None
    over_at: datetime | None = None
    over_because: Ended | None = None


def decided(said: Said, at: datetime, now: datetime, standing: Standing | None, last_off: datetime | None, lasts: timedelta) -> Deed:
    """Return what becomes of `said`, which counts as said at `at`.

    `standing`: the shift that is open; `last_off`: when a shift ended last; `lasts`: how long one lasts by itself.
    """
    return _off(at, standing, lasts) if said == "off" else _on(at, now, standing, last_off, lasts)


def _on(at: datetime, now: datetime, standing: Standing | None, last_off: datetime | None, lasts: timedelta) -> Deed:
    over = None
    if standing is not None:
        if at < standing.ends_at:
            return Deed()  # on duty is on duty: said again it is not longer
        over = standing.ends_at
        last_off = max(over, last_off) if last_off else over
    if last_off is not None and at < last_off:
        return Deed(over, "time" if over else None)  # it was over before we heard that it began
    until = at + lasts
    ended = until if until <= now else None
    return Deed(over, "time" if over else None, at, until, ended, "time" if ended else None)


def _off(at: datetime, standing: Standing | None, lasts: timedelta) -> Deed:
    if standing is not None and at >= standing.started_at:
        ran_out = at >= standing.ends_at
        return Deed(standing.ends_at if ran_out else at, "time" if ran_out else "said")
    if standing is not None:
        return Deed()  # of an earlier shift
    return Deed(begin_at=at, until=at + lasts, over_at=at, over_because="said")
