"""Bulletins (通报): what a county or township did in a month, quarter or year, frozen with a hash, and the arithmetic of anybody's."""
