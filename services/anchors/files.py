"""Checking what the county hands out: journals, proofs and anchors, each by itself and held against each other. Pure.

`tools/verify_history.py` does the same with nothing of ours, and says the same; a test holds them together.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from services.anchors.certificates import CertificateError, checked
from services.anchors.merkle import consistent, leaf_hash, root, root_by_inclusion
from services.anchors.signing import key_id_of, signed_by
from services.anchors.statements import log_leaf
from services.anchors.views import CERTIFICATE, CHAIN, CONSISTENCY, LIST, ONE, PROOF
from services.journal.chain import START, content_hash
from services.platform.canonical import canonical

Document = Mapping[str, Any]
Named = frozenset[str]
UNREADABLE = "it cannot be read as a journal, a proof or anchors"
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)
_SIGNED = ("closed_at", "day", "form", "jurisdiction", "key_id", "leaves", "log_root", "number", "previous", "root")


class BrokenError(Exception):
    """What does not fit, as a sentence."""


def check(document: Any, named: Named) -> tuple[bool, str]:
    """Return whether a file fits, and the sentence that says so or names the first thing that does not.

    `named` are the public keys (or their key ids) that alone are to be trusted; none: those that the file names itself.
    """
    try:
        return True, _CHECKS[document["form"]](document, named)
    except (BrokenError, CertificateError) as broken:
        return False, str(broken)
    except _MALFORMED:
        return False, UNREADABLE


def across(documents: Sequence[Document]) -> list[str]:
    """Return what does not fit between files that fit by themselves."""
    broken: list[str] = []
    known: dict[int, Any] = {}
    anchors = [one for document in documents for one in _anchors_in(document)]
    broken += [
        f"anchor {anchor['day']}: two different ones were given"
        for anchor in anchors
        if known.setdefault(anchor["number"], anchor) != anchor
    ]
    for number in sorted(known):
        if number - 1 in known:
            broken += fault_of_next(known[number - 1], known[number])
    chains = {document["subject_id"]: document["events"] for document in documents if document["form"] == CHAIN}
    for proof in (document for document in documents if document["form"] == PROOF):
        leaf, events = proof["leaf"], chains.get(proof["leaf"]["subject_id"])
        where = f"{leaf['subject_kind']} {leaf['subject_id']} seq"
        fault = (
            None if events is None else fault_of_head([one["hash"] for one in events], leaf["seq"], leaf["hash"], proof["anchor"]["day"])
        )
        broken += [f"{where} {fault}"] if fault else []
    broken += _of_certificates([one for one in documents if one["form"] == CERTIFICATE], chains)
    return list(dict.fromkeys(broken))


def _of_certificates(certificates: Sequence[Document], chains: Mapping[str, Any]) -> list[str]:
    broken: list[str] = []
    rounds: dict[Any, str] = {}
    for one in certificates:
        content, head = one["content"], one["content"]["journal"]
        if rounds.setdefault((content["matter"], content["round"]), one["id"]) != one["id"]:
            broken.append(f"certificate {one['id']}: another one was given of the same round")
        events = chains.get(head["subject_id"])
        if events is not None and fault_of_head([event["hash"] for event in events], head["seq"], head["hash"], ""):
            broken.append(f"certificate {one['id']}: the journal is not the one it was issued on")
    return broken


def fault_of_head(hashes: Sequence[str], seq: int, anchored: str, day: str) -> str | None:
    """Return what is wrong with a journal (the hashes of its events) that was anchored with `seq` events on `day`: where, and what."""
    if len(hashes) < seq:
        return f"{len(hashes) + 1}: it is missing; the anchor of {day} has {seq} events"
    if hashes[seq - 1] != anchored:
        return f"{seq}: it is not the event that was anchored on {day}"
    return None


def require_signed(anchor: Document, keys: Sequence[Document], named: Named) -> None:
    """Raise BrokenError unless the anchor is signed by its key, and that is one that may."""
    day, key_id = anchor["day"], anchor["key_id"]
    public = next((bytes.fromhex(key["public_key"]) for key in keys if key["key_id"] == key_id), None)
    if public is None or key_id_of(public) != key_id:
        raise BrokenError(f"anchor {day}: its key {key_id} is not among the keys")
    if named and not {key_id, public.hex()} & named:
        raise BrokenError(f"anchor {day}: its key {key_id} is not one that was named")
    if not signed_by(public, bytes.fromhex(anchor["signature"]), _statement(anchor)):
        raise BrokenError(f"anchor {day}: its signature is not that of key {key_id}")


def require_continued(before: Document | None, anchor: Document) -> None:
    """Raise BrokenError unless the anchor continues the one before it; None: it is the first of all."""
    day, expected = anchor["day"], before["number"] + 1 if before else 0
    if anchor["number"] != expected:
        raise BrokenError(f"anchor {day}: its number is {anchor['number']} and not {expected}; an anchor before it is missing")
    follows = before is None or date.fromisoformat(before["day"]) + timedelta(days=1) == date.fromisoformat(day)
    previous = hashlib.sha256(_statement(before)).hexdigest() if before else ""
    if not follows or anchor["previous"] != previous:
        raise BrokenError(f"anchor {day}: it does not continue the anchor before it")


def require_logged(log: Sequence[bytes], anchor: Document) -> None:
    """Raise BrokenError unless `log`, the leaves of the days up to this anchor, lead to its log root."""
    if root(log).hex() != anchor["log_root"]:
        raise BrokenError(f"anchor {anchor['day']}: its log root does not fit the days up to it")


def fault_of_next(before: Document, anchor: Document) -> list[str]:
    """Return what is wrong with an anchor behind another, if anything is."""
    try:
        require_continued(before, anchor)
    except BrokenError as found:
        return [str(found)]
    return []


def fault_of_event(event: Document, expected: int, subject_id: str, previous: bytes) -> str | None:
    """Return what is wrong with the event that stands at `expected` in a journal, behind the hash `previous`."""
    content = event["content"]
    if content["seq"] > expected:
        return "it is missing"
    if content["seq"] < expected:
        return f"another event stands in its place, which says it is {content['seq']}"
    if content["subject_id"] != subject_id:
        return "it belongs to another subject"
    if event["previous_hash"] != previous.hex():
        return "it does not continue the event before it"
    if event["hash"] != content_hash(previous, content).hex():
        return "its content does not fit its hash"
    return None


def _chain(document: Document, _named: Named) -> str:
    subject, events = f"{document['subject_kind']} {document['subject_id']}", document["events"]
    if not events:
        raise ValueError("no events")
    previous = START
    for expected, event in enumerate(events, 1):
        if fault := fault_of_event(event, expected, document["subject_id"], previous):
            raise BrokenError(f"{subject} seq {expected}: {fault}")
        previous = bytes.fromhex(event["hash"])
    return f"{subject}: {len(events)} events, each fits; the last has the hash {previous.hex()}"


def _proof(document: Document, named: Named) -> str:
    leaf, anchor = document["leaf"], document["anchor"]
    require_signed(anchor, document["keys"], named)
    where = f"{leaf['subject_kind']} {leaf['subject_id']} seq {leaf['seq']}"
    head = canonical({name: leaf[name] for name in ("hash", "seq", "subject_id", "subject_kind")})
    found = root_by_inclusion(leaf_hash(head), document["index"], anchor["leaves"], _hashes(document["path"]))
    if found is None or found.hex() != anchor["root"]:
        raise BrokenError(f"{where}: the proof does not lead to the root of {anchor['day']}")
    return f"{where}: in the anchor of {anchor['day']}, signed by key {anchor['key_id']}, with the hash {leaf['hash']}"


def _one(document: Document, named: Named) -> str:
    anchor = document["anchor"]
    require_signed(anchor, document["keys"], named)
    return f"anchor {anchor['day']}: signed by key {anchor['key_id']}"


def _list(document: Document, named: Named) -> str:
    anchors = sorted(document["items"], key=lambda one: int(one["number"]))
    if not anchors:
        raise ValueError("no anchors")
    whole = anchors[0]["number"] == 0
    log: list[bytes] = []
    for before, anchor in pairwise([None, *anchors]):
        assert anchor is not None
        require_signed(anchor, document["keys"], named)
        if before or whole:
            require_continued(before, anchor)
        log.append(log_leaf(anchor))
        if whole:
            require_logged(log, anchor)
    return f"anchors {anchors[0]['day']} to {anchors[-1]['day']}: {len(anchors)}, each signed and continued"


def _consistency(document: Document, named: Named) -> str:
    first, second = document["first"], document["second"]
    for anchor in (first, second):
        require_signed(anchor, document["keys"], named)
    old, new = _hashes([anchor["log_root"] for anchor in (first, second)])
    if not consistent(first["number"] + 1, second["number"] + 1, old, new, _hashes(document["path"])):
        raise BrokenError(f"anchor {second['day']}: its log does not continue that of {first['day']}")
    return f"anchor {second['day']}: its log continues that of {first['day']}"


_CHECKS: dict[str, Callable[[Document, Named], str]] = {
    CHAIN: _chain,
    PROOF: _proof,
    ONE: _one,
    LIST: _list,
    CONSISTENCY: _consistency,
    CERTIFICATE: checked,
}


def _statement(anchor: Document) -> bytes:
    return canonical({name: anchor[name] for name in _SIGNED})


def _hashes(told: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in told]


def _anchors_in(document: Document) -> Sequence[Document]:
    if document["form"] == LIST:
        return list(document["items"])
    return [document[name] for name in ("anchor", "first", "second") if document["form"] != CHAIN and name in document]
