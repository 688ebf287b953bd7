"""The small county behind an open door."""

from tests.complaints.desk import desk

__all__ = ["desk"]
