"""Which keys of days are to be turned, because a row key that lay under them was destroyed (`row_keys.py` says why).

Whoever destroys a row key says so here, in the same transaction; `services/privacy/turning.py` does the rest when the day is over.
"""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base
from services.platform.row_keys import key_of

SEALING_THE_PAST = 0x5EA1
"""The advisory lock between sealing under keys of days that are over, which shares it, and destroying one, which has it alone."""


async def sealing_the_past(session: AsyncSession) -> None:
    """Keep every key of a day that is over from being destroyed until the end of this transaction. Find the newest one after this."""
    await session.execute(select(func.pg_advisory_xact_lock_shared(SEALING_THE_PAST)))


async def destroying_keys(session: AsyncSession) -> None:
    """Wait until nothing is being sealed under the key of a day that is over, and let nothing begin to in this transaction."""
    await session.execute(select(func.pg_advisory_xact_lock(SEALING_THE_PAST)))


class KeyTurn(Base):
    """The key of a day under which something was erased: the others are to be sealed anew, and it is to be destroyed."""

    __tablename__ = "key_turns"

    day: Mapped[date] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[datetime] = mapped_column(server_default=func.now())


async def destroyed(session: AsyncSession, row_keys: Iterable[bytes | None]) -> None:
    """Note that these sealed row keys are destroyed in this transaction. Those of earlier releases lie under no key of a day."""
    found = {key for sealed in row_keys if sealed is not None and (key := key_of(sealed)) is not None}
    if found:
        rows = [{"day": key.day, "generation": key.generation} for key in sorted(found)]
        await session.execute(insert(KeyTurn).values(rows).on_conflict_do_nothing())
