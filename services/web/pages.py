"""Pages: HTML, style and script shipped inside a package, read once and served from memory.

Nothing is looked up on the disk while a request waits, so no address can lead out of the package. Every file has two addresses:
``/pages/css/page.css`` is asked for again each time and answered 304 by its tag; ``/pages/~<digest>/css/page.css``, with the digest of
everything that was shipped, is kept by browsers for ever. Pages name the second one: modules that import each other by relative
addresses then come from one release. Files under ``vendor/`` carry their version in their name and are kept for ever as they are.
"""

import gzip
import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from services.platform.errors import NotFound
from services.platform.settings import settings

PREFIX = "/pages/"
KINDS: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}
"""What is served, by how the name ends. Anything else that lies in the package is not."""

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_WORTH_PACKING = 1024
_PACKED_KINDS = ("text/", "application/json", "image/svg+xml")
_OWN = re.compile(rf'((?:href|src)="){re.escape(PREFIX)}(?!vendor/|~)')
_PLACEHOLDER = re.compile(r"\{\{ *([a-z_]+) *\}\}")


@dataclass(frozen=True)
class Shipped:
    """One file: its bytes, and the same packed where that makes it smaller. `brotli` lies beside it, made when it was shipped."""

    content: bytes
    kind: str
    brotli: bytes | None = field(default=None, repr=False)

    @cached_property
    def digest(self) -> str:
        """What the file is, in 32 hex digits."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    @cached_property
    def gzipped(self) -> bytes | None:
        """The file packed; None where that does not pay. Without a time in it, so that every process packs to the same bytes."""
        if len(self.content) < _WORTH_PACKING or not self.kind.startswith(_PACKED_KINDS):
            return None
        return gzip.compress(self.content, 9, mtime=0)


class Pages:
    """The files of one package."""

    def __init__(self, root: Path) -> None:
        self._files = dict(sorted(_read(root)))
        together = "\n".join(f"{name} {shipped.digest}" for name, shipped in self._files.items())
        self.release = hashlib.sha256(together.encode()).hexdigest()[:16]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of everything that is served, in order."""
        return tuple(self._files)

    def text(self, name: str) -> str:
        """Return a file as text. Raises KeyError where none was shipped under this name: a mistake of ours."""
        return self._files[name].content.decode()

    def address(self, name: str) -> str:
        """Return the address under which browsers may keep a file for ever. Raises KeyError like :meth:`text`."""
        if name not in self._files:
            raise KeyError(name)
        return f"{PREFIX}{name}" if name.startswith("vendor/") else f"{PREFIX}~{self.release}/{name}"

    def file(self, request: Request, path: str) -> Response:
        """Return the file at an address behind ``/pages/``; raise NotFound ``page.unknown`` where none was shipped."""
        release, name = "", path
        if path.startswith("~"):
            release, _, name = path[1:].partition("/")
        shipped = self._files.get(name)
        if shipped is None or name.endswith(".html"):
            raise NotFound("page.unknown", "No file was shipped under this address.")
        # a page that was open while we were brought up to date gets the new file, and does not keep it under the old address
        kept = release == self.release or name.startswith("vendor/")
        return _answer(request, shipped, _FOR_EVER if kept else _ASK_AGAIN)

    def page(self, request: Request, name: str, values: Mapping[str, str] | None = None) -> Response:
        """Return a shipped page, with each ``{{ name }}`` in it replaced by the value of that name, escaped."""
        given = {"intake": intake_url(), "release": self.release, **(values or {})}
        return self.html(request, _PLACEHOLDER.sub(lambda found: html.escape(given[found[1]]), self.text(name)))

    def html(self, request: Request, text: str, headers: Mapping[str, str] | None = None) -> Response:
        """Return HTML made somewhere else (by a template, say) as a page: same rules, and its files from this release."""
        named = _OWN.sub(rf"\g<1>{PREFIX}~{self.release}/", text)
        more = {**guards(), **(headers or {})}
        return _answer(request, Shipped(named.encode(), KINDS[".html"]), more.pop("Cache-Control", _ASK_AGAIN), more)


def intake_url() -> str:
    """Return where pages find the intake door, without a slash at the end; '' is where the page itself came from."""
    return settings().intake_url.rstrip("/")


def guards() -> dict[str, str]:
    """Return the headers of every page: nothing from elsewhere, no script or style inside the page, in nobody's frame."""
    parts = urlsplit(intake_url())
    intake = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'{intake}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }


def _read(root: Path) -> list[tuple[str, Shipped]]:
    found = []
    for path in root.rglob("*"):
        kind = KINDS.get(path.suffix)
        if kind is None or not path.is_file():
            continue
        packed = path.with_name(path.name + ".br")
        brotli = packed.read_bytes() if packed.is_file() else None
        found.append((path.relative_to(root).as_posix(), Shipped(path.read_bytes(), kind, brotli)))
    return found


def _answer(request: Request, shipped: Shipped, keep: str, more: Mapping[str, str] | None = None) -> Response:
    coding, body = _packed(shipped, request.headers.get("accept-encoding", ""))
    tag = f'"{shipped.digest}{f"-{coding}" if coding else ""}"'
    headers = {"ETag": tag, "Cache-Control": keep, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff", **(more or {})}
    known = [given.strip().removeprefix("W/") for given in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    if coding:
        headers["Content-Encoding"] = coding
    return Response(body, media_type=shipped.kind, headers=headers)


def _packed(shipped: Shipped, accepted: str) -> tuple[str, bytes]:
    """Return the smallest form the browser reads, and what that is called; '' is the file as it is."""
    read = set()
    for part in accepted.lower().split(","):
        name, _, quality = part.partition(";")
        if quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}:
            read.add(name.strip())
    if "br" in read and shipped.brotli:
        return "br", shipped.brotli
    if "gzip" in read and shipped.gzipped:
        return "gzip", shipped.gzipped
    return "", shipped.content
