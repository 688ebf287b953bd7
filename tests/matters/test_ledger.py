"""Money and labour in double entry: every entry adds up to nothing, and random histories end where a plain count of them does."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matters.ledger import SOURCES, Posting, balanced, balances, postings_of, reversed_lines, sums_of
from services.platform.errors import Conflict


def entered(*deeds):
    lines = []
    for deed, source, amount in deeds:
        lines += postings_of(deed, "fen", source, amount, balances(lines))
    return lines


def test_the_canal_is_paid_by_the_bureau_and_by_hands():
    lines = entered(("pledge", "finance", 400), ("receive", "finance", 300), ("receive", "donation", 50), ("spend", "finance", 350))
    found = sums_of(lines, "fen")
    assert (found.pledged, found.received, found.spent, found.held, found.due, found.settled) == (450, 350, 350, 0, 100, False)
    assert [(one.source, one.pledged, one.received, one.due) for one in found.sources] == [
        ("finance", 400, 300, 100), ("donation", 50, 50, 0),
    ]  # fmt: skip
    done = sums_of([*lines, *postings_of("receive", "fen", "finance", 100, balances(lines))], "fen")
    assert (done.held, done.settled) == (100, False), "what came is to be spent"
    labour = postings_of("pledge", "half_day", "villagers", 40, {})
    labour += postings_of("receive", "half_day", "villagers", 37, balances(labour))
    assert (sums_of(labour, "half_day").spent, sums_of(labour, "half_day").due) == (37, 3)
    assert sums_of(labour, "fen").pledged == 0


def test_nothing_is_spent_that_is_not_there_and_nothing_given_back_to_somebody_else():
    lines = entered(("receive", "donation", 50))
    for deed, source, amount, code in (
        ("spend", "donation", 51, "ledger.not_held"), ("give_back", "finance", 20, "ledger.not_given"),
    ):  # fmt: skip
        with pytest.raises(Conflict) as refused:
            postings_of(deed, "fen", source, amount, balances(lines))
        assert refused.value.code == code
    back = [*lines, *postings_of("give_back", "fen", "donation", 50, balances(lines))]
    assert sums_of(back, "fen").settled
    assert sums_of(back, "fen").sources == ()


def test_what_others_rest_on_is_reversed_last():
    pledge = entered(("pledge", "finance", 100))
    both = [*pledge, *postings_of("receive", "fen", "finance", 100, balances(pledge))]
    with pytest.raises(Conflict) as refused:
        reversed_lines(pledge, balances(both))
    assert refused.value.code == "ledger.built_upon"
    assert not any(balances([*both, *reversed_lines(both[2:], balances(both)), *reversed_lines(pledge, balances(pledge))]).values())


_deeds = st.lists(
    st.tuples(st.sampled_from(["pledge", "receive", "spend", "give_back"]), st.sampled_from(SOURCES), st.integers(1, 500)), max_size=25
)


@given(_deeds)
def test_every_history_adds_up_and_tells_what_a_plain_count_tells(deeds):
    lines: list[Posting] = []
    spent, held, pledged, given_back = 0, 0, Counter(), Counter()
    due: Counter[str] = Counter()
    for deed, source, amount in deeds:
        try:
            entry = postings_of(deed, "fen", source, amount, balances(lines))
        except Conflict:
            continue
        assert balanced(entry)
        assert len({line.account for line in entry}) == len(entry), "an account stands in an entry once"
        lines += entry
        if deed == "pledge":
            due[source] += amount
            pledged[source] += amount
        elif deed == "receive":
            held += amount
            pledged[source] += max(amount - due[source], 0)
            due[source] -= min(due[source], amount)
        elif deed == "spend":
            held, spent = held - amount, spent + amount
        else:
            held -= amount
            given_back[source] += amount
    found = sums_of(lines, "fen")
    assert (found.spent, found.held, found.due) == (spent, held, sum(due.values()))
    assert {one.source: one.pledged for one in found.sources if one.pledged} == {
        source: total for source in SOURCES if (total := pledged[source] - given_back[source])
    }
    assert found.received == found.spent + found.held, "what came is spent or still there"
    assert found.held >= 0
    assert found.due >= 0
