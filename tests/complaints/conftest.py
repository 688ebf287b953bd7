"""The small county behind an open door."""

from tests.complaints.desk import desk, home

__all__ = ["desk", "home"]
