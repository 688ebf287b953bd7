"""What may be done with a help item and a mediation, and what a vote comes to: pure, against counting by hand."""

from datetime import date, timedelta
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.assistance import models
from services.assistance.commands import CloseHelp, Confirmation, HelpKind, HelpOutcome, RecordHelpStep, StepKind, Unconfirmed
from services.assistance.deliberation_commands import Form
from services.assistance.deliberation_views import FORM_NAMES, VERDICT_NAMES
from services.assistance.figures import _STATEMENTS, FIGURE_NAMES, FigureName
from services.assistance.help_views import CONFIRMATION_NAMES, HELP_KIND_NAMES, OUTCOME_NAMES, STEP_NAMES, UNCONFIRMED_NAMES
from services.assistance.mediation_commands import DisputeKind, EndingName, ErasedBecause, Found, Present, Side
from services.assistance.mediation_views import DISPUTE_NAMES, FOUND_NAMES, PRESENT_NAMES, SIDE_NAMES, STATE_NAMES
from services.assistance.quorum import BUILT_IN, KIND, AssistanceRules, FormRules, Share, rules_from, verdict_of
from services.assistance.rules import (
    Deed,
    Money,
    follow_up_day,
    money_of,
    require_closing,
    require_ending,
    require_names_nobody,
    require_session,
    require_step,
    require_two,
    require_withdrawal,
)
from services.platform.errors import Problem

DAY = date(2026, 11, 2)
LAW = rules_from(0, BUILT_IN)


def refused(call, *given_to, **more):
    """Return the code with which a rule refuses, None where it does not."""
    try:
        call(*given_to, **more)
    except Problem as problem:
        return problem.code
    return None


def test_every_word_of_the_database_has_a_command_and_a_name():
    for kept, said, named in (
        (models.HELP_KINDS, HelpKind, HELP_KIND_NAMES), (models.STEP_KINDS, StepKind, STEP_NAMES),
        (models.HELP_OUTCOMES, HelpOutcome, OUTCOME_NAMES), (models.CONFIRMATIONS, Confirmation, CONFIRMATION_NAMES),
        (models.UNCONFIRMED, Unconfirmed, UNCONFIRMED_NAMES), (models.DISPUTE_KINDS, DisputeKind, DISPUTE_NAMES),
        (models.SIDES, Side, SIDE_NAMES), (models.PRESENT, Present, PRESENT_NAMES), (models.KEPT, Found, FOUND_NAMES),
        (models.FORMS, Form, FORM_NAMES),
    ):  # fmt: skip
        assert set(kept) == set(get_args(said)) == set(named)
    assert {*models.ENDINGS, "open"} == {*get_args(EndingName), "open"} == set(STATE_NAMES)
    assert set(models.VERDICTS) == set(VERDICT_NAMES)
    assert set(models.ERASED_BECAUSE) == set(get_args(ErasedBecause))
    assert set(FIGURE_NAMES) == set(_STATEMENTS) == set(get_args(FigureName))


def test_a_step_lies_inside_its_item_and_money_is_not_handed_over_before_it_came():
    money = Money(pledged=900, received=500, handed_over=200)
    handed = Deed("handed_over", DAY, 300)
    assert refused(require_step, DAY, None, money, handed) is None
    assert refused(require_step, DAY, None, money, Deed("handed_over", DAY, 301)) == "help.more_than_received"
    assert refused(require_step, DAY, None, Money(), Deed("handed_over", DAY)) is None, "goods are no money"
    assert refused(require_step, DAY, None, money, Deed("given", DAY - timedelta(1))) == "help.before_start"
    closed = DAY + timedelta(3)
    assert refused(require_step, DAY, closed, money, Deed("given", closed)) is None, "told late, from a phone"
    assert refused(require_step, DAY, closed, money, Deed("given", closed + timedelta(1))) == "help.closed"
    assert refused(require_step, DAY, closed, money, handed) == "help.closed"


