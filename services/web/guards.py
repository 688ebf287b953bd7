"""Headers that every answer carries, and whose host we are.

An answer may say something stricter or wider itself (pages have a policy of their own, public figures may be kept); what it does not
say is filled in here: nothing may be kept, framed, guessed at or run.
"""

from functools import lru_cache

from starlette.types import Scope

from services.platform.errors import Problem
from services.platform.settings import Settings
from services.web.limits import PROBES

ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_HSTS = b"strict-transport-security"


def guarded(headers: list[tuple[bytes, bytes]], scheme: str, hsts_seconds: int) -> list[tuple[bytes, bytes]]:
    """Return `headers` with those that are missing; HSTS over TLS alone, where it is switched on."""
    there = {name.lower() for name, _ in headers}
    found = [*headers, *(pair for pair in ALWAYS if pair[0] not in there)]
    if hsts_seconds and scheme == "https":
        found.append((_HSTS, b"max-age=%d" % hsts_seconds))
    return found


@lru_cache(maxsize=8)
def _hosts(setting: str) -> tuple[frozenset[str], tuple[str, ...]]:
    named = setting.lower().replace(",", " ").split()
    return frozenset(name for name in named if not name.startswith("*.")), tuple(name[1:] for name in named if name.startswith("*."))


def require_our_host(scope: Scope, given: Settings) -> None:
    """Raise 421 ``request.host`` where hosts are listed and this is none of them; probes are asked by address."""
    if not given.hosts or scope["path"] in PROBES:
        return
    exact, endings = _hosts(given.hosts)
    named = [_without_port(value.decode("latin-1").lower()) for name, value in scope["headers"] if name == b"host"]
    if len(named) == 1 and (named[0] in exact or (endings and named[0].endswith(endings))):
        return
    raise Problem("request.host", "This door does not answer under that name; use the address you were given.", status=421)


def _without_port(host: str) -> str:
    return host[: host.rfind("]") + 1] if host.startswith("[") else host.partition(":")[0]
