"""Finding where a text may be naming a place, and how sure each mention is.

Chinese has no blanks between words, so a name inside a sentence may be part of another one: 罗村 in 大罗村, 太平村 in 新太平村,
下车 in 下车的地方. The longest name wins where names overlap, and what stands before and after a mention decides how far it is
trusted.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from services.routing.ordinary_words import ORDINARY_WORDS

_SHORT = 2  # names of two characters (和县, 罗村) are the end of many longer ones (共和县, 大罗村)
_MODIFIERS = frozenset("大小新老旧上下前后东西南北中内外")
_BEFORE = frozenset("在住到去从于是的回来往至们家离由向和与及跟省市县区镇乡村")
_AFTER = frozenset("的那这有里边附在到去从和与及也都又是没被发组队屯片街口桥离")
_AFTER_WORDS = ("小学", "中学", "学校", "卫生", "政府", "水库", "小组", "村民", "自然村", "第")
_OTHER_KIND = frozenset("镇乡县市区省州路村")


class Trust(IntEnum):
    """How far a mention may be trusted."""

    IGNORED = 0
    SUSPECT = 1  # a certain name that looks like the end of a longer one: ask, never narrow with it
    DOUBTFUL = 2  # a bare name with a boundary on one side only: ask, or narrow with it
    PLAIN = 3  # a bare name standing alone in a sentence
    CERTAIN = 4  # a name that can only be a place, or a bare one beside the place it lies in


@dataclass(frozen=True, slots=True)
class Named:
    """The units one form of a name may mean, by number; `certain` ones are named so in full, the others only barely."""

    certain: frozenset[int]
    loose: frozenset[int]


@dataclass(frozen=True, slots=True)
class Mention:
    """One place in the text: from `start` to before `end`, the form written there, and the units it may mean."""

    start: int
    end: int
    form: str
    units: frozenset[int]
    bare: bool


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text without differences of width and blanks; `breaks` are the positions where blanks were."""

    letters: str
    breaks: frozenset[int]


def plain(text: str) -> PlainText:
    """Normalise a text for matching: NFKC, small letters, blanks taken out but remembered."""
    words = unicodedata.normalize("NFKC", text).casefold().split()
    breaks, position = [], 0
    for word in words:
        position += len(word)
        breaks.append(position)
    return PlainText("".join(words), frozenset(breaks))


class Lexicon:
    """All forms of all names, ready for finding the longest one at each position of a text."""

    def __init__(self, forms: Mapping[str, Named]) -> None:
        self._forms = dict(forms)
        lengths: dict[str, set[int]] = {}
        for form in self._forms:
            lengths.setdefault(form[:2], set()).add(len(form))
        self._lengths = {start: sorted(sizes, reverse=True) for start, sizes in lengths.items()}

    def mentions(self, letters: str) -> list[Mention]:
        """Every name in the text that is not part of a longer one, in the order of the text."""
        found: list[Mention] = []
        for start in range(len(letters)):
            for size in self._lengths.get(letters[start : start + 2], ()):
                named = self._forms.get(letters[start : start + size])
                if named is not None:
                    found.append(_mention(start, letters[start : start + size], named))
                    break
        taken: list[Mention] = []
        for mention in sorted(found, key=lambda one: (one.start - one.end, one.start)):
            if all(mention.end <= other.start or other.end <= mention.start for other in taken):
                taken.append(mention)
        return sorted(taken, key=lambda one: one.start)


def _mention(start: int, form: str, named: Named) -> Mention:
    """A full name outweighs the bare use of the same form: 罗村 is first the village called so."""
    bare = not named.certain
    return Mention(start, start + len(form), form, named.loose if bare else named.certain, bare)


def trust(text: PlainText, mentions: list[Mention], position: int, related: Callable[[frozenset[int], frozenset[int]], bool]) -> Trust:
    """How far the mention at `position` of the list is trusted; `related` tells whether two sets of units share a line of descent."""
    mention = mentions[position]
    if mention.end - mention.start == len(text.letters):
        return Trust.CERTAIN
    beside = [mentions[other] for other in (position - 1, position + 1) if 0 <= other < len(mentions)]
    touching = [other for other in beside if mention.start == other.end or mention.end == other.start]
    if any(related(mention.units, other.units) for other in touching):
        return Trust.CERTAIN
    if mention.form in ORDINARY_WORDS:
        return Trust.IGNORED
    left = _boundary_before(text, mention)
    if mention.bare:
        return _trust_in_bare_name(text, mention, before=left)
    modified = not left and text.letters[mention.start - 1] in _MODIFIERS
    short = not left and len(mention.form) <= _SHORT
    return Trust.SUSPECT if modified or short else Trust.CERTAIN


def _trust_in_bare_name(text: PlainText, mention: Mention, *, before: bool) -> Trust:
    follower = text.letters[mention.end : mention.end + 1]
    if follower in _OTHER_KIND and follower:
        return Trust.SUSPECT if before else Trust.IGNORED  # 水口镇 is not 水口村
    sides = before + _boundary_after(text, mention)
    return (Trust.IGNORED, Trust.DOUBTFUL, Trust.PLAIN)[sides]


def _boundary_before(text: PlainText, mention: Mention) -> bool:
    if mention.start == 0 or mention.start in text.breaks:
        return True
    letter = text.letters[mention.start - 1]
    return letter in _BEFORE or not letter.isalpha()


def _boundary_after(text: PlainText, mention: Mention) -> bool:
    if mention.end == len(text.letters) or mention.end in text.breaks:
        return True
    letter = text.letters[mention.end]
    return letter in _AFTER or not letter.isalpha() or text.letters.startswith(_AFTER_WORDS, mention.end)
