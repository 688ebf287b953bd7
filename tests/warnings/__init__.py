"""Tests of early warnings."""
