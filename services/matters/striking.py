"""Striking off: asked of everything there is, under the matter's lock; a certificate where nothing is missing, and what is missing else."""

import hashlib
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.journal.chain import instant_text
from services.journal.models import Event
from services.matters.completing import lead_of
from services.matters.executors import require_another
from services.matters.holding import SUBJECT, Held, changed, hold
from services.matters.models import Matter
from services.matters.persons import keep_persons
from services.matters.proving import Proof, frozen, missing
from services.matters.story import story_of
from services.matters.striking_deeds import StrikeOff
from services.matters.striking_facts import AHEAD, proof_of, striking_of
from services.matters.striking_models import MatterCertificate
from services.platform.bulk import insert_many
from services.platform.canonical import canonical
from services.platform.database import Json
from services.platform.errors import Conflict
from services.platform.secrets import blind_index
from services.platform.settings import settings
from services.platform.unit_of_work import Work

ACTION = "strike_off"
FORM = "daguanjia.striking-off@1"
_MARK_DIGITS = 32


async def strike_off(work: Work, matter_id: UUID, command: StrikeOff, expected_version: int | None) -> None:
    """Strike a matter off and issue its certificate.

    Raises what :func:`hold` raises, 403 ``matter.own_work`` for whoever did the work, and 409 ``matter.incomplete`` with `missing`, what is
    missing. Everybody else who does something to the matter waits meanwhile, and finds it struck off.
    """
    held = await hold(work, matter_id, ACTION, expected_version)
    await require_another(work, held.matter)
    await keep_persons(work, matter_id)
    proof = await present_proof(work, held)
    lacking = missing(proof)
    if lacking:
        raise Conflict(
            "matter.incomplete", "The matter is not complete; `missing` says what is to be done before it may be struck off.",
            extra={"missing": [asdict(one) for one in lacking]},
        )  # fmt: skip
    content = await _content(work, held, proof, command.words)
    certificate_id = hashlib.sha256(canonical(content)).hexdigest()
    row = {
        "id": certificate_id, "matter_id": matter_id, "round": held.matter.round, "content": content, "issued_at": work.now,
        "issued_by_account_id": work.actor.account_id, "signed_at": None, "key_id": None, "signature": None,
    }  # fmt: skip
    await insert_many(work.session, MatterCertificate, [row])
    held.matter.state, held.matter.struck_off_at, held.matter.certificate_id = "struck_off", work.now, certificate_id
    said = {"certificate": certificate_id, "round": held.matter.round, "words": command.words, "lead": lead_of(held)}
    await changed(work, held, "matter.struck_off", said)


async def present_proof(work: Work, held: Held) -> Proof:
    """Return the facts of the present round, with all that was recorded until now by whoever."""
    story = await story_of(work, [held.matter], work.now + AHEAD)
    return proof_of(held.matter, story, await striking_of(work, held.matter, held.matter.round), held.today)


async def _content(work: Work, held: Held, proof: Proof, words: str) -> Json:
    matter = held.matter
    before = await _certificate_before(work, matter)
    return {
        "form": FORM, "jurisdiction": settings().jurisdiction, "matter": str(matter.id), "number": matter.number, "round": matter.round,
        "unit": held.unit.code, "lead": lead_of(held),
        "category": matter.category_code, "title": matter.title, "origin_on": str(matter.origin_on),
        "struck_off_at": instant_text(work.now), "words": words, "supersedes": before, "journal": await _head(work, matter),
        "facts": frozen(_of_nobody(matter, proof)),
    }  # fmt: skip


def _of_nobody(matter: Matter, proof: Proof) -> Proof:
    """Return the proof with keyed marks for who told it and what was said: what is frozen for good ties no complaint to a household."""

    def mark(one: str) -> str:
        return blind_index("certificate", f"{matter.id}:{one}").hex()[:_MARK_DIGITS]

    tellers = tuple(one._replace(id=mark(one.id)) for one in proof.tellers)
    return replace(proof, tellers=tellers, words=tuple(one._replace(id=mark(one.id)) for one in proof.words))


async def _certificate_before(work: Work, matter: Matter) -> str | None:
    query = select(MatterCertificate.id).where(MatterCertificate.matter_id == matter.id).order_by(MatterCertificate.round.desc()).limit(1)
    return await work.session.scalar(query)


async def _head(work: Work, matter: Matter) -> dict[str, Any]:
    """Return the newest event of the matter's journal, which commits to all before it; nobody adds one while the matter is held."""
    query = select(Event.seq, Event.hash).where(Event.subject_id == matter.id).order_by(Event.seq.desc()).limit(1)
    row = (await work.session.execute(query)).one()
    return {"subject_kind": SUBJECT, "subject_id": str(matter.id), "seq": row.seq, "hash": row.hash.hex()}
