"""How often one caller may ask, by what is asked: a table of doors, and the headers that tell it.

Headers as of draft-ietf-httpapi-ratelimit-headers-11: ``RateLimit-Policy: "read";q=6000;w=60`` and ``RateLimit: "read";r=5999;t=1``,
where ``t`` is the seconds after which the whole quota is there again.

Some doors are never counted. Platforms push once, or a few times within seconds, and then never again; a push that is refused is a
complaint that is lost. They come from few addresses, each push is small, is checked by secret or signature before anything is done,
and is stored as one row. Probes are asked by whoever keeps us running.
"""

import math
import re
from functools import lru_cache

from services.platform.errors import TooMany
from services.platform.quotas import Quota, Taken
from services.platform.settings import Settings

SIGN_IN, CODES, FILE, WRITE, READ = "sign-in", "codes", "file", "write", "read"

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_PUSHES = re.compile(r"/v1/(wechat|wecom)/callback|POST /v1/hotline/calls/[^/]+(/[a-z]+)?|POST /v1/platforms/[^/]+/orders")
_SIGN_IN = re.compile(r"POST /v1/(sessions|single-sign-on(/.*)?|me/password|me/second-factor(/.*)?)")
_CODES = re.compile(r"\w+ /v1/complaints/[^/]+(/(progress|proof|confirmations|appeals|personal-data(/.*)?))?")
_FILE = re.compile(
    r"POST (/v1/hotline/complaints|/v1/field-reports(/sync)?|/v1/petitions|/v1/activities(/batch)?|/v1/complaints/similar"
    r"|/open311/v2/(requests|servicerequestupdates)\.[a-z]+)"
)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def kind_of(method: str, path: str) -> str | None:
    """Return which quota a request is counted under; None where it is not counted."""
    if path in PROBES:
        return None
    asked = f"{method} {path}"
    if _PUSHES.fullmatch(asked) or _PUSHES.fullmatch(path):
        return None
    if _FILE.fullmatch(asked):
        return FILE
    if _SIGN_IN.fullmatch(asked):
        return SIGN_IN
    if _CODES.fullmatch(asked):
        return CODES
    return READ if method in _READING else WRITE


def quota_of(kind: str, given: Settings) -> Quota:
    """Return the quota of a kind: requests of one caller in a minute."""
    size = {
        SIGN_IN: given.rate_sign_in,
        CODES: given.rate_codes,
        FILE: given.rate_file,
        WRITE: given.rate_write,
        READ: given.rate_read,
    }[kind]
    return _quota(kind, size)


@lru_cache(maxsize=64)
def _quota(kind: str, size: int) -> Quota:
    return Quota(kind, size, strict=kind in (SIGN_IN, CODES))


def told(quota: Quota, taken: Taken) -> list[tuple[bytes, bytes]]:
    """Return the headers that tell a caller where they stand."""
    full = math.ceil((quota.size - taken.left) * quota.seconds / quota.size)
    return [
        (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (quota.name.encode(), quota.size, quota.seconds)),
        (b"ratelimit", b'"%s";r=%d;t=%d' % (quota.name.encode(), taken.left, full)),
    ]


def too_many(taken: Taken) -> TooMany:
    """Return the problem of a request that comes too soon."""
    seconds = max(1, math.ceil(taken.wait))
    return TooMany(
        "request.too_many",
        "Too many requests in a short time; nothing was done. Wait as `Retry-After` says and send it again.",
        headers={"Retry-After": str(seconds)},
    )
