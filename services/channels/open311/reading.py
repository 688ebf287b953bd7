"""What an Open311 client asks for, read strictly where a mistake would mislead and mildly where it would lose something. Pure.

An empty parameter is an absent one. Dates carry their zone. Coordinates are WGS-84. Whatever a person said of themselves is kept as given
in a sealed paper; what of it can be used goes into the contact, and what cannot (a telephone number that is none) does not stop the filing.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from services.catalogue.policy import CategoryPolicy
from services.channels.open311.services import Question, answered
from services.complaints.commands import Contact, Place, Telling
from services.platform.errors import Problem
from services.platform.text import storable

DESCRIPTION_AT_MOST = 4000
SPAN_AT_MOST = timedelta(days=90)
LISTED_AT_MOST = 1000
_PLACE_WORDS_AT_MOST = 200
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,64})\](?:\[\])?")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)\s?(Z|[+-]?\d\d:?\d\d)", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_WORDED = frozenset({"api_key", "jurisdiction_id", "service_code", "description", "lat", "long", "address_string", "address_id"})


class Fields:
    """The parameters of a request, from address and form. No `repr`: they are what a person typed."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            if value.strip():
                self._values.setdefault(name, []).append(value)

    def one(self, name: str) -> str | None:
        """Return the first value of a parameter that is not empty."""
        return self._values.get(name, [None])[0]

    def all(self, name: str) -> list[str]:
        """Return every value of a parameter, also of those that join several by commas."""
        return [part.strip() for value in self._values.get(name, ()) for part in value.split(",") if part.strip()]

    def pairs(self) -> list[tuple[str, str]]:
        """Return every parameter with each of its values."""
        return [(name, value) for name, values in self._values.items() for value in values]

    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        """What was answered by ``attribute[CODE]`` and ``attribute[CODE][]``."""
        found: dict[str, tuple[str, ...]] = {}
        for name, values in self._values.items():
            if said := _ATTRIBUTE.fullmatch(name):
                found[said[1]] = (*found.get(said[1], ()), *values)
        return found

    def besides(self) -> dict[str, list[str]]:
        """Return what has no place in the complaint itself, as given: who asked, media, answers, and whatever a client adds."""
        return {name: values for name, values in sorted(self._values.items()) if name not in _WORDED}

    def content(self) -> dict[str, list[str]]:
        """Return everything but the key, as given: two requests that agree in it say the same."""
        return {name: values for name, values in sorted(self._values.items()) if name != "api_key"}

    def check(self) -> None:
        """Raise a problem of status 400 for text that cannot be stored."""
        for name, values in self._values.items():
            try:
                for text in (name, *values):
                    storable(text)
            except ValueError:
                raise Problem("open311.text", "A parameter contains characters that cannot be stored.") from None


def read_instant(text: str, name: str) -> datetime:
    """Return an instant in UTC; raise a problem of status 400 unless it is ISO 8601 with a zone.

    A blank before the zone is the ``+`` of a client that did not escape it.
    """
    found = _INSTANT.fullmatch(text.strip())
    if found is not None:
        day, zone = found[1], found[2].replace("Z", "+00:00")
        try:
            return datetime.fromisoformat(day + (zone if zone[0] in "+-" else f"+{zone}")).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise Problem("open311.date", f"{name} must be a W3C date and time with a zone, such as 2026-11-22T02:10:00Z.")


def read_period(fields: Fields, now: datetime) -> tuple[datetime, datetime]:
    """Return what `start_date` and `end_date` ask for, both inclusive.

    Nothing said is the last 90 days, an end alone the 90 days before it, a start alone everything since; the two together may span 90 days.
    """
    start, end = fields.one("start_date"), fields.one("end_date")
    until = read_instant(end, "end_date") if end else None
    since = read_instant(start, "start_date") if start else None
    if since is None:
        until = until or now
        return _minus(until), until
    if until is None:
        return since, max(now, since)
    if not timedelta(0) <= until - since <= SPAN_AT_MOST:
        raise Problem("open311.span", "start_date must not be after end_date, and they may not span more than 90 days.")
    return since, until


def _minus(instant: datetime) -> datetime:
    return max(instant, datetime.min.replace(tzinfo=UTC) + SPAN_AT_MOST) - SPAN_AT_MOST


def read_page(fields: Fields) -> tuple[int, int]:
    """Return how many to skip and how many to show. `page` counts from 1; `page_size` (or `count`) is 1 to 1,000, which is the default."""
    size = _whole(fields.one("page_size") or fields.one("count"), "page_size", LISTED_AT_MOST, LISTED_AT_MOST)
    page = _whole(fields.one("page"), "page", 1, 1_000_000)
    return (page - 1) * size, size


def _whole(text: str | None, name: str, usual: int, most: int) -> int:
    if text is None:
        return usual
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 1 <= int(text) <= most:
        raise Problem("open311.page", f"{name} must be a whole number from 1 to {most}.")
    return int(text)


