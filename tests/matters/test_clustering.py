"""Which tellings are of one trouble: whatever order they come in, and against a brute-force recount."""

import itertools
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.matters.clustering import (
    LEAST_HOUSEHOLDS,
    SegmentName,
    Source,
    alike,
    clusters_of,
    gone_on_with,
    has_grown,
    segment_named,
)
from services.matters.looking import Gathered, clustered
from tests.matters.told import BEGAN, CANAL, NORTH, SHUIKOU, TAIPING, told

WORDS = (
    "水渠断了,田里放不到水",
    "水渠断了没水灌田",
    "水渠塌了一段,稻田没有水",
    "路灯不亮",
    "路灯坏了三盏不亮",
    "猪场臭味大",
    "村道坑洼难走",
)
SEGMENTS = [
    SegmentName(CANAL, SHUIKOU, ("黄峰斗水渠", "水渠", "水圳")),
    SegmentName(NORTH, SHUIKOU, ("北干渠",)),
    SegmentName(UUID(int=13), TAIPING, ("黄峰斗水渠", "水渠")),
]


def test_forty_households_of_a_canal_are_one_candidate_and_a_lamp_is_none():
    heard = [told(nth, WORDS[nth % 3], day=nth) for nth in range(40)] + [told(100, "路灯不亮", category="roads.lamp")]
    canal, lamp = clusters_of(heard)
    assert (canal.weight.households, canal.branch, canal.is_candidate) == (40, "water", True)
    assert (lamp.weight.households, lamp.is_candidate) == (1, False)


def test_one_household_by_five_ways_is_counted_once():
    [cluster] = clusters_of([told(nth, WORDS[0], by="the same", day=nth) for nth in range(5)])
    assert (cluster.weight.tellings, cluster.weight.households) == (5, 1)
    assert not cluster.is_candidate


def test_nobody_known_makes_no_candidate():
    [cluster] = clusters_of([told(nth, WORDS[0], by="") for nth in range(9)])
    assert (cluster.weight.anonymous, cluster.is_candidate) == (9, False)


def test_a_named_segment_joins_whatever_else_the_words_say_and_keeps_two_segments_apart():
    heard = [told(1, "水圳堵死", segment=CANAL), told(2, "去年就说要修", segment=CANAL), told(3, "水圳堵死", segment=NORTH)]
    assert sorted(len(one.heard) for one in clusters_of(heard)) == [1, 2]


def test_words_without_a_segment_join_the_one_they_are_like_and_none_where_there_are_two():
    free = told(9, "放不到水,田都干了")
    like = told(1, "放不到水,田都干了", segment=CANAL)
    assert len(clusters_of([free, like])) == 1
    assert len(clusters_of([free, like, told(2, "放不到水,田都干了", segment=NORTH)])) == 3


def test_other_branches_of_the_catalogue_are_other_troubles_and_none_decided_may_be_any():
    assert len(clusters_of([told(1, WORDS[0]), told(2, WORDS[0], category="roads.village")])) == 2
    assert len(clusters_of([told(1, WORDS[0]), told(2, WORDS[0], category=None)])) == 1


def test_a_segment_is_known_by_its_longest_name_in_its_own_village():
    assert segment_named("黄峰斗水渠又断了", SHUIKOU, SEGMENTS) == CANAL
    assert segment_named("水圳没水", SHUIKOU, SEGMENTS) == CANAL
    assert segment_named("水渠断了", TAIPING, SEGMENTS) == UUID(int=13)
    assert segment_named("路灯不亮", SHUIKOU, SEGMENTS) is None
    twins = [*SEGMENTS, SegmentName(UUID(int=14), SHUIKOU, ("水渠",))]
    assert segment_named("水渠断了", SHUIKOU, twins) is None, "two of the same name are told apart by nobody"


def test_a_candidate_goes_on_where_most_of_it_is_and_is_never_two():
    one, two = (told(nth, WORDS[0], ticket=nth) for nth in (1, 2))
    other = told(3, WORDS[3], category="roads.lamp", ticket=3)
    clusters = clusters_of([one, two, other])
    ids = [UUID(int=21), UUID(int=22)]
    sources = {found.source for found in (one, two)}
    assert gone_on_with(clusters, {ids[0]: frozenset(sources), ids[1]: frozenset([one.source])}) == [ids[0], None]
    assert gone_on_with(clusters, {ids[1]: frozenset([other.source])}) == [None, ids[1]]
    assert gone_on_with([], {ids[0]: frozenset(sources)}) == []


def test_what_was_set_aside_is_looked_at_again_when_twice_as_many_tell_it():
    assert [has_grown(4, now) for now in (4, 7, 8)] == [False, False, True]


_heard = st.lists(
    st.tuples(
        st.sampled_from(WORDS), st.sampled_from(["a", "b", "c", "d", ""]), st.integers(0, 40),
        st.sampled_from([None, "water.canal", "water.pipe", "roads.lamp"]), st.sampled_from([None, None, CANAL, NORTH]),
    ),
    max_size=7,
)  # fmt: skip


@given(_heard, st.randoms(use_true_random=False))
def test_groups_are_what_brute_force_finds_in_any_order(found, random):
    heard = [
        told(nth, words, by=by, day=day, category=category, segment=segment)
        for nth, (words, by, day, category, segment) in enumerate(found)
    ]
    expected = _brute(heard)
    shuffled = list(heard)
    random.shuffle(shuffled)
    assert {frozenset(one.voice.complaint_id for one in cluster.heard) for cluster in clusters_of(shuffled)} == expected
    for cluster in clusters_of(heard):
        people = {key for one in cluster.heard for key in one.voice.keys}
        assert cluster.weight.households == len(people)
        assert cluster.is_candidate == (len(people) >= LEAST_HOUSEHOLDS)
        assert len({one.segment for one in cluster.heard if one.segment}) <= 1
    assert sum(len(cluster.heard) for cluster in clusters_of(heard)) == len(heard)


def _brute(heard):
    """Grow groups until nothing changes: those without a segment by likeness, those of a segment by it, then each to the one it is like."""
    free = [{one.voice.complaint_id: one} for one in heard if one.segment is None]
    again = True
    while again:
        again = False
        for one, other in itertools.combinations(free, 2):
            if any(alike(a, b, ()) for a in one.values() for b in other.values()):
                one.update(other)
                free.remove(other)
                again = True
                break
    named = {}
    for one in heard:
        if one.segment is not None:
            named.setdefault(one.segment, {})[one.voice.complaint_id] = one
    before = {segment: dict(group) for segment, group in named.items()}
    left = []
    for group in free:
        near = [s for s, others in before.items() if any(alike(a, b, ()) for a in group.values() for b in others.values())]
        if len(near) == 1:
            named[near[0]].update(group)
        else:
            left.append(group)
    return {frozenset(group) for group in [*left, *named.values()]}


def test_what_is_told_again_of_one_ticket_is_of_one_trouble():
    [cluster] = clusters_of([told(1, "水渠断了", ticket=7), told(2, "你们什么时候来", ticket=7)])
    assert cluster.sources == {Source("ticket", cluster.heard[0].source.id)}


async def test_villages_are_clustered_apart_and_only_candidates_are_kept():
    heard = {SHUIKOU: [told(nth, WORDS[0]) for nth in range(4)], TAIPING: [told(nth, WORDS[0], village=TAIPING) for nth in range(10, 12)]}
    [found] = await clustered(Gathered(BEGAN, heard, {SHUIKOU: (), TAIPING: ()}))
    assert (found.village, found.weight.households) == (SHUIKOU, 4)
