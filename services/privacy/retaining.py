"""Planning the erasure of what was kept long enough after its matter ended, by the rules in force today.

In small batches; one worker plans at a time, and what was planned before is left out, so it may be done again and again and stop anywhere.
A matter that is held or restricted, or about which somebody asks something, waits. Words stay, unless the rules say otherwise.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from services.complaints.models import Complaint
from services.complaints.restricting import is_restricted
from services.complaints.retention import BUILT_IN, CLASSES, KINDS, RetentionRules, rules_from
from services.platform.actor import SYSTEM
from services.platform.secrets import fingerprint
from services.platform.unit_of_work import Work, unit_of_work
from services.policies.queries import Books
from services.privacy.loose import erase_loose
from services.privacy.models import Erasure, PersonRequest
from services.privacy.planning import held, plan
from services.privacy.terms import before, ended_at, merged_into
from services.tickets.lifecycle import OPEN
from services.tickets.models import Ticket

BATCH = 50
_BOOKS: Books[RetentionRules] = Books("retention", rules_from, rules_from(0, BUILT_IN))
_ALONE = int.from_bytes(fingerprint(b"privacy.retaining")[:8], "big", signed=True)
_INTO = merged_into()
_END = ended_at(_INTO)


async def plan_due() -> int:
    """Plan what is due, a batch of each kind at most, and erase what lies under no complaint; return how much: nothing is left at 0."""
    async with unit_of_work(SYSTEM) as work:
        if not await work.session.scalar(select(func.pg_try_advisory_xact_lock(_ALONE))):
            return 0
        rules = (await _BOOKS.get(work.session)).at(work.now)
        done = 0
        for kind in KINDS:
            found = await _due(work, rules, kind)
            done += len(await plan(work, found, (kind,), "retention"))
        return done + await erase_loose(work, rules)


async def _due(work: Work, rules: RetentionRules, kind: str) -> list[UUID]:
    """Return complaints of which `kind` was kept long enough."""
    over = [
        and_(condition, before(work, months) >= _END)
        for name, condition in _classes().items()
        if (months := getattr(getattr(rules, name), kind)) is not None
    ]
    if not over:
        return []
    planned = exists(select(Erasure.id).where(Erasure.complaint_id == Complaint.id, Erasure.kind == kind))
    asked = exists(select(PersonRequest.id).where(PersonRequest.complaint_id == Complaint.id, PersonRequest.state == "open"))
    ended = and_(Ticket.status.not_in(OPEN), or_(_INTO.id.is_(None), _INTO.status.not_in(OPEN)))
    query = (
        select(Complaint.id)
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .outerjoin(_INTO, _INTO.id == Ticket.merged_into_id)
        .where(ended, or_(*over), not_(planned), not_(asked), not_(held(work.now)), not_(is_restricted(Complaint.__table__.c.id)))
        .order_by(Complaint.id)
        .limit(BATCH)
    )
    return list(await work.session.scalars(query))


def _classes() -> dict[str, ColumnElement[bool]]:
    """The conditions of the classes, in their order: each without those before it."""
    confidential = or_(Complaint.confidential, Ticket.privacy == "confidential")
    petition = Complaint.channel.in_(("petition", "letter"))
    found = {
        "confidential": confidential,
        "petitions": and_(not_(confidential), petition),
        "usual": and_(not_(confidential), not_(petition)),
    }
    assert tuple(found) == CLASSES
    return found
