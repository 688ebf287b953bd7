"""Rows of the catalogue."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

URGENCIES = ("normal", "urgent", "emergency")
PRIVACIES = ("normal", "private", "confidential")


class Category(Base):
    """A node of the category tree; a leaf carries its policy. `limits` maps a stage to ``{"amount": 2, "unit": "working_days"}``.

    `handler` is ``lowest``, ``township``, ``county`` or ``department:<function>``.
    """

    __tablename__ = "categories"
    __table_args__ = (
        CheckConstraint(f"urgency IN {URGENCIES!r}", name="urgency"),
        CheckConstraint(f"privacy IN {PRIVACIES!r}", name="privacy"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("categories.code"))
    name: Mapped[str]
    position: Mapped[int]
    leaf: Mapped[bool]
    urgency: Mapped[str]
    privacy: Mapped[str]
    place_needed: Mapped[bool]
    evidence: Mapped[list[str]]
    limits: Mapped[Json]
    handler: Mapped[str]
    co_handler: Mapped[str | None]
    surfaces_directly: Mapped[bool]
    urgent_ring: Mapped[bool]
    keywords: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    version: Mapped[int]
    updated_at: Mapped[datetime]


class CategoryRevision(Base):
    """What a category said in one version; kept for good, so that old verdicts can be explained."""

    __tablename__ = "category_revisions"

    code: Mapped[str] = mapped_column(ForeignKey("categories.code"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[Json]
    recorded_at: Mapped[datetime]


class CatalogueRow(Base):
    """Who handles a category in an area, where it differs from the category's own `handler`. The deepest area that matches wins."""

    __tablename__ = "catalogue_rows"
    __table_args__ = (Index(None, "category_code", "area_unit_id", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("categories.code"))
    area_unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    handler_unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    note: Mapped[str | None]
    version: Mapped[int]
    updated_at: Mapped[datetime]
