"""Ways to spoil a request: each takes a right draft and makes it one that no honest program sends, by dice that fall the same each time."""

import copy
import gzip
import json
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

from tests.hostile import ammunition as a
from tests.hostile.drafts import FORM, Draft, settled
from tests.hostile.operations import JSON

_VALUES: tuple[Any, ...] = (
    *a.VALUES, *a.TEXTS.values(), *a.INSTANTS, float("nan"), float("inf"), -1, 0, 2**31, 2**64, 10**400, -(10**30), 1e-320, True, "", "0",
    "\ud800", "\udfff\ud800", "a\u0000b", "\u0000", [[]], [None], {}, {"": ""}, [{}], "null", "-0", "٣", "1" * 4300, "1" * 4301,
)  # fmt: skip
_DATES = (
    "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "+10000-01-01", "-0001-01-01", "2026-02-30", "2026-13-01", "2026-00-10",
    "2026-W47", "2026-327", "20261122", "2026-11-22T24:00:00Z", "2026-11-22T25:00:00Z", "0000-00-00", "12026-01-01T00:00:00Z",
    "2026-11-22T10:00:00.999999999999999Z", "2026-11-22 10:00", "2026-11-22T10:00:00%2B23:59", "2026-11-22T10:00:00-24:00",
)  # fmt: skip
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "POSTX", "QUERY")
_RAW_PATHS = (
    "%", "%zz", "%u6c34", "%00", "%0", "%C0%AF", "%ED%A0%80", "%FF", "..%2f..%2f", "%2e%2e/%2e%2e", "//", "/./", "/../", "%25252e", "\\",
    "%0d%0aX:y", "%F0%9F%91%A8", ";jsessionid=1", "%20", "%E2%80%AE", "a" * 8000, "%61" * 2000, "[", "{", "|", "^", "`", '"', "<",
    "%7B0%7D",    "~", "*", "@", "\xff\xfe", "\xe6\xb0\xb4",
)  # fmt: skip
_CODINGS = ("gzip", "deflate", "br", "zstd", "identity", "gzip, gzip, gzip", "x-gzip", "nothing", "*", "")
_BOMB = gzip.compress(b'{"words":"' + b"a" * 8_000_000 + b'"}')
_LATIN = ("\xff\xfe", "x" * 9000, ",,;;q=NaN", "", " ", "\t", "a\tb", "\x80" * 50, '"', "=?utf-8?B?5rC0?=", "0", "-1", "*", "9" * 400)
_CURSORS = (
    "x", "=", "%3D%3D", "W10", "W10x", "bnVsbA", "WzFd", "e30", "!!", "a" * 513, "a" * 5000, "WyJ4IiwieCJd", "W251bGxd",
    "WyIyMDI2LTAyLTMwIl0",    "WzFlNDAwXQ", "W05hTl0", "WyJcdWQ4MDAiXQ", "WyJhXHUwMDAwIl0", "W1tbW11dXV0",
)  # fmt: skip
_PROOFS = (
    "X-Hotline-Token", "X-Twilio-Signature", "webhook-id", "webhook-timestamp", "webhook-signature", "X-Nonce", "X-Timestamp",
    "X-Signature",    "X-Tracking-Code", "X-Api-Key",
)  # fmt: skip
_TUS = ("Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum", "Upload-Defer-Length", "Upload-Concat", "Tus-Resumable")
_NUMBERS = ("", " ", "-1", "x", "1.5", "1e3", "0x10", "9" * 30, "9" * 5000, "+1", "1,1", "NaN", "\xb2", "sha1 !", "filename !", "a b c")

Fault = Callable[[Draft, Random], None]


def _json_or(draft: Draft) -> Any:
    return draft.example if draft.example is not None else {"words": "x"}


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a value, objects and lists too, but for the whole."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [here] if here else []
    for key, one in inner:
        found += places(one, (*here, key))
    return found


def _holder(value: Any, place: tuple[Any, ...]) -> Any:
    for key in place[:-1]:
        value = value[key]
    return value


def no_json(draft: Draft, dice: Random) -> None:
    """A body that is no JSON, or JSON of another kind, encoding or depth."""
    draft.example, draft.body = None, dice.choice(list(a.NO_JSON.values()))


def _strange(dice: Random) -> Any:
    """A strange value, a copy: what is put into it must not come back with the next."""
    return copy.deepcopy(dice.choice(dice.choice((_VALUES, _DATES))))


def wrong_value(draft: Draft, dice: Random) -> None:
    """A value of another type, size or spelling in one to three places."""
    value = _json_or(draft)
    for _ in range(dice.randint(1, 3)):
        found = places(value)
        if found:
            place = dice.choice(found)
            _holder(value, place)[place[-1]] = _strange(dice)
    _write(draft, value, dice)


