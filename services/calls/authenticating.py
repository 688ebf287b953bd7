"""Whether a post really comes from its exchange: by signature, shared secret and address. Pure; comparisons take the same time always.

Exchanges sign little: Twilio signs the full public address and the form (HMAC-SHA1), the others show the connection's secret in a header,
as the password of HTTP basic authentication, or in the query. While a secret is rotated both are good.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit, urlunsplit

from services.calls.exchanges import Exchange

_PORTS = {"https": 443, "http": 80}
_PARAMETERS_AT_MOST = 100


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """What a post shows of itself. `url` is its address as we see it, `query` the raw query; names of `headers` are lower case."""

    url: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    address: str | None
    form: tuple[tuple[str, str], ...] = field(default=())


def refusal(exchange: Exchange, shown: Shown, now: datetime) -> str | None:
    """Return why a post is refused (``address``, ``signature``, ``secret``); None where it is the exchange's."""
    if not exchange.takes_from(shown.address):
        return "address"
    if exchange.adapter.signed:
        return None if _signed(exchange, shown, now) else "signature"
    return None if any([exchange.system.shown(given, now) for given in _given(exchange, shown)]) else "secret"  # noqa: C419  all of them, always


def _given(exchange: Exchange, shown: Shown) -> Iterable[str]:
    """The secrets a post shows, wherever the exchange may show one."""
    header = shown.headers.get(exchange.options.header.lower())
    if header:
        yield header.strip()
    authorization = shown.headers.get("authorization", "")
    if authorization[:6].lower() == "basic ":
        try:
            yield base64.b64decode(authorization[6:].strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return
    name = exchange.options.secret_in_query
    if name:
        yield from _in_query(shown.query, name)


def _signed(exchange: Exchange, shown: Shown, now: datetime) -> bool:
    given = shown.headers.get("x-twilio-signature", "")
    url = public_url(exchange.options.public_url, shown.url)
    is_json = "json" in shown.headers.get("content-type", "").lower()
    if is_json:
        announced = next(iter(_in_query(shown.query, "bodySHA256")), "").lower()
        if not hmac.compare_digest(announced.encode(), hashlib.sha256(shown.body).hexdigest().encode()):
            return False
    fields = () if is_json else shown.form or form_fields(shown.body)
    expected = [twilio_signature(secret, one, fields) for secret in exchange.system.secrets(now) for one in _spellings(url)]
    return any([hmac.compare_digest(one.encode(), given.encode("utf-8", "replace")) for one in expected])  # noqa: C419  all of them, always


def _in_query(query: str, name: str) -> Sequence[str]:
    """The first value of a parameter; none of a query that has more of them than anybody needs."""
    try:
        return parse_qs(query, max_num_fields=_PARAMETERS_AT_MOST).get(name, ())[:1]
    except ValueError:
        return ()


def form_fields(body: bytes) -> tuple[tuple[str, str], ...]:
    """Return the fields of a form as they are signed; none where it is no form."""
    try:
        return tuple(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=1000))
    except ValueError:
        return ()


def twilio_signature(auth_token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """Return ``base64(HMAC-SHA1(AuthToken, url + key + value of every field, sorted))``; several values of a key each count once."""
    text = url + "".join(f"{key}{value}" for key, value in sorted(set(fields)))
    digest = hmac.digest(auth_token.encode(), text.encode("utf-8", "surrogatepass"), "sha1")
    return base64.b64encode(digest).decode()


def public_url(base: str | None, seen: str) -> str:
    """Return the address as the vendor wrote it: with scheme and host of `base` where the connection gives it, else as we see it."""
    if not base:
        return seen
    parts, ours = urlsplit(base), urlsplit(seen)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + ours.path, ours.query, ""))


def _spellings(url: str) -> tuple[str, ...]:
    """The address with and without its usual port: vendors sign either."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        return (url,)
    usual = _PORTS.get(parts.scheme)
    if port is None and usual and parts.hostname:
        return (url, urlunsplit((parts.scheme, f"{parts.netloc}:{usual}", parts.path, parts.query, "")))
    if port == usual:
        return (url, urlunsplit((parts.scheme, parts.netloc.rpartition(":")[0], parts.path, parts.query, "")))
    return (url,)
