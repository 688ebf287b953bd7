"""Looking at a day: every series beside its band, warnings opened, gone on with and ended, in one transaction and once for each day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.catalogue.queries import catalogue
from services.journal.models import Delivery, Event
from services.journal.noting import note
from services.journal.subscriptions import COUNT
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import insert_many, update_many
from services.platform.clock import day_end, local_day
from services.platform.database import Json
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.reports.figures import recorded_time
from services.warnings.counting import counts_until
from services.warnings.episodes import Counts, Episode, Key, Measure, Seen, Step, seen_on, steps, words_of
from services.warnings.models import EarlyWarning, WarningLook, WarningState

SUBJECT = "early_warning"
PATIENCE = timedelta(hours=6)
"""How long a look waits for what is not counted yet; after that it is better late and nearly right than never."""
CATCHES_UP = 31
"""How many days are looked at after a standstill; what was unusual earlier is history."""
_ABOVE = ("township", "county", "city")


@dataclass(frozen=True, slots=True)
class Telling:
    """What one desk is to be told of the warnings that a day opened."""

    unique_key: str
    event_id: UUID
    unit_id: UUID
    words: str


async def days_to_look_at(work: Work) -> list[date]:
    """Return the days that are over, counted and not looked at yet, in order."""
    began, _as_of = await recorded_time(work)
    last = local_day(work.now) - timedelta(days=1)
    if began is None:
        return []
    owed = select(func.min(Delivery.due_at)).where(Delivery.handler == COUNT, Delivery.parked_at.is_(None))
    oldest = await work.session.scalar(owed)  # sums are looked at, and what is owed is not in them
    if oldest is not None and oldest < day_end(last) and work.now < day_end(last) + PATIENCE:
        last -= timedelta(days=1)
    newest = await work.session.scalar(select(func.max(WarningLook.day)))
    first = max(newest + timedelta(days=1), last - timedelta(days=CATCHES_UP - 1)) if newest else last
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


async def count_day(work: Work, day: date) -> tuple[dict[tuple[str, str], Counts], date] | None:
    """Return what a look of `day` weighs, and the first day of all, and let nobody else look at it; None where it was looked at.

    It reads a quarter, which takes its time in a large county: whoever weighs it says when that was known, by `work.now`.
    """
    put = insert(WarningLook).values(day=day, looked_at=work.now, series=0, opened=0, ended=0).on_conflict_do_nothing()
    if (await work.session.execute(put.returning(WarningLook.day))).one_or_none() is None:
        return None
    await work.session.execute(text("SET LOCAL statement_timeout = 0"))  # a quarter of what departments hold, once a day
    began, _as_of = await recorded_time(work)
    return await counts_until(work, day), began or day


async def weigh(work: Work, day: date, counts: Mapping[tuple[str, str], Counts], began: date) -> list[Telling]:
    """Open, go on with and end warnings by what was counted until a day that is being looked at; return whom to tell what."""
    found = seen_in(day, counts, began)
    open_ones = {_key(row): row for row in await work.session.scalars(select(EarlyWarning).where(EarlyWarning.ended_on.is_(None)))}
    episodes = {key: Episode(key, row.last_outside_on, float(row.peak["excess"])) for key, row in open_ones.items()}
    taken = steps(day, episodes, found)
    tree = await unit_tree(work.session)
    opened = await _open(work, tree, day, [step for step in taken if step.kind == "open"])
    await _go_on(work, day, open_ones, [step for step in taken if step.kind != "open"])
    ended = sum(step.kind == "end" for step in taken)
    sums = {"looked_at": work.now, "series": 2 * len(counts), "opened": len(opened), "ended": ended}
    await work.session.execute(update(WarningLook).where(WarningLook.day == day).values(sums))
    return await _tellings(work, day, opened)


def seen_in(day: date, counts: Mapping[tuple[str, str], Counts], began: date) -> dict[Key, Seen]:
    """Return every series that is outside of its band. Pure."""
    found = {}
    for (subject, code), days in counts.items():
        for measure in cast("tuple[Measure, ...]", ("inflow", "overdue")):
            seen = seen_on(day, measure, days, began)
            if seen is not None:
                found[Key(measure, cast("Any", subject), code)] = seen
    return found


Opened = tuple[dict[str, Any], Step]


async def _open(work: Work, tree: UnitTree, day: date, taken: Iterable[Step]) -> list[Opened]:
    policies = await catalogue(work.session)
    opened: list[Opened] = []
    for step in taken:
        unit = tree.by_code.get(step.key.code) if step.key.subject != "category" else None
        category = policies.category(step.key.code) if step.key.subject == "category" else None
        assert step.seen is not None
        figures, desk = shown(step.seen), desk_above(tree, unit)
        row = {
            "id": new_id(), **step.key._asdict(), "name": unit.name if unit else category.name if category else step.key.code,
            "unit_id": unit.id if unit else None, "unit_path": unit.path if unit else None, "told_unit_id": desk.id if desk else None,
            "opened_on": day, "opened_at": work.now, "last_outside_on": day, "opened_with": figures, "peak": figures, "latest": figures,
        }  # fmt: skip
        opened.append((row, step))
    await insert_many(work.session, EarlyWarning, [row for row, _step in opened])
    states = [
        {"warning_id": row["id"], "last_outside_on": day, "ended_on": None, "peak": row["peak"], "latest": row["latest"]}
        for row, _step in opened
    ]
    await _keep(work, day, states)
    for row, step in opened:
        await note(work, SUBJECT, row["id"], "warning.opened", {**step.key._asdict(), "day": str(day), "figures": row["opened_with"]})
    return opened


async def _go_on(work: Work, day: date, open_ones: dict[Key, EarlyWarning], taken: Iterable[Step]) -> None:
    changed: list[dict[str, Any]] = []
    for step in taken:
        row = open_ones[step.key]
        if step.kind == "end":
            changed.append({"id": row.id, "ended_on": day})
            await note(work, SUBJECT, row.id, "warning.ended", {"day": str(day)})
            continue
        assert step.seen is not None
        figures = shown(step.seen)
        peak = {"peak": figures} if step.seen.look.excess > float(row.peak["excess"]) else {}
        changed.append({"id": row.id, "last_outside_on": day, "latest": figures, **peak})
        if step.grown:
            await note(work, SUBJECT, row.id, "warning.grown", {"day": str(day), "figures": figures})
    await update_many(work.session, EarlyWarning, changed)
    rows = {row.id: row for row in open_ones.values()}
    await _keep(work, day, [{"warning_id": one["id"], **_standing(rows[one["id"]]), **one} for one in changed])


async def _keep(work: Work, day: date, states: Iterable[dict[str, Any]]) -> None:
    """Keep what episodes are from this look on."""
    names = ("warning_id", "last_outside_on", "ended_on", "peak", "latest")
    rows = [{"day": day, "known_at": work.now, **{name: state[name] for name in names}} for state in states]
    await insert_many(work.session, WarningState, rows)


def _standing(row: EarlyWarning) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("last_outside_on", "ended_on", "peak", "latest")}


async def _tellings(work: Work, day: date, opened: Sequence[Opened]) -> list[Telling]:
    """Return one telling for each desk, of all that the day opened below it."""
    by_desk: dict[UUID, list[Opened]] = {}
    for row, step in opened:
        if row["told_unit_id"] is not None:
            by_desk.setdefault(row["told_unit_id"], []).append((row, step))
    found = []
    for desk, pairs in sorted(by_desk.items()):
        first = select(Event.id).where(Event.subject_id == pairs[0][0]["id"], Event.seq == 1)
        event_id = (await work.session.execute(first)).scalar_one()
        words = words_of([(row["name"], step) for row, step in pairs])
        found.append(Telling(f"warnings:{day}:unit:{desk}", event_id, desk, words))
    return found


def desk_above(tree: UnitTree, unit: UnitNode | None) -> UnitNode | None:
    """Return who is told: the township or county above a unit; the county itself of categories."""
    if unit is None:
        return tree.root
    return next((above for above in tree.ancestors(unit) if above.kind in _ABOVE), tree.root)


def shown(seen: Seen) -> Json:
    """Return a look as it is kept: numbers with decimals as text."""
    look = seen.look
    return {
        "span": seen.span,
        "first": str(seen.first),
        "last": str(seen.last),
        "value": look.value,
        "of": look.band.of,
        "middle": f"{look.band.middle:.2f}",
        "limit": look.band.limit,
        "excess": f"{look.excess:.4f}",
        "before": list(seen.before),
    }


def _key(row: EarlyWarning) -> Key:
    return Key(cast("Measure", row.measure), cast("Any", row.subject), row.code)
