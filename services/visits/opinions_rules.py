"""The handbook's rules: what words are the same, what a confirmation is worth and when it is void, what an opinion ended in. Pure.

Words are bound by the SHA-256 of their canonical form: Unicode NFC, line ends as one sign, no blanks at the ends of lines nor around the
whole, in UTF-8. So anybody can make it again from what is printed.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

ENDED_IN_NOTHING = ("cancelled", "rejected")
"""Statuses of a ticket after which the villager is still to be told something: the opinion is open again."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of confirmation. `strength` (1 to 5) says how sure it is that the villager stands by the words; `proof` why."""

    name: str
    strength: int
    proof: str


KINDS: Mapping[str, Kind] = {
    "signature": Kind("手写签名", 5, "their own hand under the words, as a picture that was handed in once"),
    "call_recording": Kind("电话录音", 4, "their own voice, kept by the exchange; anybody who may can listen again"),
    "wechat": Kind("微信确认", 3, "a WeChat account sent us the code of these very words"),
    "sms_code": Kind("短信验证码", 2, "whoever holds the household's telephone told the code that was sent there"),
    "witness": Kind("见证人", 1, "somebody else was there, and says so: for who cannot write, and has no telephone"),
}
"""The five kinds, the strongest first. How strong a word is follows from how hard it is to make up without the villager."""

OUTCOME_NAMES: Mapping[str, str] = {
    "open": "未办结",
    "on_the_spot": "当场解决",
    "ticket": "转为工单",
    "matter": "并入挂号事项",
    "answered": "已答复",
}


class Confirmed(StrEnum):
    """How an opinion stands with its villager."""

    BY_THEM = "confirmed"
    VOID = "void"
    """Confirmed once, and worded otherwise since."""
    NOT_YET = "unconfirmed"


CONFIRMED_NAMES: Mapping[str, str] = {"confirmed": "已确认", "void": "确认已失效", "unconfirmed": "未确认"}


@dataclass(frozen=True, slots=True)
class Said:
    """A confirmation, as far as it counts: of which words, by which kind."""

    words_hash: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Something that became of an opinion. `ticket_status`: of a ticket, how it stands (of one that was merged, the one it went into)."""

    kind: str
    at: datetime
    ticket_status: str | None = None


def canonical(words: str) -> str:
    """Return `words` as they are hashed."""
    unified = unicodedata.normalize("NFC", words).replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line.rstrip() for line in unified.split("\n")).strip()


def words_hash(words: str) -> bytes:
    """Return the SHA-256 that confirmations of `words` are bound to."""
    return hashlib.sha256(canonical(words).encode()).digest()


def is_void(said: Said, present: bytes) -> bool:
    """Tell whether a confirmation is of other words than those in force, whose hash is `present`."""
    return said.words_hash != present


def confirmed(said: Iterable[Said], present: bytes) -> Confirmed:
    """Return how an opinion stands whose words in force have the hash `present`."""
    states = [is_void(one, present) for one in said]
    if not states:
        return Confirmed.NOT_YET
    return Confirmed.VOID if all(states) else Confirmed.BY_THEM


def strength(said: Iterable[Said], present: bytes) -> int:
    """Return the strength of the strongest confirmation that counts; 0 where none does."""
    return max((KINDS[one.kind].strength for one in said if not is_void(one, present)), default=0)


def unconfirmed(opinions: Mapping[UUID, tuple[Sequence[Said], bytes]]) -> tuple[UUID, ...]:
    """Return which of these opinions (confirmations, hash of the words in force) nobody stands by, in the order given."""
    return tuple(key for key, (said, present) in opinions.items() if confirmed(said, present) is not Confirmed.BY_THEM)


def standing(became: Iterable[Ended]) -> str:
    """Return what an opinion ended in: the newest that holds, else ``open``. A ticket that was cancelled or rejected holds nothing."""
    holding = [one for one in became if one.ticket_status not in ENDED_IN_NOTHING]
    return max(holding, key=lambda one: one.at).kind if holding else "open"


def is_late(heard_at: datetime, now: datetime, days: int) -> bool:
    """Tell whether an open opinion has waited `days` natural days: the desk is told then."""
    return now - heard_at >= timedelta(days=days)
