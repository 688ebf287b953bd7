"""What comes after a ticket was answered: an unreasonable demand is adjudicated, and appealed against. Each step by another person."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from daguanjia.county import population as p
from services.deadlines.due import TimeUnit, moved_by
from services.platform.actor import COMPLAINANT, Actor
from services.platform.ids import new_id
from services.platform.settings import settings
from services.tickets.changes import EventDraft, Insert, Update
from services.tickets.models import CallBack
from services.verification.models import REASONS, DemandExclusion

if TYPE_CHECKING:
    from daguanjia.county.living import Living

Row = dict[str, Any]
_DECIDED_AFTER, _APPEALED_AFTER, _CLOSED_AFTER = (30.0, 0.5), (60.0, 0.4), (50.0, 0.5)


def adjudicate(living: "Living") -> None:
    """Perhaps have the demand of a dissatisfied complainant adjudicated."""
    life, dice = living.life, living.dice
    calls = [row for row in life.rows.get(CallBack, {}).values() if row["round"] == life.ticket["round"]]
    unhappy = any(row["satisfied"] is False for row in calls)
    often = 12 if living.plan.brigade else 1
    if life.ticket["source"] != "complaint" or not unhappy or dice.random() >= p.PROPOSED_UNREASONABLE * often:
        return
    proposer, decider, closer = (living.world.staff[living.world.root.id][nth] for nth in range(3))
    if not living.wait(_DECIDED_AFTER, office=True):
        return
    row = _proposed(living, proposer)
    if not living.wait(_DECIDED_AFTER, office=True):
        return
    granted = dice.random() < p.GRANTED_UNREASONABLE
    days = settings().appeal_working_days
    until = moved_by(life.now, days, TimeUnit.WORKING_DAYS, life.case().calendar(life.now)).at if granted else None
    values = {"state": "granted" if granted else "refused", "decided_at": life.now, "decided_by_account_id": decider.account_id}
    values |= {"decision": "经审核认定" if granted else "不予认定", "appeal_until": until}
    told = {"granted": granted, "words": values["decision"], "reason_name": REASONS[row["reason"]]}
    _change(living, row, decider, "ticket.exclusion_decided", values, told | {"appeal_until": until.isoformat() if until else None})
    if granted and until is not None and dice.random() < p.APPEALED:
        _appeal(living, row, closer, until)


def _proposed(living: "Living", proposer: Actor) -> Row:
    life, root = living.life, living.world.root
    row: Row = {
        "id": new_id(),
        "ticket_id": living.ticket_id,
        "round": life.ticket["round"],
        "state": "proposed",
        "reason": living.dice.choice(sorted(REASONS)),
        "words": "诉求缺乏法律法规依据",
        "proposed_at": life.now,
        "proposed_by_account_id": proposer.account_id,
        "proposed_by_unit_id": root.id,
    }
    told = {"reason": row["reason"], "words": row["words"], "county_unit_id": str(root.id)}
    event = EventDraft("ticket.exclusion_proposed", {"exclusion_id": str(row["id"]), **told})
    life.note(proposer, root.id, event, Insert(DemandExclusion, row))
    return row


def _appeal(living: "Living", row: Row, closer: Actor, until: datetime) -> None:
    life, root = living.life, living.world.root
    if not living.wait(_APPEALED_AFTER) or life.now >= until:
        return
    _change(
        living,
        row,
        COMPLAINANT,
        "ticket.exclusion_appealed",
        {"state": "appealed", "appealed_at": life.now},
        {"county_unit_id": str(root.id)},
    )
    if not living.wait(_CLOSED_AFTER, office=True):
        return
    upheld = living.dice.random() < p.UPHELD
    words = "维持原认定" if upheld else "撤销原认定"
    values = {
        "state": "upheld" if upheld else "overturned",
        "closed_at": life.now,
        "closed_by_account_id": closer.account_id,
        "closing": words,
    }
    _change(living, row, closer, "ticket.exclusion_closed", values, {"upheld": upheld, "words": words})


def _change(living: "Living", row: Row, actor: Actor, kind: str, values: Row, told: Row) -> None:
    to = {"unit_id": str(row["proposed_by_unit_id"]), "exclusion_id": str(row["id"]), "reason": row["reason"]}
    to |= {"round": row["round"], "state": values["state"]}
    seat = actor.main_seat
    draft = EventDraft(kind, {**to, **told})
    living.life.note(actor, seat.unit_id if seat else None, draft, Update(DemandExclusion, row["id"], values))
