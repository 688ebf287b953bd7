"""Rows of candidates, focus issues and registered matters: who is responsible, who supervises, who follows. Words name nobody."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

ASSET_KINDS = ("canal", "road", "pipe", "embankment", "power_line", "bridge", "other")
CANDIDATE_STATES = ("open", "taken", "set_aside", "gone")
STATES = ("determined", "registered", "declined", "struck_off")
SOURCE_KINDS = ("ticket", "opinion")
LEVELS = ("county", "township", "village")
LOOKED_AT = ("township", "village", "work")
URGENCIES = ("normal", "urgent", "emergency")
FLAG_LEVELS = ("province", "city", "county")
_NOW = text("until IS NULL")


class Asset(Base):
    """Something long that several villages share: a canal, a road. `called` are the names villagers use for it."""

    __tablename__ = "assets"
    __table_args__ = (CheckConstraint(f"kind IN {ASSET_KINDS!r}", name="kind"), CheckConstraint("length_m > 0", name="length_m"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    called: Mapped[list[str]]
    length_m: Mapped[int]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class AssetSegment(Base):
    """The part of an asset that lies in a village, in metres from where it begins. Segments of an asset do not overlap."""

    __tablename__ = "asset_segments"
    __table_args__ = (
        CheckConstraint("from_m >= 0 AND to_m > from_m", name="metres"),
        UniqueConstraint("asset_id", "from_m"),
        Index(None, "unit_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    from_m: Mapped[int]
    to_m: Mapped[int]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MatterCandidate(Base):
    """A trouble that enough households tell, from the first look that saw it. `figures` are those of the last look: counts, no words.

    `households` is kept beside, for order. Of one set aside, `households_then` is what it had; it is open again once it has grown.
    """

    __tablename__ = "matter_candidates"
    __table_args__ = (
        CheckConstraint(f"state IN {CANDIDATE_STATES!r}", name="state"),
        CheckConstraint("(state = 'set_aside') = (households_then IS NOT NULL)", name="households_then"),
        Index("ix_matter_candidates_watched", "unit_id", postgresql_where=text("state IN ('open', 'set_aside')")),
        Index(None, "opened_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    segment_id: Mapped[UUID | None] = mapped_column(ForeignKey("asset_segments.id"))
    branch: Mapped[str]
    state: Mapped[str]
    households: Mapped[int]
    households_then: Mapped[int | None]
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    figures: Mapped[Json]


class CandidateLook(Base):
    """What a candidate was from an instant on: each look that saw something else, and each decision. Written once."""

    __tablename__ = "matter_candidate_looks"
    __table_args__ = (CheckConstraint(f"state IN {CANDIDATE_STATES!r}", name="state"),)

    candidate_id: Mapped[UUID] = mapped_column(ForeignKey("matter_candidates.id"), primary_key=True)
    looked_at: Mapped[datetime] = mapped_column(primary_key=True)
    state: Mapped[str]
    households: Mapped[int]
    figures: Mapped[Json]


class Matter(Base):
    """挂号事项: a focus issue by decision; in the county's register once it has a number.

    `counted` is what spoke for it at that moment, frozen. `origin_on` is since when the trouble is there, which may be years before
    anybody typed it in. `version` counts the events of the matter. Struck off is what has a certificate of its present round.
    """

    __tablename__ = "matters"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        CheckConstraint("tension BETWEEN 1 AND 5", name="tension"),
        CheckConstraint(f"urgency IN {URGENCIES!r}", name="urgency"),
        CheckConstraint("(state = 'determined') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(decided_at IS NULL) = (decided_by_account_id IS NULL)", name="decided_by_somebody"),
        CheckConstraint("(state IN ('determined', 'declined')) = (number IS NULL)", name="numbered"),
        CheckConstraint("num_nulls(number, year, sequence, lead_unit_id) IN (0, 4)", name="registered_whole"),
        CheckConstraint("(state = 'struck_off') = (struck_off_at IS NOT NULL)", name="struck_off"),
        CheckConstraint("(struck_off_at IS NULL) = (certificate_id IS NULL)", name="with_certificate"),
        ForeignKeyConstraint(
            ["certificate_id", "id", "round"],
            ["matter_certificates.id", "matter_certificates.matter_id", "matter_certificates.round"],
            name="fk_matters_certificate",
            use_alter=True,
        ),
        UniqueConstraint("year", "sequence"),
        Index("uq_matters_candidate", "candidate_id", unique=True, postgresql_where=text("state <> 'declined'")),
        Index(None, "unit_id", "id"),
        Index(None, "determined_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str | None] = mapped_column(unique=True)
    year: Mapped[int | None]
    sequence: Mapped[int | None]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    category_code: Mapped[str]
    title: Mapped[str]
    segment_id: Mapped[UUID | None] = mapped_column(ForeignKey("asset_segments.id"))
    candidate_id: Mapped[UUID | None] = mapped_column(ForeignKey("matter_candidates.id"))
    origin_on: Mapped[date]
    tension: Mapped[int]
    urgency: Mapped[str]
    counted: Mapped[Json]
    because: Mapped[str]
    determined_at: Mapped[datetime]
    determined_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    state: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    decision: Mapped[str | None]
    lead_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    round: Mapped[int] = mapped_column(server_default=text("1"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    struck_off_at: Mapped[datetime | None]
    certificate_id: Mapped[str | None]


class MatterState(Base):
    """What of a matter can change, as it was from a version on. Written once."""

    __tablename__ = "matter_states"

    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    known_at: Mapped[datetime]
    state: Mapped[str]
    number: Mapped[str | None]
    tension: Mapped[int]
    lead_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    round: Mapped[int]


class MatterNumber(Base):
    """How far the register of a year has got. Whoever registers waits for its row, so that no number is left out."""

    __tablename__ = "matter_numbers"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class MatterSource(Base):
    """A ticket or an opinion that is part of a matter. Each is part of one at a time; those of a declined one are free again."""

    __tablename__ = "matter_sources"
    __table_args__ = (
        CheckConstraint(f"kind IN {SOURCE_KINDS!r}", name="kind"),
        Index(None, "source_id"),
        Index("uq_matter_sources_now", "source_id", unique=True, postgresql_where=text("left_at IS NULL")),
    )

    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    joined_at: Mapped[datetime]
    joined_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    left_at: Mapped[datetime | None]


class MatterSupervisor(Base):
    """Who supervises a matter at a level, by name, and from which seat. One for each level at a time."""

    __tablename__ = "matter_supervisors"
    __table_args__ = (
        CheckConstraint(f"level IN {LEVELS!r}", name="level"),
        CheckConstraint("(until IS NULL) = (ended_at IS NULL)", name="ended"),
        Index(None, "matter_id"),
        Index("uq_matter_supervisors_now", "matter_id", "level", unique=True, postgresql_where=_NOW),
        Index("ix_matter_supervisors_member", "member_id", postgresql_where=_NOW),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    level: Mapped[str]
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    since: Mapped[date]
    until: Mapped[date | None]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    ended_at: Mapped[datetime | None]
    ended_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class SupervisionNote(Base):
    """What a supervisor noted of what is below: the next level, or past it."""

    __tablename__ = "supervision_notes"
    __table_args__ = (CheckConstraint(f"about IN {LOOKED_AT!r}", name="about"), Index(None, "supervisor_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    supervisor_id: Mapped[UUID] = mapped_column(ForeignKey("matter_supervisors.id"))
    about: Mapped[str]
    happened_on: Mapped[date]
    words: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MatterFollower(Base):
    """The paired member who follows a matter, at an agreed rhythm. One at a time."""

    __tablename__ = "matter_followers"
    __table_args__ = (
        CheckConstraint("rhythm_days BETWEEN 1 AND 92", name="rhythm_days"),
        CheckConstraint("(until IS NULL) = (ended_at IS NULL)", name="ended"),
        Index(None, "matter_id"),
        Index("uq_matter_followers_now", "matter_id", unique=True, postgresql_where=_NOW),
        Index("ix_matter_followers_member", "member_id", postgresql_where=_NOW),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    rhythm_days: Mapped[int]
    since: Mapped[date]
    until: Mapped[date | None]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    ended_at: Mapped[datetime | None]
    ended_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class FollowUp(Base):
    """What the paired member reported. The id is the phone's own: the same again is the same."""

    __tablename__ = "follow_ups"
    __table_args__ = (Index(None, "follower_id", "happened_on"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    follower_id: Mapped[UUID] = mapped_column(ForeignKey("matter_followers.id"))
    happened_on: Mapped[date]
    words: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class FollowUpAlarm(Base):
    """A follow-up that never came, told to the supervisors once."""

    __tablename__ = "follow_up_alarms"

    follower_id: Mapped[UUID] = mapped_column(ForeignKey("matter_followers.id"), primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    raised_at: Mapped[datetime]


class ProblemVillage(Base):
    """问题村: a village on a list of a level, since when, why, and until when."""

    __tablename__ = "problem_villages"
    __table_args__ = (
        CheckConstraint(f"level IN {FLAG_LEVELS!r}", name="level"),
        CheckConstraint("until >= since", name="interval"),
        CheckConstraint("(until IS NULL) = (ended_at IS NULL) AND (until IS NULL) = (ended_because IS NULL)", name="ended"),
        Index("uq_problem_villages_now", "unit_id", "level", unique=True, postgresql_where=_NOW),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    level: Mapped[str]
    since: Mapped[date]
    because: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    until: Mapped[date | None]
    ended_because: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
