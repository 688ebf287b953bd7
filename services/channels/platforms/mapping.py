"""From an order as a city's or province's 12345 platform sends it to what we file: by the mapping in its connection's options. Pure.

Only two things must be there: the platform's own order number and words. Whatever else cannot be read is left out and noted, so that a
complaint is never lost over a telephone number or a date; and nothing is guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.complaints.commands import Contact, Place, Telling
from services.connections.platform_options import Kind, PlatformOptions, Urgency
from services.platform.phones import normalised_phone

BACK_AT_MOST = timedelta(days=366)
AHEAD_AT_MOST = timedelta(minutes=5)
_ORDER_NO_AT_MOST = 128
_WORDS_AT_MOST = 4000
_SHORT_AT_MOST = 200
_MILLISECONDS = 100_000_000_000
_RANK: Mapping[Urgency, int] = {"normal": 0, "urgent": 1, "emergency": 2}


class Unmappable(Exception):  # noqa: N818  it is raised like a finding, not like an error of ours
    """The payload is no order by this mapping; `faults` are (name of the field, code), never a value."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("the payload cannot be read as an order")
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True, repr=False)
class Order:
    """What an order says, in our terms. `notes` are the fields that could not be used: name and code. No `repr`: it holds a person."""

    order_no: str
    telling: Telling
    kind: Kind | None
    their_category: str | None
    urgency: Urgency
    deadline: datetime | None
    urged: bool
    sent_back: bool
    notes: Mapping[str, str]


def read_order(options: PlatformOptions, payload: Any, now: datetime, unit_codes: Callable[[str], bool]) -> Order:
    """Return what `payload` says; `unit_codes` tells whether a unit is in force. Raises Unmappable."""
    reading = _Reading(options, payload, now)
    order_no, words = reading.order_no(), reading.words()
    if reading.faults:
        raise Unmappable(reading.faults)
    place = reading.place(unit_codes)
    contact = reading.contact()
    category = reading.text("category")
    ours = options.categories.get(category) if category else None
    if category and ours is None:
        reading.notes["category"] = "not_in_table"
    telling = Telling(
        words=words,
        category=ours,
        place=place if place != Place() else None,
        happened_at=reading.happened_at(),
        contact=contact if contact.known else None,
        confidential=reading.yes("confidential"),
        wants_answer=reading.yes("wants_answer", otherwise=True),
    )
    return Order(
        order_no=order_no,
        telling=telling,
        kind=reading.of_table("kind", options.kinds),
        their_category=category,
        urgency=reading.of_table("urgency", options.urgencies) or "normal",
        deadline=reading.instant("deadline"),
        urged=reading.yes("urged"),
        sent_back=reading.yes("sent_back"),
        notes=reading.notes,
    )


def more_urgent(one: str, other: Urgency) -> str:
    """Return the higher of two urgencies: a platform may make a matter more urgent than its category, never less."""
    return other if _RANK[other] > _RANK.get(one, 0) else one  # type: ignore[call-overload]  # `one` is an urgency too


def look_up(payload: Any, path: str) -> Any:
    """Return what is at a dotted path or JSON pointer; None where there is nothing."""
    here = payload
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")] if path.startswith("/") else path.split(".")
    for part in parts:
        if isinstance(here, dict):
            here = here.get(part)
        elif isinstance(here, list) and part.isascii() and part.isdigit() and int(part[:6]) < len(here):
            here = here[int(part[:6])]
        else:
            return None
    return here


