"""The degradation table, row by row. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.connections.wechat_people import PersonFacts
from services.notifications.verdicts import WECHAT_VERDICTS, WECHAT_WAYS, by_errcode, verdict_of
from services.notifications.ways import CALLED_FOR, ORDERS, Attempt, Nothing, Reach, Try, Wait, next_step, order, pauses

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ALL = frozenset({*WECHAT_WAYS, "sms", "file"})
WROTE = PersonFacts(last_message_at=NOW - HOUR)
FULL = Reach(
    now=NOW, channel="wechat", occasion="answered", urgent=False, openid=True, phone=True, carriers=ALL, person=WROTE, consented=True
)


def failed(way: str, error: str, *, outcome: str = "refused", at: datetime = NOW) -> Attempt:
    return Attempt(way, outcome, error, at)


def walk(reach: Reach, *refuses: str, code: int = 45015) -> list[str]:
    """Return the ways that are tried one after the other while those in `refuses` refuse."""
    taken: list[str] = []
    while isinstance(step := next_step(reach), Try):
        taken.append(step.way)
        if step.way not in refuses:
            break
        error = f"wechat_{code}" if step.way in WECHAT_WAYS else "http_422"
        reach = replace(reach, tried_now=(*reach.tried_now, failed(step.way, error)))
    return taken


EVERYTHING = (*WECHAT_WAYS, "sms", "file")


@pytest.mark.parametrize(
    ("channel", "ways"),
    [
        ("wechat", ["wechat", "wechat_template", "wechat_subscription", "sms", "phone"]),
        ("hotline", ["sms", "wechat", "wechat_template", "wechat_subscription", "phone"]),
        ("field", ["sms", "wechat", "wechat_template", "wechat_subscription", "phone"]),
        ("open311", ["sms", "wechat", "wechat_template", "wechat_subscription", "phone"]),
        ("platform", ["sms", "wechat", "wechat_template", "wechat_subscription", "phone"]),
        ("petition", ["phone"]),
        ("letter", ["phone"]),
    ],
)
def test_who_complained_is_answered_on_the_channel_they_came_from_first(channel: str, ways: list[str]) -> None:
    assert walk(replace(FULL, channel=channel), *EVERYTHING) == ways
    hurried = replace(FULL, channel=channel, occasion="dispatched")
    assert walk(hurried, *EVERYTHING)[-1] == "file"
    assert "phone" not in walk(hurried, *EVERYTHING)


@pytest.mark.parametrize(
    ("known", "first"),
    [
        ({}, "wechat"),
        ({"person": None}, "wechat"),  # nobody told us of a window: the platform knows
        ({"person": PersonFacts()}, "wechat_template"),
        ({"person": PersonFacts(last_message_at=NOW - 48 * HOUR)}, "wechat_template"),
        ({"person": PersonFacts(last_message_at=NOW - 48 * HOUR + MINUTE)}, "wechat"),
        ({"person": PersonFacts(last_message_at=NOW - HOUR, message_sends=4)}, "wechat"),
        ({"person": PersonFacts(last_message_at=NOW - HOUR, message_sends=5)}, "wechat_template"),
        ({"person": PersonFacts(touched_at=NOW - timedelta(seconds=59), touch_sends=2)}, "wechat"),
        ({"person": PersonFacts(touched_at=NOW - timedelta(seconds=59), touch_sends=3)}, "wechat_template"),
        ({"person": PersonFacts(touched_at=NOW - MINUTE)}, "wechat_template"),
        ({"person": PersonFacts(), "carriers": ALL - {"wechat_template"}}, "wechat_subscription"),
        ({"person": PersonFacts(), "carriers": ALL - {"wechat_template"}, "consented": False}, "sms"),
        ({"openid": False}, "sms"),
        ({"openid": False, "carriers": frozenset({"wechat"})}, "phone"),
        ({"openid": False, "carriers": frozenset({"wechat"}), "occasion": "closed"}, None),
        ({"openid": False, "phone": False}, "file"),
        ({"openid": False, "phone": False, "carriers": ALL - {"file"}}, None),
        ({"carriers": frozenset({"file"})}, "file"),  # a local run: the file stands for carriers
        ({"carriers": frozenset({"file", "sms"}), "channel": "hotline"}, "sms"),
    ],
)
def test_the_first_way_is_the_best_that_is_open(known: dict[str, object], first: str | None) -> None:
    assert next_step(replace(FULL, **known)) == (Try(first) if first else Nothing())


@pytest.mark.parametrize(
    ("error", "then"),
    [
        # the message waits for the same way
        ("wechat_-1", Wait()),
        ("wechat_40001", Wait()),
        ("wechat_42001", Wait()),
        ("wechat_40014", Wait()),
        ("wechat_12345", Wait()),
        ("ReadTimeout", Wait()),
        ("token_busy", Wait()),
        ("token_-1", Wait()),
        ("wechat_45011", Wait(NOW + MINUTE)),
        # the next way on WeChat
        ("wechat_45015", Try("wechat_template")),
        ("wechat_45047", Try("wechat_template")),
        ("wechat_48002", Try("wechat_template")),
        ("wechat_43101", Try("wechat_template")),
        ("wechat_45009", Try("wechat_template")),
        ("wechat_47001", Try("wechat_template")),
        ("wechat_47003", Try("wechat_template")),
        ("wechat_40037", Try("wechat_template")),
        ("wechat_48001", Try("wechat_template")),
        ("wechat_48004", Try("wechat_template")),
        # nothing on WeChat
        ("wechat_40003", Try("sms")),
        ("wechat_43004", Try("sms")),
        ("wechat_43019", Try("sms")),
        ("wechat_50002", Try("sms")),
        ("wechat_40013", Try("sms")),
        ("token_40013", Try("sms")),
        ("token_40125", Try("sms")),
        ("token_40164", Try("sms")),
        ("token_41001", Try("sms")),
    ],
)
def test_each_errcode_leads_on_as_its_row_says(error: str, then: object) -> None:
    later = error.removeprefix("wechat_") in ("-1", "40001", "42001", "40014", "12345", "45011") or not error.startswith(
        ("wechat_", "token_4")
    )
    attempt = failed("wechat", error, outcome="later" if later else "refused")
    assert next_step(replace(FULL, tried_now=(attempt,), paused=pauses(attempt))) == then


def test_every_errcode_worth_a_branch_has_its_row() -> None:
    listed = {-1, 40001, 40003, 40013, 40014, 40125, 40164, 41001, 42001, 43004, 43019, 43101, 45009, 45011, 45015, 45047, 45065, 47001,
              47003, 48001, 48002, 48004, 50002}  # fmt: skip
    assert listed <= set(WECHAT_VERDICTS)
    assert {code for code in WECHAT_VERDICTS if by_errcode(code).kind == "sent"} == {0, 45065}
    assert {code for code in WECHAT_VERDICTS if by_errcode(code).alarm} == {
        40013, 40037, 40125, 40164, 41001, 47001, 47003, 48001, 48004, 50002,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "closed"),
    [
        ("wechat_45009", {"wechat_template": datetime(2026, 11, 22, 16, tzinfo=UTC)}),  # midnight in Asia/Shanghai
        ("wechat_48001", {"wechat_template": NOW + HOUR}),
        ("wechat_48004", {"wechat_template": NOW + HOUR}),
        ("wechat_50002", dict.fromkeys(WECHAT_WAYS, NOW + HOUR)),
        ("token_40164", dict.fromkeys(WECHAT_WAYS, NOW + 10 * MINUTE)),
        ("wechat_45011", {}),
        ("wechat_45015", {}),
        ("http_422", {}),
    ],
)
def test_a_quota_and_a_ban_close_a_way_to_everybody(error: str, closed: dict[str, datetime]) -> None:
    assert pauses(failed("wechat_template", error)) == closed


def test_an_urgent_matter_waits_for_nobody() -> None:
    urgent = replace(FULL, urgent=True)
    for error in ("wechat_-1", "wechat_45011", "ReadTimeout"):
        assert next_step(replace(urgent, tried_now=(failed("wechat", error, outcome="later"),))) == Try("wechat_template")


def test_a_way_that_says_later_three_times_is_passed_over() -> None:
    before = tuple(failed("wechat", "wechat_-1", outcome="later", at=NOW - HOUR) for _ in range(2))
    third = failed("wechat", "wechat_-1", outcome="later")
    assert next_step(replace(FULL, tried=before)) == Try("wechat")
    assert next_step(replace(FULL, tried=before, tried_now=(third,))) == Try("wechat_template")
    assert next_step(replace(FULL, tried=(*before, third))) == Try("wechat_template")


def test_where_every_way_says_later_all_are_tried_again() -> None:
    alone = replace(FULL, carriers=frozenset({"wechat", "sms"}), occasion="closed")
    tried = tuple(failed(way, "timeout", outcome="later", at=NOW - HOUR) for way in ("wechat", "sms") for _ in range(3))
    assert next_step(replace(alone, tried=tried)) == Try("wechat")
    now = failed("wechat", "timeout", outcome="later")
    assert next_step(replace(alone, tried=tried, tried_now=(now,))) == Try("sms")
    assert next_step(replace(alone, tried=tried, tried_now=(now, failed("sms", "http_500", outcome="later")))) == Wait()


def test_a_closed_way_stays_closed_until_the_person_writes_again() -> None:
    closed = replace(FULL, tried=(failed("wechat", "wechat_45015", at=NOW - HOUR),), person=None)
    assert next_step(closed) == Try("wechat_template")
    assert next_step(replace(closed, person=PersonFacts(last_message_at=NOW - 2 * HOUR))) == Try("wechat_template")
    assert next_step(replace(closed, person=PersonFacts(last_message_at=NOW - MINUTE))) == Try("wechat")
    blocked = replace(FULL, tried=(failed("wechat", "wechat_43019", at=NOW - HOUR),), person=PersonFacts(last_message_at=NOW - MINUTE))
    assert next_step(blocked) == Try("sms")


def test_a_paused_way_is_passed_over_and_waited_for_only_where_there_is_no_other() -> None:
    paused = dict.fromkeys(WECHAT_WAYS, NOW + HOUR)
    assert next_step(replace(FULL, paused=paused)) == Try("sms")
    only = replace(FULL, paused=paused, phone=False, carriers=frozenset(WECHAT_WAYS))
    assert next_step(only) == Wait(NOW + HOUR)
    assert next_step(replace(only, now=NOW + HOUR)) == Try("wechat")


errors = st.sampled_from([f"wechat_{code}" for code in WECHAT_VERDICTS if by_errcode(code).kind != "sent"] + ["http_422", "timeout"])
attempts = st.lists(
    st.builds(
        lambda way, error: Attempt(way, verdict_of("refused" if error == "http_422" else "later", error).outcome, error, NOW),
        st.sampled_from(EVERYTHING),
        errors,
    ),
    max_size=8,
)


@given(attempts, st.sampled_from([*ORDERS, "field"]), st.booleans(), st.booleans(), st.booleans(), st.sampled_from([*CALLED_FOR, "closed"]))
def test_whatever_happened_a_turn_comes_to_an_end_and_never_tries_a_way_twice(
    before: list[Attempt], channel: str, urgent: bool, phone: bool, openid: bool, occasion: str
) -> None:
    reach = replace(FULL, channel=channel, urgent=urgent, phone=phone, openid=openid, occasion=occasion, tried=tuple(before))
    assert len(set(order(reach))) == len(order(reach))
    taken: list[str] = []
    for _ in range(8):
        step = next_step(reach)
        if not isinstance(step, Try):
            break
        taken.append(step.way)
        reach = replace(reach, tried_now=(*reach.tried_now, failed(step.way, "timeout", outcome="later")))
    else:
        pytest.fail("the turn does not end")
    assert len(set(taken)) == len(taken)
    assert phone or not {"sms", "phone"} & set(taken)
    assert openid or not set(WECHAT_WAYS) & set(taken)
    closed = {attempt.way for attempt in before if attempt.verdict.kind in ("closed", "spent", "wrong")}
    assert not closed & set(taken)


def test_every_combination_of_what_is_known_has_an_answer() -> None:
    for channel, openid, phone, urgent in product([*ORDERS, "field"], *([[False, True]] * 3)):
        for size in range(3):
            reach = replace(
                FULL, channel=channel, openid=openid, phone=phone, urgent=urgent, carriers=frozenset([*WECHAT_WAYS, "sms"][:size])
            )
            step = next_step(reach)
            reachable = (openid and size > 0) or phone
            assert isinstance(step, Try) == reachable