def read_statuses(fields: Fields) -> set[str]:
    """Return which of ``open`` and ``closed`` are asked for; both where nothing is said."""
    asked = {status.lower() for status in fields.all("status")}
    if not asked <= {"open", "closed"}:
        raise Problem("open311.status", "status must be open, closed, or both with a comma between.")
    return asked or {"open", "closed"}


def asks_more(fields: Fields) -> bool:
    """Tell whether `extensions` are asked for."""
    return (fields.one("extensions") or "").lower() in ("true", "1", "yes")


@dataclass(frozen=True, slots=True, repr=False)
class Wish:
    """A request to be filed. `described` counts the characters of its own description at the beginning of the words."""

    telling: Telling
    described: int
    sealed: dict[str, Any]


def read_wish(fields: Fields, policy: CategoryPolicy, questions: Iterable[Question]) -> Wish:
    """Return what is to be filed under `policy`. Raises problems of status 400 as the specification has them."""
    fields.check()
    place, address = read_place(fields, policy)
    lines, confidential = answered(questions, fields.attributes)
    if address:
        lines.append(f"地点：{address}")
    words, described = _words(fields.one("description"), policy, lines)
    contact = read_contact(fields)
    telling = Telling(
        words=words,
        category=policy.code,
        place=place,
        contact=contact if contact.known else None,
        confidential=confidential,
    )
    return Wish(telling, described, fields.besides())


def _words(description: str | None, policy: CategoryPolicy, lines: list[str]) -> tuple[str, int]:
    if description is not None and len(description) > DESCRIPTION_AT_MOST:
        raise Problem("open311.description", f"description is longer than {DESCRIPTION_AT_MOST} characters.")
    first = description or f"{policy.name}（通过开放接口提交，没有填写描述）"
    words = "\n\n".join([first, "\n".join(lines)] if lines else [first])
    if len(words) > DESCRIPTION_AT_MOST:
        raise Problem("open311.description", f"description and attributes are longer than {DESCRIPTION_AT_MOST} characters together.")
    return words, len(description or "")


def read_place(fields: Fields, policy: CategoryPolicy) -> tuple[Place | None, str | None]:
    """Return the place, and the whole address where it is too long for one. Only a category without a place may do without."""
    point = read_point(fields)
    address, unit = fields.one("address_string"), fields.one("address_id")
    if unit is not None and not _CODE.fullmatch(unit):
        raise Problem("open311.address_id", "address_id must be the code of a unit of this jurisdiction, such as 441624108213.")
    if point is None and address is None and unit is None:
        if policy.place_needed:
            raise Problem("open311.place_missing", "lat and long, address_string or address_id is required for this service_code.")
        return None, None
    lat, lon = point or (None, None)
    system: Any = "WGS-84" if point else None
    words = address[:_PLACE_WORDS_AT_MOST] if address else None
    place = Place(unit_code=unit, words=words, lat=lat, lon=lon, coordinate_system=system)
    return place, address if address and len(address) > _PLACE_WORDS_AT_MOST else None


def read_point(fields: Fields) -> tuple[float, float] | None:
    """Return latitude and longitude in WGS-84; None where one of the two is missing."""
    lat, lon = fields.one("lat"), fields.one("long")
    if lat is None or lon is None:
        return None
    try:
        point = float(lat), float(lon)
    except ValueError:
        point = math.nan, math.nan
    if not (abs(point[0]) <= 90 and abs(point[1]) <= 180):  # noqa: PLR2004  the globe
        raise Problem("open311.coordinates", "lat and long must be degrees in WGS-84, such as 24.44 and 114.93.")
    return point


def read_contact(fields: Fields) -> Contact:
    """Return whom to answer, as far as it can be read; the rest stays in the paper."""
    return Contact(
        name=_usable("name", _name(fields.one("first_name"), fields.one("last_name"))),
        phone=_usable("phone", fields.one("phone")),
        email=_usable("email", (fields.one("email") or "").strip() or None),
    )


def _usable(name: str, value: str | None) -> str | None:
    try:
        found: str | None = getattr(Contact.model_validate({name: value}), name)
    except ValidationError:
        return None
    return found


def _name(first: str | None, last: str | None) -> str | None:
    """Return a person's name as it is said: 张三 without a blank, Zhang San with one. A dash is what clients send for none."""
    given, family = ("" if part is None or part.strip() == "-" else part.strip() for part in (first, last))
    if not (given and family):
        return given or family or None
    return f"{given} {family}" if (given + family).isascii() else f"{family}{given}"


def own_id(fields: Fields) -> str | None:
    """Return the client's own id of its report, where it is one of the names clients use."""
    attributes: Mapping[str, tuple[str, ...]] = fields.attributes
    for name in ("fixmystreet_id", "external_id"):
        if attributes.get(name):
            return attributes[name][0]
    return fields.one("external_id")


def sender_marks(fields: Fields) -> bool:
    """Tell whether a request says from which person or device it comes, so that another one in the same words is another request."""
    return any(fields.one(name) for name in ("device_id", "account_id", "email", "phone"))
