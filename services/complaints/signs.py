"""Signs that many voices are few people: bursts, one source under many names, copied words, and what a matter weighs in households. Pure.

A sign is a reason to call back. It closes, hides, delays and downgrades nothing; the words stay, and each is answered. It says what was
counted and by which bound, in words for a cadre, and never who: sources and names come as keyed digests and do not leave here.

A flood makes a hundred true calls. So a burst says how many households it comes from: where every second telling or more brings another
one, it is what it looks like, many people with one trouble, and `calls_for_a_look` is false.

The bound of a burst is exact: the smallest count that a Poisson variable of the usual mean exceeds with a chance of `ALPHA` at most, where
the usual mean is what was told there in the `USUAL_DAYS` days before, and one more, by their number. Fewer than `BURST_LEAST` are none.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple, TypeVar
from uuid import UUID

from services.complaints.copied_words import copies
from services.complaints.households import Keys, households

_Key = TypeVar("_Key")
Kind = Literal["burst", "many_names", "many_matters", "same_words", "one_writer", "few_households"]
From = Literal["many", "few", "unknown"]

BURST_HOURS, BURST_LEAST, USUAL_DAYS, ALPHA = 24, 6, 28, 0.0001
NAMES_LEAST = 3
"""So many names under one source are a sign: a couple shares a telephone, three families seldom do."""
MATTERS_LEAST, MATTERS_DAYS = 10, 30
COPIES_LEAST = 3
"""So many people with the same letters are a sign."""
WRITTEN_LEAST = 5
WEIGHED_LEAST, TIMES_A_HOUSEHOLD = 5, 3
"""So many tellings of known people, and so many for each household on average, are a sign."""
SOURCE_NAMES = {"number": "电话号码", "account": "微信账号", "device": "设备"}

CALL_BACK = "请按登记的联系方式逐户回访核实;核实前照常办理。"
ALWAYS = "疑点只提示回访核实,不得据此不予受理、拖延、降级、合并或办结;群众的原话照常保留、照常答复。"


class Source(NamedTuple):
    """Where a telling came from: ``number``, ``account`` or ``device``, and its keyed digest."""

    kind: str
    digest: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Voice:
    """One telling as the signs see it. No `repr`: words and digests are nobody else's.

    `keys` are what households are told apart by; `name` the digest of the name that was given; `writer` who wrote it down for somebody else
    in the field or on their behalf, None where a desk did, whose work that is.
    """

    complaint_id: UUID
    ticket_id: UUID
    at: datetime
    words: str
    keys: Keys
    sources: frozenset[Source] = frozenset()
    name: bytes | None = None
    writer: UUID | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """What a matter weighs: `tellings` of which `anonymous` by nobody known; `households` of the others, each of which weighs one."""

    tellings: int
    households: int
    anonymous: int


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign: what it is, what was counted, the bound it left, what to tell a cadre and what to do. `tickets` are those it is about."""

    kind: Kind
    weight: Weight
    count: int
    bound: int
    words: str
    advice: str
    tickets: tuple[UUID, ...]
    looks: From | None = None

    @property
    def calls_for_a_look(self) -> bool:
        """False for a burst of many households: that is many people with one trouble."""
        return self.looks != "many"


def weigh(voices: Iterable[Voice]) -> Weight:
    """Return what these tellings weigh, however often a household tells."""
    keys = [voice.keys for voice in voices]
    return Weight(len(keys), households(keys), sum(1 for one in keys if not one))


@lru_cache(maxsize=4096)
def burst_bound(before: int) -> int:
    """Return the most tellings of a day that are usual still, where `before` were told in the `USUAL_DAYS` days before."""
    mean = (before + 1) / USUAL_DAYS
    # what lies ten deviations below adds nothing, and beginning there keeps large counts within a float's reach
    count = max(int(mean - 10 * math.sqrt(mean)), 0)
    term = total = math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
    while 1 - total > ALPHA:
        count += 1
        term *= mean / count
        total += term
    return count


def signs_of(voices: Iterable[Voice], *, before: int | None = None, matters: Mapping[Source, int] | None = None) -> list[Sign]:
    """Return the signs of what was told of one matter, or in one place; whatever order the tellings come in.

    `before`: how many were told there in the `USUAL_DAYS` days before; None where no burst is looked for. `matters`: how many different
    ones each source told within `MATTERS_DAYS` days.
    """
    ordered = sorted(voices, key=lambda voice: (voice.at, voice.complaint_id))
    found: list[Sign | None] = [] if before is None else [_burst(ordered, before)]
    found += [*_names(ordered), *_matters(ordered, matters or {}), *_copied(ordered), *_written(ordered), _few(ordered)]
    return [sign for sign in found if sign is not None]


def shared_sources(voices: Iterable[Voice]) -> set[UUID]:
    """Return the complaints whose source told often enough for different names to be a sign: only of these a name need be known."""
    return {voice.complaint_id for group in _by_source(voices).values() if len(group) >= NAMES_LEAST for voice in group}


def fullest_day(ordered: Sequence[Voice]) -> Sequence[Voice]:
    """Return the most tellings within `BURST_HOURS` hours, the earliest of equals. `ordered` by time."""
    best, first = (0, 0), 0
    for last, voice in enumerate(ordered):
        while voice.at - ordered[first].at >= timedelta(hours=BURST_HOURS):
            first += 1
        if last + 1 - first > best[1] - best[0]:
            best = first, last + 1
    return ordered[best[0] : best[1]]


