"""What is missing before a matter is struck off: random histories of a matter, against a plain reading of what 销号 asks for.

The oracle below was written from the issue's sentence and reads the history itself; it shares nothing with the code but the history.
"""

import importlib.util
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.anchors.certificates import lacking
from services.matters.missing_words import SENTENCES
from services.matters.proving import (
    Completion,
    Milestone,
    Note,
    Notice,
    Objection,
    Proof,
    Rules,
    Site,
    Task,
    Teller,
    Word,
    frozen,
    gap,
    missing,
    thawed,
)
from services.platform.canonical import canonical

_SPEC = importlib.util.spec_from_file_location("tool", Path(__file__).resolve().parents[2] / "tools" / "verify_history.py")
TOOL = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(TOOL)

START = datetime(2026, 1, 1, 1, tzinfo=UTC)
SEGMENT = (0, 10)
HOUSEHOLDS, NOTICE_DAYS = 2, 3
LEVELS = ("county", "township", "village")

# A history is a list of things that happened, one after the other; `night` ends a day.
WHOLE = [
    ("task", 1), ("accept", 1), ("milestone", 1), ("reach", 1), ("site", 1, 0, 6), ("site", 2, 6, 10),
    *((what, site) for site in (1, 2) for what in ("before", "after", "passed")),
    ("pledge", 5), ("receive", 5), ("spend", 5), ("promise", 2), ("work", 2), ("block", "land"), ("unblock", "land"),
    *(("supervisor", level) for level in LEVELS), ("told", 1), ("told", 2), ("told", 0), ("complete",),
    *(("note", level) for level in LEVELS), ("notice", 1), ("solved", 1), ("solved", 2),
    ("object", 1), ("dismiss", 1), *[("night",)] * (NOTICE_DAYS + 1),
]  # fmt: skip
NUMBERS = st.integers(1, 3)
MORE = st.one_of(
    st.sampled_from(WHOLE),
    st.tuples(st.sampled_from(["failed", "passed", "before", "after", "accept", "task", "milestone", "reach"]), NUMBERS),
    st.tuples(st.sampled_from(["solved", "not_solved", "answer", "told", "waive", "object", "dismiss", "uphold", "notice"]), NUMBERS),
    st.tuples(st.just("site"), NUMBERS, st.integers(0, 5), st.integers(6, 10)),
    st.tuples(st.sampled_from(["pledge", "receive", "spend", "promise", "work", "write_off"]), NUMBERS),
    st.sampled_from([("complete",), ("night",), ("few",), ("block", "funding"), ("unblock", "funding")]),
)


@st.composite
def histories(draw):
    """The whole history of a matter that may be struck off, with some things left out, put in, said twice or in another order."""
    found = list(WHOLE)
    for _ in range(draw(st.integers(0, 6))):
        how, at = draw(st.sampled_from(["drop", "add", "swap", "redo"])), draw(st.integers(0, len(found)))
        if how == "add":
            found.insert(at, draw(MORE))
        elif how == "redo":
            found += [("complete",), *(("note", level) for level in LEVELS), ("notice", 2), *[("night",)] * (NOTICE_DAYS + 1)]
        elif found:
            at %= len(found)
            moved = found.pop(at)
            if how == "swap":
                found.insert(draw(st.integers(0, len(found))), moved)
    return found


def clocked(history):
    """The history with an instant and a day for each thing."""
    day, found = 0, []
    for nth, thing in enumerate(history):
        day += thing[0] == "night"
        at = START + timedelta(days=day, seconds=nth)
        found.append((at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), str(at.date()), *thing))
    return found


