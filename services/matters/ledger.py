"""Money and labour of a matter in double entry: every entry adds up to nothing, in each unit for itself. Pure.

=================  ==============================================================================
account            what its sum says
=================  ==============================================================================
``source:<who>``   minus what this source gave its word for, or simply gave
``due:<who>``      promised and not there yet
``held``           there and not spent yet
``spent``          spent; of labour, worked
=================  ==============================================================================

Money is in fen, labour in half-days (以工代劳). What comes settles what was promised first; what comes unpromised is a source of its own.
Labour is spent as it is given. Nothing is spent that is not held. What was promised and will never come is written off, by whom it was
promised; that it was promised stays to be seen.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from services.platform.errors import Conflict

SOURCES = ("finance", "donation", "members", "collective", "villagers", "other")
SOURCE_NAMES = {
    "finance": "财政资金", "donation": "社会捐赠", "members": "党员干部", "collective": "村集体", "villagers": "村民筹集", "other": "其他",
}  # fmt: skip
Unit = Literal["fen", "half_day"]
UNITS: tuple[Unit, ...] = ("fen", "half_day")
Deed = Literal["pledge", "receive", "spend", "give_back", "write_off"]
DEEDS: tuple[Deed, ...] = ("pledge", "receive", "spend", "give_back", "write_off")


class Posting(NamedTuple):
    """One line of an entry; positive on the side of `held`, `due` and `spent`."""

    account: str
    unit: Unit
    amount: int


@dataclass(frozen=True, slots=True)
class SourceSum:
    """What a source promised or gave, what of it came, and what is still owed."""

    source: str
    pledged: int
    received: int
    due: int


@dataclass(frozen=True, slots=True)
class Sums:
    """How the ledger stands in one unit. `settled`: nothing is owed and nothing is left over."""

    unit: Unit
    sources: tuple[SourceSum, ...]
    pledged: int
    received: int
    spent: int
    held: int
    due: int

    @property
    def settled(self) -> bool:
        """Tell whether everything promised came and everything that came is spent."""
        return self.held == 0 and self.due == 0


def balances(postings: Iterable[Posting]) -> Counter[tuple[str, Unit]]:
    """Return what stands on each account."""
    found: Counter[tuple[str, Unit]] = Counter()
    for one in postings:
        found[one.account, one.unit] += one.amount
    return found


def postings_of(deed: Deed, unit: Unit, source: str | None, amount: int, standing: Mapping[tuple[str, Unit], int]) -> list[Posting]:
    """Return the lines of what was done, given how the accounts stand.

    Raises Conflict ``ledger.not_held`` for spending or giving back what is not there, ``ledger.not_given`` for giving to somebody else,
    ``ledger.not_due`` for writing off more than is outstanding.
    """
    if deed == "write_off":
        due = standing.get((f"due:{source}", unit), 0)
        if amount > due:
            raise Conflict("ledger.not_due", "No more can be written off than this source still owes.", extra={"due": due})
        return [Posting(f"source:{source}", unit, amount), Posting(f"due:{source}", unit, -amount)]
    if deed == "pledge":
        return [Posting(f"due:{source}", unit, amount), Posting(f"source:{source}", unit, -amount)]
    if deed == "receive":
        into = "spent" if unit == "half_day" else "held"
        promised = min(max(standing.get((f"due:{source}", unit), 0), 0), amount)
        lines = [Posting(into, unit, amount), Posting(f"due:{source}", unit, -promised)]
        lines.append(Posting(f"source:{source}", unit, promised - amount))
        return [line for line in lines if line.amount]
    held = standing.get(("held", unit), 0)
    if amount > held:
        raise Conflict("ledger.not_held", "No more can be spent or given back than is held; record what came first.", extra={"held": held})
    if deed == "give_back" and amount > -standing.get((f"source:{source}", unit), 0):
        raise Conflict("ledger.not_given", "This source gave less than that; give back to whom it came from.")
    to = "spent" if deed == "spend" else f"source:{source}"
    return [Posting(to, unit, amount), Posting("held", unit, -amount)]


def reversed_lines(lines: Iterable[Posting], standing: Mapping[tuple[str, Unit], int]) -> list[Posting]:
    """Return the lines that undo these. Raises Conflict ``ledger.built_upon`` where later entries rest on them."""
    undone = [Posting(one.account, one.unit, -one.amount) for one in lines]
    after = Counter(dict(standing))
    for one in undone:
        after[one.account, one.unit] += one.amount
    for (account, unit), amount in after.items():
        wrong = amount < 0 if not account.startswith("source:") else amount > 0
        if wrong and (account, unit) in {(one.account, one.unit) for one in undone}:
            raise Conflict("ledger.built_upon", "Later entries rest on this one; reverse those first.")
    return undone


def sums_of(postings: Iterable[Posting], unit: Unit) -> Sums:
    """Return how the ledger stands in a unit."""
    at = balances(postings)
    sources = []
    for source in SOURCES:
        pledged, due = -at[f"source:{source}", unit], at[f"due:{source}", unit]
        if pledged or due:
            sources.append(SourceSum(source, pledged, pledged - due, due))
    return Sums(
        unit, tuple(sources), sum(one.pledged for one in sources), sum(one.received for one in sources),
        at["spent", unit], at["held", unit], sum(one.due for one in sources),
    )  # fmt: skip


def balanced(postings: Iterable[Posting]) -> bool:
    """Tell whether lines add up to nothing in each unit, as the database demands of every entry."""
    sums: Counter[str] = Counter()
    for one in postings:
        sums[one.unit] += one.amount
    return not any(sums.values())
