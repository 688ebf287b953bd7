"""Filing at the petition desk: the complaint, its ticket and the record of the reception in one transaction, or none of them."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.complaints.commands import FileComplaint
from services.complaints.filing import Repeatable
from services.complaints.filing_desk import prepared
from services.complaints.writing import Outcome, write
from services.petitions.commands import REPRESENTATIVES_AT_MOST, FilePetition, Person
from services.petitions.models import Petitioner, Reception
from services.platform.actor import Actor
from services.platform.bulk import insert_many
from services.platform.clock import day_end, local_day
from services.platform.database import driver_of
from services.platform.errors import Fault, Invalid
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.terms import PETITION, USUAL

CHANNEL_OF = {"visit": "petition", "letter": "letter", "on_behalf": "on_behalf"}

Row = dict[str, Any]


async def file_petition(petition: FilePetition, actor: Actor, repeatable: Repeatable | None) -> Outcome:
    """File `petition`, received by `actor`. Raises Invalid for a reception that cannot be, and what filing raises."""
    async with unit_of_work(actor) as work:
        require_possible(petition, local_day(work.now))
        telling = counted_from_its_day(petition, local_day(work.now))
    command = FileComplaint(CHANNEL_OF[petition.form], str(petition.filing_id), telling, terms=terms_of(petition))
    filing = await prepared(command, actor, repeatable, ask_back=True)
    async with unit_of_work(actor) as work:
        (outcome,) = await write(await driver_of(work.session), [filing])
        outcome.told()
        work.rings = True
        if outcome.complaint_id == filing.complaint_id and not outcome.duplicate:
            await _write_reception(work, outcome.complaint_id, petition)
    return outcome


def terms_of(petition: FilePetition) -> str:
    """Return the terms a petition is handled under: as it says, else those of the petition rules for visits and letters."""
    return petition.terms or (USUAL if petition.form == "on_behalf" else PETITION)


def counted_from_its_day(petition: FilePetition, today: date) -> FilePetition:
    """Return `petition` as told by the end of the day it came on, where that day is past: the rules count from it, whenever it is typed."""
    if petition.happened_at is not None or petition.received_on is None or petition.received_on >= today:
        return petition
    return petition.model_copy(update={"happened_at": day_end(petition.received_on) - timedelta(seconds=1)})


def require_possible(petition: FilePetition, today: date) -> None:
    """Raise Invalid, with a code of its own, for the first thing about a reception that cannot be."""
    if len(petition.representatives) > REPRESENTATIVES_AT_MOST:
        detail = f"A group chooses {REPRESENTATIVES_AT_MOST} representatives at most; ask them to agree on who speaks."
        raise _wrong("petition.too_many_representatives", detail, "/representatives", "more than five")
    if petition.people > 1 and not petition.representatives:
        raise _wrong("petition.representatives_missing", "Write down who speaks for the group.", "/representatives", "one to five")
    if len(petition.representatives) > petition.people:
        raise _wrong("petition.too_few_people", "Count everybody who came.", "/people", "fewer than the representatives")
    if petition.form == "letter" and not petition.attachment_ids:
        raise _wrong("petition.scan_missing", "Upload a scan of the letter first.", "/attachment_ids", "a letter needs its scan")
    if petition.form == "on_behalf" and not (petition.contact and petition.contact.known):
        raise _wrong("petition.principal_missing", "Say for whom it is filed.", "/contact", "needed where somebody files for another")
    if petition.form != "on_behalf" and petition.agent is not None:
        raise _wrong("petition.agent_unexpected", "An agent belongs to the form on_behalf.", "/agent", "only with form on_behalf")
    if any(day is not None and day > today for day in (petition.received_on, petition.written_on)):
        raise _wrong("petition.day_in_future", "Correct the day.", "/received_on", "must not be in the future")


def _wrong(code: str, detail: str, pointer: str, fault: str) -> Invalid:
    return Invalid(code, detail, errors=[Fault(pointer, fault)])


async def _write_reception(work: Work, complaint_id: UUID, petition: FilePetition) -> None:
    agent_is_member = petition.form == "on_behalf" and petition.agent is None
    row: Row = {
        "complaint_id": complaint_id,
        "form": petition.form,
        "people": petition.people,
        "received_on": petition.received_on or local_day(petition.happened_at or work.now),
        "written_on": petition.written_on,
        "postmark": petition.postmark,
        "repeated": petition.repeated,
        "agent_account_id": work.actor.account_id if agent_is_member else None,
        "received_by_account_id": work.actor.account_id,
        "recorded_at": work.now,
    }
    await insert_many(work.session, Reception, [row])
    people = [("agent", petition.agent)] if petition.agent else []
    people += [("representative", person) for person in petition.representatives]
    papers = [_paper(person, work.now) for _, person in people]
    if papers:
        await insert_many(work.session, SealedPaper, papers)
        rows = [
            {"id": new_id(), "complaint_id": complaint_id, "position": position, "role": role, "paper_id": paper["id"]}
            for position, ((role, _), paper) in enumerate(zip(people, papers, strict=True))
        ]
        await insert_many(work.session, Petitioner, rows)


def _paper(person: Person, now: datetime) -> Row:
    return seal_paper("petitioner", person.model_dump(), now, phone=person.phone)
