"""Frozen figures for tests: whole areas made up from a few numbers, and the public bulletins of tests/vectors."""

import random
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from services.bulletins.figures import Counted, Definition, FrozenFigures
from services.bulletins.periods import BulletinPeriod, Kind, period_with
from services.platform.clock import day_end
from services.reports.metrics import METRICS
from tests.bulletins.foreign import AS_OF

TOWNSHIPS = (
    "阳明镇", "大坝镇", "长塘镇", "下车镇", "上陵镇", "优胜镇", "贝墩镇", "古寨镇", "彭寨镇",
    "合水镇", "公白镇", "青州镇", "浰源镇", "热水镇", "东水镇", "礼士镇", "林寨镇",
)  # fmt: skip
CHANNELS = {"hotline": "热线", "wechat": "微信", "field": "网格上报", "petition": "信访接待", "letter": "来信", "platform": "上级平台"}
CATEGORIES = {"water": "供水排水", "roads": "道路交通", "disputes": "矛盾纠纷", "sanitation": "环境卫生", "-": "未分类"}
THREE = ("response_rate", "resolution_rate", "satisfaction_rate")
MISSING = {"listed": "通报事项", "passed_on": "流转率", "passed_on_idly": "二传手率"}


def figures(
    counted: Iterable[Counted], period: BulletinPeriod, *, unit_name: str = "和平县", decimals: int = 2, **more: Any
) -> FrozenFigures:
    rows = tuple(counted)
    used = dict.fromkeys(one.metric for one in rows)
    found = [
        Definition(one.key, one.name, one.numerator_words, one.denominator_words, one.note) for one in METRICS.values() if one.key in used
    ]
    found += [Definition(metric, MISSING[metric.partition("@")[0]], "…", "…") for metric in used if metric.partition("@")[0] in MISSING]
    values: dict[str, Any] = {"unit": "441624", "tier": "county", "as_of": AS_OF} | more
    return FrozenFigures(unit_name=unit_name, period=period, decimals=decimals, counted=rows, definitions=tuple(found), **values)


def made_up(seed: int = 1, kind: Kind = "month", day: date = date(2026, 10, 1), size: int = 90) -> FrozenFigures:
    """A county with its townships, sound in itself: rows sum up to totals in every period."""
    dice, period = random.Random(seed), period_with(kind, day)
    counted: list[Counted] = []
    for when in period.compared():
        counted += _period(dice, when, size)
    return figures(counted, period, as_of=day_end(period.last) + timedelta(days=3, hours=8))


def _period(dice: random.Random, when: Any, size: int) -> list[Counted]:
    metrics = ("received", "completion_rate_received", "completion_rate_due", "on_time_rate_due", *THREE)
    rows: list[Counted] = []
    received = 0
    for nth, name in enumerate(TOWNSHIPS):
        cases = dice.randrange(0, 2 * size)
        due = dice.randrange(0, cases + 1)
        closed, said = dice.randrange(due * 6 // 10, due + 1), dice.randrange(0, due + 1)
        yes = [dice.randrange(said // 2, said + 1) for _metric in THREE]
        timely = dice.randrange(0, closed + 1)
        values = ((cases, None), (dice.randrange(0, cases + 1), cases), (closed, due), (timely, due), *((one, said) for one in yes))
        key = f"44162410{nth:02}"
        rows += [Counted(when, "unit", key, name, f"{metric}@1", *value) for metric, value in zip(metrics, values, strict=True)]
        received += cases
    totals = [_added(when, metric, [one for one in rows if one.id == metric]) for metric in metrics]
    less = [Counted(one.when, "total", "", "", one.metric, one.numerator, (one.denominator or 0) - 1, "removed") for one in totals[-3:] if one.denominator and one.numerator < one.denominator]  # noqa: E501  # fmt: skip
    less += [Counted(one.when, "total", "", "", one.metric, one.numerator, one.denominator, "removed") for one in totals[-3:] if one.numerator == one.denominator]  # noqa: E501  # fmt: skip
    more = [
        Counted(when, "total", "", "", "discovered@1", dice.randrange(50)),
        Counted(when, "total", "", "", "completed@1", dice.randrange(received + 1)),
        Counted(when, "total", "", "", "on_time_rate@1", 41, 60),
        Counted(when, "total", "", "", "first_time_fix_rate@1", 50, 60),
        Counted(when, "total", "", "", "rework_rate@1", 3, 60),
        Counted(when, "total", "", "", "reach_rate@1", 77, 80),
        Counted(when, "total", "", "", "passed_on@1", 17, 300),
        Counted(when, "total", "", "", "passed_on_idly@1", 9, 300),
    ]
    if when != "now":
        rows = [one for one in rows if one.id == "received"]
    if when != "year_before":
        more += _parted(dice, when, "channel", CHANNELS, "received@1", received, None)
        more += _parted(dice, when, "category", CATEGORIES, "received@1", received, None)
    if when == "now":
        due = next(one for one in totals if one.id == "completion_rate_due")
        more += _parted(dice, when, "category", CATEGORIES, due.metric, due.numerator, due.denominator)
        more += [
            Counted(when, "hand_off", "D", "县水利局", "passed_on@1", 9, 40),
            Counted(when, "hand_off", "D", "县水利局", "passed_on_idly@1", 6, 40),
        ]
        more += [Counted(when, "listed", "44162408", "彭寨镇", "listed@1", 2), Counted(when, "total", "", "", "listed@1", 2)]
    return [*rows, *totals, *less, *more]


def _added(when: Any, metric: str, rows: list[Counted]) -> Counted:
    denominator = None if rows[0].denominator is None else sum(one.denominator or 0 for one in rows)
    return Counted(when, "total", "", "", f"{metric}@1", sum(one.numerator for one in rows), denominator)


def _parted(dice: random.Random, when: Any, group: Any, names: dict[str, str], metric: str, whole: int, of: int | None) -> list[Counted]:
    found = []
    for nth, (key, name) in enumerate(names.items()):
        last = nth == len(names) - 1
        below = None if of is None else of if last else dice.randrange(of // 2 + 1)
        limit = whole if below is None else min(whole, below)
        part = whole if last else dice.randrange(limit // 2 + 1)
        if below is not None and not last:
            # what is left has to fit below what is left
            part = max(part, whole - (of or 0) + below)
        found.append(Counted(when, group, key, name, metric, part, below))
        whole, of = whole - part, None if of is None else of - (below or 0)
    return found


def counted(metric: str, numerator: int, denominator: int | None = None, **more: Any) -> Counted:
    """One figure of this period, of everything unless `more` says of what."""
    values: dict[str, Any] = {"when": "now", "group": "total", "key": "", "name": ""} | more
    return Counted(metric=METRICS[metric].key, numerator=numerator, denominator=denominator, **values)
