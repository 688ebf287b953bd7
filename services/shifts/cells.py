"""Where somebody is, coarsely: the middle of a cell of a fixed lattice. Pure.

The lattice is the same for everybody and for all time, so that a hundred positions of one cell tell no more than one of them does.
"""

import math

from services.routing.geo import Point, to_wgs84

_METRES_OF_A_DEGREE = math.pi / 180 * 6371008.8
_NARROWEST = 0.01
"""Near the poles a cell would go round the Earth: nobody here is there."""
_DECIMALS = 4


def coarse(point: Point, metres: int) -> tuple[float, float]:
    """Return latitude and longitude (WGS-84) of the middle of the cell of `metres` by `metres` in which `point` lies."""
    exact = to_wgs84(point)
    lat = _middle(exact.lat, metres / _METRES_OF_A_DEGREE, 90.0)
    across = max(math.cos(math.radians(lat)), _NARROWEST)
    return lat, _middle(exact.lon, metres / (_METRES_OF_A_DEGREE * across), 180.0)


def _middle(degrees: float, step: float, most: float) -> float:
    return round(max(-most, min(most, (math.floor(degrees / step) + 0.5) * step)), _DECIMALS)
