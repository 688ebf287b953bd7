"""Who may enter leave for whom, for how long, and who may act for which post meanwhile. Pure.

Leave 请假 of somebody else is entered by a desk above them or an administrator; one's own by oneself, for a week at most at a stretch.
What is acted for 代班 is always a post of the one who is away: a seat that is itself only acted for cannot be lent on. Nobody makes
themself a deputy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from services.identity.permissions import DESKS, NEVER_ACTED_FOR, area_of
from services.platform.actor import Actor
from services.platform.errors import Conflict, Forbidden, Invalid, NotFound

OWN_DAYS = 7
"""Days of leave, one following the other, that somebody enters for themself."""
LONGEST = timedelta(days=366)
AHEAD = timedelta(days=366)
BACK = timedelta(days=92)
"""How long afterwards a desk or an administrator still enters leave that was taken; one's own is entered before."""

By = Literal["oneself", "desk_above", "administrator", "operator"]


@dataclass(frozen=True, slots=True)
class Span:
    """Days, from the first until the day before `over_on`."""

    first: date
    over_on: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.over_on - self.first).days

    def holds(self, other: "Span") -> bool:
        """Tell whether `other` lies inside."""
        return self.first <= other.first and other.over_on <= self.over_on


@dataclass(frozen=True, slots=True)
class HeldPost:
    """A post of the one who is away."""

    id: UUID
    holder_id: UUID
    role: str
    unit_id: UUID
    path: str
    held: Span


def authority(actor: Actor, member_id: UUID, posts: Iterable[HeldPost]) -> By:
    """Return by which right `actor` enters or ends leave of a member with these posts.

    Raises NotFound ``member.unknown`` for a member they have nothing to do with, as if there were none.
    """
    if actor.kind == "system":
        return "operator"
    if actor.member_id == member_id:
        return "oneself"
    if actor.has_role("administrator"):
        return "administrator"
    if any(is_above(actor, post) for post in posts):
        return "desk_above"
    raise NotFound("member.unknown", "There is no such member below your desk.")


def is_above(actor: Actor, post: HeldPost) -> bool:
    """Tell whether `actor` sits at a dispatching desk above the unit of a post."""
    return any(seat.role in DESKS and post.path.startswith(area_of(seat)) and seat.unit_id != post.unit_id for seat in actor.seats)


def require_sensible(by: By, span: Span, today: date, own: Iterable[Span]) -> None:
    """Raise Invalid ``leave.…`` for days that nobody may enter by this right. `own` are spans somebody entered for themself before."""
    if span.first >= span.over_on:
        raise Invalid("leave.ends_before_it_starts", "valid_to is the first day after the leave; it must be later than valid_from.")
    if span.over_on - span.first > LONGEST or span.first > today + AHEAD:
        raise Invalid("leave.too_long", "Leave is a year at most, and begins within a year.")
    earliest = today if by == "oneself" else today - BACK
    if span.first < earliest:
        detail = "One's own leave is entered before it begins; a desk above or an administrator enters what was taken, for three months."
        raise Invalid("leave.too_late", detail)
    if by == "oneself" and stretch(span, own) > OWN_DAYS:
        detail = f"One enters {OWN_DAYS} days of leave at a stretch for oneself; a desk above or an administrator enters more."
        raise Invalid("leave.too_long_for_oneself", detail, extra={"days": OWN_DAYS})


def stretch(span: Span, others: Iterable[Span]) -> int:
    """Return how many days `span` and those of `others` that follow it or that it follows, without a day between, make together."""
    first, over_on, total = span.first, span.over_on, span.days
    left = [other for other in others if other.days > 0]
    while touching := [other for other in left if other.over_on == first or other.first == over_on]:
        for other in touching:
            first, over_on, total = min(first, other.first), max(over_on, other.over_on), total + other.days
            left.remove(other)
    return total


def require_lendable(actor: Actor, by: By, post: HeldPost | None, leave: Span, span: Span, today: date) -> HeldPost:
    """Return the post if it can be acted for on these days, by this right; raise otherwise.

    404 ``post.unknown`` for none of whoever is away, 403 ``acting.role_is_personal`` and ``acting.not_below``, 422 ``acting.outside_leave``
    and ``acting.too_late``, 409 ``acting.post_not_held``.
    """
    if post is None:
        raise NotFound("post.unknown", "Whoever is on leave has no such post; a post they only act for themself cannot be lent on.")
    if post.role in NEVER_ACTED_FOR:
        raise Forbidden("acting.role_is_personal", "Nobody acts for this post; somebody else is given it in person.")
    if by == "desk_above" and not is_above(actor, post):
        raise Forbidden("acting.not_below", "This post is not below your desk; an administrator, or a desk above it, names the deputy.")
    if span.first >= span.over_on or not leave.holds(span):
        raise Invalid("acting.outside_leave", "A deputy acts on days of the leave; choose days inside of it.")
    if span.over_on <= today or (span.first < today and leave.first < span.first):
        raise Invalid("acting.too_late", "Nobody can have acted on days that are over; begin today.")
    if not post.held.holds(Span(max(span.first, today), span.over_on)):
        raise Conflict("acting.post_not_held", "The post is not held on all of these days.")
    return post


@dataclass(frozen=True, slots=True)
class Deputy:
    """Who shall act: whether they can sign in all the time, whether they are on leave meanwhile, and where their own posts are."""

    member_id: UUID
    signs_in: bool
    away: bool
    paths: tuple[str, ...]


def require_deputy(actor: Actor, by: By, post: HeldPost, deputy: Deputy) -> None:
    """Raise ``acting.own_post``, ``.oneself``, ``.deputy_cannot``, ``.deputy_away``, ``.deputy_far`` unless they can act for `post`."""
    if deputy.member_id == post.holder_id:
        raise Invalid("acting.own_post", "Nobody acts for their own post; name somebody else.")
    if deputy.member_id == actor.member_id:
        raise Forbidden("acting.oneself", "Nobody makes themself a deputy; a desk above or an administrator does.")
    if not deputy.signs_in:
        raise Conflict("acting.deputy_cannot", "The deputy must be a member with an account that is open.")
    if deputy.away:
        raise Conflict("acting.deputy_away", "The deputy is on leave on some of these days; name somebody else, or other days.")
    if by == "oneself" and not any(path.startswith(around(post.path)) for path in deputy.paths):
        detail = "For oneself one names a colleague from the same unit or beside it; a desk above or an administrator names others."
        raise Forbidden("acting.deputy_far", detail)


def around(path: str) -> str:
    """Return the path of the unit above the one at `path`; its own at the top."""
    above = path.rstrip("/").rpartition("/")[0] + "/"
    return above if above != "/" else path
