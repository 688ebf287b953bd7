"""Rows of pairings. One is ended, never changed otherwise and never deleted."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

KINDS = ("leader_township", "secretary_village", "unit_village", "member_household")
ENDED_BECAUSE = ("transferred", "left", "household_ended", "reassigned", "mistake", "other")
_IN_FORCE = text("valid_to IS NULL")
_OPEN = text("household_id IS NOT NULL AND valid_to IS NULL")
_OVER = text("household_id IS NOT NULL AND valid_to IS NOT NULL")


class Pairing(Base):
    """挂钩: who looks after whom, from `valid_from` until the day before `valid_to`.

    B5, B34: a county leader a township, a party secretary a village, a member a household; a unit (挂钩单位) a village. `member_id` is
    whose it is, of `unit_village` the unit `by_unit_id`. `unit_id` is the township or village; of a household the village it is listed
    in. A household has one member at a time. `follows_id` is the pairing it was taken over from.
    """

    __tablename__ = "pairings"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
        CheckConstraint(
            "(kind = 'unit_village') = (by_unit_id IS NOT NULL) AND (by_unit_id IS NULL) = (member_id IS NOT NULL)", name="whose"
        ),
        CheckConstraint("(kind = 'member_household') = (household_id IS NOT NULL)", name="household"),
        CheckConstraint("valid_to >= valid_from", name="interval"),
        CheckConstraint(f"ended_because IN {ENDED_BECAUSE!r}", name="ended_because"),
        CheckConstraint(
            "(valid_to IS NULL) = (ended_because IS NULL) AND (valid_to IS NULL) = (ended_at IS NULL)", name="ended_with_reason"
        ),
        Index("uq_pairings_household", "household_id", unique=True, postgresql_where=_IN_FORCE),
        Index(
            "uq_pairings_unit", "kind", "unit_id", text("coalesce(member_id, by_unit_id)"), unique=True,
            postgresql_where=text("valid_to IS NULL AND household_id IS NULL"),
        ),
        Index(None, "member_id", "valid_from"),
        Index(None, "by_unit_id"),
        Index(None, "unit_id", "kind"),
        Index("ix_pairings_household_id", "household_id", "valid_from"),
        Index("ix_pairings_open_recorded", "recorded_at", postgresql_where=_OPEN),
        Index("ix_pairings_open_from", "valid_from", postgresql_where=_OPEN),
        Index("ix_pairings_over_ended", "ended_at", postgresql_where=_OVER),
        Index("ix_pairings_over_to", "valid_to", postgresql_where=_OVER),
        Index("ix_pairings_places", "kind", "unit_id", postgresql_where=text("household_id IS NULL")),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    by_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    ended_because: Mapped[str | None]
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("pairings.id"))
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    ended_at: Mapped[datetime | None]
    ended_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class HomeCount(Base):
    """How many households there are in a unit and how many of them have a member; how many a member has: at present, as the sum of rows.

    The database adds a row for whatever changes of `households` and `pairings`, in the same transaction, so that the sums are right in
    every snapshot and nobody waits for anybody. Rows are folded into one for each unit and member by the worker.
    """

    __tablename__ = "home_counts"
    __table_args__ = (CheckConstraint("(unit_id IS NULL) <> (member_id IS NULL)", name="of_one"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    unit_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]
    homes: Mapped[int]
    paired: Mapped[int]
