"""Rows of verification: draws and what they chose, and adjudications of unreasonable demands."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

REASONS = {
    "unlawful": "所提要求违反法律法规",
    "beyond_policy": "所提要求超出政策规定",
    "impossible": "客观上无法实现",
    "finally_decided": "已经依法终结",
    "private_matter": "属个人或民事事务，不是政府职责",
    "harms_others": "损害他人或公共利益",
    "untrue": "反映的情况经查不属实",
}
STATES = ("proposed", "granted", "refused", "appealed", "upheld", "overturned")
IN_FORCE = ("granted", "upheld")
"""States in which a ticket is left out of the rates after removal (剔除后). While an appeal is open it is not."""


class Draw(Base):
    """A draw (抽查) of rounds whose call-back is checked. The days from `first` to `last` are days in Asia/Shanghai, both included.

    `seed_hash` is published when the draw is announced; `seed` when it is opened, and the database takes no other than the one that was
    promised. Until then the seed lies sealed in `sealed_seed`. `sequence` numbers the draws over days that overlap. `left_out` says how
    many tickets of the days could not be drawn, and why; `candidates_hash` is the SHA-256 over all that could.
    """

    __tablename__ = "draws"
    __table_args__ = (
        CheckConstraint("seed IS NULL OR sha256(seed) = seed_hash", name="the_promised_seed"),
        CheckConstraint("(seed IS NULL) = (opened_at IS NULL)", name="opened"),
        CheckConstraint("opened_at IS NULL OR drawn_at IS NOT NULL", name="drawn_before_opened"),
        CheckConstraint("per_mille BETWEEN 1 AND 1000 AND minimum >= 0 AND first <= last", name="bounds"),
        UniqueConstraint("first", "last", "sequence"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    first: Mapped[date]
    last: Mapped[date]
    sequence: Mapped[int]
    words: Mapped[str | None]
    per_mille: Mapped[int]
    minimum: Mapped[int]
    calls_until: Mapped[date]
    seed_hash: Mapped[bytes]
    sealed_seed: Mapped[bytes]
    seed: Mapped[bytes | None]
    announced_at: Mapped[datetime]
    announced_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    drawn_at: Mapped[datetime | None]
    drawn_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    opened_at: Mapped[datetime | None]
    opened_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    left_out: Mapped[Json | None]
    candidates_hash: Mapped[bytes | None]


class DrawnTicket(Base):
    """A round of a ticket that could be drawn, the unit that did its work, and whether it was chosen."""

    __tablename__ = "drawn_tickets"
    __table_args__ = (Index(None, "ticket_id"),)

    draw_id: Mapped[UUID] = mapped_column(ForeignKey("draws.id"), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    unit_code: Mapped[str]
    chosen: Mapped[bool]


class DemandExclusion(Base):
    """不合理诉求认定: one for each round of a ticket, proposed, decided and, where it is appealed, decided again by three different people.

    It says nothing of the ticket but how it is counted. What a complainant appeals with lies in the sealed paper `appeal_paper_id`.
    """

    __tablename__ = "demand_exclusions"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        CheckConstraint(f"reason IN {tuple(REASONS)!r}", name="reason"),
        CheckConstraint("decided_by_account_id <> proposed_by_account_id", name="another_decides"),
        CheckConstraint("closed_by_account_id NOT IN (proposed_by_account_id, decided_by_account_id)", name="a_third_decides_the_appeal"),
        CheckConstraint("decided_at IS NULL OR decided_by_account_id IS NOT NULL", name="decided_by_somebody"),
        CheckConstraint("closed_at IS NULL OR closed_by_account_id IS NOT NULL", name="closed_by_somebody"),
        CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(state IN ('upheld', 'overturned')) = (closed_at IS NOT NULL)", name="closed"),
        UniqueConstraint("ticket_id", "round"),
        Index(None, "state", "proposed_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str]
    words: Mapped[str]
    proposed_at: Mapped[datetime]
    proposed_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    proposed_by_unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    decided_at: Mapped[datetime | None]
    decided_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    decision: Mapped[str | None]
    appeal_until: Mapped[datetime | None]
    appealed_at: Mapped[datetime | None]
    appeal_taken_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    appeal_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    closed_at: Mapped[datetime | None]
    closed_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    closing: Mapped[str | None]
