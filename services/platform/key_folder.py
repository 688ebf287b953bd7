"""Whether this process seals under the same keys of days as the others: they lie in a folder, which several machines have to share.

A mark lies in the folder beside the keys. Of it, mixed with the installation secret, the database keeps a print; whoever starts with
another folder, or another secret, is refused before it seals what the others could not read. The first process to start writes the print
down, if its folder opens what was sealed last.
"""

import hmac
import secrets
from datetime import datetime

from cryptography.exceptions import InvalidTag
from sqlalchemy import Boolean, CheckConstraint, func, select, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import REPORTING, Base, Database
from services.platform.errors import Unavailable
from services.platform.papers import SealedPaper
from services.platform.row_keys import KeyDestroyed, directory, open_row_key
from services.platform.secrets import derived_key, kept_secret

_MARK = "folder"


class KeyFolder(Base):
    """The print of the folder of day keys that this database goes with. One row."""

    __tablename__ = "key_folder"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=true())
    fingerprint: Mapped[bytes]
    since: Mapped[datetime] = mapped_column(server_default=func.now())


def own_print() -> bytes | None:
    """Return the print of this process's folder; None where no mark lies in it."""
    path = directory() / _MARK
    return _print(path.read_text(encoding="ascii").strip()) if path.exists() else None


async def require_same_folder(database: Database) -> None:
    """Raise Unavailable ``keys.another_folder`` where this process would seal what the others cannot read.

    Where nobody has written down which folder it is, this process does. The reporting door seals and opens nothing, and is not asked.
    """
    if database.role == REPORTING:
        return
    async with database.transaction() as session:
        same = await is_same_folder(session)
        if same is None and await _opens_the_newest(session):
            await session.execute(insert(KeyFolder).values(fingerprint=_made()).on_conflict_do_nothing())
            same = await is_same_folder(session)
        if not same:
            raise Unavailable("keys.another_folder", _WHAT_TO_DO.format(where=directory()))


async def is_same_folder(session: AsyncSession) -> bool | None:
    """Tell whether the keys of this process are those the database goes with; None where nobody has written down which. Changes nothing."""
    known = await session.scalar(select(KeyFolder.fingerprint))
    if known is None:
        return None
    return hmac.compare_digest(known, own_print() or b"")


async def adopt_folder(session: AsyncSession) -> None:
    """Take this process's folder for the one from now on, whatever was written down. For the owner, who knows what was lost."""
    fresh = {"fingerprint": _made(), "since": func.now()}
    once = insert(KeyFolder).values(fresh)
    await session.execute(once.on_conflict_do_update(index_elements=["one"], set_=fresh))


def _made() -> bytes:
    """The print of the folder; the mark is made where there is none."""
    return _print(kept_secret(directory() / _MARK, lambda: secrets.token_hex(32)))


def _print(mark: str) -> bytes:
    return hmac.digest(derived_key("contact.folder"), mark.encode(), "sha256")


async def _opens_the_newest(session: AsyncSession) -> bool:
    """Tell whether what was sealed last can be opened with this folder and secret. Nothing sealed: yes."""
    papers = select(SealedPaper.row_key).where(SealedPaper.row_key.is_not(None)).order_by(SealedPaper.id.desc()).limit(1)
    contacts = text("SELECT row_key FROM complainants WHERE row_key IS NOT NULL ORDER BY complaint_id DESC LIMIT 1")
    for sealed in (await session.scalar(papers), await session.scalar(contacts)):
        if sealed is None:
            continue
        try:
            open_row_key(sealed)
        except KeyDestroyed:
            continue  # this folder knows what became of it
        except (InvalidTag, Unavailable):
            return False
    return True


_WHAT_TO_DO = (
    "The keys of days in {where} are not those this database was sealed under, or DAGUANJIA_SECRET is another: what is sealed here"
    " nobody else could read. Mount the folder the other machines use as <DAGUANJIA_HOME>/contact_keys and give the same secret."
    " If that folder is lost for good, `daguanjia adopt-keys` takes this one instead."
)
