"""Questions as they are written in an address, a saved report or an export: names and texts, read into what the rooms take. Pure."""

import dataclasses
import types
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from services.exports.periods import resolve
from services.platform.clock import day_end, day_start, local_day
from services.platform.errors import Fault, Invalid

T = TypeVar("T")
Given = Mapping[str, str]
"""A question: names and values as they stand in an address; a list as codes with commas."""
_IN_ADDRESSES = {"first": "from", "last": "to"}


def names_of(kind: Any) -> tuple[str, ...]:
    """Return what can be said of a question of `kind` (a dataclass or model): the names of its parameters, `period` among them."""
    fields = _fields(kind)
    found = [_IN_ADDRESSES.get(name, name) for name in fields]
    return (*found, "period") if {"first", "received_from"} & set(fields) else tuple(found)


def read(kind: type[T], given: Given, today: date) -> T:
    """Return the question that `given` asks on `today`; one `as_of` an instant means the periods of that day.

    Raises Invalid ``question.parameter_unknown``, ``question.invalid`` and ``period.unknown``.
    """
    fields, reader = _fields(cast("Any", kind)), _reader(cast("Any", kind))
    require_known(given, names_of(kind))
    values: dict[str, Any] = {name: given[_IN_ADDRESSES.get(name, name)] for name in fields if _IN_ADDRESSES.get(name, name) in given}
    if "period" in given:
        values |= _period(fields, resolve(given["period"], local_day(instant_of(given) or day_start(today))))
    for name in fields:
        if _is_list(fields[name]) and isinstance(values.get(name), str):
            values[name] = values[name].split(",")
    try:
        found = cast("T", reader.validate_python(values))
    except ValidationError as error:
        faults = [Fault("/question/" + "/".join(map(str, one["loc"])), one["msg"]) for one in error.errors(include_url=False)]
        raise _impossible(faults) from None
    unclear = [name for name in fields if not _is_clear(getattr(found, name))]
    if unclear:
        raise _impossible([Fault(f"/question/{_IN_ADDRESSES.get(name, name)}", "must be an instant with its offset") for name in unclear])
    return found


def instant_of(given: Given) -> datetime | None:
    """Return the instant that a question is asked `as_of`; None where it names none, or says what :func:`read` refuses."""
    try:
        found = _reader(datetime).validate_python(given["as_of"])
    except (KeyError, ValidationError):
        return None
    return found if isinstance(found, datetime) and _is_clear(found) else None


def require_known(given: Given, names: Iterable[str]) -> None:
    """Raise Invalid ``question.parameter_unknown`` where `given` says something that is not among `names`."""
    known = sorted(names)
    faults = [Fault(f"/question/{name}", "is no parameter of this") for name in given if name not in known]
    if faults:
        raise Invalid("question.parameter_unknown", f"The question may have: {', '.join(known)}.", errors=faults[:20])


def _impossible(faults: list[Fault]) -> Invalid:
    return Invalid("question.invalid", "The question cannot be asked like this; `errors` says where.", errors=faults)


def _is_clear(value: Any) -> bool:
    """Tell whether a value, if it is an instant, says which one: with its offset, and within what UTC can say."""
    if not isinstance(value, datetime):
        return True
    try:
        return value.tzinfo is not None and bool(value.astimezone(UTC))
    except OverflowError:
        return False


def _period(fields: Mapping[str, Any], days: tuple[date, date]) -> dict[str, Any]:
    if "first" in fields:
        return {"first": days[0], "last": days[1]}
    return {"received_from": day_start(days[0]), "received_to": day_end(days[1])}


@cache
def _fields(kind: Any) -> dict[str, Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return any(_is_list(one) for one in get_args(annotation))
    return origin in (list, tuple)
