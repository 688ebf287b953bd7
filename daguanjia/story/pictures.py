"""Pictures made in code: small real PNG files, so that the story carries no binary with it."""

import struct
import zlib
from collections.abc import Callable

_WIDTH, _HEIGHT = 64, 48
_PIPE_TOP, _PIPE_BOTTOM = 30, 40
_CLAMP = range(26, 38)
_EARTH, _WATER, _METAL, _BRASS = (121, 94, 66), (96, 157, 201), (150, 152, 155), (214, 156, 39)


def broken_pipe() -> bytes:
    """Return a PNG of a pipe in the ground with water above the break."""
    return _png(lambda x, y: _WATER if y < _PIPE_TOP and abs(x - _WIDTH // 2) < 4 + (_PIPE_TOP - y) // 3 else _ground(y))


def mended_pipe() -> bytes:
    """Return a PNG of the same pipe with a clamp around the place that was broken."""
    return _png(lambda x, y: _BRASS if x in _CLAMP and _PIPE_TOP - 2 <= y < _PIPE_BOTTOM + 2 else _ground(y))


def _ground(y: int) -> tuple[int, int, int]:
    return _METAL if _PIPE_TOP <= y < _PIPE_BOTTOM else _EARTH


def _png(colour: Callable[[int, int], tuple[int, int, int]]) -> bytes:
    rows = b"".join(b"\0" + bytes(part for x in range(_WIDTH) for part in colour(x, y)) for y in range(_HEIGHT))
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
