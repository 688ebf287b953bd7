"""What may be done with a help item and a mediation, and when. Pure: frozen values in, a problem or nothing out."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.platform.errors import Conflict, Fault, Invalid

SHORTEST_NAME = 2
"""A name of one character stands in too many words to be looked for."""


@dataclass(frozen=True, slots=True)
class Deed:
    """A step that stands: what it was, when, and its money in fen as the ledger has it now (None: no money)."""

    kind: str
    happened_on: date
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """Fen of an item: promised, come, and given to the household."""

    pledged: int = 0
    received: int = 0
    handed_over: int = 0

    @property
    def left(self) -> int:
        """What came and was not given on."""
        return self.received - self.handed_over


def money_of(deeds: Iterable[Deed]) -> Money:
    """Return the sums of an item's deeds. Never added to each other: they are the same money at three times."""
    sums = {"pledged": 0, "received": 0, "handed_over": 0}
    for deed in deeds:
        if deed.amount_fen is not None:
            sums[deed.kind] += deed.amount_fen
    return Money(**sums)


def funding_of(needed: int | None, money: Money) -> str:
    """Return how the raising of an item's money stands.

    ``in_place`` (到位) once all that is needed has come: what was pledged, where nobody said; ``none`` where none is raised.
    """
    wanted = needed if needed is not None else money.pledged
    if money.received and money.received >= wanted:
        return "in_place"
    if money.received:
        return "partly"
    if money.pledged:
        return "pledged"
    return "none" if needed is None else "raising"


def require_step(started_on: date, closed_on: date | None, before: Money, step: Deed) -> None:
    """Raise where a step cannot be: Invalid ``help.before_start``, Conflict ``help.closed`` or ``help.more_than_received``.

    What was given before the item was closed may come late, from a phone; money may not, for the closing said what was left of it.
    """
    if step.happened_on < started_on:
        fault = [Fault("/happened_on", "must not be before the item began")]
        raise Invalid("help.before_start", "Nothing was done for an item before it began; correct the day.", errors=fault)
    if closed_on is not None and (step.kind != "given" or step.happened_on > closed_on):
        raise Conflict("help.closed", "This item is closed; open another one that follows it.")
    if step.kind == "handed_over" and step.amount_fen is not None and step.amount_fen > before.left:
        detail = "More is handed over than has come for this item: record first what came."
        raise Conflict("help.more_than_received", detail, extra={"left_fen": before.left})


def require_withdrawal(closed_on: date | None, money: Money, withdrawn: Deed) -> None:
    """Raise where a step cannot be taken back: Conflict ``help.closed``, or ``help.handed_over`` for money that was given on."""
    if closed_on is not None:
        raise Conflict("help.closed", "This item is closed: what its closing relied on stays.")
    if withdrawn.kind == "received" and (withdrawn.amount_fen or 0) > money.left:
        raise Conflict("help.handed_over", "This money was handed over: take that back first.")


def require_closing(deeds: Collection[Deed], closed_on: date, started_on: date, outcome: str, *, left_explained: bool) -> int:
    """Return the fen that are left over; raise where an item cannot be closed on `closed_on`.

    Invalid ``help.before_start`` and ``help.before_step``; Conflict ``help.nothing_done`` for a success without a deed, and
    ``help.money_left`` for money that came, was not handed over, and of which nothing is said.
    """
    if closed_on < started_on:
        raise Invalid("help.before_start", "It ends after it began; correct the day.", errors=[Fault("/closed_on", "before the beginning")])
    if any(deed.happened_on > closed_on for deed in deeds):
        fault = [Fault("/closed_on", "before a step")]
        raise Invalid("help.before_step", "Something was done after this day; close it later, or correct that step.", errors=fault)
    if outcome in ("achieved", "partly") and not any(deed.kind in ("given", "handed_over") for deed in deeds):
        raise Conflict("help.nothing_done", "Nothing was given or handed over yet: record it first, or say that it was not achieved.")
    left = money_of(deeds).left
    if left and not left_explained:
        raise Conflict(
            "help.money_left", "Money that came was not handed over: say in money_left what becomes of it.", extra={"left_fen": left}
        )
    return left


def require_session(opened_on: date, ended_on: date | None, held_on: date) -> None:
    """Raise Invalid ``mediation.before_start`` or Conflict ``mediation.ended``. One held before the end may be told late."""
    if held_on < opened_on:
        fault = [Fault("/held_on", "must not be before the mediation began")]
        raise Invalid("mediation.before_start", "A session is held after the mediation began; correct the day.", errors=fault)
    if ended_on is not None and held_on > ended_on:
        raise Conflict("mediation.ended", "This mediation is over; open another one that follows it.")


def require_ending(opened_on: date, sessions: Collection[date], outcome: str, ended_on: date) -> None:
    """Raise Invalid ``mediation.before_start`` or ``mediation.before_session``, Conflict ``mediation.no_session``."""
    if ended_on < opened_on or any(held_on > ended_on for held_on in sessions):
        code = "mediation.before_start" if ended_on < opened_on else "mediation.before_session"
        fault = [Fault("/ended_on", "before the beginning, or before a session")]
        raise Invalid(code, "A mediation ends after all that was done in it; correct the day.", errors=fault)
    if outcome != "withdrawn" and not sessions:
        raise Conflict("mediation.no_session", "Nobody has sat down together yet: record a session first.")


def follow_up_day(outcome: str, ended_on: date, days: int) -> date | None:
    """Return the day on which is asked whether what was agreed is kept; None where nothing was agreed."""
    return ended_on + timedelta(days=days) if outcome == "settled" else None


def require_names_nobody(words: Mapping[str, str | None], parties: Iterable[Mapping[str, Any]]) -> None:
    """Raise Invalid ``mediation.names_a_party`` where words about a dispute say a party's name or number.

    `words` by pointer. What both sides are handed, or others read, calls them 甲方 and 乙方: so neither learns
    from it what it was not told.
    """
    told = [(side.get("name"), side.get("phone"), side.get("id_number")) for side in parties]
    sought = {_folded(one) for side in told for one in side if one and len(_folded(one)) >= SHORTEST_NAME}
    faults = [Fault(at, "names a party") for at, said in words.items() if said and any(one in _folded(said) for one in sought)]
    if faults:
        raise Invalid("mediation.names_a_party", "Write 甲方 and 乙方 in place of names and numbers.", errors=faults)


def require_two(parties: Iterable[Mapping[str, Any]]) -> None:
    """Raise Invalid ``mediation.one_party`` where both sides are the same household or the same telephone."""
    first, second = parties
    for name in ("household_id", "phone"):
        if first.get(name) is not None and first.get(name) == second.get(name):
            fault = [Fault(f"/party_b/{name}", "is the other party's")]
            raise Invalid("mediation.one_party", "A dispute has two parties; these are one.", errors=fault)


def _folded(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if one not in _LEFT_OUT and not one.isspace())


_LEFT_OUT = frozenset("-()./·")
