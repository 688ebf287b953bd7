"""The land of the made-up county: which units there are, how many households each grid has, and who sits where. Pure.

It follows from the divisions alone, not from the seed: every county made here has the same villages, grids and blank seats.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import cos, pi, sin

from daguanjia.county import population as p
from services.organization.parsing import UnitDefinition, grids_below

_CENTRE, _RADIUS = (24.42, 114.94), 0.26
"""About the middle of Heping, in degrees; points of townships, villages and grids are invented around it."""
_TURN = pi * (3 - 5**0.5)


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody who works here: who they are by a number that lasts, in which role, at which unit."""

    login: str
    name: str
    role: str
    unit_code: str
    party_member: bool


def chance(*parts: object) -> float:
    """Return a number from 0 up to 1 that follows from `parts`: the same on every machine."""
    digest = sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def more_divisions(root: str, townships: int, villages: int) -> str:
    """Return, as a file of divisions, what is to be added below `root` for there to be as many townships and villages as there should."""
    lines = ["code,parent_code,name,tier"]
    names = p.TOWNSHIP_NAMES[: max(0, p.TOWNSHIPS - townships)]
    lines += [f"{root}{200 + nth},{root},{name}镇,township" for nth, name in enumerate(names)]
    for nth in range(max(0, p.VILLAGES - villages) if names else 0):
        row, township = divmod(nth, len(names))
        over = f"{root}{200 + township}"
        lines.append(f"{over}{201 + row},{over},{p.VILLAGE_NAMES[row % len(p.VILLAGE_NAMES)]}村委会,village")
    return "\n".join(lines) + "\n"


def grids(villages: Iterable[UnitDefinition]) -> list[UnitDefinition]:
    """Return every grid below `villages`: as many in all as the population says, more in the larger ones."""
    ordered = sorted(villages, key=lambda village: village.code)
    counts = shared(p.GRIDS, {village.code: 0.5 + 1.0 * chance("size", village.code) for village in ordered})
    return [grid for village in ordered for grid in grids_below(village, counts[village.code])]


def shared(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Return `total` shared out by weight, at least 1 each, the largest remainders rounded up."""
    whole = sum(weights.values())
    exact = {code: (total - len(weights)) * weight / whole for code, weight in weights.items()}
    found = {code: 1 + int(share) for code, share in exact.items()}
    missing = total - sum(found.values())
    for code in sorted(exact, key=lambda code: (int(exact[code]) - exact[code], code))[:missing]:
        found[code] += 1
    return found


def households_of(codes: Iterable[str]) -> dict[str, int]:
    """Return how many households each grid has."""
    return shared(p.HOUSEHOLDS, {code: 0.4 + 1.2 * chance("homes", code) for code in sorted(codes)})


def fewest(codes: Iterable[str], what: str, number: int) -> frozenset[str]:
    """Return the `number` of codes that `what` falls on."""
    return frozenset(sorted(codes, key=lambda code: chance(what, code))[:number])


def quality_of(township: str) -> p.Quality:
    """Return how good a township is at it: somewhere between the best and the worst."""
    at = chance("quality", township) ** 1.6  # most are good
    return p.Quality(p.BEST.slowness + at * (p.WORST.slowness - p.BEST.slowness), p.BEST.solving + at * (p.WORST.solving - p.BEST.solving))


def hands(kinds: Mapping[str, Sequence[str]], hotline: str) -> list[Hand]:
    """Return everybody who works here. `kinds` gives the codes of the units of each kind."""
    blank = fewest(kinds["grid"], "blank", p.BLANK_GRIDS)
    guided = fewest((code for code in kinds["grid"] if code not in blank), "guided", p.GUIDED_GRIDS)
    no_secretary = fewest(kinds["village"], "blank", p.BLANK_VILLAGES)
    wanted = [("grid_worker", code, 1) for code in kinds["grid"] if code not in blank]
    wanted += [("guide", code, 1) for code in kinds["grid"] if code in guided]
    wanted += [("village_secretary", code, 1) for code in kinds["village"] if code not in no_secretary]
    wanted += [("township_dispatcher", code, p.DISPATCHERS) for code in kinds["township"]]
    wanted += [("department_officer", code, p.OFFICERS) for code in kinds["department"]]
    wanted += [("county_supervisor", code, p.SUPERVISORS) for code in kinds["county"]]
    wanted += [("analyst", code, 1) for code in kinds["county"]]
    wanted.append(("hotline_operator", hotline, p.OPERATORS))
    return [_hand(role, code, nth) for role, code, number in sorted(wanted) for nth in range(1, number + 1)]


def _hand(role: str, code: str, nth: int) -> Hand:
    luck = chance("hand", role, code, nth)
    surname = p.SURNAMES[int(luck * len(p.SURNAMES))]
    given = p.GIVEN_NAMES[int(chance("given", role, code, nth) * len(p.GIVEN_NAMES))]
    party = role == "village_secretary" or chance("party", role, code, nth) < 0.4  # noqa: PLR2004  a share
    if role == "guide":
        role = "guide" if party else "assistant"
    return Hand(f"demo-{role.split('_')[0]}-{code}-{nth}", surname + given, role, code, party)


def spot(township: int, village: int, grid: int, villages: int, grids: int) -> tuple[float, float]:
    """Return an invented point (WGS-84) of the `grid`-th grid of the `village`-th village of the `township`-th township: sunflowers."""
    lat, lon = _CENTRE
    lat, lon = _around(lat, lon, township, p.TOWNSHIPS, _RADIUS)
    lat, lon = _around(lat, lon, village, villages, 0.036)
    lat, lon = _around(lat, lon, grid, grids, 0.009)
    return round(lat, 5), round(lon, 5)


def _around(lat: float, lon: float, nth: int, of: int, radius: float) -> tuple[float, float]:
    far = radius * ((nth + 0.5) / max(of, nth + 1)) ** 0.5
    return lat + far * sin(nth * _TURN), lon + far * cos(nth * _TURN) * 1.1
