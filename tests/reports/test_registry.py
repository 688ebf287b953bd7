"""The registry: every figure defined once, whatever room tells it; and the conflicting definitions of the field are all there."""

import re

import pytest

from services.exports.definitions import every_definition
from services.reports.composite import KIND, check_composite, score, weights_of
from services.reports.facts import Fact
from services.reports.measures import COUNTERS
from services.reports.metrics import METRICS, TIMES, figure_of
from services.reports.registry import Definition, counter_code
from services.reports.times import minutes_text, quantiles_of
from services.reports.views import FigureView

FAMILIES = {"tickets", "times", "composite", "hotline", "activities", "coverage", "petitions", "repeats", "hand_offs", "backlog", "matters",
            "funnel"}  # fmt: skip


def test_each_figure_is_defined_once_over_all_families() -> None:
    found = every_definition()
    assert len({definition.id for definition in found}) == len({definition.name for definition in found}) == len(found)
    assert {definition.family for definition in found} == FAMILIES
    assert len({definition.key for definition in found}) == len(found)


@pytest.mark.parametrize("definition", every_definition(), ids=lambda definition: definition.id)
def test_each_definition_says_all_that_has_to_be_known(definition: Definition) -> None:
    said = (definition.name, definition.english, definition.kind, definition.unit, definition.numerator, definition.numerator_code,
            definition.period, definition.scope, definition.exclusions, definition.rounding, definition.zero_denominator)  # fmt: skip
    assert all(said)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", definition.id)
    assert definition.ask.startswith(("/v1/reports/", "/v1/overdue", "/v1/workload", "/v1/figures/"))
    assert bool(definition.denominator) == bool(definition.denominator_code)


CONFLICTING = {
    "立案率": ["filing_rate"],
    "派遣率": ["dispatch_rate"],
    "结案率": ["completion_rate_due", "completion_rate_due_less_deferred"],
    "办结率": ["completion_rate_received", "completion_rate_flow", "completion_rate_resolved"],
    "综合办结率": ["completion_rate_overall"],
    "按期结案率": ["on_time_rate_due", "on_time_rate_due_less_deferred"],
    "按期办结率": ["on_time_rate", "on_time_rate_first", "on_time_rate_disposal"],
    "返工率": ["rework_rate"],
    "延期率": ["extension_rate", "deferral_rate"],
    "一次办结率、及时接收率、回退率、重办率": ["first_time_fix_rate", "accept_on_time_rate", "return_rate", "redo_rate", "reopen_rate"],
    "有效回访率、按时反馈率、直接答复率": ["reach_rate", "answer_on_time_rate", "direct_rate"],
    "满意率": ["satisfaction_rate", "satisfaction_rate_called"],
    "三率": ["three_rates"],
    "小事不出村、大事不出镇": ["containment_village", "containment_township", "raised_again_rate"],
    "时长": ["dispatch_time", "accept_time", "work_time", "work_time_net", "close_time", "close_time_net"],
}


def test_every_definition_seen_in_the_field_is_there_and_differs_from_the_others() -> None:
    by_id = {definition.id: definition for definition in every_definition()}
    for name, ids in CONFLICTING.items():
        code = {(by_id[one].numerator_code, by_id[one].denominator_code) for one in ids}
        assert len(code) == len(ids), name


def test_code_is_made_of_what_the_sums_are_made_by() -> None:
    for name, counter in COUNTERS.items():
        code = counter_code(name)
        assert f"{counter.basis} in period" in code
        assert all(column in code and column in Fact._fields for column in counter.values)
    assert counter_code("closed_late") == "count(completed_at in period and on_time is false)"
    assert set(TIMES).isdisjoint(METRICS)


def test_deferred_tickets_are_taken_off_the_denominator() -> None:
    figure = figure_of(METRICS["completion_rate_due_less_deferred"], {"due": 100, "due_deferred": 4, "due_completed": 90}, recorded=True)
    assert (figure.numerator, figure.denominator, figure.shown) == (90, 96, "93.75%")
    none_left = figure_of(METRICS["completion_rate_due_less_deferred"], {"due": 4, "due_deferred": 4}, recorded=True)
    assert (none_left.shown, none_left.no_data) == ("—", True)


def test_durations_are_told_as_people_say_them() -> None:
    told = {45: "45分", 200: "3小时20分", 3120: "2天4小时", 1440: "1天", 0: "0分", None: "—"}
    assert {minutes: minutes_text(minutes) for minutes in told} == told
    found = quantiles_of({10: 5, 20: 4, 300: 1})
    assert (found.median, found.p90, found.tickets) == (10, 20, 10)
    assert quantiles_of({}).no_data


def rate(numerator: int, denominator: int) -> FigureView:
    sums = {"called_contacted": numerator, "called_uncontacted": denominator - numerator}
    return FigureView(**vars(figure_of(METRICS["response_rate"], sums, recorded=True)))


def test_the_three_rates_make_one_score_by_the_weights_of_the_county() -> None:
    weights = weights_of(0, KIND.built_in)
    found = score(weights, [rate(40, 40), rate(34, 40), rate(35, 40)])
    assert (found.score, found.value, found.shown) == ("90.38", "723/8", "90.38分")
    assert [part.weight for part in found.parts] == [30, 35, 35]


def test_a_rate_without_data_leaves_no_score_unless_it_has_no_weight() -> None:
    definition = {
        "parts": [{"metric": m, "weight": w} for m, w in (("response_rate", 0), ("resolution_rate", 50), ("satisfaction_rate", 50))]
    }
    nothing = rate(0, 0)
    assert score(weights_of(1, definition), [nothing, rate(1, 2), rate(1, 1)]).score == "75.00"
    found = score(weights_of(0, KIND.built_in), [rate(1, 1), nothing, None])
    assert (found.score, found.shown, found.missing) == (None, "—", ["resolution_rate@1", "satisfaction_rate@1"])


WRONG = [
    {},
    {"parts": "x"},
    {"parts": KIND.built_in["parts"][:2]},
    {"parts": [*KIND.built_in["parts"][:2], {"metric": "satisfaction_rate", "weight": 36}]},
    {"parts": [*KIND.built_in["parts"][:2], {"metric": "satisfaction_rate", "weight": True}]},
    {"parts": [*KIND.built_in["parts"][:2], {"metric": "received", "weight": 35}]},
    {"parts": [*KIND.built_in["parts"][:2], {"metric": ["x"], "weight": 35}]},
    {"parts": [*KIND.built_in["parts"][:2], "x"]},
    {**KIND.built_in, "more": 1},
]


@pytest.mark.parametrize("definition", WRONG)
async def test_weights_that_are_none_never_come_into_force(definition: dict[str, object]) -> None:
    assert await check_composite(None, definition)  # type: ignore[arg-type]  it asks the database nothing
    assert not await check_composite(None, KIND.built_in)  # type: ignore[arg-type]
