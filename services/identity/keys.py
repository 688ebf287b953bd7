"""Keys of programs: how one looks, what it is compared by, what can be lent to one at all. Pure.

A key is ``dgj_<id>_<secret>``: recognisable in a log or a repository, found by its id, proven by its secret. The secret is 32 random
bytes, so that a fast keyed digest of it is as good as a slow one. A key that signs shows ``dgj_<id>`` alone, and never its secret.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from services.identity.permissions import PERMISSIONS
from services.platform.secrets import derived_key

PREFIX = "dgj_"
LONGEST = timedelta(days=365)
_KEY = re.compile(r"dgj_([0-9a-f]{32})(?:_([A-Za-z0-9_-]{43}))?", re.ASCII)

LENDABLE = frozenset({
    "activity.declare", "activity.read", "activity.record", "activity.record_for_others", "activity.words", "assessment.read",
    "attachment.read", "attachment.upload", "bulletin.draft", "calendar.change", "call.read", "category.change", "category.read",
    "complaint.read", "complaint.repeat", "complaint.reword", "contact.read", "draw.make", "exclusion.propose", "exclusion.read",
    "export.read", "field.report", "hotline.file", "member.read", "message.read", "petition.file", "petition.on_behalf", "platform.read",
    "policy.read", "report.read", "ticket.read", "unit.change", "unit.read", "unit.report", "warning.acknowledge", "webhook.read",
})  # fmt: skip
"""What can be lent. Not what needs a second pair of eyes or a person's ears, nor what gives rights or secrets to others."""

WHOLE_JURISDICTION = frozenset({
    "calendar.change", "call.read", "category.change", "draw.make", "policy.read", "unit.change", "webhook.read",
})  # fmt: skip
"""Lent only without an area: what these show or change belongs to no part of the jurisdiction."""


def new_key(key_id: UUID) -> tuple[str, str]:
    """Return a fresh key and its secret, both in clear."""
    secret = secrets.token_urlsafe(32)
    return f"{shown(key_id)}_{secret}", secret


def shown(key_id: UUID) -> str:
    """Return what of a key may be seen: its beginning."""
    return PREFIX + key_id.hex


def read_key(given: str) -> tuple[UUID, str | None] | None:
    """Return id and secret (None where only the beginning was sent) of a key; None for what is no key."""
    found = _KEY.fullmatch(given)
    return (UUID(found[1]), found[2]) if found else None


def digest_of(key_id: UUID, secret: str) -> bytes:
    """Return what is stored of a secret: a keyed digest that tells nothing without the installation's own secret."""
    return hmac.digest(derived_key("api-key"), key_id.bytes + secret.encode(), "sha256")


def is_secret(key_id: UUID, secret: str, digest: bytes) -> bool:
    """Tell whether `secret` is the one `digest` was made of; the time taken says nothing."""
    return hmac.compare_digest(digest_of(key_id, secret), digest)


def lent_now(actions: Iterable[str], *, area: bool) -> frozenset[str]:
    """Return what of `actions` a key has by the rules of this release, whatever those were when it was made."""
    withheld = (frozenset(PERMISSIONS) - LENDABLE) | (WHOLE_JURISDICTION if area else frozenset())
    return frozenset(actions) - withheld


def is_at(address: str | None, networks: Iterable[str]) -> bool:
    """Tell whether `address` is in one of `networks`; an address that cannot be read is in none."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(network) for network in networks)


def signed_text(method: str, path: str, query: str, body: bytes) -> bytes:
    """Return what a signed request signs as its body: method, path and query as they were sent, and the SHA-256 of the body, by lines."""
    return "\n".join((method, path, query, hashlib.sha256(body).hexdigest())).encode("utf-8", "surrogateescape")
