"""What a phone's clock is worth, what becomes of what cannot be done, and in which order commands are taken: pure rules."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.channels.field.commands import FieldBatch
from services.channels.field.rules import SeenEvent, decided_on, dependencies_decide, in_order, judged
from services.channels.field.times import KEPT_BACK, TOLERATED, DeviceTime, after
from services.platform.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from services.platform.ids import new_id

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ANY_TIME = st.datetimes(timezones=st.just(UTC))
SENT = st.integers(0, 4_102_444_799).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize("off", [timedelta(), TOLERATED, -TOLERATED, 3 * SECOND])
def test_time_on_the_way_is_no_wrong_clock(off):
    times = DeviceTime(NOW - off, NOW)
    assert times.counted(NOW - timedelta(hours=3)) == NOW - timedelta(hours=3)
    assert times.offset_ms == off / timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "off", [TOLERATED + SECOND, -TOLERATED - SECOND, timedelta(days=400), timedelta(days=-400), timedelta(days=20_000)]
)
def test_a_wrong_clock_moves_every_time_of_the_batch(off):
    sent = NOW - off
    assert DeviceTime(sent, NOW).counted(sent - timedelta(hours=3)) == NOW - timedelta(hours=3)


@given(sent=SENT, happened=ANY_TIME)
def test_nothing_counts_as_of_the_future_or_as_too_old_whatever_a_device_says(sent, happened):
    try:
        at = DeviceTime(sent, NOW).counted(happened)
    except Invalid:
        return
    assert NOW - KEPT_BACK <= at <= NOW


@pytest.mark.parametrize("happened", [NOW - KEPT_BACK - SECOND, datetime.min.replace(tzinfo=UTC)])
def test_what_is_too_old_is_refused_with_a_word(happened):
    with pytest.raises(Invalid) as refused:
        DeviceTime(NOW, NOW).counted(happened)
    assert refused.value.code == "command.too_old"
    assert DeviceTime(NOW, NOW).counted(NOW - KEPT_BACK) == NOW - KEPT_BACK


def test_a_deed_a_moment_before_it_was_handed_out_counts_from_then():
    assert after(NOW, NOW - TOLERATED) == NOW
    assert after(NOW, NOW - TOLERATED - SECOND) == NOW - TOLERATED - SECOND
    assert after(NOW, NOW + SECOND) == NOW + SECOND
    assert after(None, NOW) == NOW


@pytest.mark.parametrize(
    ("events", "stands"),
    [
        ([], True),
        ([SeenEvent("ticket.work_logged", own=True, moved=False), SeenEvent("ticket.accepted", own=True, moved=False)], True),
        ([SeenEvent("ticket.urged", own=False, moved=False), SeenEvent("ticket.escalated", own=False, moved=False)], True),
        ([SeenEvent("ticket.escalated", own=False, moved=True)], False),
        ([SeenEvent("ticket.transferred", own=False, moved=False)], False),
        ([SeenEvent("ticket.accepted", own=True, moved=False), SeenEvent("ticket.triaged", own=False, moved=False)], False),
    ],
)
def test_what_happened_since_leaves_a_decision_standing_or_not(events, stands):
    assert decided_on(events) is stands


@pytest.mark.parametrize(
    ("problem", "state"),
    [
        (Conflict("ticket.action_not_allowed", "x"), "conflict"),
        (PreconditionFailed("ticket.version_conflict", "x"), "conflict"),
        (Forbidden("ticket.not_yours", "x"), "conflict"),
        (Forbidden("field_report.outside_area", "x"), "refused"),
        (NotFound("ticket.unknown", "x"), "refused"),
        (Invalid("ticket.evidence_missing", "x"), "refused"),
        (Conflict("field_report.uploads_missing", "x"), "waiting"),
        (dependencies_decide(["applied", None]), "waiting"),
        (dependencies_decide(["applied", "waiting"]), "waiting"),
        (dependencies_decide([None, "conflict"]), "conflict"),
        (dependencies_decide(["refused"]), "conflict"),
    ],
)
def test_what_stands_against_a_command_decides_what_becomes_of_it(problem, state):
    verdict = judged(problem)
    assert (verdict.state, verdict.code) == (state, problem.code)
    assert verdict.result["problem"]["detail"]


def test_nothing_hinders_what_builds_on_applied_commands_alone():
    assert dependencies_decide([]) is None
    assert dependencies_decide(["applied", "applied"]) is None


@given(order=st.permutations(range(12)), links=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20))
def test_each_command_is_taken_behind_those_it_builds_on(order, links):
    ids = [str(new_id()) for _ in range(12)]
    raw = [{"kind": "report", "command_id": each, "happened_at": NOW, "report": {"report_id": new_id(), "words": "x"}} for each in ids]
    needs = {place: {ids[low] for low, high in links if high == place and low < high} for place in range(12)}
    made = [{**raw[place], "depends_on": sorted(needs[place])} for place in order]
    batch = FieldBatch.model_validate({"device_id": new_id(), "sent_at": NOW, "commands": made})
    taken = [str(command.command_id) for command in in_order(batch.commands)]
    assert sorted(taken) == sorted(ids)
    for place, needed in needs.items():
        assert all(taken.index(one) < taken.index(ids[place]) for one in needed)


def test_a_ring_of_commands_is_still_taken_each_once():
    ids = [str(new_id()) for _ in range(3)]
    raw = [
        {"kind": "reword", "command_id": each, "happened_at": NOW, "report_id": new_id(), "words": "x", "depends_on": [ids[place - 1]]}
        for place, each in enumerate(ids)
    ]
    batch = FieldBatch.model_validate({"device_id": new_id(), "sent_at": NOW, "commands": raw})
    assert [str(command.command_id) for command in in_order(batch.commands)] == ids
