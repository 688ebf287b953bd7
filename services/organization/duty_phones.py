"""The numbers of offices, which everybody may read: what is one, and when a mobile telephone may stand for one. Pure.

An office has a landline with its area code, a short number or one of 400 and 800. A mobile number is somebody's: it is published only
where an administrator wrote down why, and of older rows without that it is shown to nobody outside.
"""

import re

from services.platform.phones import normalised_phone

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_OFFICE = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})-[2-9][0-9]{6,7}(?:-[0-9]{1,6})?|[1-9][0-9]{2,5}|[48]00[0-9]{7}")
_EXTENSION = re.compile(r"(.*[0-9])-([0-9]{1,6})")


def duty_number(given: str) -> str:
    """Return the one spelling of an office's number, or of a mobile one; raise ValueError for what is neither."""
    said = normalised_phone(given) or ""
    if not (_OFFICE.fullmatch(said) or _MOBILE.fullmatch(said)):
        inner = _EXTENSION.fullmatch(given.strip())
        said = f"{normalised_phone(inner[1])}-{inner[2]}" if inner else said
    if _OFFICE.fullmatch(said) or _MOBILE.fullmatch(said):
        return said
    raise ValueError("must be an office's number: a landline with its area code (0762-5631234), a short number or one of 400 and 800")


def is_mobile(number: str) -> bool:
    """Tell whether a number is a mobile telephone's."""
    return bool(_MOBILE.fullmatch(number))


def published_number(number: str | None, reason: str | None) -> str | None:
    """Return what everybody may read of a unit's duty number: nothing where it is a mobile one without a reason, or no office's at all."""
    try:
        said = duty_number(number) if number else None
    except ValueError:
        return None
    return None if said and is_mobile(said) and not reason else said
