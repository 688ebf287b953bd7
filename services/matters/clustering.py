"""Which tellings are of one trouble: groups of what is open, by village, category, words, place and asset. Pure, and in no order.

Two tellings of a village are of one trouble where both name the same segment of an asset, or where neither names one and `likeness` is
`ALIKE` at least; troubles join by way of a third. A group that names no segment, and is like tellings of exactly one, belongs to that one.
Groups never cross a village or the branch of the catalogue, unless the asset is the same; what has no category yet may be of any.

Households are counted, never messages: a group is a candidate from `LEAST_HOUSEHOLDS` distinct ones on. Who is known by nothing counts
as anonymous, beside.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID

from services.complaints.likeness import Circumstances, likeness, plain
from services.complaints.signs import Voice, Weight, weigh

ALIKE = 0.5
"""So alike two tellings must be, of words and circumstances together (`services/complaints/likeness.py`)."""
LEAST_HOUSEHOLDS = 3
GROWN_TIMES = 2
"""What was set aside is a candidate again when so many times as many households tell it."""
_DAY_SECONDS = 86_400.0

SourceKind = Literal["ticket", "opinion"]


class Source(NamedTuple):
    """What a telling is listed as: a ticket with everything told of it, or an opinion of the handbook."""

    kind: SourceKind
    id: UUID


class SegmentName(NamedTuple):
    """A segment of an asset in a village, and what its asset is called there."""

    id: UUID
    village: UUID
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """One telling as the clustering sees it. No `repr`: the words are nobody else's. `voice` knows who told it by digests alone."""

    source: Source
    voice: Voice
    village: UUID
    place: UUID
    category: str | None
    segment: UUID | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Cluster:
    """Tellings of one trouble, oldest first. `branch` is the most frequent of the catalogue, empty where none is decided."""

    village: UUID
    branch: str
    segment: UUID | None
    heard: tuple[Heard, ...]

    @property
    def sources(self) -> frozenset[Source]:
        """What it was told in."""
        return frozenset(one.source for one in self.heard)

    @property
    def weight(self) -> Weight:
        """How many tellings, of how many households."""
        return weigh(one.voice for one in self.heard)

    @property
    def is_candidate(self) -> bool:
        """Tell whether enough households tell it."""
        return self.weight.households >= LEAST_HOUSEHOLDS


def segment_named(words: str, village: UUID, segments: Iterable[SegmentName]) -> UUID | None:
    """Return the segment of this village that `words` name, the longest name first; None where they name none, or two alike."""
    said = plain(words)
    named = [(len(name), one.id) for one in segments if one.village == village for name in map(plain, one.names) if name and name in said]
    if not named:
        return None
    longest = max(length for length, _ in named)
    found = {segment for length, segment in named if length == longest}
    return found.pop() if len(found) == 1 else None


def clusters_of(heard: Iterable[Heard], place_names: Iterable[str] = ()) -> list[Cluster]:
    """Return the groups of what was told in one village, those of most households first. `place_names` tell nothing in the words."""
    ordered = sorted(heard, key=lambda one: (one.voice.at, one.voice.complaint_id))
    names = tuple(place_names)
    groups = _Groups(len(ordered))
    _join_known(ordered, groups)
    free = [at for at, one in enumerate(ordered) if one.segment is None]
    for nth, at in enumerate(free):
        for other in free[nth + 1 :]:
            if groups.top(at) != groups.top(other) and alike(ordered[at], ordered[other], names):
                groups.join(at, other)
    _join_to_segments(ordered, groups, names)
    found: defaultdict[int, list[Heard]] = defaultdict(list)
    for at, one in enumerate(ordered):
        found[groups.top(at)].append(one)
    made = [_cluster(group) for group in found.values()]
    return sorted(made, key=lambda one: (-one.weight.households, one.heard[0].voice.at, one.heard[0].voice.complaint_id))


def alike(ours: Heard, theirs: Heard, place_names: Sequence[str]) -> bool:
    """Tell whether two tellings of a village, of which not both name a segment, are of one trouble by words and circumstances."""
    category = _categories(ours.category, theirs.category)
    if category == "other":
        return False
    place = "same" if ours.place == theirs.place else "same_village"
    days = abs((ours.voice.at - theirs.voice.at).total_seconds()) / _DAY_SECONDS
    return likeness(ours.voice.words, theirs.voice.words, Circumstances(place, category, days), place_names).score >= ALIKE


def gone_on_with(clusters: Sequence[Cluster], before: Mapping[UUID, frozenset[Source]]) -> list[UUID | None]:
    """Return for each cluster which candidate it goes on with: the one it shares the most sources with, the older of equals; or None.

    A candidate goes on in one cluster, a cluster goes on with one candidate.
    """
    shared = sorted(
        (-count, candidate, at)
        for at, one in enumerate(clusters)
        for candidate, sources in before.items()
        if (count := len(sources & one.sources))
    )
    found: list[UUID | None] = [None] * len(clusters)
    taken: set[UUID] = set()
    for _, candidate, at in shared:
        if found[at] is None and candidate not in taken:
            found[at] = candidate
            taken.add(candidate)
    return found


def has_grown(households_then: int, households_now: int) -> bool:
    """Tell whether what was set aside is told by so many more that it is to be looked at again."""
    return households_now >= GROWN_TIMES * max(households_then, 1)


class _Groups:
    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def top(self, at: int) -> int:
        while self._above[at] != at:
            self._above[at] = self._above[self._above[at]]
            at = self._above[at]
        return at

    def join(self, ours: int, theirs: int) -> None:
        low, high = sorted((self.top(ours), self.top(theirs)))
        self._above[high] = low


def _join_known(ordered: Sequence[Heard], groups: _Groups) -> None:
    """Join tellings that name the same segment, and those of one source that name none."""
    first: dict[object, int] = {}
    for at, one in enumerate(ordered):
        key = one.segment or one.source
        groups.join(first.setdefault(key, at), at)


def _join_to_segments(ordered: Sequence[Heard], groups: _Groups, names: Sequence[str]) -> None:
    """Join each group without a segment to the one segment its tellings are like, or share a source with, if it is one."""
    by_segment: defaultdict[UUID, list[int]] = defaultdict(list)
    free: defaultdict[int, list[int]] = defaultdict(list)
    for at, one in enumerate(ordered):
        if one.segment is None:
            free[groups.top(at)].append(at)
        else:
            by_segment[one.segment].append(at)
    joins = []
    for own, members in free.items():
        near = [
            segment
            for segment, others in by_segment.items()
            if any(
                ordered[at].source == ordered[other].source or alike(ordered[at], ordered[other], names)
                for at in members
                for other in others
            )
        ]
        if len(near) == 1:
            joins.append((own, by_segment[near[0]][0]))
    for own, other in joins:
        groups.join(own, other)


def _cluster(group: Sequence[Heard]) -> Cluster:
    branches = Counter((one.category or "").partition(".")[0] for one in group if one.category)
    branch = min(branches, key=lambda name: (-branches[name], name)) if branches else ""
    segment = next((one.segment for one in group if one.segment is not None), None)
    return Cluster(group[0].village, branch, segment, tuple(group))


def _categories(ours: str | None, theirs: str | None) -> str:
    if not ours or not theirs:
        return "open"
    if ours == theirs:
        return "same"
    return "branch" if ours.partition(".")[0] == theirs.partition(".")[0] else "other"
