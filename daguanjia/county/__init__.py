"""A county made up from a seed, for demonstrations, tests and measurements: the same seed makes the same county, whenever it runs."""
