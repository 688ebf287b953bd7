"""Forward-only schema changes. `python -m daguanjia migrate` runs them."""
