"""Delivering what is owed for events: claim, effect and acknowledgement in one transaction.

A delivery is a row that is deleted by the very transaction that has its effect. So a process that is killed, a connection that is lost or
a handler that fails leaves the row where it was, and no effect happens twice or not at all. Many workers drain side by side: what one
holds the others skip. What is due is decided by PostgreSQL's clock (``now()``, which the index can use).
"""

import random
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, Select, Uuid, any_, bindparam, delete, func, select, update

from services.journal.models import Delivery, Event
from services.platform.actor import SYSTEM
from services.platform.database import Json
from services.platform.unit_of_work import Work, unit_of_work

log = structlog.get_logger()

TRIES = 12
"""A delivery that failed this often is parked until somebody has looked (`daguanjia retry-parked`)."""

_LONGEST_WAIT = 600.0
_TURNS = 0x7475_726E  # "turn": apart from other users of advisory locks


@dataclass(frozen=True, slots=True)
class Owed:
    """One effect that is owed: the delivery, and the event it is owed for."""

    delivery_id: UUID
    event_id: UUID
    handler: str
    subject_id: UUID
    type: str
    data: Json
    happened_at: datetime
    recorded_at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Drained:
    """What one call did: deliveries taken, effects had, effects that failed and were put off."""

    taken: int
    done: int
    failed: int


