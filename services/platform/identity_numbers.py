"""Resident identity numbers (GB 11643-1999): one spelling, the check character, and a mask. Pure.

Whether the division existed at the time of birth is not asked: counties are renumbered, and people keep their numbers.
"""

import re
from datetime import date

_SHAPE = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def normalised_identity_number(given: str) -> str:
    """Return the number without blanks, its ``x`` a capital; raise ValueError where it cannot be one."""
    number = "".join(given.split()).upper()
    if not _SHAPE.fullmatch(number):
        raise ValueError("must be a resident identity number of 18 characters")
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise ValueError("must hold a day of birth that exists") from None
    if _CHECKS[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11] != number[17]:
        raise ValueError("must end with the check character that fits")
    return number


def masked_identity_number(number: str) -> str:
    """Return the number with the first three and the last four characters shown: ``340***********0324``."""
    return f"{number[:3]}{'*' * 11}{number[-4:]}"
