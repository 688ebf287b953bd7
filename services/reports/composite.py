"""三率 as one score: response, resolution and satisfaction rate with the weights the county decides, before and after removal.

The weights are rules of the kind ``composite``: versions, whole. A period is scored by the version in force when it ends (now, for one
that goes on): whoever changes the weights changes no past score. Score = Σ weight × rate, of 100.

Where one of the rates has no data there is no score, and the answer says which rate it was. The weights are never shared out anew among the
others: a unit nobody could be reached of would be scored by what is left, and two units would be compared by different rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.platform.database import Json
from services.platform.errors import Fault, Invalid, NotFound
from services.platform.rounding import decimal_text
from services.platform.unit_of_work import Work
from services.policies.actions import Kind
from services.policies.findings import MALFORMED, Finding
from services.policies.queries import Books
from services.reports.comparing import UNCHANGED, asked_before, beside, signed
from services.reports.composite_views import (
    ComparedScore,
    CompositeFigure,
    CompositePart,
    CompositeReport,
    CompositeRow,
    CompositeTwice,
    WeightsView,
)
from services.reports.figures import one_snapshot, report
from services.reports.metrics import METRICS, NOTHING
from services.reports.questions import Asked, understand
from services.reports.views import FigureTwice, FigureView, ReportHead

ID, VERSION = "three_rates", 1
KEY = f"{ID}@{VERSION}"
NAME, ENGLISH = "三率综合得分", "Composite of the three rates"
_CHOICES = (
    ("response_rate", "response_rate_called"),
    ("resolution_rate", "resolution_rate_called"),
    ("satisfaction_rate", "satisfaction_rate_called"),
)
"""The rates a score is made of, one definition of each in this order."""
_WHOLE = 100
_INSTANT = timedelta(microseconds=1)
BUILT_IN: Json = {
    "parts": [
        {"metric": "response_rate", "weight": 30},
        {"metric": "resolution_rate", "weight": 35},
        {"metric": "satisfaction_rate", "weight": 35},
    ]
}
"""What the product comes with: 准格尔旗's weights."""


@dataclass(frozen=True)
class Weights:
    """How much each rate counts; together 100."""

    version: int
    parts: tuple[tuple[str, int], ...]


def weights_of(version: int, definition: Json) -> Weights:
    """Return the weights of a definition; raise Invalid ``composite.malformed`` with every fault in it."""
    faults = list(_faults(definition))
    if faults:
        raise Invalid("composite.malformed", "These are no weights of the three rates.", errors=faults)
    return Weights(version, tuple((part["metric"], part["weight"]) for part in definition["parts"]))


def _faults(definition: Json) -> list[Fault]:
    parts = definition.get("parts")
    if set(definition) != {"parts"} or not isinstance(parts, list) or len(parts) != len(_CHOICES):
        return [Fault("/parts", "give three parts: response, resolution and satisfaction rate, in this order")]
    found = []
    for place, (part, choices) in enumerate(zip(parts, _CHOICES, strict=True)):
        if not isinstance(part, Mapping) or set(part) != {"metric", "weight"}:
            found.append(Fault(f"/parts/{place}", "a part has a metric and a weight, and nothing else"))
            continue
        if part["metric"] not in choices:
            found.append(Fault(f"/parts/{place}/metric", f"must be one of {', '.join(choices)}"))
        weight = part["weight"]
        if type(weight) is not int or not 0 <= weight <= _WHOLE:
            found.append(Fault(f"/parts/{place}/weight", "must be a whole number from 0 to 100"))
    if not found and sum(part["weight"] for part in parts) != _WHOLE:
        found.append(Fault("/parts", "the weights must add up to 100"))
    return found


async def check_composite(session: AsyncSession, definition: Json) -> Sequence[Finding]:  # noqa: ARG001  a kind's check
    """Return what must be put right in weights before they come into force."""
    return [Finding(MALFORMED, fault.pointer or "/", fault.detail) for fault in _faults(definition)]


KIND = Kind("composite", BUILT_IN, check_composite)
"""The weights of the three rates as a kind of rules."""
_BOOKS: Books[Weights] = Books("composite", weights_of, weights_of(0, BUILT_IN))


def forget_weights() -> None:
    """Have the weights read afresh at their next use; for callers that have just changed some."""
    _BOOKS.forget()


