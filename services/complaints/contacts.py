"""Who complained: sealed at once, opened only to answer them, masked wherever it is shown.

Each row has a key of its own, itself sealed; destroying it erases the person. Look-ups go over keyed indexes that answer equality only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.complaints.commands import Contact
from services.platform.papers import OPENID, PHONE
from services.platform.phones import masked_email, masked_name, masked_phone
from services.platform.row_keys import KeyDestroyed, new_row_key, open_row_key
from services.platform.secrets import blind_index, seal, unseal

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class OpenedContact:
    """A contact in clear. It has no `repr`, so that it cannot slip into a log."""

    name: str | None
    phone: str | None
    openid: str | None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class MaskedContact:
    """What the staff may see of a contact."""

    name: str | None
    phone: str | None
    has_openid: bool
    email: str | None = None


def seal_contact(complaint_id: UUID, contact: Contact, recorded_at: datetime) -> Row:
    """Return the complainant row of a complaint: everything sealed and bound to this complaint."""
    key, sealed_key = new_row_key()
    clear = orjson.dumps({"name": contact.name, "phone": contact.phone, "openid": contact.openid, "email": contact.email})
    return {
        "complaint_id": complaint_id,
        "row_key": sealed_key,
        "sealed": seal(key, clear, complaint_id.bytes),
        "phone_index": blind_index(PHONE, contact.phone) if contact.phone else None,
        "openid_index": blind_index(OPENID, contact.openid) if contact.openid else None,
        "recorded_at": recorded_at,
    }


def open_contact(complaint_id: UUID, row_key: bytes | None, sealed: bytes | None) -> OpenedContact | None:
    """Return the contact of a complainant row in clear; None where the person was erased.

    Raises cryptography's InvalidTag where the row was changed or belongs to another complaint.
    """
    if row_key is None or sealed is None:
        return None
    try:
        clear = orjson.loads(unseal(open_row_key(row_key), sealed, complaint_id.bytes))
    except KeyDestroyed:  # a backup was brought back that is older than the erasure
        return None
    return OpenedContact(clear["name"], clear["phone"], clear["openid"], clear.get("email"))


def mask(contact: OpenedContact) -> MaskedContact:
    """Return what may be shown of a contact: ``张*``, ``138****0123``."""
    return MaskedContact(
        masked_name(contact.name) if contact.name else None,
        masked_phone(contact.phone) if contact.phone else None,
        contact.openid is not None,
        masked_email(contact.email) if contact.email else None,
    )