def proof_of(history):
    """What the database would be asked for, after that history."""
    rows = clocked(history)
    last_day = rows[-1][1] if rows else str(START.date())

    def of(*names):
        return [row for row in rows if row[2] in names]

    def numbers(name):
        return list(dict.fromkeys(row[3] for row in of(name)))

    sites = {}
    for row in of("site"):
        sites.setdefault(row[3], (row[4], row[5]))
    looks = {site: [row[2] == "passed" for row in of("passed", "failed") if row[3] == site] for site in sites}
    standing = {row[3]: row[2] == "block" for row in of("block", "unblock")}
    answers = of("answer")
    words = []
    for row in of("solved", "not_solved"):
        answered = any(one[3] == row[3] and one[0] > row[0] for one in answers) and row[2] == "not_solved"
        words.append(Word(row[0], row[3], row[2] == "solved", row[0], "signature", 5, "other" if answered else None))
    decided = {}
    for row in of("dismiss", "uphold"):
        decided.setdefault(row[3], row)
    objections = {}
    for row in of("object"):
        objections.setdefault(row[3], row)
    due, held, labour = 0, 0, 0
    for row in of("pledge", "receive", "spend", "write_off", "promise", "work"):
        due += {"pledge": row[3], "receive": -min(row[3], due), "write_off": -min(row[3], due)}.get(row[2], 0)
        held += {"receive": row[3], "spend": -min(row[3], held)}.get(row[2], 0)
        labour += {"promise": row[3], "work": -min(row[3], labour)}.get(row[2], 0)
    tellers = [
        Teller(f"t{home}", home, "unreachable" if home and ("waive", home) in history else None) for home in numbers("told")
    ]  # fmt: skip
    return Proof(
        Rules(HOUSEHOLDS, NOTICE_DAYS), last_day, SEGMENT, tuple(Completion(row[0], row[0], row[1]) for row in of("complete")),
        tasks=tuple(Task(str(one), one in numbers("accept"), True) for one in numbers("task")),
        sites=tuple(
            Site(str(one), *metres, sum(row[3] == one for row in of("before")), sum(row[3] == one for row in of("after")),
                 looks[one][-1] if looks[one] else None)
            for one, metres in sites.items()
        ),
        supervisors=tuple(numbers("supervisor")), notes=tuple(Note(row[0], row[3], row[1], row[0]) for row in of("note")),
        blockers=tuple(code for code, there in standing.items() if there),
        milestones=tuple(Milestone(str(one), one in numbers("reach")) for one in numbers("milestone")), money=(due, held), labour=labour,
        tellers=tuple(tellers), words=tuple(words), few_households="other" if of("few") else None,
        notices=tuple(
            Notice(row[0], row[0], str(date.fromisoformat(row[1]) + timedelta(days=NOTICE_DAYS))) for row in of("notice")
        ),
        objections=tuple(
            Objection(str(one), row[0], *((decided[one][2] == "uphold", decided[one][0]) if one in decided else (None, None)))
            for one, row in objections.items()
        ),
    )  # fmt: skip


def complete(history):
    """Tell whether a matter may be struck off: every sub-task done, evidence per site, villagers, supervisors, funds, notice."""
    done = [nth for nth, thing in enumerate(history) if thing == ("complete",)]
    if not done:
        return False
    after, since = history[done[-1] + 1 :], history[done[0] + 1 :]
    supervised = all(("supervisor", level) in history and ("note", level) in after for level in LEVELS)
    parts = (_worked(history), _shown(history), _balances(history), _villagers(history, since, after), _noticed(history, done[-1]))
    return supervised and all(parts)


def _worked(history):
    set_tasks = {thing[1] for thing in history if thing[0] == "task"}
    if not set_tasks or any(("accept", one) not in history for one in set_tasks):
        return False
    for code in ("land", "funding"):
        said = [thing[0] for thing in history if thing[1:] == (code,)]
        if said[-1:] == ["block"]:
            return False
    return all(("reach", thing[1]) in history for thing in history if thing[0] == "milestone")


def _shown(history):
    covered, first = set(), {}
    for thing in history:
        if thing[0] == "site" and thing[1] not in first:
            first[thing[1]] = thing
    for _, site, begin, end in first.values():
        found = [thing[0] for thing in history if thing[0] in {"passed", "failed"} and thing[1] == site]
        if ("before", site) not in history or ("after", site) not in history or found[-1:] != ["passed"]:
            return False
        covered |= set(range(begin, end))
    return bool(first) and covered >= set(range(*SEGMENT))


def _balances(history):
    owed = there = hands = 0
    for name, amount in [thing[:2] for thing in history if len(thing) > 1 and isinstance(thing[1], int)]:
        if name == "pledge":
            owed += amount
        if name == "receive":
            owed, there = max(owed - amount, 0), there + amount
        if name == "write_off":
            owed = max(owed - amount, 0)
        if name == "spend":
            there = max(there - amount, 0)
        if name == "promise":
            hands += amount
        if name == "work":
            hands = max(hands - amount, 0)
    return owed == there == hands == 0


