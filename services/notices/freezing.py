"""Publishing: a month once it is over and settled, the quarters and years made of months, and corrections that were ordered.

One step at a time, under one lock for the whole fleet. What was published is never counted again by itself: only an administrator's order
makes a further version, and only of what :func:`services.notices.publishing.corrected` lets through.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update

from services.journal.noting import note
from services.notices.gathering import Month, gather
from services.notices.matters import listed, result_words
from services.notices.models import Notice, NoticeOrder
from services.notices.periods import NoticePeriod, due_months, longer_periods, month_code, period_named
from services.notices.publishing import Basis, added, basis_from, corrected, told_of
from services.notices.telling import BRANCH, Correction, Json, Shape, changes, content_of, matter_view, shape_from, withdrawn
from services.platform.bulk import insert_many
from services.platform.canonical import canonical
from services.platform.clock import day_end, local_day
from services.platform.ids import new_id
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.reports.figures import one_snapshot
from services.reports.models import ReportFact

_LOCK = 0x6E6F_7469_6365
"""Advisory lock of whoever publishes: "notice"."""
_OLDEST_MONTHS = 24
"""Months before the present one that are published where a county comes with a past."""


async def publish_next(work: Work) -> bool:
    """Do the next thing there is to do; return whether there was any. The first thing in its transaction."""
    await one_snapshot(work.session)
    if not await work.session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return False
    frozen = set(await work.session.scalars(select(Notice.period).where(Notice.basis.is_not(None)).distinct()))
    began = await work.session.scalar(select(func.min(ReportFact.received_at)))
    if began is not None:
        months = due_months(local_day(began), local_day(work.now), settings().public_delay_days)[-_OLDEST_MONTHS:]
        missing = next((month for month in months if month_code(month) not in frozen), None)
        if missing is not None:
            return await _freeze_month(work, missing)
        for period in dict.fromkeys(longer for month in months for longer in longer_periods(month)):
            if period.code not in frozen and period.months[-1] in months:
                await _freeze_longer(work, period)
                return True
    return await _follow_order(work)


async def _freeze_month(work: Work, month: date) -> bool:
    period = period_named(month_code(month))
    gathered = await gather(work, period.first, period.last)
    if gathered is None or gathered.as_of < day_end(period.last):  # some of the month's events are not counted yet: later
        return False
    k = settings().public_k
    basis = told_of(gathered.counted, k)
    pages = _matters(gathered, basis, k)
    contents = {
        area: content_of(period.code, area, gathered.shape, basis, months=[month], k=k, matters=pages.get(area, ()))
        for area in gathered.shape.areas
    }
    await _store(work, period.code, gathered.shape, basis, contents, as_of=gathered.as_of)
    return True


def _matters(month: Month, basis: Basis, k: int) -> dict[str, list[Json]]:
    """Return the finished matters of each page."""
    hidden = {key.removeprefix(BRANCH) for key, told in basis["completed"].items() if told is None}
    words = {
        category.code: (category.name, result_words(category.evidence if category.leaf else ()))
        for category in month.policies.all()
    }  # fmt: skip
    pages: dict[str, list[Json]] = {}
    for matter in listed(month.matters, k, hidden=hidden):
        pages.setdefault(matter.page, []).append(matter_view(matter, month.shape.names, words))
    return pages


async def _freeze_longer(
    work: Work, period: NoticePeriod, *, order: NoticeOrder | None = None, correction: Correction | None = None
) -> None:
    """Publish a quarter or year from the newest versions of its months; with a correction, as the next version."""
    rows = [row for month in period.months if (row := await _newest(work, month_code(month))) is not None]
    kept = [row for row in rows if row.content["withdrawn"] is None and row.basis is not None]
    bases = [basis_from(row.basis["told"]) for row in kept if row.basis is not None]
    shape = shape_from(row.basis["shape"] for row in rows if row.basis is not None)
    basis = added(bases)
    months = [date.fromisoformat(f"{row.period}-01") for row in kept]
    contents = {area: content_of(period.code, area, shape, basis, months=months, k=settings().public_k) for area in shape.areas}
    as_of = max(row.as_of for row in rows)
    await _store(work, period.code, shape, basis, contents, as_of=as_of, order=order, correction=correction)


async def _store(
    work: Work,
    period: str,
    shape: Shape,
    basis: Basis,
    contents: Mapping[str, Json],
    *,
    as_of: datetime,
    order: NoticeOrder | None = None,
    correction: Correction | None = None,
) -> None:
    """Store the pages of a period as its next version, each with the hash of its content; the correction stands on every page."""
    before = await _pages(work, period)
    version = max((row.version for row in before.values()), default=0) + 1
    rows: list[dict[str, Any]] = []
    for area, made in contents.items():
        content = made
        if correction is not None and area in before:
            earlier = before[area].content
            entry = Correction(correction.act, correction.reason, correction.at, changes(earlier, made)).stored()
            content = {**made, "corrections": [*earlier["corrections"], entry]}
        rows.append(
            {
                "id": new_id(),
                "period": period,
                "area_code": area,
                "version": version,
                "content": content,
                "basis": {"told": basis, "shape": shape.stored()} if area == shape.root else None,
                "sha256": hashlib.sha256(canonical(content)).hexdigest(),
                "as_of": as_of,
                "frozen_at": work.now,
                "order_id": order.id if order else None,
            }
        )
    await insert_many(work.session, Notice, rows)
    root = next(row for row in rows if row["area_code"] == shape.root)
    what = "notice.corrected" if version > 1 else "notice.published"
    await note(work, "notice", root["id"], what, {"period": period, "version": version, "sha256": root["sha256"], "areas": len(rows)})


async def _newest(work: Work, period: str) -> Notice | None:
    query = select(Notice).where(Notice.period == period, Notice.basis.is_not(None)).order_by(Notice.version.desc()).limit(1)
    return (await work.session.scalars(query)).first()


async def _pages(work: Work, period: str) -> dict[str, Notice]:
    """Return the newest version of every page of a period."""
    query = select(Notice).where(Notice.period == period).order_by(Notice.version)
    return {row.area_code: row for row in await work.session.scalars(query)}


async def _follow_order(work: Work) -> bool:
    query = select(NoticeOrder).where(NoticeOrder.done_at.is_(None)).order_by(NoticeOrder.ordered_at, NoticeOrder.id).limit(1)
    order = (await work.session.scalars(query)).first()
    if order is None:
        return False
    outcome = await (_take_back(work, order) if order.act == "withdraw" else _count_again(work, order))
    done = update(NoticeOrder).where(NoticeOrder.id == order.id).values(done_at=work.now, outcome=outcome)
    await work.session.execute(done.execution_options(synchronize_session=False))
    return True


async def _take_back(work: Work, order: NoticeOrder) -> str:
    """Publish a period without its figures; a month that was taken back leaves the quarter and year it is in, too."""
    correction = Correction(order.act, order.reason, work.now)
    newest = await _newest(work, order.period)
    if newest is None or newest.basis is None or newest.content["withdrawn"] is not None:
        return "unchanged"
    shape = shape_from([newest.basis["shape"]])
    contents = {area: withdrawn(row.content, correction) for area, row in (await _pages(work, order.period)).items()}
    await _store(work, order.period, shape, basis_from(newest.basis["told"]), contents, as_of=newest.as_of, order=order)
    await _follow_up(work, order, correction)
    return "withdrawn"


async def _count_again(work: Work, order: NoticeOrder) -> str:
    """Count a month again and publish what may be corrected of it."""
    period = period_named(order.period)
    query = select(Notice).where(Notice.period == order.period, Notice.basis.is_not(None)).order_by(Notice.version)
    versions: Sequence[Notice] = (await work.session.scalars(query)).all()
    gathered = await gather(work, period.first, period.last)
    if not versions or versions[-1].basis is None or versions[-1].content["withdrawn"] is not None or gathered is None:
        return "unchanged"
    bases = [basis_from(row.basis["told"]) for row in versions if row.basis is not None]
    basis, all_told = corrected(bases, told_of(gathered.counted, settings().public_k), gathered.shape.lines, settings().public_k)
    if basis == bases[-1]:
        return "unchanged" if all_told else "too_small"
    before = await _pages(work, order.period)
    shape = shape_from([versions[-1].basis["shape"]])
    contents = {
        area: content_of(period.code, area, shape, basis, months=period.months, k=settings().public_k, matters=row.content["matters"])
        for area, row in before.items()
    }
    correction = Correction(order.act, order.reason, work.now)
    await _store(work, order.period, shape, basis, contents, as_of=gathered.as_of, order=order, correction=correction)
    await _follow_up(work, order, correction)
    return "corrected"


async def _follow_up(work: Work, order: NoticeOrder, correction: Correction) -> None:
    """Publish the quarter and year of a corrected month anew, where they are published."""
    period = period_named(order.period)
    if len(period.months) > 1:
        return
    for longer in longer_periods(period.first):
        newest: Any = await _newest(work, longer.code)
        if newest is not None and newest.content["withdrawn"] is None:
            await _freeze_longer(work, longer, order=order, correction=correction)
