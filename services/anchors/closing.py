"""Closing days: each day's heads become the leaves of a tree, whose root is chained to the day before, signed and kept. Once a day."""

from dataclasses import asdict, replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from services.anchors.blocks import follow
from services.anchors.heads import moved_heads
from services.anchors.merkle import root
from services.anchors.models import Anchor, AnchoredHead, AnchorKey
from services.anchors.signing import SigningKey
from services.anchors.statements import NOTHING, Head, Statement, logged, statement_of
from services.journal.models import Event
from services.journal.noting import note
from services.platform.bulk import insert_many
from services.platform.clock import day_end, day_start, local_day
from services.platform.settings import settings
from services.platform.unit_of_work import Work

GRACE = timedelta(minutes=10)
"""How long after its last instant a day is closed: transactions that began before midnight are committed by then."""
LATE = timedelta(days=1)
"""How far before a day it is looked for what was committed after its own day was closed."""
SUBJECT_KIND = "anchors"
SUBJECT_ID = UUID("a2c40e5e-6e0d-5c8b-9d0e-0d5a7c1f4b10")
"""The journal's own subject for the anchors themselves: every closing is an event of it, so the next anchor covers it too."""
CLOSED = "history.anchored"
_TURN = 0x616E_6368  # "anch": apart from other users of advisory locks


async def anchors_so_far(work: Work) -> list[Anchor]:
    """Return all anchors, the first day first."""
    return list(await work.session.scalars(select(Anchor).order_by(Anchor.number)))


async def days_to_close(work: Work) -> list[date]:
    """Return the days that are over and not closed yet, in order. The first anchor of all is that of yesterday."""
    last = local_day(work.now - GRACE) - timedelta(days=1)
    newest = await work.session.scalar(select(func.max(Anchor.day)))
    if newest is not None:
        return [newest + timedelta(days=ahead) for ahead in range(1, (last - newest).days + 1)]
    began = await work.session.scalar(select(func.min(Event.recorded_at)))
    return [last] if began is not None and began < day_end(last) else []


async def close_day(work: Work, day: date, key: SigningKey) -> Statement | None:
    """Close `day` and return what was signed; None where another worker is at it or was quicker, or where it does not follow."""
    if not await work.session.scalar(select(func.pg_try_advisory_xact_lock(_TURN))):
        return None
    await work.session.execute(text("SET LOCAL statement_timeout = 0"))  # the first closing of all reads the whole journal
    if day not in await days_to_close(work):
        return None
    before = [statement_of(row) for row in await anchors_so_far(work)]
    if before and before[-1].day + timedelta(days=1) != day:
        return None
    moved = await moved_heads(work.session, day_end(day), day_start(day) - LATE if before else None)
    await _keep_heads(work, day, moved)
    tree = await follow(work.session, moved)
    if not tree:
        return None
    statement = _statement(work, day, key, before, sum(block.leaves for block in tree), root([block.hash for block in tree]))
    await _keep(work, statement, key)
    return statement


def _statement(work: Work, day: date, key: SigningKey, before: list[Statement], leaves: int, root_hash: bytes) -> Statement:
    drawn = Statement(
        day=day,
        number=len(before),
        jurisdiction=settings().jurisdiction,
        leaves=leaves,
        root=root_hash,
        log_root=b"",
        previous=before[-1].print() if before else NOTHING,
        closed_at=work.now,
        key_id=key.key_id,
    )
    log = root([*logged(before), drawn.log_leaf()])
    return replace(drawn, log_root=log)


async def _keep_heads(work: Work, day: date, moved: list[tuple[Head, bool]]) -> None:
    rows = [
        {"subject_id": head.subject_id, "day": day, "subject_kind": head.subject_kind, "seq": head.seq, "hash": head.hash}
        for head, _fresh in moved
    ]
    if rows:
        await insert_many(work.session, AnchoredHead, rows)


async def _keep(work: Work, statement: Statement, key: SigningKey) -> None:
    public = insert(AnchorKey).values(key_id=key.key_id, public_key=key.public, first_used_at=work.now)
    await work.session.execute(public.on_conflict_do_nothing())
    signature = key.sign(statement.signed_bytes())
    await work.session.execute(insert(Anchor).values(**asdict(statement), signature=signature))
    told = {**statement.shown(), "signature": signature.hex(), "print": statement.print().hex()}
    await note(work, SUBJECT_KIND, SUBJECT_ID, CLOSED, told)
