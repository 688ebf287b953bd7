"""The pages of this door: what lies beside this file, read once."""

from pathlib import Path

from services.web.pages import Pages

PAGES = Pages(Path(__file__).resolve().parent)
"""Everything that is served under ``/pages/``."""
