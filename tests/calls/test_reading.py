"""What all events of a call mean together, by the calls of a real exchange and by what is lost, late or out of order."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.calls.adapters import ami, asterisk
from services.calls.adapters.values import Post, Source
from services.calls.events import ABANDONED, ANSWERED, COMPLETED, ENDED, LEFT, QUEUED, STARTED, CallEvent, Facts
from services.calls.reading import Heard, read_call
from tests.calls.vectors import ASTERISK, CDR, DISPOSITIONS, EXPECTED, FOUR, QUEUE_LOG

UTC_SOURCE = Source(ZoneInfo("UTC"), frozenset({"580", "12345"}))
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def heard(event: CallEvent, received_at: datetime = NOON) -> Heard:
    return Heard(event.call_id, event.kind, event.event, event.happened_at, received_at, event.facts)


def of_posts(posts):
    for one in posts:
        body, kind = one["form"], one["ct"]
        if isinstance(body, dict):
            from urllib.parse import urlencode

            body = urlencode(body)
        for told in asterisk.read_post(Post(body.encode(), kind, one["path"].strip("/")), UTC_SOURCE):
            assert told.error is None, told.error
            yield from told.events


def of_files():
    for line in QUEUE_LOG.splitlines():
        yield from asterisk.read_queue_line(line)
    for line in CDR.splitlines():
        yield from asterisk.read_record_line(line, UTC_SOURCE)


def of_call(events, call_id):
    return [heard(event) for event in events if call_id in (event.call_id, event.linked_id)]


@pytest.mark.parametrize("call_id", EXPECTED)
def test_the_four_calls_read_as_they_were_by_the_exchanges_files(call_id):
    read, wanted = read_call(call_id, of_call(of_files(), call_id)), EXPECTED[call_id]
    assert read.disposition == DISPOSITIONS[wanted["kind"]]
    assert (read.wait_seconds, read.talk_seconds, read.agent) == (wanted["wait_seconds"], wanted["talk_seconds"], wanted["agent"])
    assert read.queued is (wanted["kind"] != "ivr_only")
    assert read.basis == ("record" if wanted["kind"] == "ivr_only" else "queue")


@pytest.mark.parametrize("call_id", EXPECTED)
def test_the_four_calls_by_posts_alone_claim_no_seconds_that_a_record_cannot_know(call_id):
    read, wanted = read_call(call_id, of_call(of_posts(FOUR), call_id)), EXPECTED[call_id]
    assert read.disposition == DISPOSITIONS[wanted["kind"]]
    assert read.agent == wanted["agent"]
    assert read.basis == "record"
    assert read.wait_seconds is None
    assert read.talk_seconds == (None if read.disposition == "answered" else 0), "billsec 6 is not the talk of 4 s"


def test_posts_and_files_together_say_what_the_files_say():
    for call_id, wanted in EXPECTED.items():
        read = read_call(call_id, of_call([*of_posts(FOUR), *of_files()], call_id))
        assert (read.disposition, read.wait_seconds) == (DISPOSITIONS[wanted["kind"]], wanted["wait_seconds"])
        assert (read.talk_seconds, read.agent) == (wanted["talk_seconds"], wanted["agent"])


@pytest.mark.parametrize(
    ("events", "call_id", "wanted"),
    [
        ("ami_asterisk22_answered", "1795311604.0", ("answered", 0, 4, "PJSIP/agent1001")),
        ("ami_asterisk16_abandoned", "1795312703.3", ("abandoned_in_queue", 5, 0, None)),
        ("ami_asterisk16_ivr_only", "1795312717.9", ("ivr_only", None, 0, None)),
    ],
)
def test_manager_events_read_alike_in_whatever_order(events, call_id, wanted):
    import json

    told = [item for one in ASTERISK[events] for item in ami.read_post(Post(json.dumps(one).encode(), "application/json"), UTC_SOURCE)]
    assert not [item.error for item in told if item.error]
    found = [event for item in told for event in item.events]
    for seed in range(20):
        mixed = found[:]
        random.Random(seed).shuffle(mixed)
        received = [NOON + timedelta(seconds=second) for second in range(len(mixed))]
        read = read_call(call_id, [heard(event, at) for event, at in zip(mixed, received, strict=True)])
        assert (read.disposition, read.wait_seconds, read.talk_seconds, read.agent) == wanted


def test_every_order_and_repeat_of_a_calls_events_reads_the_same():
    call_id = "1795312703.3"
    events = of_call([*of_posts(FOUR), *of_files()], call_id)
    whole = read_call(call_id, events)
    for order in itertools.islice(itertools.permutations(events), 500):
        assert read_call(call_id, order) == whole
    assert read_call(call_id, events * 2) == whole


def test_a_lost_start_does_not_lose_the_end_and_a_late_one_opens_nothing():
    call_id = "1795312694.0"
    events = of_call(of_posts(FOUR), call_id)
    end = [one for one in events if one.kind == ENDED]
    start = [one for one in events if one.kind == STARTED]
    alone = read_call(call_id, end)
    assert alone.disposition == "answered"
    assert alone.arrived_at == datetime(2026, 11, 22, 1, 58, 14, tzinfo=UTC)
    assert (alone.dnis, alone.direction) == ("580", "inbound")
    late = read_call(call_id, [*end, *start])
    assert late == alone
    opened = read_call(call_id, start)
    assert (opened.disposition, opened.ended_at, opened.talk_seconds) == (None, None, None)


def event(kind, seconds=None, call_id="1", linked_id=None, **facts):
    at = None if seconds is None else NOON + timedelta(seconds=seconds)
    return heard(CallEvent(call_id, kind, "", linked_id, at, Facts(**facts)))


def test_a_leg_that_ends_ends_no_call():
    events = [event(STARTED, 0), event(QUEUED, 1), event(ANSWERED, 5), event(ENDED, 9, "2", "1")]
    assert read_call("1", events).disposition is None
    read = read_call("1", [*events, event(ENDED, 30, ended_at=NOON + timedelta(seconds=30))])
    assert (read.disposition, read.wait_seconds, read.talk_seconds) == ("answered", 4, 25)


def test_a_caller_who_went_through_the_queue_twice_waited_all_of_it():
    events = [event(QUEUED, 0), event(LEFT, 8, wait_seconds=8), event(ABANDONED, 20, wait_seconds=11)]
    assert read_call("1", events).wait_seconds == 20


def test_what_the_queue_let_go_is_not_the_callers_hanging_up():
    events = [event(QUEUED, 0), event(LEFT, 10, wait_seconds=10), event(ENDED, 11, outcome="ivr_only")]
    read = read_call("1", events)
    assert (read.disposition, read.queued, read.wait_seconds) == ("failed", True, 10)
    outside = read_call("1", [event(STARTED, 0), event(ENDED, 3, outcome="out_of_hours")])
    assert (outside.disposition, outside.queued) == ("out_of_hours", False)


def test_two_talks_after_a_transfer_are_added_up():
    events = [event(QUEUED, 0), event(ANSWERED, 2), event(ENDED, 60)]
    talks = [
        event(COMPLETED, 10, talk_seconds=8),
        heard(CallEvent("1", COMPLETED, "second", None, NOON + timedelta(seconds=50), Facts(talk_seconds=30))),
    ]
    assert read_call("1", [*events, *talks]).talk_seconds == 38


@given(st.permutations(range(6)), st.sets(st.integers(0, 5), max_size=3))
def test_whatever_is_lost_nothing_contradicts_itself(order, lost):
    events = [
        event(STARTED, 0, dnis="580"),
        event(QUEUED, 2),
        event(ANSWERED, 9, wait_seconds=7),
        event(COMPLETED, 40, talk_seconds=31),
        event(ENDED, 41, outcome="answered"),
        event(ENDED, 40, "leg", "1"),
    ]
    kept = [events[place] for place in order if place not in lost]
    read = read_call("1", kept)
    assert read == read_call("1", [events[place] for place in range(6) if place not in lost])
    if read.disposition is not None and not {2, 3} <= lost:
        assert read.disposition == "answered"
    assert (read.wait_seconds or 0) >= 0
    assert read.disposition is None or read.ended_at is not None
