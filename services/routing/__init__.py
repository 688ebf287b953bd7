"""Routing: from a place and a category to the unit that is responsible, with the reason."""