class _Reading:
    """One payload under one mapping; gathers what was wrong on the way."""

    def __init__(self, options: PlatformOptions, payload: Any, now: datetime) -> None:
        self._options = options
        self._payload = payload
        self._now = now
        self.faults: dict[str, str] = {}
        self.notes: dict[str, str] = {}

    def order_no(self) -> str:
        found = self._plain(self._options.fields.order_no)
        if not found:
            self.faults["order_no"] = "missing"
        elif len(found) > _ORDER_NO_AT_MOST or not found.isprintable():
            self.faults["order_no"] = "malformed"
        return found or ""

    def words(self) -> str:
        paths = self._options.fields.words
        found = [text for path in ((paths,) if isinstance(paths, str) else paths) if (text := self._plain(path))]
        words = "\n".join(found)
        if not words:
            self.faults["words"] = "missing"
        elif len(words) > _WORDS_AT_MOST:
            self.faults["words"] = "too_long"
        return words

    def text(self, name: str) -> str | None:
        """The text of an optional field; None where there is none, noted where it is none that can be kept."""
        path = getattr(self._options.fields, name)
        found = self._plain(path) if path else None
        if found and len(found) > _SHORT_AT_MOST:
            self.notes[name] = "too_long"
            return None
        return found or None

    def place(self, unit_codes: Callable[[str], bool]) -> Place:
        theirs = self.text("division")
        code = self._options.divisions.get(theirs, theirs) if theirs else None
        if code is not None and not unit_codes(code):
            self.notes["division"] = "unit_unknown"
            code = None
        lat, lon = self._degrees("lat", 90), self._degrees("lon", 180)
        if (lat is None) != (lon is None):
            self.notes.setdefault("lat" if lat is None else "lon", "missing")
            lat = lon = None
        if (lat, lon) == (0.0, 0.0):  # what a system writes that has no place
            lat = lon = None
        system = self._options.coordinate_system if lat is not None else None
        return Place(unit_code=code, words=self.text("address"), lat=lat, lon=lon, coordinate_system=system)

    def contact(self) -> Contact:
        name, phone = self.text("name"), self.text("phone")
        if phone is not None:
            try:
                phone = normalised_phone(phone)
            except ValueError:
                self.notes["phone"] = "malformed"
                phone = None
        try:
            return Contact(name=name, phone=phone)
        except ValidationError:
            self.notes["name"] = "malformed"
            return Contact(phone=phone)

    def yes(self, name: str, *, otherwise: bool = False) -> bool:
        path = getattr(self._options.fields, name)
        found = look_up(self._payload, path) if path else None
        if found is None or found == "":
            return otherwise
        return found is True or str(found).strip().lower() in {one.lower() for one in self._options.yes}

    def of_table(self, name: str, table: Mapping[str, Any]) -> Any:
        """Our word for theirs; noted where the table has none."""
        theirs = self.text(name)
        if theirs is None:
            return None
        if theirs not in table:
            self.notes[name] = "not_in_table"
        return table.get(theirs)

    def happened_at(self) -> datetime | None:
        found = self.instant("happened_at")
        if found is not None and not self._now - BACK_AT_MOST <= found <= self._now + AHEAD_AT_MOST:
            self.notes["happened_at"] = "impossible"
            return None
        return found

    def instant(self, name: str) -> datetime | None:
        path = getattr(self._options.fields, name)
        found = look_up(self._payload, path) if path else None
        if found is None or found == "":
            return None
        read = self._instant(found)
        if read is None:
            self.notes[name] = "malformed"
        return read

    def _instant(self, given: Any) -> datetime | None:
        """An instant in UTC: seconds or milliseconds since 1970, ISO 8601, or one of the formats; without a zone in the options' own."""
        try:
            text = str(given).strip()
            if text.isascii() and text.isdigit() and 10 <= len(text) <= 13:  # noqa: PLR2004  seconds have ten digits, milliseconds thirteen
                number = int(text)
                return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
            read = _by_formats(text, self._options.time_formats) or datetime.fromisoformat(text)
            zoned = read if read.tzinfo else read.replace(tzinfo=ZoneInfo(self._options.zone))
            return zoned.astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def _degrees(self, name: str, most: int) -> float | None:
        path = getattr(self._options.fields, name)
        found = look_up(self._payload, path) if path else None
        if found is None or found == "" or isinstance(found, bool):
            return None
        try:
            degrees = float(found)
        except (TypeError, ValueError):
            degrees = float("nan")
        if not abs(degrees) <= most:  # NaN is not
            self.notes[name] = "malformed"
            return None
        return degrees

    def _plain(self, path: str) -> str | None:
        """Text, or a number as text; what cannot be stored is none."""
        found = look_up(self._payload, path)
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            return None
        text = str(found).strip()
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return None
        return None if "\x00" in text else text


def _by_formats(text: str, formats: tuple[str, ...]) -> datetime | None:
    for form in formats:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  the caller gives it its zone
        except ValueError:
            continue
    return None
