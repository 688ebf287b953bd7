"""The public page as HTML: templates with everything in them escaped, readable without JavaScript, on a phone and on paper."""

from collections.abc import Sequence
from datetime import date

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reporting_api import pages
from services.notices.publishing import COUNTS, PUBLISHED, SHARES
from services.notices.register_reading import PublicMatter, PublicMatters
from services.notices.views import Ladder, PeriodShown, PlaceFound, Results, TableShown
from services.platform.clock import local_text
from services.platform.settings import settings

_TEMPLATES = Environment(
    loader=FileSystemLoader(pages.__path__), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
SHORT = {
    "received": "受理", "completed": "办结", "discovered": "自行发现", "completion_rate_received": "办结率", "on_time_rate": "按期率",
    "response_rate": "响应率", "resolution_rate": "解决率", "satisfaction_rate": "满意率",
}  # fmt: skip
"""What stands over a column; the definition stands below with its full name and version."""
_FIRST_MATTERS = 15
TIERS = {"county": "县", "city": "市", "township": "乡镇", "village": "村(社区)", "grid": "网格"}


def results_page(results: Results, periods: Sequence[PeriodShown]) -> str:
    """Return the page of results."""
    return _TEMPLATES.get_template("notice.jinja").render(
        **_common(),
        results=results,
        periods=periods,
        short=SHORT,
        counts=COUNTS,
        shares=SHARES,
        published=PUBLISHED,
        definitions=dict(zip(PUBLISHED, results.definitions, strict=True)),
        as_of=local_text(results.as_of),
        frozen_at=local_text(results.frozen_at),
        day=_day,
        told=_told,
        first_matters=_FIRST_MATTERS,
    )


def directory_page(said: str, found: Sequence[PlaceFound], parts: Sequence[PlaceFound]) -> str:
    """Return the page that finds a place."""
    return _TEMPLATES.get_template("notice_directory.jinja").render(**_common(), said=said, found=found, parts=parts)


def ladder_page(ladder: Ladder) -> str:
    """Return the page of who is responsible for a place."""
    return _TEMPLATES.get_template("notice_ladder.jinja").render(**_common(), ladder=ladder)


def register_page(found: PublicMatters, noticed: Sequence[PublicMatter], area: str, area_name: str) -> str:
    """Return the page of the register of matters; `noticed` are those that can be objected to now."""
    return _TEMPLATES.get_template("notice_matters.jinja").render(
        **_common(), found=found, noticed=noticed, area=area, area_name=area_name, date=_date, as_of=local_text(found.as_of)
    )


def missing_page(*, asked: bool) -> str:
    """Return the page that says there is nothing: under what was `asked` for, or nothing at all so far."""
    return _TEMPLATES.get_template("notice_missing.jinja").render(**_common(), asked=asked)


def _common() -> dict[str, object]:
    return {"hotline": settings().hotline_number, "tiers": TIERS}


def _told(table: TableShown) -> list[str]:
    """Return the figures of which a table tells any: whole columns of nothing are left out."""
    return [metric for metric in PUBLISHED if any(row.figures[metric].state != "merged" for row in table.rows)]


def _date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
