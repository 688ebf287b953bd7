"""The terms a ticket is handled under: those of its category, or those of the petition rules. Pure.

Petition rules (信访工作条例, in force 2022-05-01), in natural days: 15 to sort a petition and tell the person in writing whether it is
taken on (art. 22, 23), 60 to settle it, longer once by 30 at most and with notice to the person (art. 34), 30 for a review (复查, art. 35),
30 for the final review (复核, art. 36), after which the same matter is not taken on again. Counted from the day it came, so never
later than the rules, which count some of them from the acceptance. What is urgent keeps its category's limit: nobody waits sixty days for a
burst pipe because they came in person.
"""

from services.deadlines.due import StageLimit, TimeUnit

USUAL, PETITION = "usual", "petition"
TERMS = (USUAL, PETITION)
LAST_ROUND = {PETITION: 3}
"""The round after which there is no other: 办理, 复查, 复核."""
ROUND_NAMES = {1: "办理", 2: "复查", 3: "复核"}

_INFORM_DAYS = 15
_SETTLE_DAYS = {1: 60, 2: 30, 3: 30}
EXTENSION_DAYS_AT_MOST = 30
EXTENSIONS_AT_MOST = {USUAL: 2, PETITION: 1}


def own_limit(terms: str, stage: str, number: int, urgency: str) -> StageLimit | None:
    """Return the limit these terms set themselves for `stage` in round `number`; None where the category's counts."""
    if terms != PETITION:
        return None
    if stage == "inform" and number == 1:
        return StageLimit(stage, _INFORM_DAYS, TimeUnit.NATURAL_DAYS)
    if stage == "resolve" and (urgency == "normal" or number > 1):
        return StageLimit(stage, _SETTLE_DAYS[min(number, len(_SETTLE_DAYS))], TimeUnit.NATURAL_DAYS)
    return None


def is_last(terms: str, number: int) -> bool:
    """Tell whether no round follows round `number`."""
    return number >= LAST_ROUND.get(terms, number + 1)
