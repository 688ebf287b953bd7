"""The talk with somebody on WeChat is this table: in which state what they send has which effects, and which state follows. Pure.

First words are filed at once; what comes within the window after them belongs to the same matter. A photo, a voice or a place before any
words is kept and waits for words; where none come, silence files it without. So nothing that was sent ends in nothing: `RULES` has a row
for every state and every kind, and each row that takes words files or supplements, each that takes a photo or a place keeps or supplements.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """How far somebody is."""

    IDLE = "idle"
    """Nothing is open."""
    GATHERING = "gathering"
    """Photos, voices or places wait for words."""
    TELLING = "telling"
    """A matter was filed a moment ago; what comes belongs to it."""
    CHOOSING = "choosing"
    """They said whether it is solved, and were asked which of their tickets they mean."""


class Kind(StrEnum):
    """What was sent, as far as the talk cares. `hearing.py` and what the database knows of their tickets tell which it is."""

    WORDS = "words"
    MEDIA = "media"
    PLACE = "place"
    PROGRESS = "progress"
    VERDICT = "verdict"
    """Solved or not, and it is clear which ticket."""
    VERDICT_UNCLEAR = "verdict_unclear"
    """Solved or not, and several tickets wait for that word."""
    VERDICT_NONE = "verdict_none"
    """It is solved (or not), and no ticket waits for that word."""
    CHOICE = "choice"
    """The ticket they were asked for."""
    NEW = "new"
    NEW_WORDS = "new_words"
    """``新问题：…``, with the words behind it."""
    DONE = "done"
    STANDS = "stands"
    """They stand by an opinion that was heard at their door: ``确认`` with the code they were shown."""
    CONFIDE = "confide"
    """They ask that nobody learns who they are."""
    COURTESY = "courtesy"
    HELP = "help"
    BLANK = "blank"
    FOLLOW = "follow"
    LEAVE = "leave"
    HINT = "hint"
    """A LOCATION event: where the phone is."""
    QUIET = "quiet"
    """Nothing anybody has to answer."""
    SILENCE = "silence"
    """The window is over."""


class Effect(StrEnum):
    """What is to be done."""

    FILE = "file"
    """File a complaint of the words, with everything that waits."""
    FILE_WAITING = "file_waiting"
    """File what waits without words, so that somebody looks at it."""
    SUPPLEMENT = "supplement"
    """Lay it beside the complaint that is open."""
    KEEP = "keep"
    """Keep it until words come."""
    REMEMBER = "remember"
    """Remember where the phone was."""
    JUDGE = "judge"
    """Record what the complainant says of the result."""
    CONFIRM = "confirm"
    """Record that they stand by the words the code is for."""
    CONFIDE = "confide"
    """Keep in confidence who told the open matter; the next one, where none is open."""
    ASK_WHICH = "ask_which"
    FORGET = "forget"
    """Delete what is known of them from WeChat."""
    SAY_PROGRESS = "say_progress"
    SAY_NOTHING_TO_JUDGE = "say_nothing_to_judge"
    SAY_NEW = "say_new"
    SAY_DONE = "say_done"
    SAY_THANKS = "say_thanks"
    SAY_HELP = "say_help"
    SAY_WELCOME = "say_welcome"
    ASK_WORDS = "ask_words"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: what is done, in order, and the state after it."""

    effects: tuple[Effect, ...]
    to: State


_IDLE, _GATHERING, _TELLING, _CHOOSING = State.IDLE, State.GATHERING, State.TELLING, State.CHOOSING
_FILE = Rule((Effect.FILE,), _TELLING)
_KEEP = Rule((Effect.KEEP, Effect.ASK_WORDS), _GATHERING)
_SUPPLEMENT = Rule((Effect.SUPPLEMENT,), _TELLING)
_FORGET = Rule((Effect.FORGET,), _IDLE)
_UNCLEAR = Rule((Effect.ASK_WHICH,), _CHOOSING)


def _everywhere(state: State) -> dict[Kind, Rule]:
    """What is answered alike in every state, and changes none."""
    return {
        Kind.PROGRESS: Rule((Effect.SAY_PROGRESS,), state),
        Kind.VERDICT: Rule((Effect.JUDGE,), state),
        Kind.VERDICT_UNCLEAR: _UNCLEAR,
        Kind.VERDICT_NONE: Rule((Effect.SAY_NOTHING_TO_JUDGE,), state),
        Kind.STANDS: Rule((Effect.CONFIRM,), state),
        Kind.CONFIDE: Rule((Effect.CONFIDE,), state),
        Kind.COURTESY: Rule((Effect.SAY_THANKS,), state),
        Kind.HELP: Rule((Effect.SAY_HELP,), state),
        Kind.BLANK: Rule((Effect.ASK_WORDS,), state),
        Kind.FOLLOW: Rule((Effect.SAY_WELCOME,), state),
        Kind.HINT: Rule((Effect.REMEMBER,), state),
        Kind.QUIET: Rule((), state),
    }


