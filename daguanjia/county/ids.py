"""Identifiers that follow from a seed: of the shape of UUIDv7, with the instant of the matter in front."""

import random
from datetime import datetime
from hashlib import sha256
from uuid import UUID

_VERSION, _VARIANT = 7 << 76, 2 << 62
_LOW = (1 << 62) - 1


def shaped(at: datetime, bits: int) -> UUID:
    """Return the UUIDv7 of the instant `at` with 74 `bits` of chance."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | _VERSION | ((bits >> 62) & 0xFFF) << 64 | _VARIANT | (bits & _LOW))


def of_name(at: datetime, *parts: object) -> UUID:
    """Return the id that follows from `parts`."""
    return shaped(at, int.from_bytes(sha256("/".join(map(str, parts)).encode()).digest()[:10], "big"))


class Ids:
    """Ids one after the other, of the instant `at` as it stands when each is made."""

    def __init__(self, dice: random.Random, at: datetime) -> None:
        self._dice = dice
        self.at = at

    def __call__(self) -> UUID:
        """Return the next."""
        return shaped(self.at, self._dice.getrandbits(74))
