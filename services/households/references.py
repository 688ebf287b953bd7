"""References to households and persons: keyed indexes that tell equality and nothing else. Pure but for the key."""

import unicodedata
from collections.abc import Iterable
from uuid import UUID

from services.organization.tree import UnitNode, UnitTree
from services.platform.errors import Fault, Invalid
from services.platform.secrets import blind_index

HOUSEHOLD, PERSON = "household", "villager"
VILLAGES = ("village", "community")


def village_of(tree: UnitTree, unit: UnitNode) -> UnitNode | None:
    """Return the village or community `unit` is or lies in; None for what is wider."""
    return next((found for found in (unit, *tree.ancestors(unit)) if found.tier == "village" and found.kind in VILLAGES), None)


def normalised(number: str) -> str:
    """Return a register's number as everybody writes it: full-width forms and cases made one, blanks left out."""
    return "".join(unicodedata.normalize("NFKC", number).casefold().split())


def household_key(village: UnitNode, number: str) -> bytes:
    """Return the reference of household `number` of a village. The village goes by what it was at first, which outlives a renumbering."""
    return book_key(village.origin, number)


def book_key(origin: UUID, number: str) -> bytes:
    """Return the reference of a number in the book of the village that was `origin` at first."""
    return blind_index(HOUSEHOLD, f"{origin}:{normalised(number)}")


def person_keys(village: UnitNode, numbers: Iterable[str]) -> list[bytes]:
    """Return the references of persons of a village, each once."""
    return sorted({blind_index(PERSON, f"{village.origin}:{normalised(number)}") for number in numbers})


def need_village(tree: UnitTree, unit: UnitNode, pointer: str) -> UnitNode:
    """Return the village `unit` lies in; raise Invalid ``activity.unit_too_wide`` where numbers of a register would mean nothing."""
    village = village_of(tree, unit)
    if village is None:
        detail = "Numbers of households and persons are those of a village: name the village or grid as `unit`."
        raise Invalid("activity.unit_too_wide", detail, errors=[Fault(pointer, "needs a unit of a village")])
    return village
