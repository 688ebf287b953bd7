"""How figures of today differ from printed ones: what a correction lists, and what the drift of a bulletin is. Pure."""

from collections.abc import Iterable, Sequence

from services.bulletins.document import ChangedFigure, PrintedDefinition, PrintedFigure
from services.bulletins.periods import BulletinPeriod

Place = tuple[str, str, str, str, str]
_GROUPS = {"total": "", "unit": "", "channel": "渠道·", "category": "类别·", "hand_off": "承办单位·", "listed": "通报名单·"}
_WITHOUT = "未列"


def differing(old: Iterable[PrintedFigure], new: Iterable[PrintedFigure]) -> list[tuple[PrintedFigure | None, PrintedFigure | None]]:
    """Return the figures that differ, in the order of the new ones; None where one side has no such figure.

    A figure that one side lacks and the other has as nothing at all (no case in it) does not differ.
    """
    before, after = {_place(one): one for one in old}, {_place(one): one for one in new}
    found = [(before.get(place), one) for place, one in after.items() if _counts(before.get(place)) != _counts(one)]
    return found + [(one, None) for place, one in before.items() if place not in after and _counts(one) != _counts(None)]


def changes(
    period: BulletinPeriod, old: Sequence[PrintedFigure], new: Sequence[PrintedFigure], definitions: Sequence[PrintedDefinition]
) -> tuple[ChangedFigure, ...]:
    """Return the changed figures in words: what, from what, to what."""
    names = {found.metric: found.name for found in definitions}
    told = []
    for before, after in differing(old, new):
        one = after or before
        assert one is not None
        told.append(ChangedFigure(what=what(period, one, names.get(one.metric, one.metric)), old=_told(before), new=_told(after)))
    return tuple(told)


def what(period: BulletinPeriod, one: PrintedFigure, metric: str) -> str:
    """Return which figure this is, in words: ``彭寨镇 结案率(结案/应结案)（上月）``."""
    when = "" if one.when == "now" else f"（{period.called(one.when)}）"  # type: ignore[arg-type]  # one of the literals
    removal = "（剔除后）" if one.removal == "removed" else ""
    row = f"{_GROUPS.get(one.group, '')}{one.name} " if one.name else ""
    return f"{row}{metric}{removal}{when}"


def _place(one: PrintedFigure) -> Place:
    return one.when, one.group, one.key, one.metric.partition("@")[0], one.removal


def _counts(one: PrintedFigure | None) -> tuple[str, int, int]:
    if one is None:
        return "", 0, 0
    # another version of a definition is another figure, even with the same counts
    version = one.metric.partition("@")[2] if one.numerator or one.denominator else ""
    return version, one.numerator, one.denominator or 0


def _told(one: PrintedFigure | None) -> str:
    if one is None:
        return _WITHOUT
    return one.shown if one.denominator is None else f"{one.shown}（{one.numerator}/{one.denominator}）"
