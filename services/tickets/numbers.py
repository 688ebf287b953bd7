"""Ticket numbers people can say over the phone: ``20261122-000123-6``: day of receipt, sequence, check digit.

The check digit is ISO 7064 MOD 11,10 over the digits before it: every single wrong digit and nearly every swap of neighbours is noticed.
Numbers are unique and ascending, not gap-free: a gap-free counter would make every filing wait for the one before.
"""

import re
from datetime import date

_SHAPE = re.compile(r"(\d{8})-?(\d{6,12})-?(\d)", re.ASCII)


def format_number(day: date, sequence: int) -> str:
    """Return the number of the `sequence`-th ticket (a positive integer), received on `day` in Asia/Shanghai."""
    digits = f"{day:%Y%m%d}{sequence:06d}"
    return f"{digits[:8]}-{digits[8:]}-{_check_digit(digits)}"


def read_number(text: str) -> str | None:
    """Return the number written in `text` in its one spelling (dashes may be missing), or None where it cannot be one."""
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        return None
    day, sequence, check = found.groups()
    return f"{day}-{sequence}-{check}" if _check_digit(day + sequence) == check else None


def _check_digit(digits: str) -> str:
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)
