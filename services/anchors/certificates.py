"""Checking a certificate of striking off (销号证书): that it is what was signed, and that its own facts prove what it says. Pure.

Whether a matter was complete is computed here once more, from the facts frozen in the certificate, apart from the room that issued it
(`services/matters/proving.py`) and from `tools/verify_history.py`; tests hold the three together.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from services.anchors.signing import key_id_of, signed_by
from services.platform.canonical import canonical

Facts = Mapping[str, Any]
LEVELS = ("county", "township", "village")
_SHANGHAI = timedelta(hours=8)


class CertificateError(Exception):
    """What does not fit, as a sentence."""


def checked(document: Mapping[str, Any], named: frozenset[str]) -> str:
    """Return the sentence that a certificate fits; raise CertificateError with the one that says why not."""
    content, signed, name = document["content"], document["signed"], f"certificate {document['id']}"
    if hashlib.sha256(canonical(content)).hexdigest() != document["id"]:
        raise CertificateError(f"{name}: its content does not fit its id")
    if signed["certificate"] != document["id"]:
        raise CertificateError(f"{name}: what was signed is another certificate")
    public = next((bytes.fromhex(key["public_key"]) for key in document["keys"] if key["key_id"] == signed["key_id"]), None)
    if public is None or key_id_of(public) != signed["key_id"]:
        raise CertificateError(f"{name}: its key {signed['key_id']} is not among the keys")
    if named and not {signed["key_id"], public.hex()} & named:
        raise CertificateError(f"{name}: its key {signed['key_id']} is not one that was named")
    if not signed_by(public, bytes.fromhex(document["signature"]), canonical(signed)):
        raise CertificateError(f"{name}: its signature is not that of key {signed['key_id']}")
    if fault := fault_of(content):
        raise CertificateError(f"{name}: {fault}")
    return f"{name}: {content['number']} round {content['round']} was complete on {content['facts']['day']}; signed by {signed['key_id']}"


def fault_of(content: Mapping[str, Any]) -> str | None:
    """Return what keeps a certificate's content from being a proof: of another day, or the first thing that lacked."""
    struck_off = datetime.fromisoformat(content["struck_off_at"])
    if str((struck_off + _SHANGHAI).date()) != content["facts"]["day"]:
        return "its facts are of another day than it was struck off on"
    return next(iter(lacking(content["facts"])), None)


def lacking(facts: Facts) -> Iterable[str]:
    """Return what lacked, by the certificate's own facts."""
    reported = [one["at"] for one in facts["completions"]]
    if not reported:
        yield "nobody reported the work complete"
        return
    yield from _of_the_work(facts)
    yield from _of_supervisors(facts, facts["completions"][-1])
    yield from _of_households(facts, min(reported), max(reported))
    yield from _of_the_notice(facts, max(reported))


def _of_the_work(facts: Facts) -> Iterable[str]:
    if not [one for one in facts["tasks"] if one["of_round"]] or [one for one in facts["tasks"] if not one["accepted"]]:
        yield "a sub-task was not accepted, or there was none"
    bad = [one for one in facts["sites"] if not (one["before"] and one["after"] and one["passed"] is True)]
    if bad or not facts["sites"]:
        yield "a site lacked pictures or an inspection, or there was none"
    if facts["segment"] is not None and not _covers(facts["segment"], facts["sites"]):
        yield "metres of the segment were not inspected"
    if facts["blockers"]:
        yield "something stood in the way"
    if [one for one in facts["milestones"] if one["done"] is not True]:
        yield "a milestone was not reached"
    if facts["money"] != [0, 0] or facts["labour"] != 0:
        yield "money or labour did not balance"


def _covers(segment: Sequence[int], sites: Sequence[Facts]) -> bool:
    inspected = sorted((one["from_m"], one["to_m"]) for one in sites if one["passed"] is True and one["from_m"] is not None)
    marks = sorted({*segment, *(metre for pair in inspected for metre in pair)})
    inside = [(begin, end) for begin, end in pairwise(marks) if segment[0] <= begin and end <= segment[1]]
    return all(any(low <= begin and end <= high for low, high in inspected) for begin, end in inside)


def _of_supervisors(facts: Facts, completion: Facts) -> Iterable[str]:
    noted = {one["level"] for one in facts["notes"] if one["at"] > completion["at"] and one["day"] >= completion["day"]}
    if not noted & set(facts["supervisors"]) >= set(LEVELS):
        yield "a supervisor of the three levels left no note after the work was reported complete"


def _of_households(facts: Facts, first: str, last: str) -> Iterable[str]:
    newest: dict[int, Facts] = {}
    for word in facts["words"]:
        there = newest.get(word["household"])
        if word["at"] > first and (there is None or (there["at"], there["id"]) < (word["at"], word["id"])):
            newest[word["household"]] = word
    agreed = {household for household, word in newest.items() if word["solved"] is True}
    content = agreed | {household for household, word in newest.items() if word["answered"] is not None}
    if [one for one in facts["tellers"] if one["household"] != 0 and one["because"] is None and one["household"] not in content]:
        yield "somebody who told it was not asked, and no reason says why"
    if len([one for one in agreed if one > 0]) < facts["rules"]["households"] and facts["few_households"] is None:
        yield "fewer households than asked for said that it was solved"
    if [one for household, one in newest.items() if household not in content and household != 0 and one["at"] > last]:
        yield "a household said that it was not solved, and was not answered"


def _of_the_notice(facts: Facts, last: str) -> Iterable[str]:
    if [one for one in facts["objections"] if one["upheld"] is None]:
        yield "an objection was not decided"
    if [one for one in facts["objections"] if one["upheld"] is True and one["decided_at"] >= last]:
        yield "an objection was upheld, and the work not reported complete anew"
    if not [one for one in facts["notices"] if one["at"] > last and one["ends_on"] < facts["day"]]:
        yield "its notice was not opened, or its days were not over"
