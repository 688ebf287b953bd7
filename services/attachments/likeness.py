"""A fingerprint of what a picture shows: copies of it are told from other pictures, whatever was done to the file. Pure.

The picture is made 32 × 32 greys, upright, and turned into waves (the cosine transform that JPEG uses); each of the 256 coarsest waves in
both directions gives one bit, the sign of its part. A copy that was compressed again, made smaller, brighter or greyer, or got a stamp in
its corner keeps nearly all of them; a picture of the same place from a step beside has some 60 others, a strange one half of them. How
often, `python -m bench.likeness` measures and `docs/evidence.md` tells. One cut by a few per cent, or mirrored, is another picture here.

Copies are found again by bands: 31 overlapping pieces of 16 bits, the coarsest first. Sixteen of them are disjoint, so two fingerprints
that differ in 15 bits or fewer always share a band; of stamped copies 97 in 100 do, because what a stamp changes are the fine waves.
"""

import math
from contextlib import suppress
from operator import mul
from statistics import pstdev

from PIL import ExifTags, Image

VERSION = 1
"""Counts the ways fingerprints were made: those of another way are made anew, since they cannot be compared."""
BITS = 256
MOST_APART = 40
"""Bits in which two fingerprints of one picture may differ, from measurement: see `docs/evidence.md`."""
BAND_BITS, _BAND_STEP = 16, 8

_SIDE = 32
_WAVES = 16
_LEAST_SIDE = 32  # smaller ones are icons and tests of cameras
_LEAST_SPREAD = 4.0  # greys: below it is one colour, as of a lens cap or a white wall
_SEEN, _LEAST_SEEN = 16.0, 96  # a wave stronger than the rounding of greys, and how many of those tell something
_COSINES = [[math.cos(math.pi * (2 * x + 1) * k / (2 * _SIDE)) for x in range(_SIDE)] for k in range(1, _WAVES + 1)]
_ORDER = sorted(range(BITS), key=lambda n: ((n // _WAVES + 1) ** 2 + (n % _WAVES + 1) ** 2, n))
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def likeness(picture: Image.Image) -> bytes | None:
    """Return the fingerprint of a decoded picture, 32 bytes; None for one that tells nothing (nearly one colour, or tiny) or defies it."""
    if min(picture.size) < _LEAST_SIDE:
        return None
    with suppress(Exception):  # what a reader of pictures stumbles over here is no reason to refuse what can be seen
        return _fingerprint(_greys(picture))
    return None


def distance(one: bytes, other: bytes) -> int:
    """Return in how many of the 256 bits two fingerprints differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def alike(one: bytes | None, other: bytes | None) -> int | None:
    """Return the distance of two fingerprints of one picture; None where they are of two, or one tells nothing."""
    if one is None or other is None:
        return None
    apart = distance(one, other)
    return apart if apart <= MOST_APART else None


def bands(fingerprint: bytes) -> list[int]:
    """Return the 31 bands of a fingerprint, each a number that says which band it is and what it holds."""
    whole = int.from_bytes(fingerprint, "big")
    starts = range(0, BITS - BAND_BITS + 1, _BAND_STEP)
    return [nth << BAND_BITS | (whole >> (BITS - BAND_BITS - start)) & ((1 << BAND_BITS) - 1) for nth, start in enumerate(starts)]


def _greys(picture: Image.Image) -> list[list[int]]:
    """Return 32 rows of 32 greys, upright, on white where the picture is clear."""
    orientation = 1
    with suppress(Exception):
        orientation = int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        picture = Image.new("RGB", clear.size, "white")
        picture.paste(clear, mask=clear.getchannel("A"))
    small = picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    if orientation in _TURNS:
        small = small.transpose(_TURNS[orientation])
    flat = small.tobytes()
    return [list(flat[row * _SIDE : (row + 1) * _SIDE]) for row in range(_SIDE)]


def _fingerprint(greys: list[list[int]]) -> bytes | None:
    if pstdev(grey for row in greys for grey in row) < _LEAST_SPREAD:
        return None
    rows = [[sum(map(mul, row, wave)) for wave in _COSINES] for row in greys]
    across = list(zip(*rows, strict=True))
    parts = [sum(map(mul, column, wave)) for column in across for wave in _COSINES]
    if sum(abs(part) > _SEEN for part in parts) < _LEAST_SEEN:
        return None
    bits = 0
    for place in _ORDER:
        bits = bits << 1 | (parts[place] > 0)
    return bits.to_bytes(BITS // 8, "big")