def _write(draft: Draft, value: Any, dice: Random) -> None:
    """Write a body as JSON; what UTF-8 cannot hold is escaped."""
    try:
        draft.body = json.dumps(value, ensure_ascii=dice.random() < 0.5).encode()
    except UnicodeEncodeError:
        draft.body = json.dumps(value).encode()
    draft.example = None
    draft.header("Content-Type", JSON)


def other_members(draft: Draft, dice: Random) -> None:
    """Members taken away, renamed, added or said twice."""
    value = _json_or(draft)
    held = [value, *(inner for place in places(value) if isinstance(inner := _holder(value, place)[place[-1]], dict))]
    chosen = dice.choice([one for one in held if isinstance(one, dict)] or [{}])
    for name in dice.sample(list(chosen), min(len(chosen), dice.randint(0, 2))):
        kept = chosen.pop(name)
        if dice.random() < 0.4:
            chosen[dice.choice((name.upper(), name + " ", " " + name, name + "\u0000", "__proto__", ""))] = kept
    if dice.random() < 0.5:
        chosen[dice.choice(("surplus", "constructor", "k" * 3000, "\ud800", "$where"))] = _strange(dice)
    _write(draft, value, dice)
    if dice.random() < 0.3 and draft.body.startswith(b"{"):
        draft.body = draft.body[:-1] + b"," + draft.body[1:]


def deep(draft: Draft, dice: Random) -> None:
    """Lists or objects inside each other, in a place of the body or as the whole of it."""
    depth = dice.choice((20, 90, 100, 101, 200, 500, 1000, 5000, 30_000))
    opening, closing = dice.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")))
    nest = opening * depth + b"1" + closing * dice.choice((depth, depth, 0, depth + 1))
    place = dice.choice((b"words", b"name", b"place", b"content", b"definition", b"question"))
    draft.example, draft.body = None, nest if dice.random() < 0.5 else b'{"' + place + b'":' + nest + b"}"


def broken_bytes(draft: Draft, dice: Random) -> None:
    """The right body with bytes flipped, cut, put in, doubled or in another encoding."""
    settled(draft)
    body = bytearray(draft.body or b'{"a":1}')
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(body) + 1)
        way = dice.randrange(4)
        if way == 0 and at < len(body):
            body[at] = dice.randrange(256)
        elif way == 1:
            body[at:at] = dice.randbytes(dice.randint(1, 4))
        elif way == 2:
            del body[at : at + dice.randint(1, 20)]
        else:
            body[at:at] = body[at : at + dice.randint(1, 40)]
    draft.body = bytes(body)
    if dice.random() < 0.2:
        draft.body = draft.body.decode("utf-8", "replace").encode(dice.choice(("utf-16", "utf-32", "gb18030", "utf-7")))


def too_large(draft: Draft, dice: Random) -> None:
    """A body around or past the limit."""
    size = dice.choice((262_143, 262_144, 262_145, 300_000, 700_000))
    draft.example, draft.body = None, b'{"words":"' + b"a" * (size - 12) + b'"}'


def packed(draft: Draft, dice: Random) -> None:
    """A body that says it is packed: it is, it is a bomb, or it is not."""
    settled(draft)
    draft.header("Content-Encoding", dice.choice(_CODINGS))
    draft.body = dice.choice((draft.body, gzip.compress(draft.body), zlib.compress(draft.body), _BOMB, _BOMB[:200], b"\x1f\x8b"))


def other_kind(draft: Draft, dice: Random) -> None:
    """The right body as something else."""
    settled(draft)
    kinds = (*a.KINDS.values(), *a.FORM_KINDS, FORM, "text/xml", "application/json;", "application/json, text/plain", "APPLICATION/JSON")
    kind = dice.choice(kinds)
    draft.headers = [one for one in draft.headers if one[0].lower() != b"content-type"]
    if kind is not None:
        draft.header("Content-Type", kind)


def bad_form(draft: Draft, dice: Random) -> None:
    """Forms that are none: of parts, of pairs."""
    pairs = b"&".join(dice.choice((b"a=%ff", b"=", b"&&", b"description=%00", b"words=" + b"x" * 9000, b"a[b][c]=1", b"%zz=1", b"a=b;c=d"))
                      for _ in range(dice.randint(1, 40)))  # fmt: skip
    draft.example, draft.body = None, dice.choice((*a.FORMS.values(), pairs))
    draft.header("Content-Type", dice.choice((*a.FORM_KINDS[:6], FORM)))


