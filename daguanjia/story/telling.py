"""How the story is told: a heading for each step in Chinese with a short English note, and a spinner while something is waited for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

_NUMERALS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫"


class Teller:
    """Writes to one console. `seconds` is how long it has been telling."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()
        self._steps = 0

    @property
    def seconds(self) -> float:
        """How long the story takes so far."""
        return time.monotonic() - self._began

    def title(self, chinese: str, english: str) -> None:
        """Say what is being told."""
        self.console.rule(Text.assemble((chinese, "bold"), (f"  {english}", "dim")))

    def step(self, chinese: str, english: str) -> None:
        """Begin the next step."""
        numeral = _NUMERALS[self._steps % len(_NUMERALS)]
        self._steps += 1
        self.console.print(Text.assemble((f"\n{numeral} {chinese}", "bold cyan"), (f"  {english}", "dim")), soft_wrap=True)

    def say(self, words: str) -> None:
        """Tell one thing that happened."""
        self.console.print(Text(f"   {words}"), soft_wrap=True)

    @contextmanager
    def waiting(self, chinese: str) -> Iterator[None]:
        """Show a spinner inside the block."""
        with self.console.status(Text(chinese)):
            yield
