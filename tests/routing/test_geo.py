"""Coordinates: against four public implementations, and there and back for any point in China."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.geo import CoordinateSystem, Point, distance_metres, to_gcj02, to_wgs84

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "vectors" / "gcj02.json").read_text(encoding="utf-8"))["vectors"]


def _vector_name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS, ids=_vector_name)
def test_forward_agrees_with_public_implementations(vector: dict[str, Any]) -> None:
    shifted = to_gcj02(Point(*vector["wgs84"]))
    assert shifted.system is CoordinateSystem.GCJ02
    assert shifted.lat == pytest.approx(vector["gcj02"][0], abs=1e-6)
    assert shifted.lon == pytest.approx(vector["gcj02"][1], abs=1e-6)


@pytest.mark.parametrize("vector", VECTORS, ids=_vector_name)
def test_way_back_finds_the_first_point(vector: dict[str, Any]) -> None:
    back = to_wgs84(Point(vector["gcj02"][0], vector["gcj02"][1], CoordinateSystem.GCJ02))
    assert back.system is CoordinateSystem.WGS84
    assert back.lat == pytest.approx(vector["wgs84"][0], abs=1e-5)
    assert back.lon == pytest.approx(vector["wgs84"][1], abs=1e-5)


@given(lat=st.floats(1.0, 55.5), lon=st.floats(72.2, 137.5))
def test_there_and_back_is_the_same_place(lat: float, lon: float) -> None:
    start = Point(lat, lon)
    back = to_wgs84(to_gcj02(start))
    assert back.lat == pytest.approx(lat, abs=1e-8)
    assert back.lon == pytest.approx(lon, abs=1e-8)


@given(lat=st.floats(-90, 0.8), lon=st.floats(-180, 180))
def test_points_outside_china_are_not_shifted(lat: float, lon: float) -> None:
    start = Point(lat, lon)
    shifted = to_gcj02(start)
    assert (shifted.lat, shifted.lon) == (lat, lon)
    assert to_wgs84(shifted) == start


def test_a_point_already_in_the_system_is_returned_as_it_is() -> None:
    wgs, gcj = Point(24.4, 114.9), Point(24.4, 114.9, CoordinateSystem.GCJ02)
    assert to_wgs84(wgs) is wgs
    assert to_gcj02(gcj) is gcj


def test_distance_of_one_degree_of_latitude_is_111_km() -> None:
    assert distance_metres(Point(24.0, 114.9), Point(25.0, 114.9)) == pytest.approx(111_195, abs=1)


def test_distance_looks_through_the_coordinate_system() -> None:
    wgs = Point(24.4418, 114.9389)
    assert distance_metres(wgs, to_gcj02(wgs)) < 0.01
    misread = Point(to_gcj02(wgs).lat, to_gcj02(wgs).lon)
    assert 300 < distance_metres(wgs, misread) < 800


@pytest.mark.parametrize(("lat", "lon"), [(91.0, 0.0), (0.0, 181.0), (float("nan"), 0.0)])
def test_coordinates_off_the_globe_are_refused(lat: float, lon: float) -> None:
    with pytest.raises(ValueError, match="not a place on Earth"):
        Point(lat, lon)
