"""A bulletin as a page: one template, everything in it escaped, the same for readers and for printing."""

from datetime import datetime

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reporting_api import pages
from services.bulletins.document import Bars, Document
from services.bulletins.svg import bars_svg
from services.bulletins.views import BulletinView
from services.platform.clock import SHANGHAI, local_text

_TEMPLATES = Environment(
    loader=FileSystemLoader(pages.__path__), autoescape=True, undefined=StrictUndefined, trim_blocks=False, keep_trailing_newline=True
)


def bulletin_page(document: Document, view: BulletinView, *, files: str = "") -> str:
    """Return the page of a bulletin. `files` is the address its other forms lie at; '' where the reader has to sign in for them."""
    return _TEMPLATES.get_template("bulletin.jinja").render(
        document=document,
        view=view,
        hash=view.hash,
        published=f"{_day(view.published_at)}发布" if view.published_at else "草稿",
        as_of=local_text(document.as_of),
        files=files,
        link=lambda number: f"/bulletins/{number}",
        lines=_lines,
        drawn=_drawn,
    )


def list_page(bulletins: list[BulletinView]) -> str:
    """Return the page that lists what everybody may read."""
    return _TEMPLATES.get_template("bulletins.jinja").render(bulletins=bulletins, day=_day)


def _drawn(picture: Bars, name: str) -> Markup:
    return Markup(bars_svg(picture, name))  # noqa: S704  our own shapes; every word in them is escaped there


def _lines(words: str) -> list[str]:
    return [line.strip() for line in words.splitlines() if line.strip()]


def _day(instant: datetime | None) -> str:
    if instant is None:
        return ""
    local = instant.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日"
