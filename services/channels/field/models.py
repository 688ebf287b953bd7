"""Rows of what phones send from the field."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, BigInt, Json

KINDS = (
    "report", "supplement", "reword", "action", "shift", "service_step", "visit", "visit_completion", "opinion", "confirmation",
    "opinion_wording", "opinion_outcome", "help_step", "mediation_session",
)  # fmt: skip
STATES = ("waiting", "applied", "conflict", "refused")


class FieldCommand(Base):
    """A command of somebody's phone, taken once, and what became of it.

    `fingerprint` tells the same command from another under its id. `happened_at` is what the device said, `counted_at` what it is taken
    for (see :mod:`services.channels.field.times`), `offset_ms` how far the server's clock was before the device's. `result` holds ids,
    codes and sentences of ours. What was not applied is kept whole in the sealed paper `paper_id`, until it is applied or dismissed.
    """

    __tablename__ = "field_commands"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        Index("ix_field_commands_kept", "account_id", "state", "command_id", postgresql_where=text("paper_id IS NOT NULL")),
    )

    command_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    device_id: Mapped[UUID]
    kind: Mapped[str]
    fingerprint: Mapped[bytes]
    state: Mapped[str]
    code: Mapped[str | None]
    result: Mapped[Json]
    depends_on: Mapped[list[str]]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    happened_at: Mapped[datetime]
    counted_at: Mapped[datetime]
    offset_ms: Mapped[int] = mapped_column(BigInt)
    received_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]


class DeviceClock(Base):
    """How far the clock of somebody's device is behind ours (negative: ahead), as its last batch showed."""

    __tablename__ = "device_clocks"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    offset_ms: Mapped[int] = mapped_column(BigInt)
    batches: Mapped[int]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
