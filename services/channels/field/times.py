"""What a phone's clock is worth. Pure.

The policy, for every batch and every command in it:

- the **offset** of a device is our clock when a batch came, less the device's clock when it sent it. It holds the time on the way too, so
  it errs towards "sent earlier", by seconds; it is kept with each command and, as last seen, with the device;
- an offset of up to :data:`TOLERATED` is taken for time on the way: what the device says counts as it is;
- a larger one is a wrong clock: every time of the batch is moved by it;
- nothing happened after it reached us: a time that would lie in the future counts as now;
- what is older than :data:`KEPT_BACK` is refused, as everywhere where something is told late.

A clock that was wrong when something happened and was put right before sending cannot be seen; what the device said is kept beside what
it counts as, so that it can be judged later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.complaints.filing import BACK_AT_MOST
from services.platform.errors import Invalid

TOLERATED = timedelta(seconds=30)
"""Longer than a small batch is under way on a bad line, shorter than matters for a limit."""
KEPT_BACK = BACK_AT_MOST


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """When a batch was sent, by the device, and when it came, by us."""

    sent_at: datetime
    received_at: datetime

    @property
    def offset(self) -> timedelta:
        """How far the device's clock is behind ours; negative where it is ahead."""
        return self.received_at - self.sent_at

    @property
    def offset_ms(self) -> int:
        """:attr:`offset` in whole milliseconds."""
        return self.offset // timedelta(milliseconds=1)

    def counted(self, happened_at: datetime) -> datetime:
        """Return what the device's `happened_at` (in UTC) counts as; raise Invalid ``command.too_old`` past 366 days."""
        offset = self.offset if abs(self.offset) > TOLERATED else timedelta()
        try:
            at = happened_at + offset
        except OverflowError:
            raise _too_old() from None
        if at < self.received_at - KEPT_BACK:
            raise _too_old()
        return min(at, self.received_at)


def after(since: datetime | None, counted: datetime) -> datetime:
    """Return `counted`, moved to `since` where it lies before it by no more than a clock may be off unseen."""
    return since if since is not None and since - TOLERATED <= counted < since else counted


def _too_old() -> Invalid:
    return Invalid("command.too_old", "This happened more than 366 days ago. Have it filed on paper, at the desk.")
