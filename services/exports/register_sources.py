"""The register of matters and the funnel of opinions as files, with the rows of their doors. Nobody is named, and no words are in them."""

from services.exports.asking import Given, names_of
from services.exports.further_sources import FIGURES, checked, figure_line, one_page
from services.exports.source import Pages, Source, asked_of
from services.matters.figures import matter_report
from services.matters.funnel import FunnelFigure, funnel_report
from services.matters.rows import AskedFigures
from services.platform.unit_of_work import Work


async def _register(work: Work, given: Given) -> Pages:
    told = await matter_report(work, asked_of(AskedFigures, work, given))
    head = {"first": told.first, "last": told.last, "as_of": told.as_of}
    lines = [figure_line(head, "row", row.key, row.name, figure) for row in told.rows for figure in row.figures]
    yield one_page([*lines, *(figure_line(head, "total", "", "合计", figure) for figure in told.total)], FIGURES)


async def _funnel(work: Work, given: Given) -> Pages:
    told = await funnel_report(work, asked_of(AskedFigures, work, given))
    head = {"first": told.first, "last": told.last, "as_of": told.as_of, "figure_denominator": None}

    def line(group: str, key: str, name: str, figure: FunnelFigure) -> dict[str, object]:
        what = {"metric": figure.metric, "metric_name": figure.name, "counting_unit": figure.unit}
        counted = {"figure_numerator": figure.value, "value": figure.value, "shown": str(figure.value)}
        return {**head, "group": group, "key": key, "name": name, **what, **counted}

    lines = [line("row", row.key, row.name, figure) for row in told.rows for figure in row.figures]
    yield one_page([*lines, *(line("total", "", "合计", figure) for figure in told.total)], FIGURES)


_ASKED = names_of(AskedFigures)
REGISTERED = (
    Source(
        "matters", "挂号销号指标", "Figures of the register of matters", "report.read", FIGURES, _ASKED, checked(AskedFigures), _register
    ),
    Source("opinion-funnel", "意见转化", "What became of opinions", "report.read", FIGURES, _ASKED, checked(AskedFigures), _funnel),
)
