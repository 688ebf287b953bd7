"""An exchange that is connected, and ways to look at what became of its posts."""

from tests.calls.exchange import operator, pbx

__all__ = ["operator", "pbx"]
