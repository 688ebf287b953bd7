"""What a leaf, an anchor and the log of all anchors commit to, byte by byte. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.anchors.merkle import leaf_hash
from services.journal.chain import instant_text
from services.platform.canonical import canonical

FORM = "daguanjia.anchor@1"
NOTHING = b""
"""The `previous` of the first anchor."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of one subject's journal that a day's tree commits to."""

    subject_id: UUID
    subject_kind: str
    seq: int
    hash: bytes

    def shown(self) -> dict[str, Any]:
        """Return it as it is printed and hashed."""
        return {"subject_id": str(self.subject_id), "subject_kind": self.subject_kind, "seq": self.seq, "hash": self.hash.hex()}

    def leaf(self) -> bytes:
        """Return the hash of this leaf."""
        return leaf_hash(canonical(self.shown()))


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed for a day: the root over all heads, the root over the log of days up to it, and the anchor before."""

    day: date
    number: int
    jurisdiction: str
    leaves: int
    root: bytes
    log_root: bytes
    previous: bytes
    closed_at: datetime
    key_id: str

    def shown(self) -> dict[str, Any]:
        """Return it as it is printed and signed."""
        return {
            "form": FORM,
            "jurisdiction": self.jurisdiction,
            "day": self.day.isoformat(),
            "number": self.number,
            "leaves": self.leaves,
            "root": self.root.hex(),
            "log_root": self.log_root.hex(),
            "previous": self.previous.hex(),
            "closed_at": instant_text(self.closed_at),
            "key_id": self.key_id,
        }

    def signed_bytes(self) -> bytes:
        """Return the bytes the signature is over."""
        return canonical(self.shown())

    def print(self) -> bytes:
        """Return the SHA-256 of the signed bytes: what the next anchor names as `previous`."""
        return hashlib.sha256(self.signed_bytes()).digest()

    def log_leaf(self) -> bytes:
        """Return the hash of this day's leaf in the log of days."""
        return log_leaf(self.shown())


def log_leaf(shown: Mapping[str, Any]) -> bytes:
    """Return the leaf of the log of days for an anchor as it is printed."""
    return leaf_hash(canonical({name: shown[name] for name in ("day", "leaves", "number", "root")}))


def statement_of(row: Any) -> Statement:
    """Return the statement of a row of `anchors`."""
    names = ("day", "number", "jurisdiction", "leaves", "root", "log_root", "previous", "closed_at", "key_id")
    return Statement(*(getattr(row, name) for name in names))


def logged(statements: Sequence[Statement]) -> list[bytes]:
    """Return the leaves of the log of these days."""
    return [one.log_leaf() for one in statements]
