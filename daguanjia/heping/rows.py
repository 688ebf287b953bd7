"""One month of a township as rows: entries of the ledger, what its rooms know besides, and what the journal says. No statement here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from daguanjia.heping import words as w
from daguanjia.heping.drawing import Call, Done, Helped, Quarrel, Said, Year, pledged_of, spent_of
from daguanjia.heping.ground import Ground, Place, office_of
from services.activities.entering import Entered
from services.activities.models import OpinionThing
from services.activities.references import fingerprint
from services.assistance.models import (
    HelpClosing,
    HelpHelper,
    HelpItem,
    HelpStep,
    Mediation,
    MediationEnding,
    MediationParty,
    MediationSession,
)
from services.assistance.rules import follow_up_day
from services.households.references import person_keys
from services.platform.actor import Actor
from services.platform.clock import SHANGHAI
from services.platform.database import Base
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, seal_paper
from services.visits.models import Visit
from services.visits.opinions_models import Opinion, OpinionConfirmation, OpinionOutcome, OpinionWording
from services.visits.opinions_rules import words_hash

Row = dict[str, Any]
FOLLOWED_AFTER = 30
ORDER: Sequence[type[Base]] = (
    SealedPaper, Visit, Opinion, OpinionWording, OpinionConfirmation, OpinionOutcome, OpinionThing, HelpItem, HelpHelper, HelpStep,
    HelpClosing, Mediation, MediationParty, MediationSession, MediationEnding,
)  # fmt: skip
"""Tables in the order their keys refer to each other; entries of the ledger come before all of them."""


@dataclass
class Noted:
    """What the journal says of a subject, beside that it was recorded."""

    kind: str
    id: UUID
    type: str
    data: Row


@dataclass
class Ids:
    """The ids of what was written in months before and is gone on with: visits, opinions, things, items, by their place in the year."""

    visits: dict[int, UUID] = field(default_factory=dict)
    opinions: dict[int, UUID] = field(default_factory=dict)


@dataclass
class Page:
    """One month of one township, written down by `by` at `at`."""

    ground: Ground
    year: Year
    ids: Ids
    by: Actor
    at: datetime
    entries: list[Entered] = field(default_factory=list)
    rows: dict[type[Base], list[Row]] = field(default_factory=dict)
    noted: list[Noted] = field(default_factory=list)

    def add(self, row_class: type[Base], row: Row) -> None:
        """Keep a row to be written."""
        self.rows.setdefault(row_class, []).append(row)

    def paper(self, kind: str, clear: Mapping[str, Any]) -> UUID:
        """Seal something; return its paper."""
        row = seal_paper(kind, clear, self.at)
        self.add(SealedPaper, row)
        paper_id: UUID = row["id"]
        return paper_id

    def recorded(self, what: object) -> Row:
        """Return who wrote a row down, when, and its fingerprint."""
        mark = fingerprint(str(what), self.by.account_id)
        return {"fingerprint": mark, "recorded_at": self.at, "recorded_by_account_id": self.by.account_id}

    def note(self, kind: str, subject: UUID, type_: str, data: Row) -> None:
        """Have the journal say something of a subject."""
        self.noted.append(Noted(kind, subject, type_, data))


def visited(page: Page, nth: int, call: Call) -> None:
    """Write down a visit or an attempt, and what was said at it."""
    ground, home = page.ground, page.year.homes[call.home]
    visit_id = page.ids.visits[nth] = new_id()
    listed, heard = ground.homes[call.home], call.opinion is not None
    deed: Row = {"unit_id": ground.grid(home.grid).id, "member_id": ground.members[home.member], "happened_on": call.at.date()}
    deed |= {"by_unit_id": office_of(ground, home.member), "household": listed.reference}
    page.entries.append(Entered(id=visit_id, kind="visit", outcome=call.outcome, **deed))
    said = page.year.said[call.opinion] if call.opinion is not None else None
    row: Row = {
        "id": visit_id, "household_id": listed.id, "member_id": deed["member_id"], "month": call.service_month, "happened_at": call.at,
        "outcome": call.outcome, "nothing_said": call.outcome == "met" and not heard, "rebooked_for": call.rebooked_for,
        "follows_id": page.ids.visits[call.follows] if call.follows is not None else None, "purposes": ["people"], "matter_id": None,
        "completed_at": page.at, "completed_by_account_id": page.by.account_id,
        "unconfirmed_because": "refused_to_sign" if said and not said.witnessed else None,
    }  # fmt: skip
    page.add(Visit, row | page.recorded(visit_id))
    if said is not None and call.opinion is not None:
        page.note("activity", visit_id, "visit.completed", {})
        _heard(page, call.opinion, said, call, visit_id, deed)


def _heard(page: Page, nth: int, said: Said, call: Call, visit_id: UUID, deed: Row) -> None:
    """Write down an opinion, its words, who stands by them, and what it was answered."""
    opinion_id = page.ids.opinions[nth] = new_id()
    category, words, _done, answer = w.TROUBLES[said.kind]
    page.entries.append(Entered(id=opinion_id, kind="opinion", within_id=visit_id, words=words, **deed))
    row = {
        "id": opinion_id, "visit_id": visit_id, "household_id": page.ground.homes[call.home].id, "unit_id": deed["unit_id"],
        "member_id": deed["member_id"], "category_code": category, "wants_answer": True, "contact_paper_id": None, "heard_at": call.at,
    }  # fmt: skip
    page.add(Opinion, row | page.recorded(opinion_id))
    hashed, by = words_hash(words), page.by.account_id
    wording: Row = {"id": new_id(), "opinion_id": opinion_id, "sequence": 1, "words_hash": hashed, "because": None, "happened_at": call.at}
    mark = page.recorded(wording["id"])
    page.add(OpinionWording, wording | {"fingerprint": mark["fingerprint"], "recorded_at": page.at, "author_account_id": by})
    if said.witnessed:
        _witnessed(page, opinion_id, hashed, call.at)
    if said.thing is None and said.matter is None and not said.is_open:
        ended(page, opinion_id, "answered", min(call.at + timedelta(days=5), page.at), answer, because="explained")


def _witnessed(page: Page, opinion_id: UUID, hashed: bytes, at: datetime) -> None:
    row = {
        "id": new_id(), "opinion_id": opinion_id, "sequence": 1, "words_hash": hashed, "kind": "witness", "attachment_id": None,
        "call_id": None, "code_id": None, "witness_account_id": None, "paper_id": page.paper("opinion_witness", {"name": "同组村民"}),
        "fingerprint": fingerprint(str(opinion_id), page.by.account_id), "happened_at": at, "recorded_at": page.at,
        "by_account_id": page.by.account_id,
    }  # fmt: skip
    page.add(OpinionConfirmation, row)
    page.note("activity", opinion_id, "opinion.confirmed", {"kind": "witness", "sequence": 1, "words_hash": hashed.hex()})


def ended(page: Page, opinion_id: UUID, kind: str, at: datetime, words: str, *, because: str | None = None) -> None:
    """Write down what became of an opinion."""
    row: Row = {
        "id": new_id(), "opinion_id": opinion_id, "kind": kind, "because": because, "ticket_id": None, "matter_id": None,
        "paper_id": page.paper("opinion_outcome", {"words": words}), "happened_at": at, "recorded_at": page.at,
        "fingerprint": fingerprint(f"{opinion_id}{kind}", page.by.account_id), "by_account_id": page.by.account_id,
    }  # fmt: skip
    page.add(OpinionOutcome, row)
    data = {"kind": kind, "outcome_id": str(row["id"])} | ({"because": because} if because else {})
    page.note("activity", opinion_id, "opinion.ended", data)


def done(page: Page, thing: Done) -> None:
    """Write down a thing that was done, the opinions it answers, and its money at three times."""
    ground, thing_id = page.ground, new_id()
    place, (_category, _words, told, _answer) = ground.places[thing.village], w.TROUBLES[thing.kind]
    deed: Row = {"unit_id": place.unit.id, "member_id": ground.members[thing.member], "happened_on": thing.day}
    deed["by_unit_id"] = office_of(ground, thing.member)
    page.entries.append(Entered(id=thing_id, kind="thing", words=told, **deed))
    for nth in thing.opinions:
        opinion_id = page.ids.opinions[nth]
        page.add(OpinionThing, {"id": new_id(), "opinion_id": opinion_id, "thing_id": thing_id, "recorded_at": page.at})
        ended(page, opinion_id, "on_the_spot", min(_evening(thing.day), page.at), told)
    if thing.fen:
        source = w.SOURCES[thing_id.int % len(w.SOURCES)]
        for stage, fen in (("pledged", pledged_of(thing.fen)), ("received", thing.fen), ("spent", spent_of(thing.fen))):
            page.entries.append(Entered(id=new_id(), kind="funds", stage=stage, source=source, amount=fen, within_id=thing_id, **deed))


def _evening(day: date) -> datetime:
    return datetime.combine(day, time(20), SHANGHAI)


def helped(page: Page, help_: Helped) -> None:
    """Write down an item of help with all its steps, and how it ended."""
    ground, home = page.ground, page.year.homes[help_.home]
    unit, place = ground.grid(home.grid), ground.places[home.village]
    item_id, member_id, listed = new_id(), ground.members[home.member], ground.homes[help_.home]
    numbers = [f"{home.number}-{nth}" for nth in range(1, help_.persons + 1)]
    row: Row = {
        "id": item_id, "household_id": listed.id, "unit_id": unit.id, "kind": w.HELP[help_.kind], "started_on": help_.days[0],
        "due_on": None, "paper_id": page.paper("help", {"goal": w.GOAL, "persons": numbers, "people": None}), "follows_id": None,
    }  # fmt: skip
    page.add(HelpItem, row | page.recorded(item_id))
    page.add(HelpHelper, {"id": new_id(), "item_id": item_id, "member_id": member_id, "since": page.at, "ended_at": None})
    page.note("help_item", item_id, "help_item.opened", {"kind": row["kind"], "household_id": str(listed.id)})
    persons = tuple(person_keys(place.unit, numbers))
    for day in help_.days:
        step_id = new_id()
        deed: Row = {"unit_id": unit.id, "member_id": member_id, "happened_on": day, "by_unit_id": office_of(ground, home.member)}
        page.entries.append(Entered(id=step_id, kind="help", persons=persons, words=w.GIVEN, **deed))
        step: Row = {
            "id": step_id,
            "item_id": item_id,
            "kind": "given",
            "happened_on": day,
            "source": None,
            "amount_fen": None,
            "goods": None,
        }
        page.add(HelpStep, step | {"paper_id": None, "help_activity_id": None} | page.recorded(step_id))
        page.note("help_item", item_id, "help_item.step", {"step_id": str(step_id), "kind": "given", "on": str(day)})
    if help_.closed:
        _closed(page, item_id, help_.days[-1], place)


def _closed(page: Page, item_id: UUID, day: date, place: Place) -> None:
    witness = page.ground.desks(place.township)[1]
    row: Row = {
        "item_id": item_id, "outcome": "achieved", "closed_on": day, "confirmation": "witness", "attachment_id": None, "call_id": None,
        "witness_account_id": witness.account_id, "unconfirmed_because": None, "money_left_fen": 0, "paper_id": None,
        "fingerprint": fingerprint(str(item_id), page.by.account_id), "recorded_at": page.at, "by_account_id": page.by.account_id,
    }  # fmt: skip
    page.add(HelpClosing, row)
    data = {"outcome": "achieved", "confirmation": "witness", "unconfirmed_because": None}
    page.note("help_item", item_id, "help_item.closed", data)


def mediated(page: Page, quarrel: Quarrel) -> None:
    """Write down a dispute with its two sides, each sealed alone, a session, and how it ended: one entry of the ledger."""
    place = page.ground.places[quarrel.village]
    mediation_id, ending_id, mediator = new_id(), new_id(), page.ground.mediator(place)
    row: Row = {
        "id": mediation_id, "unit_id": place.unit.id, "kind": w.QUARRELS[quarrel.kind], "mediator_member_id": mediator,
        "opened_on": quarrel.opened_on, "ticket_id": None, "follows_id": None, "paper_id": page.paper("mediation", {"words": w.ABOUT}),
    }  # fmt: skip
    page.add(Mediation, row | page.recorded(mediation_id))
    for side, nth in (("a", 0), ("b", 5)):
        name = w.PARTIES[(mediation_id.int + nth) % len(w.PARTIES)] + "某某"
        paper_id = page.paper("mediation_party", {"name": name, "phone": None, "household_id": None, "wants": None})
        page.add(MediationParty, {"mediation_id": mediation_id, "side": side, "paper_id": paper_id})
    session: Row = {"id": new_id(), "mediation_id": mediation_id, "held_on": quarrel.ended_on, "present": "both"}
    page.add(MediationSession, session | {"paper_id": page.paper("mediation", {"words": w.SESSION})} | page.recorded(session["id"]))
    outcome = "settled" if quarrel.settled else "unsettled"
    end: Row = {
        "id": ending_id, "mediation_id": mediation_id, "outcome": outcome, "ended_on": quarrel.ended_on, "attachment_id": None,
        "follow_up_on": follow_up_day(outcome, quarrel.ended_on, FOLLOWED_AFTER),
        "paper_id": page.paper("mediation", {"words": w.AGREEMENT}) if quarrel.settled else None,
    }  # fmt: skip
    page.add(MediationEnding, end | page.recorded(ending_id))
    deed: Row = {"unit_id": place.unit.id, "member_id": mediator, "happened_on": quarrel.ended_on}
    page.entries.append(Entered(id=ending_id, kind="dispute", outcome=outcome, **deed))
    opened = {"kind": row["kind"], "unit": place.unit.code, "mediator_id": str(mediator)}
    page.note("mediation", mediation_id, "mediation.opened", opened)
    page.note("mediation", mediation_id, "mediation.session", {"session_id": str(session["id"]), "present": "both"})
    page.note("mediation", mediation_id, "mediation.ended", {"ending_id": str(ending_id), "outcome": outcome})


def fill(page: Page, share: "Share") -> Page:
    """Write everything of a share down, in the order in which it builds on each other."""
    for nth in share.calls:
        visited(page, nth, page.year.calls[nth])
    for thing in share.done:
        done(page, thing)
    for one in share.helped:
        helped(page, one)
    for quarrel in share.quarrels:
        mediated(page, quarrel)
    return page


@dataclass
class Share:
    """What of the year belongs to one township and month."""

    calls: list[int] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    helped: list[Helped] = field(default_factory=list)
    quarrels: list[Quarrel] = field(default_factory=list)


def shares_of(year: Year, places: Sequence[Place]) -> dict[tuple[date, str], Share]:
    """Return the year month by month, and within it township by township: each thing in the month in which it was over."""
    found: dict[tuple[date, str], Share] = {}

    def share(village: int, day: date) -> Share:
        return found.setdefault((day.replace(day=1), places[village].township.code), Share())

    for nth, call in enumerate(year.calls):
        share(year.homes[call.home].village, call.at.date()).calls.append(nth)
    for thing in year.done:
        share(thing.village, thing.day).done.append(thing)
    for one in year.helped:
        share(year.homes[one.home].village, one.days[-1]).helped.append(one)
    for quarrel in year.quarrels:
        share(quarrel.village, quarrel.ended_on).quarrels.append(quarrel)
    return dict(sorted(found.items()))
