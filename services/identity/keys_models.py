"""Rows of the keys of programs."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base


class ApiKey(Base):
    """A key of a program, which acts from an account of its own with rights that are borrowed.

    Borrowed from an owner's account (all posts, or the one of `role` and `unit_id`), or from a seat that stands for the program alone.
    `area_unit_id` narrows it to an area. The secret is kept as a keyed digest, and sealed only where requests are signed with it.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint("(role IS NULL) = (unit_id IS NULL)", name="seat"),
        CheckConstraint("owner_account_id IS NOT NULL OR role IS NOT NULL", name="owner"),
        CheckConstraint("owner_account_id IS DISTINCT FROM account_id", name="not_its_own"),
        CheckConstraint("expires_at > created_at AND expires_at <= created_at + interval '366 days'", name="term"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), unique=True)
    name: Mapped[str]
    owner_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    role: Mapped[str | None]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    area_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    actions: Mapped[list[str]]
    addresses: Mapped[list[str]]
    digest: Mapped[bytes]
    signing_secret: Mapped[bytes | None]
    made_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_on: Mapped[date | None]