def test_what_was_handed_on_keeps_what_had_come():
    money = Money(received=500, handed_over=200)
    assert refused(require_withdrawal, None, money, Deed("received", DAY, 300)) is None
    assert refused(require_withdrawal, None, money, Deed("received", DAY, 301)) == "help.handed_over"
    assert refused(require_withdrawal, None, money, Deed("handed_over", DAY, 200)) is None
    assert refused(require_withdrawal, DAY, money, Deed("given", DAY)) == "help.closed"


def test_an_item_is_closed_after_its_deeds_with_every_fen_explained():
    deeds = [Deed("pledged", DAY, 900), Deed("received", DAY, 500), Deed("handed_over", DAY + timedelta(1), 200)]
    last = DAY + timedelta(1)
    assert require_closing(deeds, last, DAY, "achieved", left_explained=True) == 300
    assert refused(require_closing, deeds, last, DAY, "achieved", left_explained=False) == "help.money_left"
    assert refused(require_closing, deeds, DAY, DAY, "achieved", left_explained=True) == "help.before_step"
    assert refused(require_closing, deeds, DAY - timedelta(1), DAY, "declined", left_explained=True) == "help.before_start"
    for outcome, code in (("achieved", "help.nothing_done"), ("partly", "help.nothing_done"), ("declined", None)):
        assert refused(require_closing, [Deed("pledged", DAY, 1)], DAY, DAY, outcome, left_explained=False) == code


@given(st.lists(st.tuples(st.sampled_from(models.STEP_KINDS), st.integers(1, 10**12), st.booleans()), max_size=12))
def test_whatever_is_taken_in_any_order_money_is_never_handed_over_that_did_not_come(wanted):
    """Steps are taken or refused, and taken back or not, in any order: what is left is never below nothing."""
    taken: list[Deed] = []
    for kind, amount, back in wanted:
        if back and taken:
            if refused(require_withdrawal, None, money_of(taken), taken[0]) is None:
                taken.pop(0)
            continue
        deed = Deed(kind, DAY, None if kind == "given" else amount)
        if refused(require_step, DAY, None, money_of(taken), deed) is None:
            taken.append(deed)
        by_hand = {name: sum(one.amount_fen or 0 for one in taken if one.kind == name) for name in ("pledged", "received", "handed_over")}
        assert money_of(taken) == Money(**by_hand)
        assert money_of(taken).left >= 0