def composite_named(name: str) -> None:
    """Raise NotFound unless `name` is the composite's ``id`` or ``id@version``."""
    if name not in (ID, KEY):
        raise NotFound("metric.unknown", "There is no composite of this name and version; `known` names it.", extra={"known": [KEY]})


async def composite_report(work: Work, asked: Asked, *, decimals: int = 2) -> CompositeReport:
    """Return the score of each row and of all together, with its parts. Raises what the reports of its parts raise."""
    composite_named(asked.metric)
    told = await _report(work, asked, decimals)
    earlier, periods = asked_before(work, asked)
    for name, then in earlier.items():
        told = beside(told, name, await _report(work, then, decimals), lambda now, before: compared_scores(now, before, decimals))
    return told.model_copy(update={"compared": periods})


def compared_scores(now: CompositeFigure, then: CompositeFigure | None, decimals: int = 2) -> ComparedScore:
    """Return an earlier score with the change since, of the printed digits. A row that did not exist then has no data."""
    if then is None or now.score is None or then.score is None:
        shown, missing = (then.shown, then.missing) if then else (NOTHING, [])
        score_then = then.score if then else None
        no_data = score_then is None
        return ComparedScore(score=score_then, shown=shown, no_data=no_data, missing=missing, change=None, change_shown=NOTHING)
    points = Fraction(now.score) - Fraction(then.score)
    change = signed(points, decimals)
    words = f"{change}分" if points else UNCHANGED
    return ComparedScore(score=then.score, shown=then.shown, no_data=False, missing=[], change=change, change_shown=words)


async def _report(work: Work, asked: Asked, decimals: int) -> CompositeReport:
    asked = replace(asked, compare=None)
    await one_snapshot(work.session)
    question = await understand(work, replace(asked, metric="response_rate"))
    weights = (await _BOOKS.get(work.session)).at(min(question.period.end - _INSTANT, question.as_of or work.now))
    told = [await report(work, replace(asked, metric=metric), decimals=decimals) for metric, _weight in weights.parts]
    names = {row.key: row.name for part in told for row in part.rows}
    by_key = [{row.key: row for row in part.rows} for part in told]
    rows = []
    for key, name in names.items():
        figures = [rows_of_part.get(key) for rows_of_part in by_key]
        rows.append(CompositeRow(key=key, name=name, **_scored(weights, figures, decimals)))
    head = {name: getattr(told[0], name) for name in ReportHead.model_fields} | {"metric": KEY, "name": NAME}
    return CompositeReport(
        **head,
        weights=WeightsView(version=weights.version, parts={METRICS[metric].key: weight for metric, weight in weights.parts}),
        rows=rows,
        total=CompositeTwice(**_scored(weights, [part.total for part in told], decimals)),
    )


def _scored(weights: Weights, figures: Sequence[FigureTwice | None], decimals: int) -> dict[str, Any]:
    before = score(weights, [figure.before_removal if figure else None for figure in figures], decimals)
    after = score(weights, [figure.after_removal if figure else None for figure in figures], decimals)
    return {**score(weights, figures, decimals).model_dump(), "before_removal": before, "after_removal": after}


def score(weights: Weights, figures: Sequence[FigureView | None], decimals: int = 2) -> CompositeFigure:
    """Return the score of these rates, in the order of the weights; no data where a rate that counts has none."""
    parts, missing, exact = [], [], Fraction()
    for (metric, weight), figure in zip(weights.parts, figures, strict=True):
        shown = FigureView(**{name: getattr(figure, name) for name in FigureView.model_fields}) if figure else _NOTHING
        parts.append(CompositePart(metric=METRICS[metric].key, name=METRICS[metric].name, weight=weight, figure=shown))
        if not shown.no_data:
            exact += weight * Fraction(str(shown.value))
        elif weight:
            missing.append(METRICS[metric].key)
    if missing:
        return CompositeFigure(value=None, score=None, shown=NOTHING, no_data=True, missing=missing, parts=parts)
    text = decimal_text(exact.numerator, exact.denominator, decimals)
    value = f"{exact.numerator}/{exact.denominator}"
    return CompositeFigure(value=value, score=text, shown=f"{text}分", no_data=False, missing=[], parts=parts)


_NOTHING = FigureView(numerator=0, denominator=0, value=None, percent=None, shown=NOTHING, no_data=True)
