"""Rows of places with signs that many voices are few people."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json


class BrigadingEpisode(Base):
    """A place and branch of the catalogue with signs, from the first look that had any until a while after the last.

    `unit_id` is the village (a wider unit where none is known), `branch` the first part of the category's code, empty where there is none.
    `told_unit_id` is the desk above; `told_at` when it was told of a burst, once.
    """

    __tablename__ = "brigading_episodes"
    __table_args__ = (
        Index("uq_brigading_episodes_open", "unit_id", "branch", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index(None, "opened_at", "id"),
        Index(None, "told_unit_id", "told_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    unit_path: Mapped[str]
    unit_code: Mapped[str]
    unit_name: Mapped[str]
    branch: Mapped[str]
    branch_name: Mapped[str]
    told_unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    opened_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class BrigadingLook(Base):
    """What a look saw of an episode, where it was something else than before. Counts and ticket numbers alone; written once."""

    __tablename__ = "brigading_looks"

    episode_id: Mapped[UUID] = mapped_column(ForeignKey("brigading_episodes.id"), primary_key=True)
    looked_at: Mapped[datetime] = mapped_column(primary_key=True)
    figures: Mapped[Json]