def bad_xml(draft: Draft, dice: Random) -> None:
    """XML that is none, a bomb, deep, or reads other files."""
    draft.example, draft.body = None, dice.choice(list(a.XML.values()))
    draft.header("Content-Type", dice.choice(("text/xml", "application/xml", FORM)))


def bad_query(draft: Draft, dice: Random) -> None:
    """Queries of other types, dates there are not, forged cursors; known names, strange ones, and many of them."""
    names = draft.operation.parameters("query") or ["limit", "cursor"]
    for _ in range(dice.choice((1, 1, 2, 5))):
        name = dice.choice((*names, *names, "x", "%ff", ""))
        values = _CURSORS if name == "cursor" else dice.choice((a.QUERIES, _DATES, a.INSTANTS, _CURSORS))
        draft.query.append(f"{name}={dice.choice(values)}".replace(" ", "%20").encode("latin-1", "replace"))
    if dice.random() < 0.3:
        draft.query += [dice.choice(draft.query)] * dice.choice((1, 2, 300))


def bad_path(draft: Draft, dice: Random) -> None:
    """An address with a strange segment, strange percent signs, or something before, within or behind it."""
    parts = draft.path.split("/")
    at = dice.randrange(1, len(parts))
    strange = dice.choice(_RAW_PATHS)
    parts[at] = dice.choice((strange, parts[at] + strange, strange + parts[at], parts[at].upper(), ""))
    draft.path = "/".join(parts) or "/"
    if dice.random() < 0.1:
        draft.path += dice.choice(("/", "//", "?", "#", "/..", ".json", "%20"))


def bad_segment(draft: Draft, dice: Random) -> None:
    """Something that is nowhere in the place of a name."""
    names = draft.operation.parameters("path")
    if not names:
        bad_path(draft, dice)
        return
    segments = [one for one in a.SEGMENTS if len(one) < 6000]  # with what else there is it stays below what a server reads of a head
    draft.path = draft.operation.address({}, **{dice.choice(names): dice.choice((*segments, *_DATES, "1" * 40))})


def bad_headers(draft: Draft, dice: Random) -> None:
    """Headers that say nonsense: those the route reads, and those everybody sends."""
    named = [
        *draft.operation.parameters("header"),
        "If-Match",
        "Idempotency-Key",
        "If-None-Match",
        "Range",
        *a.OTHER_HEADERS,
        "Origin",
        "Host",
    ]
    for _ in range(dice.randint(1, 4)):
        name = dice.choice(named)
        values = {"if-match": a.TAGS, "idempotency-key": a.KEYS, "range": ("bytes=9-1", "bytes=0-,5-", "bytes=" + "0-1," * 300, "x=1-2")}
        draft.header(name, dice.choice(values.get(name.lower(), _LATIN)))


def twice(draft: Draft, dice: Random) -> None:
    """Headers said twice or a hundred times, with other words."""
    for name, value in dice.sample(draft.headers, min(len(draft.headers), 2)):
        draft.headers += [(name, dice.choice((value, b"x", b"", b"application/json")))] * dice.choice((1, 1, 100))


def bad_tus(draft: Draft, dice: Random) -> None:
    """Headers of tus that are none."""
    for name in dice.sample(_TUS, 2):
        draft.header(name, dice.choice(_NUMBERS))


def forged(draft: Draft, dice: Random) -> None:
    """Proofs of connected systems that are none."""
    draft.proven = False
    for name in dice.sample(_PROOFS, 3):
        draft.header(name, dice.choice((*_LATIN, "v1,YQ==", "v1," + "A" * 44, "1795312694", "9" * 30, "-1", "dgj_" + "0" * 32)))
    draft.query.append(b"timestamp=%s&nonce=x&signature=%s" % (dice.choice((b"1", b"x", b"9" * 40)), b"0" * 40))


def other_method(draft: Draft, dice: Random) -> None:
    """Another verb at the same address."""
    draft.method = dice.choice(_METHODS)


FAULTS: dict[str, tuple[int, Fault]] = {
    one.__name__: (weight, one)
    for weight, one in (
        (3, no_json), (8, wrong_value), (5, other_members), (2, deep), (5, broken_bytes), (1, too_large), (2, packed), (3, other_kind),
        (3, bad_form), (2, bad_xml), (6, bad_query), (4, bad_path), (3, bad_segment), (5, bad_headers), (2, twice), (1, bad_tus),
        (2, forged),        (1, other_method),
    )
}  # fmt: skip
"""Every way, and how often it is chosen beside the others."""
OF_BODIES = frozenset(
    {"no_json", "wrong_value", "other_members", "deep", "broken_bytes", "too_large", "packed", "other_kind", "bad_form", "bad_xml"}
)
