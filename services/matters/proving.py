"""销号 as a proof: what a matter still lacks before it may be struck off, from the facts alone. Pure.

`missing` is the rule. A certificate freezes the facts it was asked of (`frozen`), so that anybody can ask again (`thawed`), also with
`services/anchors/certificates.py` and `tools/verify_history.py`, which are written apart and must agree.

Instants are texts in UTC with microseconds, days ISO dates: both sort as they follow each other. Households go by a number of their own
in each proof; it tells who is the same and nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from services.matters.missing_words import Missing

LEVELS = ("county", "township", "village")
Json = dict[str, Any]


class Rules(NamedTuple):
    """How much is asked: so many households, so many days of notice."""

    households: int
    notice_days: int


class Completion(NamedTuple):
    """That the whole work was reported complete: when, and on which day in Asia/Shanghai."""

    id: str
    at: str
    day: str


class Task(NamedTuple):
    """A sub-task: accepted or not, and whether it was set in the present round."""

    id: str
    accepted: bool
    of_round: bool


class Site(NamedTuple):
    """A site: metres of an asset, pictures before (ever) and after (in the round), and what its newest inspection of the round found."""

    id: str
    from_m: int | None
    to_m: int | None
    before: int
    after: int
    passed: bool | None


class Note(NamedTuple):
    """A supervisor's note of the round: of which level, of which day, recorded when."""

    id: str
    level: str
    day: str
    at: str


class Milestone(NamedTuple):
    """A milestone, reached or not."""

    id: str
    done: bool


class Teller(NamedTuple):
    """A telling of the trouble: whose household it is, and why they are not asked, where they are not.

    `household` is 0 of somebody known by nothing, and negative where that somebody answered all the same: who that is, nobody can tell.
    """

    id: str
    household: int
    because: str | None


class Word(NamedTuple):
    """A household's word on the result, which stands now: of which kind and strength, and how it was answered where it says no."""

    id: str
    household: int
    solved: bool
    at: str
    kind: str
    strength: int
    answered: str | None


class Notice(NamedTuple):
    """公示: opened when, and its last whole day."""

    id: str
    at: str
    ends_on: str


class Objection(NamedTuple):
    """An objection; `upheld` is None until it is decided."""

    id: str
    at: str
    upheld: bool | None
    decided_at: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Everything that is asked of a round of a matter. `day` is the day it is asked on; `completions` are the oldest first."""

    rules: Rules
    day: str
    segment: tuple[int, int] | None = None
    completions: tuple[Completion, ...] = ()
    tasks: tuple[Task, ...] = ()
    sites: tuple[Site, ...] = ()
    supervisors: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    blockers: tuple[str, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    money: tuple[int, int] = (0, 0)
    """Fen: promised and not there, there and not spent."""
    labour: int = 0
    """Half-days promised and not worked."""
    tellers: tuple[Teller, ...] = ()
    words: tuple[Word, ...] = ()
    few_households: str | None = None
    notices: tuple[Notice, ...] = ()
    objections: tuple[Objection, ...] = ()


def missing(proof: Proof) -> tuple[Missing, ...]:
    """Return what still lacks, in the order of the work; nothing where the matter may be struck off."""
    found = [
        *_work(proof), *_evidence(proof), *_supervision(proof), *(Missing.of("blocker.open", code) for code in sorted(proof.blockers)),
        *(Missing.of("milestone.open", one.id) for one in proof.milestones if not one.done),
        *_ledger(proof), *_households(proof), *_notice(proof),
    ]  # fmt: skip
    return tuple(found)


def last_words(words: Iterable[Word], since: str) -> Mapping[int, Word]:
    """Return each household's last word of those said after `since`."""
    return {word.household: word for word in sorted(words, key=lambda one: (one.at, one.id)) if word.household and word.at > since}


def confirming(proof: Proof) -> int:
    """Return how many distinct households say that it is solved."""
    if not proof.completions:
        return 0
    last = last_words(proof.words, proof.completions[0].at)
    return sum(word.solved for household, word in last.items() if household > 0)


