"""Signs that many voices are few people: what is one, by which exact bound, and what an honest flood looks like."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, getcontext
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.complaints.copied_words import COPY, LETTERS_AT_LEAST, copies, letters, resemble
from services.complaints.signs import (
    ALPHA,
    ALWAYS,
    BURST_HOURS,
    BURST_LEAST,
    USUAL_DAYS,
    Source,
    Voice,
    burst_bound,
    fullest_day,
    shared_sources,
    signs_of,
    weigh,
)

START = datetime(2026, 11, 10, 4, tzinfo=UTC)
LONG = "水口村三组的自来水管爆裂三天了一直没有人来修请求尽快安排维修"
ANONYMOUS = st.just(frozenset[bytes]())
KEYS = st.one_of(ANONYMOUS, st.integers(0, 6).map(lambda n: frozenset([bytes([n])])), st.just(frozenset([b"\x01", b"\x02"])))
SOURCES = st.frozensets(
    st.builds(Source, st.sampled_from(("number", "account", "device")), st.integers(0, 2).map(lambda n: b"s%d" % n)), max_size=2
)


@st.composite
def tellings(draw: st.DrawFn) -> list[Voice]:
    """A day or two of tellings of a few people, some alike to the letter."""
    count = draw(st.integers(0, 8))
    return [
        Voice(
            UUID(int=n),
            UUID(int=draw(st.integers(0, 8))),
            START + timedelta(minutes=draw(st.integers(0, 4000))),
            draw(
                st.sampled_from(
                    (LONG, LONG + "!!", LONG.replace("三天", "两天"), "没水了", "村口路灯坏了两个多月晚上一片漆黑老人小孩不敢出门")
                )
            ),
            draw(KEYS),
            draw(SOURCES),
            draw(st.none() | st.integers(0, 4).map(lambda one: b"n%d" % one)),
            draw(st.none() | st.integers(0, 1).map(lambda one: UUID(int=one))),
        )
        for n in range(count)
    ]


def told(n: int, *, keys: frozenset[bytes] | None = None, **given_: object) -> Voice:
    """The n-th telling, of a household and in words of its own unless said otherwise."""
    words = f"第{n}家" + "".join(random.Random(n).choices("田里水渠断了秧苗干死求人来看坝上石头掉落", k=24))
    at = START + timedelta(minutes=n)
    return Voice(UUID(int=n), UUID(int=n), at, **{"words": words, "keys": keys or frozenset([b"h%d" % n]), **given_})  # type: ignore[arg-type]


def kinds(voices: Sequence[Voice], **more: object) -> list[str]:
    return [sign.kind for sign in signs_of(voices, **more)]  # type: ignore[arg-type]


def test_a_flood_makes_a_hundred_true_calls_and_the_sign_says_so():
    flood = [told(n) for n in range(100)]
    (burst,) = signs_of(flood, before=3)
    assert (burst.kind, burst.looks, burst.calls_for_a_look) == ("burst", "many", False)
    assert (burst.weight.tellings, burst.weight.households, burst.bound) == (100, 100, BURST_LEAST - 1)
    assert "24小时内100次诉求" in burst.words
    assert "来自100户" in burst.words
    assert "真实" in burst.words
    assert "不得因数量多而搁置" in burst.advice


def test_a_hundred_calls_of_two_households_call_for_a_look_and_weigh_two():
    brigade = [told(n, keys=frozenset([b"a" if n % 2 else b"b"])) for n in range(100)]
    found = {sign.kind: sign for sign in signs_of(brigade, before=3)}
    assert set(found) == {"burst", "few_households"}
    assert found["burst"].looks == "few"
    assert "来自2户" in found["burst"].words
    assert found["few_households"].weight.households == 2
    assert all("回访" in sign.advice and "照常办理" in sign.advice and sign.calls_for_a_look for sign in found.values())


def test_a_burst_of_people_nobody_knows_says_that_it_cannot_tell():
    (burst,) = signs_of([Voice(UUID(int=n), UUID(int=n), START, f"{n}", frozenset()) for n in range(9)], before=0)
    assert (burst.looks, burst.weight.anonymous, burst.calls_for_a_look) == ("unknown", 9, True)


def test_one_number_or_device_under_three_names_is_a_sign_and_a_couple_is_none():
    number = frozenset([Source("number", b"n")])
    couple = [told(n, keys=frozenset([b"n"]), sources=number, name=b"ab"[n % 2 : n % 2 + 1]) for n in range(4)]
    assert kinds(couple) == []
    (sign,) = signs_of([*couple, told(9, keys=frozenset([b"n"]), sources=number, name=b"c")][-4:])
    assert (sign.kind, sign.count, sign.words) == ("many_names", 3, "同一电话号码以3个不同姓名或身份反映4次。可能是代家人、邻居反映。")
    device = [told(n, sources=frozenset([Source("device", b"d")])) for n in range(3)]
    assert [(found.kind, found.count) for found in signs_of(device)] == [("many_names", 3)], "three households on one device"
    assert kinds([told(n, sources=number) for n in range(3)]) == [], "a number is one household by itself; names alone tell"
    assert shared_sources(device) == {voice.complaint_id for voice in device}
    assert shared_sources(device[:2]) == set()


def test_many_matters_copied_words_and_one_writer_are_signs_at_their_bound_and_not_below():
    source = Source("number", b"n")
    one = [told(0, sources=frozenset([source]))]
    assert kinds(one, matters={source: 9}) == []
    assert kinds(one, matters={source: 10}) == ["many_matters"]
    copied = [told(n, words=f"{LONG}{'。' * n}") for n in range(3)]
    assert kinds(copied[:2]) == []
    assert kinds(copied) == ["same_words"]
    assert kinds([told(n, words=LONG, keys=frozenset([b"one"])) for n in range(4)]) == [], "who repeats themselves copies nobody"
    assert kinds([told(n, words="没水了") for n in range(5)]) == [], "short words are nobody's copy"
    written = [told(n, writer=UUID(int=7)) for n in range(5)]
    assert kinds(written[:4]) == []
    assert kinds(written) == ["one_writer"]


@given(tellings(), st.integers(0, 40), st.randoms(use_true_random=False))
def test_signs_do_not_depend_on_the_order_of_tellings_and_name_nobody(voices: list[Voice], before: int, chance: random.Random):
    matters = dict.fromkeys((source for voice in voices for source in voice.sources), 11)
    found = signs_of(voices, before=before, matters=matters)
    again = list(voices)
    chance.shuffle(again)
    assert sorted(map(repr, signs_of(again, before=before, matters=matters))) == sorted(map(repr, found))
    for sign in found:
        assert sign.weight.tellings <= len(voices)
        assert set(sign.tickets) <= {voice.ticket_id for voice in voices}
        assert "不" not in sign.advice or "照常办理" in sign.advice or "不得因数量多而搁置" in sign.advice
        assert "办" in sign.advice or "处置" in sign.advice
        assert not any(voice.words in sign.words for voice in voices)


@given(tellings(), st.integers(1, 9))
def test_a_household_weighs_one_however_often_it_tells(voices: list[Voice], times: int):
    weight = weigh(voices)
    assert weight.households <= weight.tellings - weight.anonymous
    known = next((voice for voice in voices if voice.keys), None)
    if known is not None:
        again = [*voices, *[known] * times]
        assert weigh(again).households == weight.households
        assert weigh(again).tellings == weight.tellings + times


@given(st.integers(0, 500))
def test_the_bound_of_a_burst_is_the_quantile_it_says(before: int):
    getcontext().prec = 60
    mean, bound = Decimal(before + 1) / USUAL_DAYS, burst_bound(before)
    terms = [(-mean).exp()]
    for count in range(1, bound + 1):
        terms.append(terms[-1] * mean / count)
    assert 1 - sum(terms) <= Decimal(ALPHA) < 1 - sum(terms[:-1])
    assert burst_bound(before + 1) >= bound


def test_the_bound_holds_where_very_much_is_usual():
    assert 10_000 < burst_bound(280_000) < 10_400


@given(st.lists(st.integers(0, 3000), max_size=14))
def test_the_fullest_day_is_the_fullest(minutes: list[int]):
    ordered = [Voice(UUID(int=n), UUID(int=n), START + timedelta(minutes=at), "", frozenset()) for n, at in enumerate(sorted(minutes))]
    day = fullest_day(ordered)
    most = max((sum(one.at <= other.at < one.at + timedelta(hours=BURST_HOURS) for other in ordered) for one in ordered), default=0)
    assert len(day) == most
    assert not day or day[-1].at - day[0].at < timedelta(hours=BURST_HOURS)


TEXT = st.lists(st.sampled_from("水管爆裂路灯坏了,。 三天A1"), max_size=60).map("".join)


@given(TEXT, TEXT)
def test_resemblance_is_the_same_for_both_ways_round_and_exact(ours: str, theirs: str):
    assert resemble(ours, theirs) is resemble(theirs, ours)
    assert resemble(ours, ours) is (len(letters(ours)) >= LETTERS_AT_LEAST)
    if resemble(ours, theirs):
        mine, yours = ({said[at : at + 5] for at in range(len(said) - 4)} for said in map(letters, (ours, theirs)))
        assert len(mine & yours) / len(mine | yours) >= COPY - 1e-12


@given(st.lists(TEXT, max_size=8))
def test_each_copy_has_another_in_its_group_and_no_copy_is_left_out(texts: list[str]):
    by_id = {UUID(int=n): text for n, text in enumerate(texts)}
    groups = copies(by_id)
    for one, words in by_id.items():
        mine = [group for group in groups if one in group]
        others = [other for other, theirs in by_id.items() if other != one and resemble(words, theirs)]
        assert len(mine) == bool(others)
        assert all(other in mine[0] for other in others)


def test_what_is_always_said_forbids_using_a_sign_against_anybody():
    for word in ("不予受理", "拖延", "降级", "办结", "照常答复"):
        assert word in ALWAYS