Handler = Callable[[Work, list[Owed]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Gathering:
    """A handler that asks only whose deliveries are owed: each subject is told once, however many of its events are.

    Up to `most` deliveries are taken at once, and one worker at a time has this turn: what it writes is shared by many subjects, so that
    two would wait for each other. Where a group fails it is tried like any other handler's.
    """

    effect: Callable[[Work, list[UUID]], Awaitable[None]]
    most: int = 2000

    async def __call__(self, work: Work, owed: list[Owed]) -> None:
        """Have the effect for the subjects of these deliveries."""
        await self.effect(work, list(dict.fromkeys(one.subject_id for one in owed)))


Claims = Select[UUID, UUID, str, UUID, datetime, int]


async def drain(handlers: Mapping[str, Handler], *, batch: int) -> Drained:
    """Take up to `batch` due deliveries of each handler, oldest first, and have the effect of each exactly once.

    The handlers have their turns in the order of `handlers`, each with its whole group in one transaction: so what comes first there is
    never kept waiting by what comes last, and locks are short. Where a group fails its deliveries are tried one by one: a poisonous event
    never holds up its neighbours. Raises only where the database itself is away: then everything that has not been acknowledged is owed.
    """
    total = Drained(0, 0, 0)
    for name, handler in handlers.items():
        turn = await _turn(name, handler, batch)
        total = Drained(total.taken + turn.taken, total.done + turn.done, total.failed + turn.failed)
    return total


async def _turn(name: str, handler: Handler, batch: int) -> Drained:
    if isinstance(handler, Gathering):
        gathered = await _gathered(name, handler)
        if gathered is not None:
            return gathered
    taken: list[Owed] = []
    try:
        async with unit_of_work(SYSTEM) as work:
            taken = await _claim(work, _due(name, batch))
            if taken:
                await handler(work, taken)
                await _acknowledge(work, taken)
    except Exception as error:
        if not taken:
            raise
        log.warning("deliveries.apart", handler=name, deliveries=len(taken), error=type(error).__name__, exc_info=True)
        had = sum([await _singly(handler, owed) for owed in taken])
        return Drained(taken=len(taken), done=had, failed=len(taken) - had)
    return Drained(taken=len(taken), done=len(taken), failed=0)


async def _gathered(name: str, handler: Gathering) -> Drained | None:
    """Have one effect for many deliveries; None where that failed, and nothing of it happened."""
    taken = 0
    try:
        async with unit_of_work(SYSTEM) as work:
            if not await work.session.scalar(select(func.pg_try_advisory_xact_lock(_TURNS, zlib.crc32(name.encode()) & 0x7FFF_FFFF))):
                return Drained(0, 0, 0)
            due = _due(name, handler.most).with_only_columns(Delivery.id, Delivery.subject_id)
            rows = (await work.session.execute(due)).all()
            taken = len(rows)
            if rows:
                await handler.effect(work, list(dict.fromkeys(row.subject_id for row in rows)))
                done = Delivery.id == any_(bindparam("done", [row.id for row in rows], ARRAY(Uuid())))
                await work.session.execute(delete(Delivery).where(done), execution_options={"synchronize_session": False})
    except Exception as error:
        if not taken:
            raise
        log.warning("deliveries.apart", handler=name, deliveries=taken, error=type(error).__name__, exc_info=True)
        return None
    return Drained(taken, taken, 0)


async def release_parked(work: Work) -> int:
    """Make every parked delivery due again, with all its tries; return how many."""
    freed = (
        update(Delivery).where(Delivery.parked_at.is_not(None)).values(parked_at=None, tries=0, due_at=func.now()).returning(Delivery.id)
    )
    count = len((await work.session.execute(freed)).all())
    work.rings = work.rings or count > 0
    return count


def waiting_time(tries: int) -> timedelta:
    """Return how long to wait after the `tries`-th failure: one second, doubling up to ten minutes, give or take a quarter."""
    longest = min(_LONGEST_WAIT, 2.0 ** (tries - 1))
    return timedelta(seconds=longest * random.uniform(0.75, 1.25))


def _due(handler: str, batch: int) -> Claims:
    return (
        _columns()
        .where(Delivery.parked_at.is_(None), Delivery.handler == handler, Delivery.due_at <= func.now())
        .order_by(Delivery.due_at, Delivery.id)
        .limit(batch)
        .with_for_update(skip_locked=True)
    )


def _columns() -> Claims:
    return select(Delivery.id, Delivery.event_id, Delivery.handler, Delivery.subject_id, Delivery.due_at, Delivery.tries)


async def _claim(work: Work, wanted: Claims) -> list[Owed]:
    """Lock the deliveries that `wanted` selects and return them with their events, oldest first."""
    claimed = wanted.cte("claimed").c
    query = (
        select(
            claimed.id,
            claimed.event_id,
            claimed.handler,
            claimed.subject_id,
            Event.type,
            Event.data,
            Event.happened_at,
            Event.recorded_at,
            claimed.tries,
        )
        .join(Event, Event.id == claimed.event_id)
        .order_by(claimed.due_at, claimed.id)
    )
    return [Owed(*row) for row in await work.session.execute(query)]


async def _acknowledge(work: Work, had: Sequence[Owed]) -> None:
    if had:
        done = Delivery.id == any_(bindparam("done", [owed.delivery_id for owed in had], ARRAY(Uuid())))
        await work.session.execute(delete(Delivery).where(done), execution_options={"synchronize_session": False})


async def _singly(handler: Handler, owed: Owed) -> bool:
    """Have one effect in a transaction of its own; where that fails, put the delivery off and return False."""
    mine = _columns().where(Delivery.id == owed.delivery_id, Delivery.parked_at.is_(None)).with_for_update(skip_locked=True)
    try:
        async with unit_of_work(SYSTEM) as work:
            still_owed = await _claim(work, mine)
            if still_owed:  # otherwise another worker has it by now
                await handler(work, still_owed)
                await _acknowledge(work, still_owed)
    except Exception as error:  # noqa: BLE001  where the database is away the next line fails as well, and no try is counted
        await _put_off(owed, type(error).__name__)
        return False
    return True


async def _put_off(owed: Owed, error: str) -> None:
    """Count the failure and make the delivery due later; park it when it has failed too often. `error` names a class, never data."""
    tries = owed.tries + 1
    parked = tries >= TRIES
    async with unit_of_work(SYSTEM) as work:
        await work.session.execute(
            update(Delivery)
            .where(Delivery.id == owed.delivery_id)
            .values(
                tries=tries,
                last_error=error,
                due_at=func.now() + waiting_time(tries),
                parked_at=func.now() if parked else None,
            )
        )
    what = "delivery.parked" if parked else "delivery.put_off"
    log.error(what, handler=owed.handler, event_id=str(owed.event_id), tries=tries, error=error)