def _burst(ordered: Sequence[Voice], before: int) -> Sign | None:
    day, bound = fullest_day(ordered), max(burst_bound(before), BURST_LEAST - 1)
    if len(day) <= bound:
        return None
    weight = weigh(day)
    looks: From = "many" if 2 * weight.households >= weight.tellings else "unknown" if 2 * weight.anonymous > weight.tellings else "few"
    told = f"{BURST_HOURS}小时内{weight.tellings}次诉求,往常{USUAL_DAYS}天共{before}次,一天至多{bound}次属常见;{_from(weight)}。"
    meaning, advice = _MEANINGS[looks]
    return _sign("burst", day, bound, told + meaning, advice, looks=looks)


_MEANINGS: Mapping[From, tuple[str, str]] = {
    "many": ("多户反映,应视为真实的集中诉求。", "请按集中诉求尽快处置,可抽几户回访;不得因数量多而搁置。"),
    "few": ("次数多而户数少。", CALL_BACK),
    "unknown": ("多为匿名,不能判断户数。", "请到现场或向村组核实;核实前照常办理。"),
}


def _names(ordered: Sequence[Voice]) -> list[Sign]:
    found = []
    for source, group in _by_source(ordered).items():
        names = len({voice.name for voice in group if voice.name is not None})
        people = max(names, households(voice.keys for voice in group) if source.kind == "device" else 0)
        if len(group) >= NAMES_LEAST and people >= NAMES_LEAST:
            words = f"同一{SOURCE_NAMES[source.kind]}以{people}个不同姓名或身份反映{len(group)}次。可能是代家人、邻居反映。"
            found.append(_sign("many_names", group, NAMES_LEAST, words, CALL_BACK, count=people))
    return found


def _matters(ordered: Sequence[Voice], matters: Mapping[Source, int]) -> list[Sign]:
    found = []
    for source, group in _by_source(ordered).items():
        count = matters.get(source, 0)
        if count >= MATTERS_LEAST:
            name = SOURCE_NAMES[source.kind]
            words = f"其中{len(group)}次来自同一{name},该{name}{MATTERS_DAYS}天内在本镇街反映{count}件不同事项。"
            advice = "件件照常办理;请回访了解是否代多人反映,能一并解决的一并解决。"
            found.append(_sign("many_matters", group, MATTERS_LEAST, words, advice, count=count))
    return found


def _copied(ordered: Sequence[Voice]) -> list[Sign]:
    by_id = {voice.complaint_id: voice for voice in ordered}
    found = []
    for keys in copies({key: voice.words for key, voice in by_id.items()}):
        group = [voice for voice in ordered if voice.complaint_id in keys]
        weight = weigh(group)
        people = weight.households + weight.anonymous
        if people >= COPIES_LEAST:
            words = f"{len(group)}次诉求文字几乎相同,{_from(weight)}。可能是转发同一段文字。"
            advice = "请逐户回访,问明是否本人诉求、各家情况是否相同;核实前照常办理。"
            found.append(_sign("same_words", group, COPIES_LEAST, words, advice, count=people))
    return found


def _written(ordered: Sequence[Voice]) -> list[Sign]:
    found = []
    for group in _grouped(ordered, lambda voice: [voice.writer] if voice.writer else []).values():
        if len(group) >= WRITTEN_LEAST:
            words = f"同一工作账号代为登记{len(group)}次,{_from(weigh(group))}。入户收集、代办时常见。"
            found.append(_sign("one_writer", group, WRITTEN_LEAST, words, "请由登记人以外的人抽几户回访核实;核实前照常办理。"))
    return found


def _few(ordered: Sequence[Voice]) -> Sign | None:
    known = [voice for voice in ordered if voice.keys]
    weight = weigh(known)
    if weight.tellings < WEIGHED_LEAST or weight.tellings < TIMES_A_HOUSEHOLD * weight.households:
        return None
    words = f"{weight.tellings}次诉求来自{weight.households}户,计数按{weight.households}户。反复反映也可能是久拖未决。"
    advice = "请回访这些诉求户,先看是否答复不到位;核实前照常办理。"
    return _sign("few_households", known, TIMES_A_HOUSEHOLD * weight.households, words, advice)


def _from(weight: Weight) -> str:
    anonymous = f",另有匿名{weight.anonymous}次" if weight.anonymous else ""
    return f"来自{weight.households}户{anonymous}"


def _sign(
    kind: Kind, group: Sequence[Voice], bound: int, words: str, advice: str, *, count: int | None = None, looks: From | None = None
) -> Sign:
    tickets = tuple(dict.fromkeys(voice.ticket_id for voice in group))
    return Sign(kind, weigh(group), len(group) if count is None else count, bound, words, advice, tickets, looks)


def _by_source(voices: Iterable[Voice]) -> dict[Source, list[Voice]]:
    return _grouped(voices, lambda voice: voice.sources)


def _grouped(voices: Iterable[Voice], keys_of: Callable[[Voice], Iterable[_Key]]) -> dict[_Key, list[Voice]]:
    found: defaultdict[_Key, list[Voice]] = defaultdict(list)
    for voice in voices:
        for key in sorted(keys_of(voice), key=repr):
            found[key].append(voice)
    return found
