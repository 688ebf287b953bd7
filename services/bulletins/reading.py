"""Reading printed numbers as people do: ``12,120``, ``９３.７２％``, ``+54``, ``—``. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

_NOTHING = frozenset({"", "-", "--", "—", "――", "–", "/", "无"})
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,18})(?:\.(?P<rest>[0-9]{1,9}))?(?P<unit>%|个百分点|件|项|户|次)?"
)


@dataclass(frozen=True)
class Number:
    """A number as it is printed: exactly, with how many places it has. `nothing`: a dash, no data."""

    printed: str
    decimal: Decimal = Decimal(0)
    places: int = 0
    nothing: bool = False

    @property
    def value(self) -> Fraction:
        """The number, exactly."""
        return Fraction(self.decimal)


def read_cell(printed: str) -> Number | None:
    """Return the number that is printed; None where it is none."""
    text = unicodedata.normalize("NFKC", printed).replace("−", "-").replace("－", "-").strip()
    if text in _NOTHING:
        return Number(printed, nothing=True)
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    rest = found["rest"] or ""
    whole = found["whole"].replace(",", "")
    return Number(printed, Decimal(f"{found['sign']}{whole}" + (f".{rest}" if rest else "")), len(rest))