def test_commands_say_one_thing_at_a_time():
    step = {"step_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e11", "happened_on": "2026-11-03"}
    for wrong in (
        {"kind": "given", "goods": "米"}, {"kind": "pledged"}, {"kind": "received", "amount_fen": 1},
        {"kind": "received", "amount_fen": 1, "source": "donation", "goods": "米"},
        {"kind": "pledged", "goods": "米", "source": "donation"},
        {"kind": "handed_over", "goods": "米，13812345678"},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            RecordHelpStep.model_validate({**step, **wrong})
    closing = {"outcome": "achieved", "closed_on": "2026-11-03"}
    for wrong in (
        {}, {"confirmation": "witness"}, {"confirmation": "signature", "witness_id": step["step_id"]},
        {"confirmation": "witness", "witness_id": step["step_id"], "unconfirmed_because": "ill"},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            CloseHelp.model_validate({**closing, **wrong})


def test_a_mediation_is_held_before_it_ends_and_only_a_settlement_is_followed_up():
    assert refused(require_session, DAY, None, DAY) is None
    assert refused(require_session, DAY, None, DAY - timedelta(1)) == "mediation.before_start"
    assert refused(require_session, DAY, DAY, DAY) is None, "one that was held before the end may be told late"
    assert refused(require_session, DAY, DAY, DAY + timedelta(1)) == "mediation.ended"
    assert refused(require_ending, DAY, [], "withdrawn", DAY) is None
    assert refused(require_ending, DAY, [], "settled", DAY) == "mediation.no_session"
    assert refused(require_ending, DAY, [DAY + timedelta(1)], "settled", DAY) == "mediation.before_session"
    assert refused(require_ending, DAY, [DAY], "settled", DAY - timedelta(1)) == "mediation.before_start"
    assert follow_up_day("settled", DAY, 30) == date(2026, 12, 2)
    assert follow_up_day("unsettled", DAY, 30) is None


def test_words_of_a_dispute_name_neither_party_however_they_are_spelt():
    sides = [{"name": "黄某某", "phone": "13800000123"}, {"name": "李", "phone": None}]
    assert refused(require_names_nobody, {"/words": "甲方与乙方为放水起争执", "/more": None}, sides) is None
    for words in ("黄 某某先动手", "打给138 0000 0123", "１３８００００－０１２３", "黄·某某"):
        assert refused(require_names_nobody, {"/words": words}, sides) == "mediation.names_a_party", words
    assert refused(require_names_nobody, {"/words": "桃李满园"}, sides) is None, "a name of one sign stands in too many words"


def test_a_dispute_has_two_parties():
    assert refused(require_two, [{"phone": "1", "household_id": None}, {"phone": "2", "household_id": None}]) is None
    assert refused(require_two, [{"phone": None}, {"phone": None}]) is None
    assert refused(require_two, [{"household_id": "x"}, {"household_id": "x"}]) == "mediation.one_party"


@given(st.integers(1, 400), st.integers(1, 400), st.data())
def test_a_vote_comes_to_what_fractions_say_and_its_numbers_add_up(eligible, present, data):
    yes = data.draw(st.integers(0, present))
    no = data.draw(st.integers(0, present - yes))
    for form, rules in LAW.forms.items():
        call = {"eligible": eligible, "present": present, "votes": (yes, no, present - yes - no)}
        if present > eligible:
            assert refused(verdict_of, rules, **call) == "deliberation.more_than_eligible"
            continue
        there, agree = Fraction(present, eligible), Fraction(yes, present)
        enough = there > Fraction(1, 2) if form in ("villagers", "council") else there >= Fraction(2, 3)
        wanted = "no_quorum" if not enough else "adopted" if agree > Fraction(1, 2) else "rejected"
        assert verdict_of(rules, **call) == wanted
        assert refused(verdict_of, rules, **{**call, "votes": (yes, no + 1, present - yes - no)}) == "deliberation.votes"


def test_the_law_is_exact_at_its_edges():
    def of(form, eligible, present, yes):
        return verdict_of(LAW.forms[form], eligible=eligible, present=present, votes=(yes, present - yes, 0))

    assert [of("representatives", 45, present, present) for present in (29, 30)] == ["no_quorum", "adopted"], "三分之二以上 includes it"
    assert [of("villagers", 100, present, present) for present in (50, 51)] == ["no_quorum", "adopted"], "过半数 does not"
    assert [of("group", 3, 2, yes) for yes in (1, 2)] == ["rejected", "adopted"], "half of those present is not more than half"


async def test_a_county_s_rules_are_checked_whole():
    assert await KIND.check(None, BUILT_IN) == []
    without = {**BUILT_IN, "forms": {name: one for name, one in BUILT_IN["forms"].items() if name != "council"}}
    impossible = {
        **BUILT_IN,
        "forms": {**BUILT_IN["forms"], "group": {"quorum": {"of": 3, "out_of": 2}, "majority": {"of": 1, "out_of": 2}}},
    }
    for wrong in ({}, without, impossible, {**BUILT_IN, "follow_up_days": 0}, {**BUILT_IN, "more": 1}):
        assert await KIND.check(None, wrong), wrong
    with pytest.raises(ValidationError):
        Share(of=2, out_of=2, more=True)
    assert AssistanceRules.model_validate(BUILT_IN).forms["group"] == FormRules(
        quorum=Share(of=2, out_of=3), majority=Share(of=1, out_of=2, more=True)
    )
