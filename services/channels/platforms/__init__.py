"""Orders of upper-level platforms, and how they stand."""
