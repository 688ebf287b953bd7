"""What villagers tell, and tell again: complaints, the sealed contact of an invented household, and repeats; no pictures."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from daguanjia.county import land
from daguanjia.county import population as p
from daguanjia.county.ids import of_name
from services.complaints.commands import Contact
from services.complaints.contacts import seal_contact
from services.complaints.repeating import ANSWER, Again, Matter, told
from services.platform.errors import Problem
from services.tickets.changes import EventDraft

if TYPE_CHECKING:
    from daguanjia.county.living import Living

Row = dict[str, Any]
_AGAIN_AFTER = (50.0, 1.1)
_LONGEST = timedelta(days=25)


@dataclass(frozen=True, slots=True)
class Told:
    """A complaint, whose it is, and the repeat that it is, if it is one. Whoever told it without a number has no household."""

    complaint: Row
    household: int | None
    repeat: Row | None = None

    def complainant(self) -> Row | None:
        """Return the sealed row of the household, with an invented name and a number that is nobody's."""
        if self.household is None:
            return None
        surname = p.SURNAMES[int(land.chance("surname", self.household) * len(p.SURNAMES))]
        given = p.GIVEN_NAMES[int(land.chance("first", self.household) * len(p.GIVEN_NAMES))]
        contact = Contact(name=surname + given, phone=f"190000{self.household:05d}")
        return seal_contact(self.complaint["id"], contact, self.complaint["received_at"])


def tell(living: "Living", at: datetime) -> Told:
    """Return what is told first, written down at `at`. Chance goes by the first id, so that a copied life is told the same."""
    plan, spot, first = living.plan, living.spot, living.first_id
    place, luck = plan.place(spot), land.chance("told", first)
    keywords = plan.category.keywords or (plan.category.name,)
    where = spot.village.name + (place.name if plan.at_grid else "")
    words = f"{where}{keywords[int(luck * len(keywords))]}，{p.MATTERS[plan.nth % len(p.MATTERS)]}。"
    complaint_id = of_name(plan.received_at, living.ticket_id, "complaint")
    complaint = _complaint(complaint_id, living.ticket_id, plan.channel, words, plan.received_at, at)
    found = plan.source == "discovered"
    complaint |= {
        "place_code": place.code,
        "confidential": not found and land.chance("confidential", first) < p.CONFIDENTIAL,
        "wants_answer": not found and land.chance("answer", first) < p.WANTS_ANSWER,
    }
    anonymous = found or land.chance("anonymous", first) < p.ANONYMOUS
    return Told(complaint, None if anonymous else plan.household)


def plan_repeats(living: "Living") -> None:
    """Have the same matter told again, as often as the plan says, by the same household or by another."""
    at = living.plan.received_at
    for nth in range(living.plan.repeats):
        hours = _AGAIN_AFTER[0] * living.dice.lognormvariate(0.0, _AGAIN_AFTER[1])
        at += min(timedelta(seconds=int(hours * 3600)), _LONGEST)
        same = living.dice.random() < 0.6  # noqa: PLR2004  a share
        household = living.plan.household if same else living.dice.randrange(p.HOUSEHOLDS)
        living.visits.append((at, _again(living, nth, household)))
    living.visits.sort(key=lambda visit: visit[0])


def _again(living: "Living", nth: int, household: int) -> Any:
    def visit() -> None:
        life, first = living.life, living.told[0]
        if life.status in ("merged", "cancelled") or first.complaint["confidential"]:
            return
        known = {told.household for told in living.told} - {None}
        same = household in known
        answered = bool(life.ticket["answered_at"])
        matter = Matter(life.status, life.ticket["urgency"], life.ticket["closed_at"], 30, answered, in_confidence=False)
        try:
            said = told(matter, Again(new_facts=False, danger=None, same_person=same), life.now)
        except Problem:
            return
        complaint_id = of_name(life.now, living.ticket_id, "repeat", nth)
        complaint = _complaint(complaint_id, living.ticket_id, "hotline", "同一事项，问办到哪一步了。", life.now, life.now)
        actor = living.anybody_at_the_hotline()
        complaint |= {"filed_by_account_id": actor.account_id, "wants_answer": not same and said != ANSWER}
        row = {"complaint_id": complaint_id, "ticket_id": living.ticket_id, "status": life.status, "round": life.ticket["round"]}
        row |= {"same_person": same, "counted": True, "told": said, "by_account_id": actor.account_id, "recorded_at": life.now}
        living.told.append(Told(complaint, household, row))
        if complaint["wants_answer"]:
            life.owed_answers.append(complaint_id)
        data = {"complaint_id": str(complaint_id), "channel": "hotline", "told": said, "counted": True, "same_person": same}
        seat = actor.main_seat
        life.note(actor, seat.unit_id if seat else None, EventDraft("ticket.repeated", data))

    return visit


def _complaint(complaint_id: UUID, ticket_id: UUID, channel: str, words: str, happened_at: datetime, at: datetime) -> Row:
    return {
        "id": complaint_id,
        "ticket_id": ticket_id,
        "channel": channel,
        "channel_message_id": f"simulated-{complaint_id.hex}",
        "call_id": None,
        "words": words,
        "category_hint": None,
        "place_words": None,
        "place_code": None,
        "lat": None,
        "lon": None,
        "coordinate_system": None,
        "confidential": False,
        "wants_answer": False,
        "filed_by_account_id": None,
        "happened_at": happened_at,
        "received_at": at,
    }
