"""What evidence a category demands, and what about pictures somebody should look at before a ticket is closed. Pure.

A flag accuses nobody: it says what a picture was compared with and how far apart they are. Of two pictures alike the one that was shown
later is flagged, whichever came to be looked at first; tickets that are merged are one matter, and so are the rounds of a ticket.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.attachments.likeness import alike
from services.platform.errors import Conflict
from services.routing.geo import Point, distance_metres
from services.tickets.case import Case
from services.tickets.command_parts import File

KINDS = ("reused", "same_file", "before_is_after", "older_than_matter", "elsewhere")
ACROSS = ("reused", "same_file")
"""Kinds that compare two tickets; the others compare a ticket with itself."""
KIND_NAMES = {
    "reused": "另一工单用过看起来相同的照片",
    "same_file": "另一工单用过同一个文件",
    "before_is_after": "处置前后是同一张照片",
    "older_than_matter": "处置后照片的拍摄时间早于诉求",
    "elsewhere": "照片的拍摄地点远离事发地",
}
DEMAND_NAMES = {"text": "文字说明", "photo": "照片", "before_photo": "处置前照片", "after_photo": "处置后照片", "place": "事发地"}

SHOWING = frozenset({"evidence", "before", "after"})
"""Roles of pictures that show the matter; a signature or a recording does not."""
CLOCKS_APART = timedelta(minutes=30)
"""So much a camera's clock may be slow before its picture counts as older than the matter."""
SEEN_BEFORE = timedelta(days=1)
"""So long before its report the work on a matter of the field may have been done: seen and solved at noon, reported in the evening."""
FAR = 2_000.0
"""Metres from the ticket's point beyond which a picture was taken elsewhere: villages are wide, and maps are off by up to 700 m."""
_SOUTH, _NORTH, _WEST, _EAST = 3.0, 54.0, 73.0, 136.0  # a fix outside of China is a camera's mistake


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it was shown with a ticket: by a work log of `round`, or by whoever complained (`told`, round 0).

    `family_id` is the ticket it is merged into, else the ticket itself. `shown_at` is when it was linked, or named where it came later.
    """

    attachment_id: UUID
    ticket_id: UUID
    family_id: UUID
    subject_id: UUID
    told: bool
    role: str
    round: int
    shown_at: datetime
    sha256: bytes
    likeness: bytes | None = None
    taken_at: datetime | None = None
    lat: float | None = None
    lon: float | None = None

    @property
    def order(self) -> tuple[datetime, UUID, UUID]:
        """Which of two was there first; the same for whoever asks."""
        return self.shown_at, self.attachment_id, self.subject_id


@dataclass(frozen=True, slots=True)
class Matter:
    """What a ticket says of time and place. `since` is when it was received, or the round was opened; the point is WGS-84."""

    since: datetime
    field: bool = False
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A flag to be raised on `picture`; `other` is the picture it was compared with, None where it was compared with the ticket."""

    kind: str
    picture: Picture
    other: Picture | None = None
    distance: int | None = None
    metres: int | None = None
    since: datetime | None = None

    @property
    def other_ticket_id(self) -> UUID:
        """The ticket it was compared with: its own where that was compared with itself."""
        return self.other.ticket_id if self.other else self.picture.ticket_id


def missing_evidence(case: Case, files: Iterable[File]) -> list[str]:
    """Return what the category demands and the round does not have, counting `files` that come with the command.

    Only pictures count as photos, whatever role somebody gave a file, and each file in one role: the last it was given.
    """
    given = {file.id: file.role for file in files if file.id in case.pictures}
    return lacking(case, case.evidence | set(given.values()))


def lacking(case: Case, shown: Iterable[str]) -> list[str]:
    """Return what the category demands and is not among `shown`, the roles of pictures in the round."""
    roles = frozenset(shown)
    has = {
        "text": True,  # nobody resolves without words
        "photo": bool(roles & SHOWING),
        "before_photo": "before" in roles,
        "after_photo": "after" in roles,
        "place": case.ticket.place_unit_id is not None,
    }
    return [demand for demand in (case.category.evidence if case.category else ()) if not has[demand]]


