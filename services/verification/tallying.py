"""What a draw came to, unit by unit. Pure. Each rate stands with what it was made of, so that three calls never look like three hundred."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.platform.rounding import percent_text


@dataclass(frozen=True, slots=True)
class Word:
    """A call-back, or a complainant's own word, about one round."""

    said_at: datetime
    id: UUID
    reached: bool
    contacted: bool | None
    solved: bool | None
    satisfied: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all words about one round come to: the newest of each, apart. Nobody reached: nothing was said."""

    tries: int
    reached: bool
    contacted: bool | None
    solved: bool | None
    satisfied: bool | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Share:
    """So many `yes` of `n` who said either. Without anybody it is no rate, and not 0 %."""

    yes: int
    n: int

    @property
    def percent(self) -> str | None:
        """In percent, halves rounded up; None of nothing."""
        return percent_text(self.yes, self.n)


@dataclass(frozen=True, slots=True)
class Tally:
    """A unit's part of a draw. `drawn` = `reached` + `no_answer` + `not_called`."""

    candidates: int
    drawn: int
    reached: int
    no_answer: int
    not_called: int
    contacted: Share
    solved: Share
    satisfied: Share


def verdict_of(words: Iterable[Word]) -> Verdict:
    """Return what `words` about one round come to, in whatever order they come."""
    ordered = sorted(words, key=lambda word: (word.said_at, word.id), reverse=True)
    return Verdict(
        tries=sum(not word.reached for word in ordered),
        reached=any(word.reached for word in ordered),
        contacted=_newest(word.contacted for word in ordered),
        solved=_newest(word.solved for word in ordered),
        satisfied=_newest(word.satisfied for word in ordered),
        last_at=ordered[0].said_at if ordered else None,
    )


def tally(candidates: int, chosen: Iterable[Verdict]) -> Tally:
    """Return what the verdicts on the rounds that were drawn come to, of so many `candidates`."""
    found = list(chosen)
    return Tally(
        candidates=candidates,
        drawn=len(found),
        reached=sum(one.reached for one in found),
        no_answer=sum(not one.reached and one.tries > 0 for one in found),
        not_called=sum(not one.reached and one.tries == 0 for one in found),
        contacted=_share(one.contacted for one in found),
        solved=_share(one.solved for one in found),
        satisfied=_share(one.satisfied for one in found),
    )


def _newest(said: Iterable[bool | None]) -> bool | None:
    return next((word for word in said if word is not None), None)


def _share(said: Iterable[bool | None]) -> Share:
    spoken = [word for word in said if word is not None]
    return Share(sum(spoken), len(spoken))