RULES: dict[tuple[State, Kind], Rule] = {
    (state, kind): rule
    for state, rows in {
        _IDLE: {
            **_everywhere(_IDLE),
            Kind.WORDS: _FILE,
            Kind.CHOICE: Rule((Effect.SAY_HELP,), _IDLE),
            Kind.NEW_WORDS: _FILE,
            Kind.MEDIA: _KEEP,
            Kind.PLACE: _KEEP,
            Kind.NEW: Rule((Effect.SAY_NEW,), _IDLE),
            Kind.DONE: Rule((Effect.SAY_DONE,), _IDLE),
            Kind.LEAVE: _FORGET,
            Kind.SILENCE: Rule((), _IDLE),
        },
        _GATHERING: {
            **_everywhere(_GATHERING),
            Kind.WORDS: _FILE,
            Kind.CHOICE: Rule((Effect.ASK_WORDS,), _GATHERING),
            Kind.NEW_WORDS: _FILE,
            Kind.MEDIA: _KEEP,
            Kind.PLACE: _KEEP,
            Kind.VERDICT_UNCLEAR: Rule((Effect.FILE_WAITING, Effect.ASK_WHICH), _CHOOSING),
            Kind.NEW: Rule((Effect.ASK_WORDS,), _GATHERING),
            Kind.DONE: Rule((Effect.FILE_WAITING,), _IDLE),
            Kind.LEAVE: Rule((Effect.FILE_WAITING, Effect.FORGET), _IDLE),
            Kind.SILENCE: Rule((Effect.FILE_WAITING,), _IDLE),
        },
        _TELLING: {
            **_everywhere(_TELLING),
            Kind.WORDS: _SUPPLEMENT,
            Kind.CHOICE: _SUPPLEMENT,
            Kind.MEDIA: _SUPPLEMENT,
            Kind.PLACE: _SUPPLEMENT,
            Kind.VERDICT_NONE: _SUPPLEMENT,
            Kind.NEW_WORDS: _FILE,
            Kind.NEW: Rule((Effect.SAY_NEW,), _IDLE),
            Kind.DONE: Rule((Effect.SAY_DONE,), _IDLE),
            Kind.LEAVE: _FORGET,
            Kind.SILENCE: Rule((), _IDLE),
        },
        _CHOOSING: {
            **_everywhere(_CHOOSING),
            Kind.CHOICE: Rule((Effect.JUDGE,), _IDLE),
            Kind.VERDICT: Rule((Effect.JUDGE,), _IDLE),
            Kind.WORDS: _FILE,
            Kind.NEW_WORDS: _FILE,
            Kind.MEDIA: _KEEP,
            Kind.PLACE: _KEEP,
            Kind.NEW: Rule((Effect.SAY_NEW,), _IDLE),
            Kind.DONE: Rule((Effect.SAY_DONE,), _IDLE),
            Kind.LEAVE: _FORGET,
            Kind.SILENCE: Rule((), _IDLE),
        },
    }.items()
    for kind, rule in rows.items()
}


def rule(state: State, kind: Kind) -> Rule:
    """Return what is done where somebody in `state` sends something of `kind`."""
    return RULES[state, kind]


def present_state(state: State, last_at: datetime, now: datetime, window: timedelta, *, matter_open: bool) -> State:
    """Return the state somebody is in at `now`, having been in `state` after their last message at `last_at`.

    The window ends telling and choosing; what waits for words waits on until silence is dealt with. A matter that has ended takes no more.
    """
    if state is State.TELLING and not matter_open:
        return State.IDLE
    if state in (State.TELLING, State.CHOOSING) and now > last_at + window:
        return State.IDLE
    return state


def printed() -> Iterator[str]:
    """Yield the table as lines of Markdown, for people."""
    yield "| state | what comes | what is done | state after |"
    yield "|---|---|---|---|"
    for (state, kind), row in RULES.items():
        yield f"| {state} | {kind} | {', '.join(row.effects) or '–'} | {row.to} |"
