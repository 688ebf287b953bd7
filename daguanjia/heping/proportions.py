"""How much there was of everything in the year the article tells of, and the same at a smaller scale. Pure."""

from dataclasses import dataclass

TOWNSHIPS_WITHOUT_PETITION = 7
"""Of Heping's 17 townships."""
PETITIONS = ((12, 7), (12, 7))
"""Petitions received in the first and in the second half of the twelve months, each (the year before, this year).

The article says that they fell by 41.67 % and that 7 of 17 townships had none. Ten townships with at least one are more than seven cases:
so seven are those of half a year, after twelve (12 → 7), and the whole year has twice as many (24 → 14), which is the same share.
"""
MATTERS = 12
"""Matters in the county's register."""


@dataclass(frozen=True, slots=True)
class Proportions:
    """What there is of each. `visits` met somebody; attempts come on top. `fen`: what came (到位); `settled`: disputes."""

    members: int = 8_600
    households: int = 100_000
    visits: int = 186_000
    opinions: int = 13_263
    things: int = 1_103
    fen: int = 1_085_000_000
    helped: int = 23_576
    settled: int = 1_703

    def one_in(self, scale: int) -> "Proportions":
        """Return the same, of each one in `scale` (rounded half up, and at least one)."""
        return Proportions(*(max(1, (2 * getattr(self, name) + scale) // (2 * scale)) for name in self.__slots__))


ARTICLE = Proportions()