def _villagers(history, since, after):
    say = {}
    for nth, thing in enumerate(since):
        if thing[0] in {"solved", "not_solved"}:
            say[thing[1]] = (thing[0], ("answer", thing[1]) in since[nth:], nth >= len(since) - len(after))
    for thing in history:
        if thing[0] == "told" and thing[1] and ("waive", thing[1]) not in history:
            word = say.get(thing[1])
            if word is None or (word[0] == "not_solved" and not word[1]):
                return False
    if any(word == "not_solved" and not answered and fresh for word, answered, fresh in say.values()):
        return False
    return sum(word == "solved" for word, *_ in say.values()) >= HOUSEHOLDS or ("few",) in history


def _noticed(history, done):
    objected = {thing[1] for thing in history if thing[0] == "object"}
    for one in objected:
        decisions = [nth for nth, thing in enumerate(history) if thing in {("dismiss", one), ("uphold", one)}][:1]
        if not decisions or (history[decisions[0]][0] == "uphold" and decisions[0] > done):
            return False
    nights = [history[nth:].count(("night",)) for nth in range(done + 1, len(history)) if history[nth][0] == "notice"]
    return any(count > NOTICE_DAYS for count in nights)


@given(histories())
def test_no_random_history_strikes_off_an_incomplete_matter_and_every_complete_one_may_be(history):
    assert (missing(proof_of(history)) == ()) == complete(history), missing(proof_of(history))


@given(histories())
def test_the_certificate_the_room_and_the_single_file_say_the_same_of_every_history(history):
    proof = proof_of(history)
    facts = orjson.loads(canonical(frozen(proof)))
    assert thawed(facts) == proof
    assert list(lacking(facts)) == TOOL.lacking(facts)
    assert (list(lacking(facts)) == []) == (missing(thawed(facts)) == ())


def test_the_whole_history_lacks_nothing_and_each_thing_left_out_of_it_lacks_something():
    assert missing(proof_of(WHOLE)) == ()
    needless = {"told", "object", "pledge", "promise", "block", "task", "milestone", "site"}
    for nth, thing in enumerate(WHOLE):
        rest = WHOLE[:nth] + WHOLE[nth + 1 :]
        assert (missing(proof_of(rest)) == ()) == complete(rest)
        if thing[0] not in needless:
            assert missing(proof_of(rest)), thing


@pytest.mark.parametrize(("stretches", "left"), [
    ([], (118_000, 121_500)), ([(118_000, 121_500)], None), ([(118_000, 119_000), (119_500, 121_500)], (119_000, 119_500)),
    ([(119_000, 122_000)], (118_000, 119_000)), ([(117_000, 120_000), (118_500, 119_000)], (120_000, 121_500)),
    ([(119_999, 130_000), (0, 120_000)], None),
])  # fmt: skip
def test_metres_that_nobody_inspected_are_named(stretches, left):
    assert gap((118_000, 121_500), stretches) == left


def test_every_thing_that_can_lack_has_its_words():
    nothing = missing(Proof(Rules(5, 7), "2026-01-01", SEGMENT))
    assert {one.code for one in nothing} == {
        "completion.none", "tasks.none", "sites.none", "segment.not_inspected", "supervisor.none", "supervisor.no_note",
        "households.too_few", "notice.none",
    }  # fmt: skip
    assert all(one.sentence and one.todo for one in nothing)
    code = (Path(__file__).resolve().parents[2] / "services" / "matters" / "proving.py").read_text()
    assert all(f'"{one}"' in code for one in SENTENCES)


def test_a_household_counts_once_by_its_last_word_and_who_is_known_by_nothing_not_at_all():
    whole = proof_of(WHOLE)
    twice = replace(whole, words=(whole.words[0], whole.words[0]._replace(id="w9", at=whole.words[1].at)))
    assert [(one.code, one.about) for one in missing(replace(twice, tellers=()))] == [("households.too_few", "1/2")]
    unknown = replace(whole, words=(whole.words[0], whole.words[1]._replace(household=-1)), tellers=())
    assert [one.code for one in missing(unknown)] == ["households.too_few"]
    refused = replace(whole, words=(*whole.words, Word("w9", -1, False, whole.day + "T00:00:00.000000Z", "code", 2, None)))
    assert [(one.code, one.about) for one in missing(refused)] == [("word.not_solved", "w9")]
