"""Figures that can be traced to the very tickets they count."""
