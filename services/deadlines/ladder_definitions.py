"""Reading the definition of ladders strictly: every fault is found and told with its place, and a faulty definition yields nothing. Pure.

``{"rules": [{"code": "pipes", "stages": ["resolve"], "categories": ["water"], "urgencies": ["urgent"], "units": ["working_days"],
"levels": [{"name": "urge", "before": {"percent": 20}}, {"name": "list", "after": {"amount": 5, "unit": "working_days"}}]}]}``
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from services.deadlines.due import TimeUnit
from services.deadlines.escalation import After, AfterShare, Before, BeforeShare, When
from services.deadlines.models import LEVEL_NAMES, STAGES
from services.platform.errors import Fault, Invalid

_EARLY = ("urge", "supervise")
"""What may be done before the due instant: nothing is taken from a seat, and nobody is named in public, for what is not late."""
_WORDS: Mapping[str, Collection[str]] = {
    "stages": STAGES,
    "urgencies": ("normal", "urgent", "emergency"),
    "units": tuple(unit.value for unit in TimeUnit),
}
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_CATEGORY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_MOST_RULES, _MOST_LEVELS, _MOST_PERCENT = 200, 20, 10_000
_MOST_AMOUNT = {"minutes": 600_000, "working_minutes": 600_000}
_MOST_DAYS = 1_000

_Rule = dict[str, Any]


def rules_of(definition: object, *, reserved: Collection[str] = ()) -> Sequence[_Rule]:
    """Return the rules as plain values: `code`, the four lists, and `levels` as pairs of name and when.

    Raises Invalid ``ladder.faulty`` with every fault.
    """
    faults: list[Fault] = []
    if not isinstance(definition, Mapping) or set(definition) != {"rules"} or not isinstance(definition["rules"], list):
        raise _faulty([Fault("", 'a definition is {"rules": [...]} and nothing else')])
    given = definition["rules"]
    if len(given) > _MOST_RULES:
        raise _faulty([Fault("/rules", f"there are more than {_MOST_RULES} rules")])
    rules = [_rule(rule, f"/rules/{place}", faults) for place, rule in enumerate(given)]
    times = Counter(rule["code"] for rule in rules)
    for place, rule in enumerate(rules):
        if rule["code"] is not None and times[rule["code"]] > 1:
            faults.append(Fault(f"/rules/{place}/code", f"{rule['code']} is the code of more than one rule"))
        if rule["code"] in reserved:
            faults.append(Fault(f"/rules/{place}/code", f"{rule['code']} is the code of a rule the product comes with"))
    if faults:
        raise _faulty(faults)
    return rules


def _faulty(faults: Sequence[Fault]) -> Invalid:
    return Invalid("ladder.faulty", "The ladders have faults; see the list, correct them and send all of it again.", errors=faults)


def _rule(rule: object, at: str, faults: list[Fault]) -> _Rule:
    made: _Rule = {"code": None, "stages": [], "categories": [], "urgencies": [], "units": [], "levels": []}
    if not isinstance(rule, Mapping):
        faults.append(Fault(at, "a rule is an object"))
        return made
    faults += [Fault(f"{at}/{key}", "there is no such field") for key in rule if key not in made]
    code = rule.get("code")
    if isinstance(code, str) and _CODE.fullmatch(code):
        made["code"] = code
    else:
        faults.append(Fault(f"{at}/code", "a code is up to 40 small letters, digits, - and _, the first a letter"))
    for key in ("stages", "categories", "urgencies", "units"):
        made[key] = _listed(rule.get(key), key, f"{at}/{key}", faults)
    made["levels"] = _levels(rule.get("levels"), f"{at}/levels", faults)
    return made


def _listed(given: object, key: str, at: str, faults: list[Fault]) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list):
        faults.append(Fault(at, "this is a list; an empty one means all"))
        return []
    for place, word in enumerate(given):
        if key == "categories":
            known = isinstance(word, str) and _CATEGORY.fullmatch(word) is not None
        else:
            known = isinstance(word, str) and word in _WORDS[key]
        if not known:
            one_of = f": {', '.join(_WORDS[key])}" if key in _WORDS else ", like water.pipe_burst"
            faults.append(Fault(f"{at}/{place}", f"this is none of the {key}{one_of}"))
        elif word in given[:place]:
            faults.append(Fault(f"{at}/{place}", f"{word} is named twice"))
    return [word for word in given if isinstance(word, str)]


def _levels(given: object, at: str, faults: list[Fault]) -> list[tuple[str, When]]:
    if not isinstance(given, list) or not 1 <= len(given) <= _MOST_LEVELS:
        faults.append(Fault(at, f"a ladder has 1 to {_MOST_LEVELS} levels"))
        return []
    found = [_level(level, f"{at}/{place}", faults) for place, level in enumerate(given)]
    whens = [when for _, when in found if when is not None]
    if len(whens) == len(given) and all(isinstance(when, Before | BeforeShare) for when in whens):
        faults.append(Fault(at, "no level lies at the due instant or after it: nobody would be told that the clock is late"))
    for place, (below, above) in enumerate(pairwise(found), 1):
        if below[1] is not None and above[1] is not None and _out_of_order(below[1], above[1]):
            faults.append(Fault(f"{at}/{place}", "this level lies before the one below it"))
    return [(name, when) for name, when in found if when is not None]


def _out_of_order(below: When, above: When) -> bool:
    """Tell whether a level surely lies before the one below it. Amounts of different units cannot be compared without a clock."""
    match below, above:
        case ((After() | AfterShare()), (Before() | BeforeShare())):
            return True
        case (AfterShare(low), AfterShare(high)) | (BeforeShare(high), BeforeShare(low)):
            return high < low
        case After(low, unit), After(high, other):
            return high < low and (unit is other or high == 0)
        case Before(high, unit), Before(low, other):
            return unit is other and high < low
    return isinstance(above, After) and above.amount == 0 and isinstance(below, AfterShare) and below.percent > 0


def _level(level: object, at: str, faults: list[Fault]) -> tuple[str, When | None]:
    if not isinstance(level, Mapping):
        faults.append(Fault(at, "a level is an object"))
        return "", None
    faults += [Fault(f"{at}/{key}", "there is no such field") for key in level if key not in ("name", "before", "after")]
    name = level.get("name")
    if not isinstance(name, str) or name not in LEVEL_NAMES:
        faults.append(Fault(f"{at}/name", f"a level is one of {', '.join(LEVEL_NAMES)}"))
        name = ""
    if ("before" in level) == ("after" in level):
        faults.append(Fault(at, "a level has either before or after"))
        return name, None
    early = "before" in level
    if early and name and name not in _EARLY:
        faults.append(Fault(f"{at}/name", f"before the due instant there is only {' or '.join(_EARLY)}"))
    key = "before" if early else "after"
    return name, _when(level[key], f"{at}/{key}", faults, early=early)


def _when(given: object, at: str, faults: list[Fault], *, early: bool) -> When | None:
    least = 1 if early else 0
    match given:
        case {"percent": percent, **more} if not more:
            most = 100 if early else _MOST_PERCENT
            if type(percent) is int and least <= percent <= most:
                return BeforeShare(percent) if early else AfterShare(percent)
            faults.append(Fault(f"{at}/percent", f"a percentage is a whole number from {least} to {most}"))
        case {"amount": amount, "unit": str(unit), **more} if not more:
            if unit not in _WORDS["units"]:
                faults.append(Fault(f"{at}/unit", f"a unit is one of {', '.join(_WORDS['units'])}"))
            elif type(amount) is int and least <= amount <= _MOST_AMOUNT.get(unit, _MOST_DAYS):
                return Before(amount, TimeUnit(unit)) if early else After(amount, TimeUnit(unit))
            else:
                faults.append(Fault(f"{at}/amount", f"an amount is a whole number from {least} to {_MOST_AMOUNT.get(unit, _MOST_DAYS)}"))
        case _:
            faults.append(Fault(at, 'this is {"percent": n} or {"amount": n, "unit": "working_days"}'))
    return None
