"""Sealing words that a release before left in clear: in portions, each in a transaction, under the key of the day they were told.

Of their own day, not of today: what is erased later makes a whole day's keys turn, and today would hold the words of years. Any number of
workers may do this at once and again, and stop anywhere: a row is sealed only while it lies in clear. What is new never does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, text, true

from services.complaints.models import Complaint, Rewording, Supplement
from services.complaints.phone_tasks import PhoneTask
from services.notifications.models import Message
from services.platform import row_keys
from services.platform.actor import SYSTEM
from services.platform.key_turns import sealing_the_past
from services.platform.row_keys import DayKey
from services.platform.sealed_words import SealedTelling, SealedWords, seal_telling
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.models import CallBack

PORTION = 500


@dataclass(frozen=True, slots=True)
class _Place:
    """A table of words: when they were told, and which of its rows are sealed at all."""

    rows: Any
    told_at: Any
    which: ColumnElement[bool]


PLACES: Mapping[str, _Place] = {
    "complaints": _Place(Complaint, Complaint.received_at, true()),
    "supplements": _Place(Supplement, Supplement.received_at, true()),
    "rewordings": _Place(Rewording, Rewording.recorded_at, true()),
    "call_backs": _Place(CallBack, CallBack.called_at, true()),
    "messages": _Place(Message, Message.created_at, Message.audience == "complainant"),
    "phone_tasks": _Place(PhoneTask, PhoneTask.created_at, true()),
}
_SEAL = text("SELECT seal_words(:place, CAST(:ids AS uuid[]), CAST(:keys AS bytea[]), CAST(:words AS bytea[]), CAST(:places AS bytea[]))")


async def seal_portion(place: str, after: UUID | None) -> UUID | None:
    """Seal the next rows of `place` that lie in clear, those after `after`; return the last one's id, None where there is none."""
    async with unit_of_work(SYSTEM) as work:
        await sealing_the_past(work.session)
        found = await _in_clear(work, PLACES[place], after)
        if not found:
            return None
        keys: dict[date, DayKey | None] = {}
        rows = []
        for said, told_at in found:
            day = told_at.astimezone(UTC).date()
            if day not in keys:
                keys[day] = row_keys.newest_of(day) if row_keys.is_over(day) else None
            where = said.place if isinstance(said, SealedTelling) else None
            rows.append(seal_telling(said.row_id, said.told, where, day=keys[day]))
        columns = {name: [row[column] for row in rows] for name, column in _COLUMNS.items()}
        await work.session.execute(_SEAL, {"place": place, "ids": [said.row_id for said, _ in found], **columns})
        last: UUID = found[-1][0].row_id
        return last


_COLUMNS = {"keys": "row_key", "words": "sealed_words", "places": "sealed_place"}


async def _in_clear(work: Work, place: _Place, after: UUID | None) -> list[tuple[SealedWords, Any]]:
    rows = place.rows
    clear = [rows.clear_words.is_not(None)]
    if hasattr(rows, "clear_place"):
        clear.append(rows.clear_place.is_not(None))
    query = select(rows.said, place.told_at).where(and_(rows.row_key.is_(None), or_(*clear), place.which)).order_by(rows.id).limit(PORTION)
    found = (await work.session.execute(query if after is None else query.where(rows.id > after))).all()
    return [(said, told_at) for said, told_at in found]
