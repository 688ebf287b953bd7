"""What the hotline is to tell somebody by telephone: the last way to a person, or a call-back that only the hotline may make."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, UniqueConstraint, select, text, update
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.platform.bulk import insert_many
from services.platform.database import Base
from services.platform.ids import new_id
from services.platform.sealed_words import SealedWords, seal_words
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket

CALL_BACK_ASKS = "请回访：承办单位是否联系过您、问题是否解决、您是否满意。"


class PhoneTask(Base):
    """One call to make. `words` are what to tell, sealed and never changed; whom to call stands, sealed, with the complaint.

    `message_id` is the message that found no other way, `event_id` the answer a call-back asks about, in the ticket's `round`: one task
    for each and person. `tries` counts calls, none before `not_before`. While somebody calls, they have taken the task until `taken_until`.
    `draw_id` is the draw that asked for a call-back: it is made after the ticket was closed as well.
    A call-back that the ticket went on without is ``void``; one with a `message_id` is the only way to the answer, and stays to tell it.
    """

    __tablename__ = "phone_tasks"
    __table_args__ = (
        CheckConstraint("purpose IN ('tell', 'call_back')", name="purpose"),
        CheckConstraint("state IN ('open', 'done', 'unreachable', 'void')", name="state"),
        UniqueConstraint("event_id", "complaint_id"),
        Index("ix_phone_tasks_open", "not_before", "id", postgresql_where=text("state = 'open'")),
        Index(None, "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id"), unique=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    complaint_id: Mapped[UUID | None] = mapped_column(ForeignKey("complaints.id"))
    purpose: Mapped[str]
    row_key: Mapped[bytes | None]
    sealed_words: Mapped[bytes | None]
    clear_words: Mapped[str | None] = mapped_column("words")
    said: Mapped[SealedWords] = composite("id", "row_key", "sealed_words", "clear_words")
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    not_before: Mapped[datetime]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    call_id: Mapped[str | None]
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.id"))
    round: Mapped[int] = mapped_column(server_default=text("1"))
    taken_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    taken_until: Mapped[datetime | None]
    draw_id: Mapped[UUID | None]

    @property
    def words(self) -> str:
        """What to tell: of a call-back that became a call to tell, without what it was to ask."""
        words = self.said.words
        return words.replace(CALL_BACK_ASKS, "").rstrip() if self.purpose == "tell" else words


async def open_phone_tasks(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Open a task for each row: `ticket_id`, `purpose`, `words`, and perhaps others of its columns.

    A message, and a person for an answer, that has its task already gets no second one: the call-back takes the answer along, and where
    it is void already it becomes the call that tells it.
    """
    nothing: dict[str, Any] = dict.fromkeys(("message_id", "complaint_id", "event_id", "draw_id"))
    usual = {**nothing, "round": 1, "state": "open", "not_before": work.now, "created_at": work.now}
    made = [_sealed({**usual, "id": new_id(), **row}) for row in rows]
    carried = [row for row in made if row["message_id"] is not None and row["event_id"] is not None]
    await insert_many(work.session, PhoneTask, [row for row in made if row not in carried], condition="ON CONFLICT DO NOTHING")
    await insert_many(work.session, PhoneTask, carried, condition=_TAKEN_ALONG)


def _sealed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "words"} | seal_words(row["id"], row["words"])


async def tell_what_was_only_asked(work: Work, overtaken: ColumnElement[bool]) -> None:
    """Make those call-backs among `overtaken` calls to tell that carry an answer of the round the ticket is in still."""
    same_round = PhoneTask.ticket_id.in_(select(Ticket.id).where(Ticket.id == PhoneTask.ticket_id, Ticket.round == PhoneTask.round))
    await work.session.execute(
        update(PhoneTask)
        .where(overtaken, PhoneTask.purpose == "call_back", PhoneTask.message_id.is_not(None), same_round)
        .values(purpose="tell", tries=0, not_before=work.now)
    )


_TAKEN_ALONG = """
ON CONFLICT (event_id, complaint_id) DO UPDATE SET message_id = EXCLUDED.message_id,
    purpose = CASE phone_tasks.state WHEN 'void' THEN EXCLUDED.purpose ELSE phone_tasks.purpose END,
    not_before = CASE phone_tasks.state WHEN 'void' THEN EXCLUDED.not_before ELSE phone_tasks.not_before END,
    done_at = CASE phone_tasks.state WHEN 'void' THEN NULL ELSE phone_tasks.done_at END,
    state = CASE phone_tasks.state WHEN 'void' THEN 'open' ELSE phone_tasks.state END
WHERE phone_tasks.message_id IS NULL
"""
