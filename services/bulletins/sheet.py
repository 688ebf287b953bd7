"""The figures of a bulletin as a table for spreadsheets. Pure."""

from services.bulletins.document import Document
from services.bulletins.periods import BulletinPeriod

HEADER = ("通报编号", "统计时点", "期间", "分组", "代码", "名称", "指标", "指标名称", "剔除", "分子", "分母", "刊印")
_GROUPS = {"total": "合计", "unit": "地区", "channel": "渠道", "category": "类别", "hand_off": "承办单位", "listed": "通报名单"}
_REMOVALS = {"kept": "剔除前", "removed": "剔除后"}


def figure_rows(document: Document) -> list[tuple[str | int | None, ...]]:
    """Return a row for each figure, in the order they are frozen in."""
    period = BulletinPeriod(document.kind, document.first, document.last)
    names = {found.metric: found.name for found in document.definitions}
    return [
        (
            document.number,
            document.as_of.isoformat(),
            period.compared()[one.when].code,  # type: ignore[index]  # one of the literals
            _GROUPS.get(one.group, one.group),
            one.key,
            one.name,
            one.metric,
            names.get(one.metric, one.metric),
            _REMOVALS[one.removal],
            one.numerator,
            one.denominator,
            one.shown,
        )
        for one in document.figures
    ]
