"""Templates of WeChat messages: which one tells what, and how our facts are fitted into its fields. Pure.

The setting maps an occasion to a template message, a subscription message, or both::

    {"answered": {"template": {"template_id": "…", "url": "https://…/{number}",
                               "fields": {"character_string1": "number", "phrase2": "status", "thing3": "words", "time4": "time"}},
                  "subscription": {"template_id": "…", "page": "…", "long_term": true, "fields": {…}}}}

A field's value is the name of a fact (see `SOURCES`), or a text of its own after ``=``. Each field's key says its type, and each type has
a longest length: what is longer is cut, because WeChat refuses the whole message otherwise (47003).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from services.platform.errors import Problem

Occasion = Literal["received", "dispatched", "informed", "extended", "answered", "closed", "rejected", "cancelled", "merged", "reopened"]

STATUS: Mapping[str, str] = {
    "received": "已受理",
    "dispatched": "已派单",
    "informed": "已受理",
    "extended": "已延期",
    "answered": "已反馈",
    "closed": "已办结",
    "rejected": "不予受理",
    "cancelled": "已撤销",
    "merged": "合并办理",
    "reopened": "重新办理",
}
SOURCES = ("number", "status", "time", "category", "unit", "words", "hotline", "code")
"""Facts a field may show: the ticket's number, what happened, when, category, unit, the message's words, hotline, tracking code."""

_NOTHING = "无"
_LONGEST = {
    "thing": 20,
    "name": 10,
    "phrase": 5,
    "const": 20,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "character_string": 32,
    "phone_number": 17,
    "car_number": 8,
    "amount": 16,
    "time": 32,
    "date": 32,
}
_OLD_STYLE = 200
_WORDY = frozenset({"thing", "const"})
"""Types whose cut is shown."""
_KEY = re.compile(r"([a-z_]+?)_?[0-9]*(?:\.DATA)?", re.ASCII)
_NOT_ALLOWED = {"number": re.compile(r"[^0-9.]"), "letter": re.compile(r"[^A-Za-z]"), "phone_number": re.compile(r"[^0-9+\-]")}


def _known(source: str) -> str:
    if source not in SOURCES and not source.startswith("="):
        raise ValueError(f"must be one of {', '.join(SOURCES)}, or a text after =")
    return source


_Key = Annotated[str, Field(pattern=r"^[a-z][a-z_]*[0-9]*$", max_length=40)]
_Source = Annotated[str, AfterValidator(_known)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MiniProgram(_Form):
    """The mini-program that a message opens."""

    appid: str
    pagepath: str = ""


class TemplateForm(_Form):
    """A template message."""

    template_id: str = Field(min_length=1)
    fields: dict[_Key, _Source]
    url: str = ""
    miniprogram: MiniProgram | None = None


class SubscriptionForm(_Form):
    """A subscription message. `long_term`: one consent lasts (government services may have such templates); else it is one message's."""

    template_id: str = Field(min_length=1)
    fields: dict[_Key, _Source]
    page: str = ""
    miniprogram: MiniProgram | None = None
    long_term: bool = False


class Forms(_Form):
    """What there is for one occasion."""

    template: TemplateForm | None = None
    subscription: SubscriptionForm | None = None


Templates = Mapping[str, Forms]
_SETTING: TypeAdapter[dict[Occasion, Forms]] = TypeAdapter(dict[Occasion, Forms])


def read_templates(given: str) -> Templates:
    """Return the setting's templates: `given` is JSON, or the path of a file of it; empty is none. Raises Problem for anything else."""
    if not given.strip():
        return {}
    try:
        content = given.encode() if given.lstrip().startswith("{") else Path(given).read_bytes()
        found = _SETTING.validate_python(orjson.loads(content))
    except OSError:
        problem = "DAGUANJIA_WECHAT_TEMPLATES names a file that cannot be read."
    except orjson.JSONDecodeError:
        problem = "DAGUANJIA_WECHAT_TEMPLATES is not JSON."
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"DAGUANJIA_WECHAT_TEMPLATES is wrong at {'.'.join(str(part) for part in first['loc'])}: {first['msg']}."
    else:
        return {str(occasion): forms for occasion, forms in found.items()}
    raise Problem("settings.wechat_templates", problem)


def filled(form: TemplateForm | SubscriptionForm, facts: Mapping[str, str]) -> dict[str, Any]:
    """Return the ``data`` of a message: each field with its value, cut to what its type bears."""
    return {key: {"value": fit(key, _value(source, facts))} for key, source in form.fields.items()}


def fit(key: str, value: str) -> str:
    """Return `value` as the field `key` takes it: one line, allowed characters only, cut to its type's length; never empty."""
    named = _KEY.fullmatch(key)
    kind = named[1] if named else ""
    clean = " ".join(value.split())
    if kind in _NOT_ALLOWED:
        clean = _NOT_ALLOWED[kind].sub("", clean)
    longest = _LONGEST.get(kind, _OLD_STYLE)
    if len(clean) > longest:
        clean = clean[: longest - 1] + "…" if kind in _WORDY else clean[:longest]
    return clean or _NOTHING


def link(template: str, number: str) -> str:
    """Return an address with the ticket's number in place of ``{number}``."""
    return template.replace("{number}", number)


def _value(source: str, facts: Mapping[str, str]) -> str:
    return source[1:] if source.startswith("=") else facts.get(source, "")
