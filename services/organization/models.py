"""Rows of the organisation."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

KINDS = ("city", "county", "township", "village", "community", "grid", "station", "department")
TIERS = ("grid", "village", "township", "county", "city")
ROLES = {
    "grid_worker": "网格员",
    "guide": "网格指导员",
    "assistant": "网格助理员",
    "village_secretary": "村组织书记",
    "township_dispatcher": "乡镇调度员",
    "department_officer": "部门承办人",
    "county_supervisor": "县级督办员",
    "hotline_operator": "热线话务员",
    "service_member": "挂钩党员",
    "organization_inspector": "组织监督员",
    "discipline_inspector": "纪检监督员",
    "analyst": "分析员",
    "administrator": "管理员",
}


class Unit(Base):
    """Anything that can be responsible. `path` is the chain of codes from the root, ``/441624/441624108/``: scope is a prefix of it.

    `tier` is the executing tier (a community is of tier village, a station of tier township, a county department of tier county),
    `function` the functional line of a department or station. `lat`/`lon` are WGS-84. `duty_phone` is the office's, published: see
    `duty_phones.py`, also for what `duty_phone_reason` is.
    """

    __tablename__ = "units"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
        CheckConstraint(f"tier IN {TIERS!r}", name="tier"),
        Index(None, "path", postgresql_ops={"path": "text_pattern_ops"}),
        Index(None, "parent_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    tier: Mapped[str]
    name: Mapped[str]
    aliases: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    path: Mapped[str]
    function: Mapped[str | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    population: Mapped[int | None]
    households: Mapped[int | None]
    duty_phone: Mapped[str | None]
    duty_phone_reason: Mapped[str | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    predecessor_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Member(Base):
    """A person who works here. `party_member` decides between guide and assistant (A17)."""

    __tablename__ = "members"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_number: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    party_member: Mapped[bool]
    left_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Post(Base):
    """A role somebody holds in a unit, from `valid_from` to `valid_to` (the first day it is over)."""

    __tablename__ = "posts"
    __table_args__ = (
        CheckConstraint(f"role IN {tuple(ROLES)!r}", name="role"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="interval"),
        UniqueConstraint("member_id", "unit_id", "role", "valid_from"),
        Index(None, "unit_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    role: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    created_at: Mapped[datetime]
