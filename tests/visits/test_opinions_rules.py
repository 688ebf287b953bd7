"""What the handbook holds of words: one hash for the same words, another wording voids, nothing ends in nothing. Pure."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.visits.opinions_models import CONFIRMATION_KINDS, OUTCOME_KINDS
from services.visits.opinions_rules import (
    KINDS,
    OUTCOME_NAMES,
    Confirmed,
    Ended,
    Said,
    canonical,
    confirmed,
    is_late,
    standing,
    strength,
    unconfirmed,
    words_hash,
)

NOON = datetime(2026, 11, 15, 4, tzinfo=UTC)
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


def test_anybody_can_make_the_hash_again_from_what_is_printed():
    assert words_hash("水渠要修。") == hashlib.sha256("水渠要修。".encode()).digest()
    assert words_hash("水渠要修。\r\n路也要修。 \r\n") == hashlib.sha256("水渠要修。\n路也要修。".encode()).digest()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("水渠要修。", "  水渠要修。\n", True),
        ("Caf\u00e9", "Cafe\u0301", True),
        ("水渠要修。", "水渠要修", False),
        ("一行\n两行", "一行两行", False),
        ("甲 乙", "甲乙", False),
    ],
)
def test_what_looks_the_same_is_the_same_and_nothing_else(one, other, same):
    assert (words_hash(one) == words_hash(other)) is same


@given(words)
def test_canonical_words_are_canonical(given_words):
    assert canonical(canonical(given_words)) == canonical(given_words)


@given(st.lists(st.tuples(words, st.sampled_from(CONFIRMATION_KINDS)), max_size=6), words)
def test_a_later_wording_voids_exactly_what_was_said_of_other_words(said, present):
    told = [Said(words_hash(one), kind) for one, kind in said]
    counting = [kind for one, kind in said if canonical(one) == canonical(present)]
    assert (confirmed(told, words_hash(present)) is Confirmed.BY_THEM) == bool(counting)
    assert strength(told, words_hash(present)) == max((KINDS[kind].strength for kind in counting), default=0)
    assert (confirmed(told, words_hash(present)) is Confirmed.NOT_YET) == (not told)


def test_each_kind_has_a_strength_of_its_own_and_the_hand_is_the_strongest():
    assert set(KINDS) == set(CONFIRMATION_KINDS)
    assert sorted(kind.strength for kind in KINDS.values()) == [1, 2, 3, 4, 5]
    assert max(KINDS, key=lambda kind: KINDS[kind].strength) == "signature"
    assert min(KINDS, key=lambda kind: KINDS[kind].strength) == "witness"


def test_a_visit_misses_what_nobody_stands_by():
    present, before = words_hash("水渠要修。"), words_hash("水沟要修。")
    first, second, third = uuid4(), uuid4(), uuid4()
    heard = {
        first: ([Said(present, "witness")], present),
        second: ([Said(before, "signature")], present),
        third: ([], present),
    }
    assert unconfirmed(heard) == (second, third)


@given(
    st.lists(
        st.builds(
            Ended,
            st.sampled_from(OUTCOME_KINDS),
            st.integers(0, 9).map(lambda hours: NOON + timedelta(hours=hours)),
            st.sampled_from([None, "dispatched", "closed", "cancelled", "rejected"]),
        ),
        max_size=6,
        unique_by=lambda one: one.at,
    )
)
def test_what_holds_last_is_what_it_ended_in_and_a_dropped_ticket_holds_nothing(became):
    holding = sorted((one for one in became if one.ticket_status not in ("cancelled", "rejected")), key=lambda one: one.at)
    assert standing(became) == (holding[-1].kind if holding else "open")


def test_an_opinion_is_open_until_something_became_of_it_and_again_when_its_ticket_is_dropped():
    assert standing([]) == "open"
    assert standing([Ended("ticket", NOON, "accepted")]) == "ticket"
    assert standing([Ended("ticket", NOON, "cancelled")]) == "open"
    assert standing([Ended("answered", NOON), Ended("ticket", NOON + timedelta(1), "rejected")]) == "answered"
    assert set(OUTCOME_NAMES) == {"open", *OUTCOME_KINDS}


def test_the_desk_is_told_after_so_many_days_and_not_a_moment_before():
    assert not is_late(NOON, NOON + timedelta(days=15) - timedelta(seconds=1), 15)
    assert is_late(NOON, NOON + timedelta(days=15), 15)
