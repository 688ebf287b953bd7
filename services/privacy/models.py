"""Rows of what becomes of personal data."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.complaints.retention import KINDS
from services.platform.database import Base

BECAUSE = {"request": "当事人请求", "retention": "保存期限届满", "order": "主管机关决定", "unlawful": "违法或超范围收集"}
"""Why something is erased."""
HOLD_REASONS = {"litigation": "诉讼", "review": "行政复议", "inspection": "纪检监察", "audit": "审计", "investigation": "调查取证"}
"""Why something must not be erased."""
REQUEST_KINDS = {"access": "查阅", "copy": "复制", "correction": "更正", "deletion": "删除"}
REFUSED_BECAUSE = {
    "not_the_person": "无法确认是当事人本人",
    "held": "依法需要保全，暂不能删除",
    "still_needed": "事项仍在办理，处理目的尚未实现",
    "law_keeps": "法律、行政法规规定的保存期限未届满",
    "others_rights": "会损害他人合法权益",
    "unfounded": "没有需要更正的内容",
}


class LegalHold(Base):
    """Nothing of a ticket's is erased until `until`, or until somebody else than who placed it lifts it."""

    __tablename__ = "legal_holds"
    __table_args__ = (
        CheckConstraint(f"reason IN {tuple(HOLD_REASONS)!r}", name="reason"),
        CheckConstraint("lifted_by_account_id <> placed_by_account_id", name="another_lifts"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by_account_id IS NULL)", name="lifted"),
        CheckConstraint("until > placed_at", name="until"),
        Index(None, "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    reason: Mapped[str]
    words: Mapped[str]
    until: Mapped[datetime]
    placed_at: Mapped[datetime]
    placed_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class PersonRequest(Base):
    """What a person asks about their own data, by tracking code. One open of each kind and complaint: asked again, it is the same.

    `paper_id` is what they wrote with it (kind ``person_request``), sealed. A copy that was granted can be fetched until `open_until`.
    """

    __tablename__ = "person_requests"
    __table_args__ = (
        CheckConstraint(f"kind IN {tuple(REQUEST_KINDS)!r}", name="kind"),
        CheckConstraint("state IN ('open', 'done', 'refused')", name="state"),
        CheckConstraint(f"reason IN {tuple(REFUSED_BECAUSE)!r}", name="reason"),
        CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="refused_because"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        Index("ix_person_requests_open", "complaint_id", "kind", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_person_requests_due", "due_at", "id", postgresql_where=text("state = 'open'")),
        Index(None, "complaint_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[str]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str]
    reason: Mapped[str | None]
    words: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    open_until: Mapped[datetime | None]


class Erasure(Base):
    """One kind of personal data of one complaint that is to be erased, and was. It says what and why, never whom.

    `whole`: of the words nothing stays, else only what tells of somebody is taken out. `paper_id`: passages to take out, sealed until done.
    `erased_at` is when the rows were, `done_at` when the last file was gone from the store.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
        CheckConstraint(f"because IN {tuple(BECAUSE)!r}", name="because"),
        CheckConstraint("done_at IS NULL OR erased_at IS NOT NULL", name="erased_before_done"),
        Index(None, "complaint_id", "kind"),
        Index("ix_erasures_owed", "planned_at", "id", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"))
    kind: Mapped[str]
    because: Mapped[str]
    whole: Mapped[bool]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("person_requests.id"))
    planned_at: Mapped[datetime]
    planned_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    erased_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]


class ErasedFile(Base):
    """A file that is still to be dropped from the store."""

    __tablename__ = "erased_files"

    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("erasures.id"), primary_key=True)
    store_key: Mapped[str] = mapped_column(primary_key=True)
