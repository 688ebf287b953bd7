"""The draw and its tally: the same on every machine and in every order; each rate with what it was made of. Pure."""

import hashlib
import hmac
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.tickets.verifying import TRIED_AGAIN_AFTER, WAYS, try_again_at
from services.verification.drawing import Candidate, drawn, how_many, list_hash, promise, repeated, strata
from services.verification.tallying import Share, Verdict, Word, tally, verdict_of

SEED = bytes(range(32))
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.sampled_from(["441624108", "441624100", "441624-D-SLJ"]),
        st.integers(0, 400).map("20261122-{:06}-1".format),
        st.integers(1, 3),
    ),
    max_size=60,
)
SAID = st.sampled_from([None, True, False])


@st.composite
def _word(draw: st.DrawFn) -> Word:
    reached = draw(st.booleans())
    said = draw(st.tuples(SAID, SAID, SAID)) if reached else (None, None, None)
    return Word(NOON + timedelta(minutes=draw(st.integers(0, 50))), UUID(int=draw(st.integers(1, 10**6))), reached, *said)


WORDS = st.lists(_word(), max_size=8)


def by_hand(seed: bytes, candidates: list[Candidate], per_mille: int, minimum: int) -> set[str]:
    """The draw as docs/verification.md tells it, without a line of ours."""
    chosen = set()
    for unit in {candidate.unit for candidate in candidates}:
        names = sorted({f"{one.number}#{one.round}" for one in candidates if one.unit == unit})
        lots = sorted((hmac.new(seed, name.encode(), hashlib.sha256).hexdigest(), name) for name in names)
        chosen |= {name for _lot, name in lots[: max(minimum, (len(names) * per_mille + 999) // 1000)]}
    return chosen


@given(CANDIDATES, st.integers(1, 1000), st.integers(0, 10), st.binary(min_size=32, max_size=32), st.randoms())
def test_a_draw_is_what_anybody_can_make_of_seed_and_list_in_any_order(
    candidates: list[Candidate], per_mille: int, minimum: int, seed: bytes, dice: random.Random
) -> None:
    shuffled = [*candidates, *candidates[:3]]
    dice.shuffle(shuffled)
    chosen = drawn(seed, shuffled, per_mille, minimum)
    assert chosen == drawn(seed, candidates, per_mille, minimum)
    assert chosen <= set(candidates)
    # a number belongs to one unit; where the strategy gave it to two, the names alone cannot tell them apart
    assert {one.name for one in chosen} == by_hand(seed, candidates, per_mille, minimum)
    for unit, rows in strata(candidates).items():
        of_unit = sum(one.unit == unit for one in chosen)
        assert of_unit == how_many(len(rows), per_mille, minimum)
        assert of_unit >= min(len(rows), minimum)
        assert 1000 * of_unit >= per_mille * len(rows) or of_unit == len(rows)


@given(CANDIDATES, st.integers(1, 1000), st.integers(0, 10), st.data())
def test_repeating_a_draw_finds_whatever_was_changed(
    candidates: list[Candidate], per_mille: int, minimum: int, data: st.DataObject
) -> None:
    chosen = drawn(SEED, candidates, per_mille, minimum)
    public = {
        "seed": SEED,
        "seed_hash": promise(SEED),
        "listed": {one: one in chosen for one in candidates},
        "listed_hash": list_hash(candidates),
        "per_mille": per_mille,
        "minimum": minimum,
    }
    assert repeated(**public).same
    assert not repeated(**public | {"seed": bytes(32)}).seed
    if not candidates:
        return
    one = data.draw(st.sampled_from(candidates))
    flipped = repeated(**public | {"listed": public["listed"] | {one: one not in chosen}})
    assert not flipped.same
    assert {one} == flipped.missing | flipped.added
    fewer = {other: other in chosen for other in candidates if other != one}
    assert not repeated(**public | {"listed": fewer}).candidates


def test_nothing_of_the_choice_follows_from_the_promise_and_every_round_has_the_same_chance() -> None:
    candidates = [Candidate("U", f"N{nth:03}", 1) for nth in range(50)]
    times = dict.fromkeys(candidates, 0)
    for nth in range(2000):
        for one in drawn(hashlib.sha256(str(nth).encode()).digest(), candidates, 100, 0):
            times[one] += 1
    assert sum(times.values()) == 10_000
    assert all(140 < count < 260 for count in times.values()), "200 each, give or take what chance gives"


@given(WORDS, st.randoms())
def test_the_newest_word_on_each_counts_and_no_answer_is_no_word(words: list[Word], dice: random.Random) -> None:
    verdict = verdict_of(words)
    shuffled = list(words)
    dice.shuffle(shuffled)
    if len({(word.said_at, word.id) for word in words}) == len(words):
        assert verdict == verdict_of(shuffled)
    assert verdict.tries == sum(not word.reached for word in words)
    for name in ("contacted", "solved", "satisfied"):
        spoken = [word for word in words if getattr(word, name) is not None]
        assert (getattr(verdict, name) is None) == (not spoken)
    if not verdict.reached:
        assert (verdict.contacted, verdict.solved, verdict.satisfied) == (None, None, None)


@given(st.lists(WORDS.map(verdict_of), max_size=30))
def test_a_tally_adds_up_and_silence_is_in_no_rate(verdicts: list[Verdict]) -> None:
    found = tally(len(verdicts) + 5, verdicts)
    assert found.drawn == found.reached + found.no_answer + found.not_called == len(verdicts)
    for name in ("contacted", "solved", "satisfied"):
        share: Share = getattr(found, name)
        assert 0 <= share.yes <= share.n <= found.reached
        assert share.yes == sum(getattr(one, name) is True for one in verdicts)
        assert (share.percent is None) == (share.n == 0)


def test_a_call_nobody_answers_is_tried_three_times_and_then_no_more() -> None:
    assert [try_again_at(tries, NOON) for tries in (1, 2, 3, 4)] == [NOON + timedelta(hours=1), NOON + timedelta(hours=4), None, None]
    assert len(TRIED_AGAIN_AFTER) == 3


def test_every_way_says_how_sure_it_is() -> None:
    assert {name: way.strength for name, way in WAYS.items()} == {"open311": 1, "code": 2, "wechat": 3, "phone": 3, "visit": 4, "paper": 5}
