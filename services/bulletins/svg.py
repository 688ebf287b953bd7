"""Bars as SVG: our own few shapes, no script, no style inside, with the words for whoever cannot see them. Pure."""

from html import escape
from math import ceil

from services.bulletins.document import Bar, Bars

_WIDTH, _NAME, _TEXT, _LINE, _BAR = 400, 94, 184, 24, 12
_WIDE_CHARACTER = 12
_LONGEST_NAME = 7


def bars_svg(picture: Bars, name: str) -> str:
    """Return the picture as an ``svg`` element; `name` makes its ids differ from those of others on the page."""
    height = _LINE * len(picture.bars)
    lines = "".join(_line(bar, row) for row, bar in enumerate(picture.bars))
    name = escape(name)
    title, words = escape(picture.title), escape(picture.alternative)
    return (
        f'<svg class="bars" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        f' role="img" aria-labelledby="bars-{name}-title bars-{name}-words">'
        f'<title id="bars-{name}-title">{title}</title><desc id="bars-{name}-words">{words}</desc>{lines}</svg>'
    )


def _line(bar: Bar, row: int) -> str:
    top = row * _LINE
    room = _WIDTH - _NAME - _TEXT
    length = max(ceil(room * min(max(bar.share, 0), 1000) / 1000), 1)
    middle = top + _LINE // 2 + _WIDE_CHARACTER // 3
    name = bar.name if len(bar.name) <= _LONGEST_NAME else bar.name[: _LONGEST_NAME - 1] + "…"
    return (
        f'<text class="bar-name" x="{_NAME - 8}" y="{middle}" text-anchor="end" font-size="{_WIDE_CHARACTER}">{escape(name)}</text>'
        f'<rect class="bar-room" x="{_NAME}" y="{top + (_LINE - _BAR) // 2}" width="{room}" height="{_BAR}"/>'
        f'<rect class="bar-filled" x="{_NAME}" y="{top + (_LINE - _BAR) // 2}" width="{length}" height="{_BAR}"/>'
        f'<text class="bar-text" x="{_NAME + room + 8}" y="{middle}" font-size="{_WIDE_CHARACTER}">{escape(bar.text)}</text>'
    )
