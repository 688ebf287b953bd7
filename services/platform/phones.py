"""Chinese telephone numbers: one spelling for the look-up, and masks for the screen. Pure.

Only ASCII digits count as digits; full-width ones, as Chinese input methods make them, are folded first.
"""

import re
import unicodedata

_ANONYMOUS = frozenset({"", "anonymous", "unknown", "<unknown>", "0000"})
_SEPARATORS = re.compile(r"[\s\-()./]+")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(0(?:10|2[0-9]|[3-9][0-9]{2}))([2-9][0-9]{6,7})")
_OTHER = re.compile(r"\+?[0-9]{3,20}")


def normalised_phone(given: str) -> str | None:
    """Return the one spelling of a telephone number; None where the caller withheld it.

    ``+86 138-0555-0123`` and ``013805550123`` (a trunk's leading 0) are ``13805550123``; a landline is ``0555-8311234``; short and foreign
    numbers keep their digits. Raises ValueError for what is no telephone number at all.
    """
    folded = unicodedata.normalize("NFKC", given).strip()
    if folded.lower() in _ANONYMOUS:
        return None
    digits = _without_country(_SEPARATORS.sub("", folded))
    if digits.startswith("0") and _MOBILE.fullmatch(digits[1:]):
        digits = digits[1:]
    if _MOBILE.fullmatch(digits):
        return digits
    landline = _LANDLINE.fullmatch(digits)
    if landline:
        return f"{landline[1]}-{landline[2]}"
    if _OTHER.fullmatch(digits):
        return digits
    raise ValueError("must be a telephone number, such as 13800000123 or 0762-5600000")


def _without_country(digits: str) -> str:
    for prefix in ("+86", "0086"):
        if digits.startswith(prefix):
            rest = digits.removeprefix(prefix)
            return rest if _MOBILE.fullmatch(rest) or rest.startswith("0") else f"0{rest}"
    return digits[2:] if digits.startswith("86") and _MOBILE.fullmatch(digits[2:]) else digits


def masked_phone(phone: str) -> str:
    """Return `phone` with its middle hidden: ``138****0123``, ``0555-****234``; of other numbers the last two digits stay."""
    if _MOBILE.fullmatch(phone):
        return f"{phone[:3]}****{phone[-4:]}"
    area, dash, local = phone.partition("-")
    if dash and len(local) > 4:  # noqa: PLR2004  four digits are hidden
        return f"{area}-****{local[4:]}"
    return "*" * (len(phone) - 2) + phone[-2:]


def masked_name(name: str) -> str:
    """Return the family name's first character and a star for each further one: ``张*``, ``欧***``."""
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*"


def masked_email(email: str) -> str:
    """Return the address with all but the first character before the @ hidden: ``z***@example.org``."""
    name, _, host = email.partition("@")
    return f"{name[:1]}***@{host}"
