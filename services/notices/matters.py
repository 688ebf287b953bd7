"""Which finished matters are published one by one (办结公示), and with how much of their place and kind. Pure.

A matter is listed among others like it: at the lowest place and the most precise kind of which at least `k` matters of `k` households
were finished in the month. Of each such class exactly `k` are listed, chosen by the hash of their number: so a list says of any place
and kind that it has at least `k`, and never how many; nothing can be subtracted from the totals.

Never listed: what was told in confidence or privately, petitions and letters, categories that are not plainly public in the catalogue,
demands that were adjudicated to be unreasonable, and matters of places or kinds whose totals are not told.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

MOST_LISTED = 60
"""Matters on one page at most; whole classes are left out beyond."""
LISTED_CHANNELS = ("hotline", "wechat", "field", "open311", "platform", "on_behalf", "visit")
NORMAL = "normal"
_WORDS = (
    ("after_photo", "已现场处置,留有处置前后照片"),
    ("photo", "已现场处置,留有照片"),
    ("text", "已办理并答复"),
)
_OTHER_WORDS = "已办结"


@dataclass(frozen=True, slots=True)
class FinishedMatter:
    """A matter that was closed. Places are codes of units, None where it is not placed so well; `top`: the branch of its category."""

    number: str
    county: str
    township: str | None
    village: str | None
    category: str
    top: str
    household: int
    received: date
    finished: date


@dataclass(frozen=True, slots=True)
class Listed:
    """A matter as it is published: under the page of `page`, at `place`, as of kind `category` (a category or a branch)."""

    page: str
    place: str
    category: str
    received: date
    finished: date

    @property
    def days(self) -> int:
        """How many days it took; 0: finished on the day it came."""
        return (self.finished - self.received).days


def may_be_listed(*, privacy: str, channel: str, unreasonable: bool, category_privacy: str | None) -> bool:
    """Tell whether a closed matter may be published one by one at all."""
    return privacy == NORMAL and category_privacy == NORMAL and channel in LISTED_CHANNELS and not unreasonable


def listed(matters: Iterable[FinishedMatter], k: int, *, hidden: Collection[str] = ()) -> list[Listed]:
    """Return what is published of `matters`, newest first. `hidden` are places and branches whose own totals are not told."""
    left = [matter for matter in sorted(matters, key=_lot) if matter.top not in hidden and matter.county not in hidden]
    found: defaultdict[str, list[list[Listed]]] = defaultdict(list)
    for level in ("village", "township", "county"):
        for kind in ("category", "top"):
            classes: defaultdict[tuple[str, str], list[FinishedMatter]] = defaultdict(list)
            for matter in left:
                if (place := _place(matter, level, hidden)) is not None:
                    classes[place, getattr(matter, kind)].append(matter)
            taken: set[str] = set()
            for (place, category), group in classes.items():  # in the order of lots, so that no place comes first
                if len(group) >= k and len({matter.household for matter in group}) >= k:
                    page = matter_page(group[0], level)
                    found[page].append([Listed(page, place, category, one.received, one.finished) for one in group[:k]])
                    taken |= {matter.number for matter in group}
            left = [matter for matter in left if matter.number not in taken]
    return [matter for classes_of_page in found.values() for matter in _cut(classes_of_page)]


def matter_page(matter: FinishedMatter, level: str) -> str:
    """Return the area on whose page a matter of a level is listed: its township's, or the whole jurisdiction's."""
    return matter.county if level == "county" or matter.township is None else matter.township


def result_words(evidence: Sequence[str]) -> str:
    """Return the result in the words of its category: what has to be shown before such a matter counts as done."""
    return next((words for kind, words in _WORDS if kind in evidence), _OTHER_WORDS)


def _place(matter: FinishedMatter, level: str, hidden: Collection[str]) -> str | None:
    if level == "county":
        return matter.county
    if matter.township is None or matter.township in hidden:
        return None
    if level == "township":
        return matter.township
    return None if matter.village in hidden else matter.village


def _lot(matter: FinishedMatter) -> bytes:
    """Nobody chooses what is shown: the hash of the number does."""
    return hashlib.sha256(matter.number.encode()).digest()


def _cut(classes: Sequence[Sequence[Listed]]) -> list[Listed]:
    kept: list[Listed] = []
    for group in classes:
        if len(kept) + len(group) <= MOST_LISTED:
            kept += group
    return sorted(kept, key=lambda one: (one.finished, one.received, one.place, one.category), reverse=True)
