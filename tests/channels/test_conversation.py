"""The rules of the talk on WeChat: a whole table, and whatever is sent in whatever order, nothing is lost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.channels.wechat.conversation import RULES, Effect, Kind, State, present_state, printed, rule
from services.channels.wechat.hearing import LONGEST, hear, hear_text
from tests.channels.talking import event, photo, place, push

NOW = datetime(2026, 11, 22, tzinfo=UTC)
WINDOW = timedelta(minutes=30)
TOLD = {Effect.FILE, Effect.SUPPLEMENT}
TAKES_FILES = {Effect.KEEP, Effect.SUPPLEMENT}


def test_there_is_a_row_for_every_state_and_every_kind():
    assert set(RULES) == {(state, kind) for state in State for kind in Kind}


@pytest.mark.parametrize("state", State)
def test_words_are_always_told_and_files_always_kept(state):
    for kind in (Kind.WORDS, Kind.NEW_WORDS):
        assert TOLD & set(rule(state, kind).effects), (state, kind)
    for kind in (Kind.MEDIA, Kind.PLACE):
        assert TAKES_FILES & set(rule(state, kind).effects), (state, kind)


def test_whatever_is_kept_waits_in_a_state_that_silence_files():
    for (_, kind), row in RULES.items():
        if Effect.KEEP in row.effects:
            assert row.to is State.GATHERING, kind
    assert Effect.FILE_WAITING in rule(State.GATHERING, Kind.SILENCE).effects


@given(st.lists(st.tuples(st.sampled_from(list(Kind)), st.integers(0, 40)), max_size=25))
def test_in_any_order_nothing_waits_for_ever_and_no_word_is_dropped(sent):
    """Play any sequence with any pauses against the table: at the end, after silence, all that was sent is filed or supplements."""
    state, waiting, told, at, last = State.IDLE, 0, 0, NOW, NOW
    words = files = 0
    for kind, minutes in [*sent, (Kind.SILENCE, 60)]:
        at += timedelta(minutes=minutes)
        state = present_state(state, last, at, WINDOW, matter_open=True)
        row = rule(state, kind)
        words += kind in (Kind.WORDS, Kind.NEW_WORDS)
        files += kind in (Kind.MEDIA, Kind.PLACE)
        for effect in row.effects:
            if effect is Effect.KEEP:
                waiting += 1
            elif effect is Effect.FILE and state is State.GATHERING:
                told, waiting = told + 1 + waiting, 0
            elif effect is Effect.FILE_WAITING:
                told, waiting = told + waiting, 0
            elif effect in TOLD:
                told += 1
        assert not waiting or row.to is State.GATHERING
        state, last = row.to, at
    assert waiting == 0
    assert told >= words + files


@pytest.mark.parametrize(
    ("state", "minutes", "matter_open", "then"),
    [
        (State.TELLING, 30, True, State.TELLING), (State.TELLING, 31, True, State.IDLE), (State.TELLING, 1, False, State.IDLE),
        (State.CHOOSING, 31, True, State.IDLE), (State.GATHERING, 600, True, State.GATHERING), (State.IDLE, 600, False, State.IDLE),
    ],
)  # fmt: skip
def test_the_window_ends_telling_and_never_what_waits(state, minutes, matter_open, then):
    assert present_state(state, NOW, NOW + timedelta(minutes=minutes), WINDOW, matter_open=matter_open) is then


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("村口路灯不亮", Kind.WORDS), ("路灯坏了，还没解决", Kind.WORDS), ("村里修路的进度", Kind.WORDS), ("进度太慢了", Kind.WORDS),
        ("我们村没有了水", Kind.WORDS), ("你好，路灯坏了", Kind.WORDS), ("新问题很多的一条路", Kind.WORDS), ("12", Kind.WORDS),
        ("进度", Kind.PROGRESS), ("进度 20261122-000123-6", Kind.PROGRESS), ("查询：２０２６１１２２－０００１２３－６", Kind.PROGRESS),
        (" 查进度。", Kind.PROGRESS), ("进度 123", Kind.PROGRESS), ("已解决", Kind.VERDICT), ("没解决！", Kind.VERDICT),
        ("未解决 20261122-000123-6", Kind.VERDICT), ("不满意", Kind.VERDICT), ("新问题", Kind.NEW), ("另外一件事。", Kind.NEW),
        ("新问题：水管爆了", Kind.NEW_WORDS), ("完毕", Kind.DONE), ("没有了", Kind.DONE), ("谢谢！", Kind.COURTESY), ("OK", Kind.COURTESY),
        ("你好", Kind.HELP), ("撤销", Kind.HELP), ("", Kind.BLANK), (" \n", Kind.BLANK), ("2", Kind.CHOICE),
    ],
)  # fmt: skip
def test_questions_and_commands_are_told_from_what_is_told(text, kind):
    assert hear_text(text).kind is kind


def test_verdicts_and_numbers_are_read():
    assert (hear_text("未解决 20261122-000123-6").verdict, hear_text("未解决 20261122-000123-6").number) == (
        "unsolved",
        "20261122-000123-6",
    )
    assert hear_text("已经解决了").verdict == "solved"
    assert hear_text("满意").verdict == "satisfied"
    assert hear_text("很不满意").verdict == "dissatisfied"


@given(st.text(min_size=1, max_size=LONGEST * 2 + 10))
def test_no_text_loses_a_character_that_says_something(words):
    heard = hear_text(words)
    if heard.kind in (Kind.WORDS, Kind.NEW_WORDS):
        assert heard.words == words
        assert "".join("".join(heard.pieces).split()) == "".join(words.split())
        assert all(len(piece) <= LONGEST for piece in heard.pieces)


def test_pushes_are_heard_for_what_they_are():
    assert hear(photo()).kind is Kind.MEDIA
    spoken = hear(push("voice", MediaId="v", Format="amr", Recognition="村口路灯坏了"))
    assert (spoken.kind, spoken.words, spoken.media_id) == (Kind.WORDS, "（语音识别）村口路灯坏了", "v")
    assert hear(push("voice", MediaId="v", Format="amr", Recognition="")).kind is Kind.MEDIA
    there = hear(place(24.4, 114.9, "水口村"))
    assert (there.kind, there.place.lat, there.place.lon, there.place.coordinate_system) == (Kind.PLACE, 24.4, 114.9, "GCJ-02")
    odd = hear(push("location", Location_X="nowhere", Location_Y="1", Label="水口小学"))
    assert (odd.kind, odd.place.words, odd.place.lat) == (Kind.PLACE, "水口小学", None), "a label is kept whatever its figures say"
    chosen = event("location_select", "6", SendLocationInfo={"Location_X": "24.4", "Location_Y": "114.9", "Label": "某村"})
    assert hear(chosen).kind is Kind.PLACE
    link = hear(push("link", Title="标题", Description="描述", Url="https://example.org"))
    assert link.kind is Kind.WORDS
    assert "标题\n描述\nhttps://example.org" in link.words
    assert hear(push("something_new")).kind is Kind.QUIET
    events = {
        "subscribe": Kind.FOLLOW, "unsubscribe": Kind.LEAVE, "VIEW": Kind.QUIET, "SCAN": Kind.QUIET, "TEMPLATESENDJOBFINISH": Kind.QUIET,
    }  # fmt: skip
    assert {name: hear(event(name)).kind for name in events} == events
    assert hear(event("LOCATION", Latitude="24.4", Longitude="114.9", Precision="30")).kind is Kind.HINT
    assert [hear(event("CLICK", key)).kind for key in ("MENU_REPORT", "MENU_PROGRESS", "else")] == [Kind.NEW, Kind.PROGRESS, Kind.QUIET]


def test_the_table_can_be_read():
    lines = list(printed())
    assert len(lines) == len(RULES) + 2
    assert "| idle | words | file | telling |" in lines
