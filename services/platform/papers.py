"""Sealed papers: whatever holds personal data and is no complainant (raw messages, raw call records, petitioners, callers), in one table.

A paper is sealed under a key of its own row, like a complainant; destroying that key erases it and leaves whatever refers to it valid.
Look-ups go over keyed indexes that answer equality only.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Index, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from services.platform.bulk import one_of
from services.platform.database import Base
from services.platform.ids import new_id
from services.platform.key_turns import destroyed
from services.platform.row_keys import KeyDestroyed, new_row_key, open_row_key
from services.platform.secrets import blind_index, seal, unseal

PHONE, OPENID = "phone", "openid"

Row = dict[str, Any]


class SealedPaper(Base):
    """One paper. `kind` says what it is (``wechat_message``, ``call``, ``call_event``, ``petitioner``…); erased where `row_key` is NULL."""

    __tablename__ = "sealed_papers"
    __table_args__ = (Index(None, "phone_index"), Index(None, "openid_index"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    row_key: Mapped[bytes | None]
    sealed: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    openid_index: Mapped[bytes | None]
    recorded_at: Mapped[datetime]


def seal_paper(kind: str, clear: Mapping[str, Any], recorded_at: datetime, *, phone: str | None = None, openid: str | None = None) -> Row:
    """Return the row of a paper that says `clear` (plain JSON values), found again by `phone` (normalised) and `openid`."""
    paper_id = new_id()
    key, sealed_key = new_row_key()
    return {
        "id": paper_id,
        "kind": kind,
        "row_key": sealed_key,
        "sealed": seal(key, orjson.dumps(dict(clear)), paper_id.bytes),
        "phone_index": blind_index(PHONE, phone) if phone else None,
        "openid_index": blind_index(OPENID, openid) if openid else None,
        "recorded_at": recorded_at,
    }


def read_paper(paper_id: UUID, row_key: bytes | None, sealed: bytes | None) -> Any:
    """Return what a paper says; None where it was erased. Raises cryptography's InvalidTag where the row was changed."""
    if row_key is None or sealed is None:
        return None
    try:
        return orjson.loads(unseal(open_row_key(row_key), sealed, paper_id.bytes))
    except KeyDestroyed:  # a backup was brought back that is older than the erasure
        return None


async def erase_papers(session: AsyncSession, which: ColumnElement[bool]) -> int:
    """Erase the papers that `which` matches, for good: their keys, their contents and their indexes. Returns how many."""
    nothing = {"row_key": None, "sealed": None, "phone_index": None, "openid_index": None}
    query = select(SealedPaper.id, SealedPaper.row_key).where(which, SealedPaper.row_key.is_not(None)).order_by(SealedPaper.id)
    found = (await session.execute(query.with_for_update())).all()
    if not found:
        return 0
    await destroyed(session, [row.row_key for row in found])
    await session.execute(update(SealedPaper).where(one_of(SealedPaper.id, [row.id for row in found])).values(nothing))
    return len(found)
