"""Definitions and rounding, against what public bulletins print."""

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.errors import NotFound
from services.platform.rounding import percent_text
from services.reports.measures import COUNTERS
from services.reports.metrics import METRICS, NOTHING, figure_of, metric_named

VECTORS = Path(__file__).parent.parent / "vectors"
SAMPLES = json.loads((VECTORS / "metrics_public_samples.json").read_text())["rows"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample['numerator']}/{sample['denominator']}")
def test_printed_percentages_of_public_bulletins_are_reproduced(sample: dict[str, str]) -> None:
    decimals = len(sample["printed_percent"].partition(".")[2])
    assert percent_text(int(sample["numerator"]), int(sample["denominator"]), decimals) == sample["printed_percent"]


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 6))
def test_percentages_are_rounded_half_up_from_the_exact_fraction(numerator: int, denominator: int, decimals: int) -> None:
    told = percent_text(numerator, denominator, decimals)
    assert told is not None
    step = Decimal(1).scaleb(-decimals)
    # told is the nearest multiple of the step; at a tie the upper one: -step/2 < exact - told <= ... in whole numbers
    units = int(Decimal(told) / step)
    exact_times = 2 * 100 * 10**decimals * numerator
    assert (2 * units - 1) * denominator <= exact_times < (2 * units + 1) * denominator


@pytest.mark.parametrize(
    ("numerator", "denominator", "printed"),
    [(1, 800, "0.13"), (1, 8, "12.50"), (3, 800, "0.38"), (1, 3, "33.33"), (2, 3, "66.67"), (7, 5, "140.00")],
)
def test_a_half_is_rounded_up(numerator: int, denominator: int, printed: str) -> None:
    assert percent_text(numerator, denominator) == printed
    assert Decimal(printed) == (Decimal(100 * numerator) / denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_a_rate_of_nothing_is_no_data_and_a_count_of_nothing_is_zero() -> None:
    rate = figure_of(METRICS["completion_rate_received"], {}, recorded=True)
    assert (rate.value, rate.percent, rate.shown, rate.no_data) == (None, None, NOTHING, True)
    count = figure_of(METRICS["received"], {}, recorded=True)
    assert (count.value, count.shown, count.no_data) == (0, "0", False)
    before = figure_of(METRICS["received"], {}, recorded=False)
    assert (before.value, before.shown, before.no_data) == (None, NOTHING, True)


def test_a_rate_carries_its_exact_fraction() -> None:
    figure = figure_of(METRICS["completion_rate_received"], {"received": 4, "received_completed": 2}, recorded=True)
    assert (figure.numerator, figure.denominator, figure.value, figure.percent, figure.shown) == (2, 4, "1/2", "50.00", "50.00%")


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.id)
def test_each_metric_says_in_words_what_it_divides_and_uses_known_counters_of_one_basis(metric: object) -> None:
    from services.reports.metrics import Metric

    assert isinstance(metric, Metric)
    assert set(metric.numerator + metric.denominator) <= set(COUNTERS)
    assert metric.name
    assert metric.english
    assert metric.numerator_words
    assert bool(metric.denominator) == bool(metric.denominator_words)
    assert metric.basis("numerator")
    if metric.denominator:
        assert metric.basis("denominator")


def test_an_unknown_metric_or_version_names_the_known_ones() -> None:
    assert metric_named("received@1") is metric_named("received")
    for name in ("receivd", "received@2", "received@", ""):
        with pytest.raises(NotFound) as caught:
            metric_named(name)
        assert caught.value.code == "metric.unknown"
        assert "on_time_rate@1" in caught.value.extra["known"]
