"""The band against simulated counties: how often it cries wolf where nothing changed, and how soon it tells what did."""

import math
import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.warnings.bands import ALPHA, LEAST_WEEKS, band_of_counts, band_of_shares, look_at_count, look_at_share
from services.warnings.episodes import Counts, Seen, seen_on

BEGAN = date(2026, 1, 1)
COUNTS = st.lists(st.integers(0, 300), min_size=LEAST_WEEKS, max_size=12)


def poisson(dice: random.Random, mean: float) -> int:
    """A Poisson count, by Knuth's way in pieces."""
    count = 0
    while mean > 0:
        piece = min(mean, 20.0)
        mean -= piece
        bound, product = math.exp(-piece), dice.random()
        while product > bound:
            count += 1
            product *= dice.random()
    return count


def scattered(dice: random.Random, mean: float, scatter: float) -> int:
    """A negative binomial count whose variance is `scatter` times its mean."""
    return poisson(dice, mean if scatter == 1 else dice.gammavariate(mean / (scatter - 1), scatter - 1))


def week_of(mean: float) -> Callable[[int], float]:
    """Means by weekday: market day and weekend differ."""
    shape = (1.3, 1.0, 1.0, 1.4, 1.1, 0.6, 0.6)
    return lambda day: mean * shape[day % 7]


def series(dice: random.Random, days: int, mean: Callable[[int], float], scatter: float, doubled_from: int = 10**9) -> dict[date, int]:
    """Counts by day."""
    return {BEGAN + timedelta(days=day): scattered(dice, mean(day) * (2 if day >= doubled_from else 1), scatter) for day in range(days)}


def looked(day: int, counts: dict[date, int]) -> Seen | None:
    """What a look of a day finds."""
    return seen_on(BEGAN + timedelta(days=day), "inflow", Counts(counts, {}, {}), BEGAN)


@pytest.mark.parametrize(("scatter", "bound"), [(1.0, 0.001), (1.5, 0.003)])
def test_steady_series_are_warned_of_hardly_ever(scatter: float, bound: float) -> None:
    """At most one look in a thousand where counts scatter as chance does, three where half as much again."""
    dice, looks, outside = random.Random(20261122), 0, 0
    for mean in (0.3, 1.0, 2.0, 5.0, 12.0, 40.0):
        for _ in range(12):
            counts = series(dice, 91 + 90, week_of(mean), scatter)
            found = [looked(day, counts) is not None for day in range(91, 91 + 90)]
            looks, outside = looks + len(found), outside + sum(found)
    assert looks > 6000
    assert outside / looks <= bound


@pytest.mark.parametrize(("mean", "days", "share"), [(5.0, 14, 0.8), (12.0, 7, 0.9), (40.0, 3, 0.95)])
def test_a_doubling_is_told_within_days(mean: float, days: int, share: float) -> None:
    dice, told = random.Random(7), 0
    for _ in range(60):
        counts = series(dice, 91 + days, week_of(mean), 1.0, doubled_from=91)
        told += any(looked(day, counts) for day in range(91, 91 + days))
    assert told >= share * 60


def test_a_doubled_overdue_share_is_told_and_a_steady_one_is_not() -> None:
    dice, told, wolf, looks = random.Random(11), 0, 0, 0
    for number in range(80):
        doubled = number % 2 == 0
        due = series(dice, 91 + 21, week_of(8.0), 1.0)
        late = {
            day: sum(dice.random() < (0.3 if doubled and place >= 91 else 0.12) for _ in range(count))
            for place, (day, count) in enumerate(due.items())
        }
        on_time = {day: due[day] - late[day] for day in due}
        found = [seen_on(BEGAN + timedelta(days=day), "overdue", Counts({}, due, on_time), BEGAN) for day in range(91, 112)]
        if doubled:
            told += any(found)
        else:
            looks, wolf = looks + len(found), wolf + sum(seen is not None for seen in found)
    assert told >= 36
    assert wolf <= 0.004 * looks


def test_one_outbreak_before_does_not_make_the_next_usual() -> None:
    calm, with_one = [10] * 12, [10] * 11 + [90]
    assert band_of_counts(with_one).limit <= band_of_counts(calm).limit + 1
    assert band_of_shares(50, [(2, 50)] * 11 + [(45, 50)]).limit <= band_of_shares(50, [(2, 50)] * 12).limit + 2


@given(COUNTS, st.integers(0, 900))
def test_more_is_never_less_unusual(before: list[int], value: int) -> None:
    here, more = look_at_count(value, before, minimum=1), look_at_count(value + 1, before, minimum=1)
    assert here is not None
    assert more is not None
    assert more.outside >= here.outside
    assert here.band.limit >= here.band.middle
    assert not here.outside or value > here.band.middle


@given(COUNTS, st.floats(0.00001, 0.1))
def test_a_stricter_band_is_wider(before: list[int], alpha: float) -> None:
    assert band_of_counts(before, alpha / 2).limit >= band_of_counts(before, alpha).limit


@pytest.mark.parametrize("mean", [1, 4, 30, 400])
def test_the_limit_is_a_quantile_of_its_distribution(mean: int) -> None:
    """Beside counts drawn from the distribution itself: about ALPHA of them, and no more, lie beyond a limit for 1 %."""
    dice = random.Random(3)
    limit = band_of_counts([mean] * 12, 0.01).limit
    scatter = 1.25 * (1 + math.pi / 24)
    beyond = sum(scattered(dice, mean, scatter) > limit for _ in range(4000))
    assert 4000 * 0.001 <= beyond <= 4000 * 0.014
    assert ALPHA < 0.01


def test_too_little_is_known_for_a_band() -> None:
    assert look_at_count(100, [1] * (LEAST_WEEKS - 1), minimum=1) is None
    assert look_at_share(9, 10, [(0, 10)] * (LEAST_WEEKS - 1) + [(0, 0)], minimum=1, least=1) is None
    found = look_at_count(5, [0] * 12, minimum=6)
    assert found is not None
    assert not found.outside, "a handful is no warning"
    few = look_at_share(2, 12, [(0, 12)] * 12, minimum=10, least=3)
    assert few is not None
    assert not few.outside


@given(
    st.integers(1, 60), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))), max_size=12)
)
def test_a_share_is_judged_within_its_whole(of: int, before: list[tuple[int, int]]) -> None:
    for value in (0, of // 2, of):
        found = look_at_share(value, of, before, minimum=0, least=0)
        if found is not None:
            assert 0 <= found.band.limit <= of
            assert 0 <= found.band.middle <= of
            assert not found.outside or value > found.band.limit
