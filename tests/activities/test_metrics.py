"""The ledger's definitions: every figure in its own unit, and the articles' shares to the printed digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.activities.metrics import COUNTERS, DEFINITIONS, METRICS, amount_text, figure_of, metric_named
from services.platform.errors import NotFound

FIGURES = {  # of the two articles the house began with
    "households_visited": ({"households": 120_000}, "120000"),
    "visits": ({"visits": 186_000}, "186000"),
    "opinions": ({"opinions": 13_263}, "13263"),
    "things_done": ({"things": 1_103}, "1103"),
    "funds_received": ({"funds_received": 1_085_000_000}, "10850000.00"),
    "people_helped": ({"helped": 23_576}, "23576"),
    "disputes_mediated": ({"disputes": 1_703}, "1703"),
    "opinions_per_visit": ({"opinions": 13_263, "visits": 186_000}, "7.13%"),
    "opinions_led_rate": ({"opinions_led": 1_103, "opinions": 13_263}, "8.32%"),
    "labour_days": ({"labour": 25}, "12.5"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_the_articles_figures_are_printed_as_they_are(name: str):
    sums, shown = FIGURES[name]
    assert figure_of(METRICS[name], sums, recorded=True).shown == shown


def test_nothing_recorded_is_no_data_and_an_empty_share_is_a_dash():
    assert figure_of(METRICS["visits"], {}, recorded=False).shown == "—"
    assert figure_of(METRICS["visits"], {}, recorded=True).shown == "0"
    assert figure_of(METRICS["opinions_led_rate"], {}, recorded=True).no_data


def test_every_definition_names_its_unit_and_counts_one_thing_in_it():
    units = {"household": "户", "visit": "次", "opinion": "条", "thing": "件", "funds": "元", "help": "人", "dispute": "起", "labour": "天"}
    for metric in DEFINITIONS:
        assert metric.numerator, metric.id
        assert metric.period, metric.id
        assert metric_named(metric.key) is metric_named(metric.id)
        if metric.below:
            assert metric.unit == "%"
            continue
        counter = COUNTERS[metric.above]
        kind = "household" if counter.tally == "households" else counter.values["kind"]
        assert metric.unit.startswith(units[kind]), f"{metric.id}: one kind has one unit"
    with pytest.raises(NotFound):
        metric_named("visits@2")


@given(st.integers(0, 10**15))
def test_money_is_exact_to_the_fen(fen: int):
    yuan, cents = amount_text("元", fen).split(".")
    assert int(yuan) * 100 + int(cents) == fen
