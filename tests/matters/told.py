"""Tellings for tests of the clustering: words, who, where, when."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from services.complaints.signs import Voice
from services.matters.clustering import Heard, Source

BEGAN = datetime(2026, 9, 1, 2, tzinfo=UTC)
SHUIKOU, TAIPING = UUID(int=1), UUID(int=2)
CANAL, NORTH = UUID(int=11), UUID(int=12)
_NAMES = UUID(int=99)


def told(  # each is one fact of a telling
    nth: int, words: str, *, by: str | None = None, day: int = 0, village: UUID = SHUIKOU, category: str | None = "water.canal",
    segment: UUID | None = None, ticket: int | None = None,
) -> Heard:  # fmt: skip
    """A telling of `by` (a household of its own where not given, nobody known for '')."""
    who = f"household {nth}" if by is None else by
    source = Source("ticket", uuid5(_NAMES, f"ticket {nth if ticket is None else ticket}"))
    keys = frozenset([who.encode()]) if who else frozenset[bytes]()
    voice = Voice(uuid5(_NAMES, f"telling {nth}"), source.id, BEGAN + timedelta(days=day), words, keys)
    return Heard(source, voice, village, village, category, segment)