def refuse_unreviewed(case: Case, words: str | None) -> None:
    """Raise Conflict ``ticket.evidence_flagged`` where flags of the round wait for somebody to say why they are all right.

    And ``ticket.evidence_unseen`` where pictures of the round were not compared yet: a moment after they were shown, or longer where no
    worker runs; whoever cannot wait looks at them and says so.
    """
    if case.flags and words is None:
        raise Conflict(
            "ticket.evidence_flagged",
            "Look at the flagged pictures (GET …/evidence); then close with flags_words that say why they are all right.",
            extra={"flags": [{"id": str(flag.id), "kind": flag.kind, "attachment_id": str(flag.attachment_id)} for flag in case.flags]},
        )

    if case.look_owed and words is None:
        raise Conflict(
            "ticket.evidence_unseen",
            "The pictures have not been compared with others yet; try again in a few seconds, or look at them and close with flags_words.",
            headers={"Retry-After": "3"},
        )


def findings(looked_at: Iterable[Picture], others: Iterable[Picture], matters: Mapping[UUID, Matter]) -> list[Finding]:
    """Return what there is to flag in `looked_at`, and in `others` because of them; `matters` by ticket and, for later rounds, by log.

    Of one picture that is like many, the one shown first is told. The order of either argument makes no difference.
    """
    seen, first = list(looked_at), dict[tuple[UUID, UUID, str], Finding]()
    found = [finding for picture in seen for finding in of_itself(picture, matters)]
    pairs = (compared(picture, other) for picture in seen for other in others)
    for finding in [*found, *(pair for pair in pairs if pair)]:
        key = (finding.picture.subject_id, finding.picture.attachment_id, finding.kind)
        known = first.get(key)
        if known is None or (finding.other and known.other and finding.other.order < known.other.order):
            first[key] = finding
    return sorted(first.values(), key=lambda finding: (finding.picture.order, finding.kind))


def compared(one: Picture, other: Picture) -> Finding | None:
    """Return what the likeness of two pictures tells, in whichever order they are given."""
    apart = 0 if one.sha256 == other.sha256 else alike(one.likeness, other.likeness)
    if apart is None or one.order == other.order:
        return None
    if one.ticket_id == other.ticket_id:
        return _within(one, other, apart) or _within(other, one, apart)
    if one.family_id == other.family_id:
        return None
    return _between(one, other, apart) if one.order < other.order else _between(other, one, apart)


def _between(earlier: Picture, later: Picture, apart: int) -> Finding | None:
    """Return the flag on the later of two pictures of different matters.

    A villager may show what they like, and what they showed may be shown again as how it was before.
    """
    if later.told or (earlier.told and later.role != "after"):
        return None
    if earlier.sha256 == later.sha256:
        return Finding("same_file", later, earlier, 0)
    return Finding("reused", later, earlier, apart) if {earlier.role, later.role} <= SHOWING else None


def _within(before: Picture, after: Picture, apart: int) -> Finding | None:
    """Return the flag on an "after" that is the "before" of its own ticket, or what the complainant had shown."""
    if after.told or after.role != "after" or (not before.told and before.role != "before"):
        return None
    first = before.shown_at <= after.shown_at if before.told else before.round <= after.round
    return Finding("before_is_after", after, before, apart) if first else None


def of_itself(picture: Picture, matters: Mapping[UUID, Matter]) -> list[Finding]:
    """Return what a picture's own time and place tell beside the ticket's."""
    matter = matters.get(picture.subject_id) or matters.get(picture.ticket_id)
    if picture.told or picture.role not in SHOWING or matter is None:
        return []
    found = []
    slack = SEEN_BEFORE if matter.field else CLOCKS_APART
    if picture.role == "after" and picture.taken_at is not None and picture.taken_at < matter.since - slack:
        found.append(Finding("older_than_matter", picture, since=matter.since))
    metres = _metres(picture, matter)
    if metres is not None and metres > FAR:
        found.append(Finding("elsewhere", picture, metres=round(metres)))
    return found


def _metres(picture: Picture, matter: Matter) -> float | None:
    """Return how far from the ticket's point a picture was taken; None where either is not known, or the camera cannot be right."""
    if picture.lat is None or picture.lon is None or matter.lat is None or matter.lon is None:
        return None
    if not (_SOUTH <= picture.lat <= _NORTH and _WEST <= picture.lon <= _EAST):
        return None
    return distance_metres(Point(picture.lat, picture.lon), Point(matter.lat, matter.lon))
