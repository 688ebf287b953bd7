"""Pictures made in code: small real PNG files, so that the story carries no binary with it.

Each ticket has a place of its own, with other stones about, and after the work other ones lie there than before: pictures that are told
apart, as real ones are. The same picture for two tickets would be flagged.
"""

import random
import struct
import zlib
from collections.abc import Callable

_WIDTH, _HEIGHT = 64, 48
_PIPE_TOP, _PIPE_BOTTOM = 30, 40
_CLAMP = range(26, 38)
_EARTH, _WATER, _METAL, _BRASS = (121, 94, 66), (96, 157, 201), (150, 152, 155), (214, 156, 39)
_STONES = ((60, 48, 40), (88, 84, 80), (196, 186, 170), (232, 228, 220))
_STONES_ABOUT = 14

_Colour = tuple[int, int, int]
_Scene = Callable[[int, int], _Colour]


def broken_pipe(number: str) -> bytes:
    """Return a PNG of a pipe in the ground with water above the break, as found for the ticket `number`."""
    ground = _ground(f"{number} before")
    return _png(lambda x, y: _WATER if y < _PIPE_TOP and abs(x - _WIDTH // 2) < 4 + (_PIPE_TOP - y) // 3 else ground(x, y))


def mended_pipe(number: str) -> bytes:
    """Return a PNG of the pipe with a clamp around the place that was broken, and the ground dug over."""
    ground = _ground(f"{number} after")
    return _png(lambda x, y: _BRASS if x in _CLAMP and _PIPE_TOP - 2 <= y < _PIPE_BOTTOM + 2 else ground(x, y))


def signed_page(name: str) -> bytes:
    """Return a PNG of a signature: ink on paper, drawn differently by everybody."""
    chance = random.Random(name)
    x, y, ink = 6, _HEIGHT // 2, set[tuple[int, int]]()
    while x < _WIDTH - 6:
        x, y = x + chance.choice((0, 1, 1)), min(_HEIGHT - 8, max(8, y + chance.randint(-4, 4)))
        ink |= {(x, y), (x, y + 1), (x + 1, y)}
    return _png(lambda left, top: (32, 36, 92) if (left, top) in ink else (250, 248, 240))


def canal(place: str, *, mended: bool) -> bytes:
    """Return a PNG of a stretch of the canal: choked with earth, or lined and full of water."""
    ground = _ground(f"{place} {mended}")
    bed = range(14, 34)
    return _png(lambda x, y: (_WATER if mended else _EARTH) if y in bed and (mended or (x + y) % 5) else ground(x, y))


def _ground(place: str) -> _Scene:
    chance = random.Random(place)
    stones = [
        (chance.randrange(_WIDTH), chance.randrange(_HEIGHT), chance.randint(4, 11), chance.choice(_STONES)) for _ in range(_STONES_ABOUT)
    ]

    def colour(x: int, y: int) -> _Colour:
        for left, top, size, stone in stones:
            if left <= x < left + size and top <= y < top + size:
                return stone
        return _METAL if _PIPE_TOP <= y < _PIPE_BOTTOM else _EARTH

    return colour


def _png(colour: _Scene) -> bytes:
    rows = b"".join(b"\0" + bytes(part for x in range(_WIDTH) for part in colour(x, y)) for y in range(_HEIGHT))
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
