"""What is answered about anchors. Each answer is a file that anybody can check: `daguanjia verify`, `tools/verify_history.py`."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.anchors.models import Anchor, AnchorKey
from services.anchors.statements import FORM, Head, statement_of
from services.journal.chain import instant_text

_HASH = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
_DAY = date(2026, 11, 21)
LIST, ONE, PROOF, CONSISTENCY, CHAIN, CERTIFICATE = (
    f"daguanjia.{what}@1" for what in ("anchors", "signed-anchor", "proof", "consistency", "chain", "certificate")
)
PathOfHashes = tuple[str, ...]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class AnchorView(_View):
    """What was signed for a day. The signature is over the canonical JSON (RFC 8785) of all fields but itself."""

    form: Literal["daguanjia.anchor@1"] = Field(default="daguanjia.anchor@1", examples=[FORM])
    jurisdiction: str = Field(examples=["441624"])
    day: date = Field(description="The day in Asia/Shanghai that was closed.", examples=[_DAY])
    number: int = Field(description="Counts the days from 0 without a gap.", examples=[41])
    leaves: int = Field(description="How many journals the tree of this day is over.", examples=[10234])
    root: str = Field(description="Root (RFC 9162) over the heads of all journals, in order of their subjects' ids.", examples=[_HASH])
    log_root: str = Field(description="Root (RFC 9162) over the days up to this one.", examples=[_HASH])
    previous: str = Field(description="SHA-256 of what was signed for the day before; empty for the first.", examples=[_HASH])
    closed_at: str = Field(examples=["2026-11-21T16:10:12.000000Z"])
    key_id: str = Field(description="Which of `keys` signed it.", examples=["b7a3c12dc0c8c748"])
    signature: str = Field(description="Ed25519, hex.", examples=[_HASH + _HASH])


class AnchorKeyView(_View):
    """A public key that anchors were signed with; those of all times are listed."""

    key_id: str = Field(description="The first 16 hex digits of the key's SHA-256.", examples=["b7a3c12dc0c8c748"])
    public_key: str = Field(description="Ed25519, hex.", examples=[_HASH])
    first_used_at: str = Field(examples=["2026-10-11T16:10:12.000000Z"])


class Anchors(_View):
    """A page of anchors, the newest first, and the keys."""

    form: Literal["daguanjia.anchors@1"] = Field(default="daguanjia.anchors@1", examples=[LIST])
    items: tuple[AnchorView, ...]
    keys: tuple[AnchorKeyView, ...]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.", examples=[None])


class SignedAnchor(_View):
    """One anchor."""

    form: Literal["daguanjia.signed-anchor@1"] = Field(default="daguanjia.signed-anchor@1", examples=[ONE])
    anchor: AnchorView
    keys: tuple[AnchorKeyView, ...]


class HeadView(_View):
    """A leaf: the last event of one journal that a day's tree commits to. The leaf is the canonical JSON of these fields."""

    subject_id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"])
    subject_kind: str = Field(examples=["ticket"])
    seq: int = Field(description="How many events the journal had.", examples=[7])
    hash: str = Field(description="Hash of the last of them, which commits to all before it.", examples=[_HASH])


class InclusionProof(_View):
    """Proves that an anchor commits to one ticket's journal, telling nothing of any other ticket."""

    form: Literal["daguanjia.proof@1"] = Field(default="daguanjia.proof@1", examples=[PROOF])
    leaf: HeadView
    index: int = Field(description="Place of the leaf among the anchor's `leaves`.", examples=[8121])
    path: PathOfHashes = Field(description="Hashes from the leaf up to the root (RFC 9162, 2.1.3).", examples=[[_HASH]])
    anchor: AnchorView
    keys: tuple[AnchorKeyView, ...]


class ConsistencyProof(_View):
    """Proves that the days up to `first` are the beginning of the days up to `second`: nothing of the past was signed anew."""

    form: Literal["daguanjia.consistency@1"] = Field(default="daguanjia.consistency@1", examples=[CONSISTENCY])
    first: AnchorView
    second: AnchorView
    path: PathOfHashes = Field(description="RFC 9162, 2.1.4, between the two `log_root`s.", examples=[[_HASH]])
    keys: tuple[AnchorKeyView, ...]


class ChainFile(_View):
    """One journal, whole. `content` is what is hashed behind the hash before it."""

    form: Literal["daguanjia.chain@1"] = Field(default="daguanjia.chain@1", examples=[CHAIN])
    subject_id: UUID
    subject_kind: str
    events: tuple[dict[str, Any], ...]


def anchor_view(row: Anchor) -> AnchorView:
    """Return an anchor as it is published."""
    return AnchorView(**statement_of(row).shown(), signature=row.signature.hex())


def key_view(row: AnchorKey) -> AnchorKeyView:
    """Return a public key as it is published."""
    return AnchorKeyView(key_id=row.key_id, public_key=row.public_key.hex(), first_used_at=instant_text(row.first_used_at))


def head_view(head: Head) -> HeadView:
    """Return a leaf as it is proved."""
    return HeadView(**head.shown())
