"""How the figures of today differ from those a bulletin prints. Pure."""

from services.bulletins.building import printed
from services.bulletins.differences import differing, what
from services.bulletins.document import Document, PrintedFigure
from services.bulletins.figures import FrozenFigures
from services.bulletins.views import Drift, DriftedFigure, FigureNow


def drift(document: Document, hash_hex: str, today: FrozenFigures) -> Drift:
    """Return every figure that is another today than it was printed."""
    now = printed(today)
    names = {found.metric: found.name for found in document.definitions} | {found.metric: found.name for found in today.definitions}
    items = []
    for before, after in differing(document.figures, now):
        one = after or before
        assert one is not None
        items.append(
            DriftedFigure(
                what=what(today.period, one, names.get(one.metric, one.metric)),
                when=one.when,
                group=one.group,
                key=one.key,
                metric=one.metric,
                removal=one.removal,
                printed=_figure(before),
                today=_figure(after),
            )
        )
    return Drift(
        number=document.number,
        hash=hash_hex,
        printed_as_of=document.as_of,
        as_of=today.as_of,
        compared=len(now),
        differing=len(items),
        items=items,
    )


def _figure(one: PrintedFigure | None) -> FigureNow | None:
    return FigureNow(numerator=one.numerator, denominator=one.denominator, shown=one.shown) if one else None
