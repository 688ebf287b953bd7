"""Points on the map in the two systems met in China, and the way between them.

WGS-84 is what GPS and Open311 speak; GCJ-02 is what Chinese phone maps and WeChat speak. They differ by 300–700 m
inside China and not at all outside. GCJ-02 has no published specification: the forward formula is the one every open
implementation uses (checked against four of them in ``tests/vectors/gcj02.json``); the way back is iterated, because the
common one-step inverse is off by up to two metres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

_SEMI_MAJOR_AXIS = 6378245.0  # Krasovsky 1940, as used by the GCJ-02 formula
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_EARTH_RADIUS_METRES = 6371008.8  # mean radius (IUGG)
_INVERSE_STEPS = 10
_POLE, _DATE_LINE = 90.0, 180.0  # degrees
_SOUTH, _NORTH, _WEST, _EAST = 0.8293, 55.8271, 72.004, 137.8347  # the box the formula shifts
_INVERSE_TOLERANCE = 1e-10  # degrees; about 0.01 mm


class CoordinateSystem(StrEnum):
    """Which system a latitude and longitude are stated in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"


@dataclass(frozen=True, slots=True)
class Point:
    """A place on Earth: latitude and longitude in degrees, and the system they are stated in.

    Raises ``ValueError`` when a coordinate is not a number on the globe.
    """

    lat: float
    lon: float
    system: CoordinateSystem = CoordinateSystem.WGS84

    def __post_init__(self) -> None:
        """Refuse coordinates that are not on the globe (NaN included)."""
        if not (abs(self.lat) <= _POLE and abs(self.lon) <= _DATE_LINE):
            raise ValueError(f"latitude {self.lat} / longitude {self.lon} is not a place on Earth")


def to_gcj02(point: Point) -> Point:
    """The same place in GCJ-02; outside China (the formula's own box) the numbers stay as they are."""
    if point.system is CoordinateSystem.GCJ02:
        return point
    if not _in_china(point.lat, point.lon):
        return Point(point.lat, point.lon, CoordinateSystem.GCJ02)
    delta_lat, delta_lon = _offset(point.lat, point.lon)
    return Point(point.lat + delta_lat, point.lon + delta_lon, CoordinateSystem.GCJ02)


def to_wgs84(point: Point) -> Point:
    """The same place in WGS-84, by iterating the forward formula until it lands on the given point."""
    if point.system is CoordinateSystem.WGS84:
        return point
    if not _in_china(point.lat, point.lon):
        return Point(point.lat, point.lon, CoordinateSystem.WGS84)
    lat, lon = point.lat, point.lon
    for _ in range(_INVERSE_STEPS):
        delta_lat, delta_lon = _offset(lat, lon)
        next_lat, next_lon = point.lat - delta_lat, point.lon - delta_lon
        moved = max(abs(next_lat - lat), abs(next_lon - lon))
        lat, lon = next_lat, next_lon
        if moved < _INVERSE_TOLERANCE:
            break
    return Point(lat, lon, CoordinateSystem.WGS84)


def distance_metres(one: Point, other: Point) -> float:
    """Great-circle distance in metres; the points may be stated in different systems."""
    a, b = to_wgs84(one), to_wgs84(other)
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = (lat_b - lat_a) / 2
    half_lon = math.radians(b.lon - a.lon) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * _EARTH_RADIUS_METRES * math.asin(min(1.0, math.sqrt(chord)))


def _in_china(lat: float, lon: float) -> bool:
    """Whether the formula shifts this place; the customary box, generous at the borders."""
    return _SOUTH <= lat <= _NORTH and _WEST <= lon <= _EAST


def _offset(lat: float, lon: float) -> tuple[float, float]:
    """The shift in degrees (latitude, longitude) that GCJ-02 adds to a WGS-84 place."""
    x, y = lon - 105.0, lat - 35.0
    radians = math.radians(lat)
    magic = 1 - _ECCENTRICITY_SQUARED * math.sin(radians) ** 2
    root = math.sqrt(magic)
    meridian = _SEMI_MAJOR_AXIS * (1 - _ECCENTRICITY_SQUARED) / (magic * root) * math.pi
    parallel = _SEMI_MAJOR_AXIS / root * math.cos(radians) * math.pi
    return _northward(x, y) * 180.0 / meridian, _eastward(x, y) * 180.0 / parallel


def _ripple(value: float, weights: tuple[tuple[float, float], ...]) -> float:
    """Two thirds of a sum of sines, ``(amplitude, divisor)`` each: the formula's recurring shape."""
    return 2.0 / 3.0 * sum(a * math.sin(value / divisor * math.pi) for a, divisor in weights)


def _northward(x: float, y: float) -> float:
    base = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    fine = _ripple(x, ((20.0, 1 / 6), (20.0, 0.5)))
    return base + fine + _ripple(y, ((20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0)))


def _eastward(x: float, y: float) -> float:
    base = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    fine = _ripple(x, ((20.0, 1 / 6), (20.0, 0.5)))
    return base + fine + _ripple(x, ((20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0)))
