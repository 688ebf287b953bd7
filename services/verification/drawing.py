"""The draw: which rounds are called back. Pure, and the same on every machine, in whatever order the candidates come.

Commit and reveal: before anybody knows what could be drawn, the SHA-256 of a random seed is published. A candidate is written
``number#round``; its lot is HMAC-SHA256(seed, candidate). Of each stratum (the rounds one unit did the work of) the smallest lots are
chosen. Once the seed is published, whoever has the candidates can repeat all of it with a dozen lines of any language.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SEED_BYTES = 32


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A round of a ticket, and the code of the unit that did its work."""

    unit: str
    number: str
    round: int

    @property
    def name(self) -> str:
        """What stands for it in the draw."""
        return f"{self.number}#{self.round}"


def promise(seed: bytes) -> bytes:
    """Return what is published of `seed` beforehand: its SHA-256."""
    return hashlib.sha256(seed).digest()


def how_many(candidates: int, per_mille: int, minimum: int) -> int:
    """Return how many of a stratum are drawn: the rate rounded up, at least `minimum`, never more than there are."""
    return min(candidates, max(minimum, -(-candidates * per_mille // 1000)))


def lot(seed: bytes, candidate: Candidate) -> bytes:
    """Return the lot of a candidate."""
    return hmac.digest(seed, candidate.name.encode(), "sha256")


def drawn(seed: bytes, candidates: Iterable[Candidate], per_mille: int, minimum: int) -> frozenset[Candidate]:
    """Return the candidates that are chosen. Twice the same candidate is one."""
    chosen: set[Candidate] = set()
    for rows in strata(candidates).values():
        ordered = sorted(rows, key=lambda row: (lot(seed, row), row))
        chosen.update(ordered[: how_many(len(ordered), per_mille, minimum)])
    return frozenset(chosen)


def strata(candidates: Iterable[Candidate]) -> Mapping[str, Sequence[Candidate]]:
    """Return the candidates of each unit, by its code, in order."""
    found: dict[str, list[Candidate]] = {}
    for candidate in sorted(set(candidates)):
        found.setdefault(candidate.unit, []).append(candidate)
    return found


def list_hash(candidates: Iterable[Candidate]) -> bytes:
    """Return the SHA-256 over the list of candidates: lines of ``unit number#round``, in order, each ended by a newline."""
    lines = "".join(f"{candidate.unit} {candidate.name}\n" for candidate in sorted(set(candidates)))
    return hashlib.sha256(lines.encode()).digest()


@dataclass(frozen=True, slots=True)
class Repeat:
    """What repeating a draw showed: whether the seed is the promised one, the list the one that was drawn from, the choice the same."""

    seed: bool
    candidates: bool
    missing: frozenset[Candidate]
    added: frozenset[Candidate]

    @property
    def same(self) -> bool:
        """Tell whether nothing differs."""
        return self.seed and self.candidates and not self.missing and not self.added


def repeated(
    *, seed: bytes, seed_hash: bytes, listed: Mapping[Candidate, bool], listed_hash: bytes, per_mille: int, minimum: int
) -> Repeat:
    """Draw again from what is public and compare. `listed`: every candidate, and whether it is said to have been chosen.

    `missing` should have been chosen and were not, `added` were and should not.
    """
    right = drawn(seed, listed, per_mille, minimum)
    told = frozenset(candidate for candidate, chosen in listed.items() if chosen)
    return Repeat(promise(seed) == seed_hash, list_hash(listed) == listed_hash, right - told, told - right)