def gap(segment: tuple[int, int], stretches: Iterable[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the first metres of a segment that no stretch covers."""
    at, end = segment
    ordered = sorted(stretches)
    for begin, until in ordered:
        if begin > at:
            break
        at = max(at, until)
    if at >= end:
        return None
    return at, min([end, *(begin for begin, _ in ordered if begin > at)])


def _work(proof: Proof) -> Iterable[Missing]:
    if not proof.completions:
        yield Missing.of("completion.none")
    if not any(one.of_round for one in proof.tasks):
        yield Missing.of("tasks.none")
    yield from (Missing.of("task.open", one.id) for one in proof.tasks if not one.accepted)


def _evidence(proof: Proof) -> Iterable[Missing]:
    if not proof.sites:
        yield Missing.of("sites.none")
    for site in proof.sites:
        lacks = (("site.before", site.before < 1), ("site.after", site.after < 1), ("site.not_inspected", site.passed is not True))
        yield from (Missing.of(code, site.id) for code, lacking in lacks if lacking)
    if proof.segment is not None:
        metres = ((one.from_m, one.to_m) for one in proof.sites if one.passed)
        open_metres = gap(proof.segment, [(begin, end) for begin, end in metres if begin is not None and end is not None])
        if open_metres is not None:
            yield Missing.of("segment.not_inspected", f"{open_metres[0]}-{open_metres[1]}")


def _supervision(proof: Proof) -> Iterable[Missing]:
    for level in LEVELS:
        if level not in proof.supervisors:
            yield Missing.of("supervisor.none", level)
        later = (note.day >= proof.completions[-1].day for note in proof.notes if note.level == level and _after_completion(proof, note.at))
        if not any(later):
            yield Missing.of("supervisor.no_note", level)


def _ledger(proof: Proof) -> Iterable[Missing]:
    lacks = (("money.pledged", proof.money[0]), ("money.held", proof.money[1]), ("labour.pledged", proof.labour))
    yield from (Missing.of(code, str(amount)) for code, amount in lacks if amount)


def _households(proof: Proof) -> Iterable[Missing]:
    last = last_words(proof.words, proof.completions[0].at) if proof.completions else {}
    for teller in proof.tellers:
        word = last.get(teller.household)
        heard = word is not None and (word.solved or word.answered is not None)
        if teller.household and teller.because is None and not heard:
            yield Missing.of("teller.unasked", teller.id)
    if proof.few_households is None and confirming(proof) < proof.rules.households:
        yield Missing.of("households.too_few", f"{confirming(proof)}/{proof.rules.households}")
    for word in last.values():
        if not word.solved and word.answered is None and _after_completion(proof, word.at):
            yield Missing.of("word.not_solved", word.id)


def _notice(proof: Proof) -> Iterable[Missing]:
    upheld = max((one.decided_at or "" for one in proof.objections if one.upheld), default="")
    redone = bool(proof.completions) and proof.completions[-1].at > upheld
    counting = [one for one in proof.notices if redone and _after_completion(proof, one.at)]
    if not counting:
        yield Missing.of("notice.none")
    elif all(one.ends_on >= proof.day for one in counting):
        yield Missing.of("notice.running", min(one.ends_on for one in counting))
    yield from (Missing.of("objection.open", one.id) for one in proof.objections if one.upheld is None)
    if upheld and not redone:
        yield from (Missing.of("objection.upheld", one.id) for one in proof.objections if one.upheld and one.decided_at == upheld)


def _after_completion(proof: Proof, at: str) -> bool:
    return bool(proof.completions) and at > proof.completions[-1].at


def frozen(proof: Proof) -> Json:
    """Return a proof's facts as JSON: each list in the order of its rows, each row by name."""
    return {name: _shown(value) for name, value in ((one.name, getattr(proof, one.name)) for one in fields(proof))}


def thawed(facts: Json) -> Proof:
    """Return the proof whose facts were frozen so. Raises TypeError, KeyError or ValueError for anything else."""
    if set(facts) != {one.name for one in fields(Proof)}:
        raise ValueError("these are not the facts of a proof")
    segment, (due, held) = facts["segment"], facts["money"]
    rows = {name: tuple(row(**one) for one in facts[name]) for name, row in _ROWS.items()}
    return Proof(
        rules=Rules(**facts["rules"]), day=facts["day"], segment=(segment[0], segment[1]) if segment else None,
        supervisors=tuple(facts["supervisors"]), blockers=tuple(facts["blockers"]),
        money=(due, held), labour=facts["labour"], few_households=facts["few_households"], **rows,
    )  # fmt: skip


_ROWS: Mapping[str, Any] = {
    "completions": Completion, "tasks": Task, "sites": Site, "notes": Note, "milestones": Milestone, "tellers": Teller,
    "words": Word, "notices": Notice, "objections": Objection,
}  # fmt: skip


def _shown(value: Any) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return value._asdict()
    return [_shown(one) for one in value] if isinstance(value, tuple) else value
