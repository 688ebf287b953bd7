"""The month's figures under every definition, each followed down to its very tickets."""

from dataclasses import dataclass

from rich.table import Table

from daguanjia.story.doors import Json, Staff, wait_for
from daguanjia.story.plot import SHANGHAI, Told, require
from daguanjia.story.setting import ANALYST, TOWNSHIP, StoryError

_PAGE = 200
_TRIES = 4
_WIDE = 104
_UNCOUNTED = "报表还没有数到本工单:派单进程 dispatch_worker 似乎没有运行。The worker seems away."


@dataclass(frozen=True, slots=True)
class Line:
    """A figure and how many tickets its drill-down lists for each part."""

    name: str
    metric: str
    figure: Json
    numerator: int
    denominator: int | None

    @property
    def equal(self) -> bool:
        """Whether the figure is exactly its tickets."""
        return (self.numerator, self.denominator) == (self.figure["numerator"], self.figure["denominator"])


def the_figures(told: Told) -> None:
    """(h) The month's figures of the township, and the tickets behind each; all must be equal."""
    township = told.cast.unit(TOWNSHIP)
    asked = _asked(told)
    told.teller.step(f"{township.name} {asked['from'][:7]} 的数字,每个都能数回工单", "each figure equals its drill-down")
    analyst = told.who(ANALYST)

    def counted() -> bool | None:
        return told.number in _numbers(analyst, "completed", "numerator", asked) or None

    with told.teller.waiting("等待报表计数…"):
        wait_for(counted, told.setting.patience, f"{told.setting.patience:.0f} 秒内{_UNCOUNTED}")
    definitions = analyst.report("/v1/metrics")["items"]
    metrics = [metric["id"] for metric in definitions if metric["family"] == "tickets"]
    with told.teller.waiting("逐项核对明细…"):
        lines = [_line(analyst, metric, asked) for metric in metrics]
    told.teller.console.print(_table(lines, names=told.teller.console.width >= _WIDE))
    wrong = [line.name for line in lines if not line.equal]
    require(not wrong, f"数字与明细不一致:{'、'.join(wrong)}。A figure differs from its drill-down.")


def _asked(told: Told) -> dict[str, str]:
    """Return the question: from the first of the month of the call to today, in the township."""
    assert told.received_on is not None
    first, today = told.received_on.date().replace(day=1), told.intake.now().astimezone(SHANGHAI).date()
    return {"unit": told.cast.unit(TOWNSHIP).code, "from": first.isoformat(), "to": today.isoformat()}


def _line(analyst: Staff, metric: str, asked: dict[str, str]) -> Line:
    """Read a figure and its tickets; again where somebody's work came in between."""
    for _ in range(_TRIES):
        told = analyst.report(f"/v1/reports/{metric}", **asked)
        figure = told["total"]
        below = None if figure["denominator"] is None else len(_numbers(analyst, metric, "denominator", asked))
        line = Line(told["name"], told["metric"], figure, len(_numbers(analyst, metric, "numerator", asked)), below)
        if line.equal:
            break
    return line


def _numbers(analyst: Staff, metric: str, part: str, asked: dict[str, str]) -> set[str]:
    """Return the numbers of all tickets that a part of a figure counted, page by page."""
    found: set[str] = set()
    more: dict[str, str] = {}
    while True:
        page = analyst.report(f"/v1/reports/{metric}/tickets", **asked, **more, part=part, limit=_PAGE)
        found |= {ticket["number"] for ticket in page["items"]}
        if not page["next"]:
            break
        more = {"cursor": page["next"]}
    if len(found) != page["total"]:
        raise StoryError(f"{metric} 的明细自称 {page['total']} 件,实列 {len(found)} 件。")
    return found


def _table(lines: list[Line], *, names: bool) -> Table:
    table = Table("指标")
    for heading in ("分子", "分母", "百分比"):
        table.add_column(heading, justify="right")
    table.add_column("明细一致", justify="center")
    if names:
        table.add_column("metric", style="dim")
    for line in lines:
        figure = line.figure
        below = "" if figure["denominator"] is None else str(figure["denominator"])
        percent = "" if figure["denominator"] is None else figure["shown"]
        tick = "✓" if line.equal else "✗"
        cells = [line.name, str(figure["numerator"]), below, percent, tick, *([line.metric] if names else [])]
        table.add_row(*cells, style=None if line.equal else "red")
    return table
