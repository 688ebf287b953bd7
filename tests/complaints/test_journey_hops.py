"""Hops from random histories: they cover the way without gap or overlap, and say at every instant what the journal says. Pure."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.complaints.journey import Seen, dwells, hops, moments, way
from services.complaints.word_differences import word_differences
from services.deadlines.calendar import WorkCalendar, seed_days
from services.deadlines.due import office_time_between

TICKETS = tuple(UUID(int=number) for number in (1, 2, 3))
UNITS = tuple(UUID(int=number) for number in (11, 12, 13))
DESKS = tuple(UUID(int=number) for number in (21, 22))
BEGAN = datetime(2026, 2, 13, 8, 30, tzinfo=UTC)
CALENDAR = WorkCalendar.from_rows(seed_days([2026]))
MINUTE = timedelta(minutes=1)
STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(0, 2), st.integers(1, 400_000)), min_size=0, max_size=20
)  # which ticket, what, which unit, how many seconds later


def written(steps) -> dict[UUID, list[Seen]]:
    """A journal of three tickets as the application would write it: only what may happen in a status happens."""
    at = BEGAN
    found = {ticket: [Seen("ticket.received", at, at + MINUTE, {})] for ticket in TICKETS}
    now = {ticket: {"status": "received", "round": 1, "into": None, "before": None} for ticket in TICKETS}
    at += MINUTE
    for which, what, unit, seconds in steps:
        at += timedelta(seconds=seconds)
        ticket = TICKETS[max(which - 3, 0)]  # mostly the one whose way is told
        drafted = happens(now, ticket, what, unit)
        for nth, (kind, data) in enumerate(drafted):
            found[ticket].append(Seen(kind, at - timedelta(seconds=seconds * nth), at, data))
    return found


def happens(now, ticket, what, unit):
    """Take one step on a ticket; return the events, none where it cannot be taken now."""
    own, lead, desk = now[ticket], str(UNITS[unit]), str(DESKS[unit % 2])
    into = TICKETS[(TICKETS.index(ticket) + 1) % 3]
    possible = [step for step in STEPPED if own["status"] in step[0]]
    if what >= 2 * len(possible):
        return merges(now, ticket, into, undone=own["status"] == "merged")
    _, kind, given, more = possible[what % len(possible)]
    told = {name: {"LEAD": lead, "DESK": desk}.get(value, value) for name, value in given.items()}
    own["status"] = told["status"]
    if kind == "ticket.called_back":
        own["round"] += 1
        return [(kind, {"now": {**told, "round": own["round"]}}), ("ticket.reopened", {"round": own["round"]})]
    return [(kind, {**more, "now": told, **({"unit_id": lead} if "LEAD" in given.values() else {})})]


def merges(now, ticket, into, *, undone):
    """Merge a ticket into another or take it out again, where that may be."""
    own, absorbed = now[ticket], any(other["into"] == ticket for other in now.values())
    if undone:
        own |= {"status": own["before"], "into": None}
        return [("ticket.unmerged", {"from_id": str(into), "now": {"status": own["status"]}})]
    if own["status"] not in ("received", "dispatched", "accepted") or absorbed or now[into]["status"] == "merged":
        return []
    own |= {"before": own["status"], "status": "merged", "into": into}
    return [("ticket.merged", {"into_id": str(into), "now": {"status": "merged"}})]


STEPPED = (
    (("received",), "ticket.dispatched", {"status": "dispatched", "lead_unit_id": "LEAD", "desk_unit_id": "DESK"}, {}),
    (("dispatched",), "ticket.accepted", {"status": "accepted"}, {}),
    (("dispatched", "accepted"), "ticket.returned", {"status": "received", "lead_unit_id": None}, {"reason": "not_ours"}),
    (("dispatched", "accepted"), "ticket.handed_up", {"status": "dispatched", "lead_unit_id": "LEAD"}, {}),
    (("accepted",), "ticket.resolved", {"status": "resolved"}, {}),
    (("resolved",), "ticket.answered", {"status": "answered"}, {"answered": []}),
    (("answered",), "ticket.closed", {"status": "closed"}, {}),
    (("answered", "closed"), "ticket.called_back", {"status": "received", "lead_unit_id": None}, {}),
)
"""From which statuses, by which event, to what, and what else the event says."""


def recount(journal, ticket, instant):
    """Say who had a matter at an instant, from the journal alone and in another way than the code: replay what was written by then."""
    status, number, lead, desk, into = "received", 1, None, None, None
    for event in journal[ticket]:
        if event.recorded_at > instant:
            break
        told = event.data.get("now", {})
        status, number = told.get("status", status), told.get("round", number)
        lead, desk = told.get("lead_unit_id", lead), told.get("desk_unit_id", desk)
        into = event.data.get("into_id") if event.type in ("ticket.merged", "ticket.unmerged") else into
    if into is not None:
        return recount(journal, UUID(into), instant)
    unit = {"received": desk, "answered": desk, "closed": None}.get(status, lead)
    state = {"received": "waiting", "answered": "verifying", "closed": "over"}.get(status, "working")
    return state, number, UUID(unit) if unit else None


def travelled(journal, ticket=TICKETS[0]):
    return hops(way({one: moments(events, ticket, own=one == ticket) for one, events in journal.items()}, ticket))


@given(STEPS, st.integers(0, 10_000_000), st.floats(0, 1))
def test_hops_follow_one_another_and_say_what_the_journal_says(steps, later, where):
    journal = written(steps)
    found = travelled(journal)
    now = max(event.recorded_at for events in journal.values() for event in events) + timedelta(seconds=later)
    assert found[0].since == BEGAN
    assert all(one.until == following.since for one, following in pairwise(found)), "no gap, no overlap"
    assert all(one.until is None or one.until >= one.since for one in found)
    state, _, _ = recount(journal, TICKETS[0], now)
    assert (found[-1].until is None) == (state != "over"), "to now, or to the end"
    end = found[-1].until or now
    seen = [BEGAN, *(event.recorded_at for event in journal[TICKETS[0]]), BEGAN + (end - BEGAN) * where]
    for instant in [one for one in seen if one < end]:
        [there] = [hop for hop in found if hop.since <= instant and (hop.until is None or instant < hop.until)]
        assert tuple(there.holding) == recount(journal, TICKETS[0], instant)


@given(STEPS, st.integers(0, 10_000_000))
def test_dwell_times_add_up_to_the_whole(steps, later):
    journal = written(steps)
    found = travelled(journal)
    now = max(event.recorded_at for events in journal.values() for event in events) + timedelta(seconds=later)
    took, end = dwells(found, now, CALENDAR), found[-1].until or now
    assert sum(one.minutes for one in took) == (end - BEGAN) // MINUTE
    assert sum(one.working for one in took) == office_time_between(BEGAN, end, CALENDAR) // MINUTE
    assert all(0 <= one.working <= one.minutes + 1 for one in took)
    assert {one.working for one in dwells(found, now, None)} == {None}, "where no limit counts working time none is told"


@given(STEPS)
def test_every_act_of_ones_own_ticket_is_told_once(steps):
    journal = written(steps)
    merged = any(event.type == "ticket.merged" for event in journal[TICKETS[0]])
    told = [act.action for hop in travelled(journal) for act in hop.acts]
    names = {"ticket.received": "receive", "ticket.handed_up": "hand_up"}
    quiet = ("ticket.called_back", "ticket.answered")  # this answer was not theirs
    own = [names.get(one.type, one.type.split(".")[1]) for one in journal[TICKETS[0]] if one.type not in quiet]
    short = {"dispatched": "dispatch", "accepted": "accept", "returned": "return", "resolved": "resolve", "closed": "close"}
    short |= {"reopened": "reopen", "merged": "merge", "unmerged": "unmerge"}
    own = [short.get(one, one) for one in own]
    assert (
        told == own
        if not merged
        else [one for one in told if one in ("receive", "merge", "unmerge")]
        == [one for one in own if one in ("receive", "merge", "unmerge")]
    )


WORDS = st.text(alphabet="水管爆了，村口 ab1", max_size=40)


@given(WORDS, WORDS)
def test_a_difference_holds_both_wordings_whole(before, after):
    pieces = word_differences(before, after)
    assert "".join(piece.words for piece in pieces if piece.did != "added") == before
    assert "".join(piece.words for piece in pieces if piece.did != "removed") == after
    assert all(piece.words for piece in pieces)
    if before == after:
        assert {piece.did for piece in pieces} <= {"same"}


def test_a_difference_reads_as_a_person_would_mark_it():
    pieces = word_differences("水管在老水井旁爆了", "水管在村委会门口爆了")
    assert [tuple(piece) for piece in pieces] == [("same", "水管在"), ("removed", "老水井旁"), ("added", "村委会门口"), ("same", "爆了")]
    assert [tuple(piece) for piece in word_differences("call 580", "call 581")] == [("same", "call "), ("removed", "580"), ("added", "581")]


def test_words_with_nothing_in_common_are_told_as_taken_away_and_new():
    before, after = "甲" * 4000, "乙" * 4000
    assert [piece.did for piece in word_differences(before, after)] == ["removed", "added"]
