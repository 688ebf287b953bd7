"""Certificates of striking off (销号证书): signed by the worker, which holds the anchors' key; read as files that anybody can check.

The worker signs nothing it did not check: the id, the proof in it, and that the journal is the one it was issued on.
"""

import hashlib
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.anchors.certificates import fault_of
from services.anchors.models import AnchorKey
from services.anchors.signing import SigningKey
from services.anchors.views import CERTIFICATE, AnchorKeyView, key_view
from services.journal.chain import instant_text
from services.journal.models import Event
from services.matters.holding import unknown, visible
from services.matters.models import Matter
from services.matters.proving import missing, thawed
from services.matters.striking_models import MatterCertificate
from services.platform.canonical import canonical
from services.platform.errors import Conflict, NotFound
from services.platform.unit_of_work import Work

AT_ONCE = 50
SIGNED_FORM = "daguanjia.certificate-signature@1"
_HASH = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


class SignedPart(BaseModel):
    """What the signature is over, as canonical JSON."""

    model_config = ConfigDict(frozen=True)

    form: Literal["daguanjia.certificate-signature@1"] = Field(examples=[SIGNED_FORM])
    certificate: str = Field(description="The certificate's id.", examples=[_HASH])
    key_id: str = Field(examples=["b7a3c12dc0c8c748"])
    signed_at: str = Field(examples=["2026-11-21T16:10:12.000000Z"])


class CertificateFile(BaseModel):
    """销号证书 as a file; `daguanjia verify` and `tools/verify_history.py` check it, and compute its proof anew from its facts."""

    model_config = ConfigDict(frozen=True)

    form: Literal["daguanjia.certificate@1"] = Field(default="daguanjia.certificate@1", examples=[CERTIFICATE])
    id: str = Field(description="SHA-256 of the canonical JSON (RFC 8785) of `content`.", examples=[_HASH])
    content: dict[str, Any] = Field(
        description="Matter, round, rules and facts of the proof, and the head of the journal it was issued on. No personal data.",
        examples=[{"form": "daguanjia.striking-off@1", "number": "挂号〔2026〕第0012号", "round": 1}],
    )
    signed: SignedPart
    signature: str = Field(description="Ed25519 over the canonical JSON of `signed`, hex.", examples=[_HASH + _HASH])
    keys: tuple[AnchorKeyView, ...]


async def sign_certificates(work: Work, key: SigningKey) -> tuple[int, list[str]]:
    """Sign the certificates that wait; return how many, and the ids of those that are refused. One is signed once, by however many."""
    query = select(MatterCertificate).where(MatterCertificate.signature.is_(None)).order_by(MatterCertificate.issued_at)
    signed, refused = 0, []
    for row in await work.session.scalars(query.limit(AT_ONCE).with_for_update(skip_locked=True)):
        if not await _holds(work, row):
            refused.append(row.id)
            continue
        if not signed:
            public = insert(AnchorKey).values(key_id=key.key_id, public_key=key.public, first_used_at=work.now)
            await work.session.execute(public.on_conflict_do_nothing())
        row.signed_at, row.key_id = work.now, key.key_id
        row.signature = key.sign(canonical(_signed(row).model_dump(mode="json")))
        signed += 1
    await work.session.flush()
    return signed, refused


async def read_certificate(work: Work, matter_id: UUID, wanted: int | None) -> CertificateFile:
    """Return the certificate of a round, or the newest, of a matter one may know of.

    Raises 404 ``matter.unknown`` and ``certificate.unknown``, 409 ``certificate.not_signed`` for the seconds until the worker signed it.
    """
    if await work.session.scalar(select(Matter.id).where(Matter.id == matter_id, visible(work.actor))) is None:
        raise unknown()
    query = select(MatterCertificate).where(MatterCertificate.matter_id == matter_id)
    query = query.where(MatterCertificate.round == wanted) if wanted else query.order_by(MatterCertificate.round.desc()).limit(1)
    row = await work.session.scalar(query)
    if row is None:
        raise NotFound("certificate.unknown", "This matter was not struck off in that round; it has no certificate.")
    if row.signature is None:
        raise Conflict(
            "certificate.not_signed", "The worker has not signed it yet; ask again in some seconds.", headers={"Retry-After": "5"}
        )
    key = await work.session.get(AnchorKey, row.key_id)
    assert key is not None, "what signed is kept"
    return CertificateFile(
        id=row.id, content=row.content, signed=_signed(row), signature=row.signature.hex(), keys=(key_view(key),)
    )  # fmt: skip


async def _holds(work: Work, row: MatterCertificate) -> bool:
    """Tell whether a certificate is what it says: its id, the proof in it by both ways of computing it, and the journal."""
    content = row.content
    if hashlib.sha256(canonical(content)).hexdigest() != row.id or (content["matter"], content["round"]) != (str(row.matter_id), row.round):
        return False
    if missing(thawed(content["facts"])) or fault_of(content) is not None:
        return False
    head = content["journal"]
    there = select(Event.hash).where(Event.subject_id == row.matter_id, Event.seq == head["seq"])
    return (await work.session.scalar(there) or b"").hex() == str(head["hash"])


def _signed(row: MatterCertificate) -> SignedPart:
    assert row.signed_at is not None
    assert row.key_id is not None
    return SignedPart(form=SIGNED_FORM, certificate=row.id, key_id=row.key_id, signed_at=instant_text(row.signed_at))
