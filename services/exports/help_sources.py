"""What is done for people beside tickets, and what waits in the handbook: figures, what stands behind them, opinions nothing became of."""

from typing import Any, get_args

from services.assistance.figures import AskedAssistance, FigureName, assistance_report, counted_ones
from services.exports.asking import Given, names_of
from services.exports.further_sources import FIGURES, checked, one_page
from services.exports.known_columns import columns_named
from services.exports.paging import Fetched, Line, paged
from services.exports.source import PAGE, Pages, Source, asked_of, said
from services.platform.clock import local_day
from services.platform.errors import NotFound
from services.platform.unit_of_work import Work
from services.visits.handbook_figures import AskedOpinions, open_opinions

COUNTED = columns_named("metric", "entry", "entry_kind", "place", "place_name", "happened_on")
OPEN = columns_named("entry", "place", "place_name", "member", "happened_on", "ticket")
_HELP, _OPINIONS = names_of(AskedAssistance), names_of(AskedOpinions)


def _known(metric: str) -> object:
    if metric not in get_args(FigureName):
        raise NotFound("metric.unknown", "There is no such figure; see GET /v1/reports/assistance.")
    return metric


def _metric(given: Given) -> Any:
    return said(given, "metric", "question.metric_missing", "which figure; see GET /v1/reports/assistance")


async def _assistance(work: Work, given: Given) -> Pages:
    told = await assistance_report(work, asked_of(AskedAssistance, work, given))
    head = {"first": told.first, "last": told.last, "as_of": told.as_of, "group": "total", "key": "", "name": "合计"}
    lines: list[Line] = [
        {
            **head,
            "metric": one.figure,
            "metric_name": one.name,
            "counting_unit": one.counting_unit,
            "value": one.value,
            "shown": str(one.value),
        }
        for one in told.figures
    ]
    yield one_page(lines, FIGURES)


def _counted(work: Work, given: Given) -> Pages:
    asked, metric = asked_of(AskedAssistance, work, given), _metric(given)

    async def page(after: Any) -> Fetched:
        items, total = await counted_ones(work, asked, metric, after=after, limit=PAGE + 1)
        return total, items[:PAGE], items[PAGE - 1].id if len(items) > PAGE else None

    def more(line: Line) -> Line:
        told = {"metric": metric, "entry": line["id"], "entry_kind": line["kind"], "happened_on": line["day"]}
        return {**told, "place": line["unit"], "place_name": line["unit_name"]}

    return paged(work, page, COUNTED, more)


def _open(work: Work, given: Given) -> Pages:
    asked = asked_of(AskedOpinions, work, given)

    async def page(after: Any) -> Fetched:
        items, total = await open_opinions(work, asked, after=after, limit=PAGE + 1)
        following = (items[PAGE - 1].heard_at, items[PAGE - 1].id) if len(items) > PAGE else None
        return total, items[:PAGE], following

    def more(line: Line) -> Line:
        told = {"entry": line["id"], "member": line["member_id"], "happened_on": local_day(line["heard_at"])}
        return {**told, "ticket": line["dropped_ticket"], "place": line["unit"], "place_name": line["unit_name"]}

    return paged(work, page, OPEN, more)


HELPED = (
    Source(
        "assistance", "帮扶调解议事指标", "Help, mediation and deliberation", "unit.report", FIGURES, _HELP, checked(AskedAssistance),
        _assistance,
    ),
    Source(
        "assistance-entries", "帮扶调解议事明细", "What such a figure counts", "unit.report", COUNTED, (*_HELP, "metric"),
        checked(AskedAssistance, _known), _counted,
    ),
    Source(
        "open-opinions", "未办结群众意见", "Opinions nothing became of", "service.report", OPEN, _OPINIONS, checked(AskedOpinions), _open
    ),
)  # fmt: skip
