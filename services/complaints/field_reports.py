"""Reports from the field: for a villager, or what a worker saw; and what was solved on the spot, filed and resolved in one transaction."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.complaints.commands import AttachmentIds, FileComplaint, Place, Telling
from services.complaints.filing import Filing, Repeatable
from services.complaints.filing_desk import prepared
from services.complaints.letterbox import letterbox
from services.complaints.reading import owed_answers
from services.complaints.writing import Outcome, write
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.actor import SYSTEM, Actor, Seat
from services.platform.database import driver_of
from services.platform.errors import Forbidden, Invalid
from services.platform.text import Words
from services.platform.unit_of_work import Work, unit_of_work
from services.routing.locating import located
from services.tickets.actions import act
from services.tickets.commands import Accept, Dispatch, File, Resolve

FIELD_ROLES = ("grid_worker", "guide", "assistant", "village_secretary")
_ON_THE_SPOT = "现场发现，现场解决"


class SolvedOnTheSpot(BaseModel):
    """What was done at once, and the pictures that show it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Words
    attachment_ids: Annotated[AttachmentIds, Field(min_length=1)]


class FieldReport(Telling):
    """What a grid worker, guide, assistant or village secretary reports. `report_id` is made on the phone: sent again, it is one report."""

    report_id: Annotated[UUID, Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d41"])]
    discovered: bool = Field(default=False, description="Seen by the reporter; nobody complained. Counted apart.")
    solved_on_the_spot: SolvedOnTheSpot | None = None

    @model_validator(mode="after")
    def _nobody_complained(self) -> "FieldReport":
        if self.discovered and self.contact is not None and self.contact.known:
            raise ValueError("a report of something discovered has no contact; leave out discovered where somebody complained")
        return self


async def file_report(report: FieldReport, actor: Actor, repeatable: Repeatable | None) -> Outcome:
    """File `report`; the place is the reporter's own unit where they say none.

    Raises Forbidden ``field_report.outside_area`` for a place outside their units, and what filing raises. What was solved on the spot is
    resolved by the reporter in the same transaction: either both are there or neither; verifying it remains for somebody else.
    """
    async with unit_of_work(actor) as work:
        tree = await unit_tree(work.session)
    seat = _seat(report, actor, tree)
    if report.place is None or report.place == Place():
        report = report.model_copy(update={"place": Place(unit_code=seat.unit_code)})
    command = FileComplaint("field", str(report.report_id), report, source="discovered" if report.discovered else "complaint")
    filing = await prepared(command, actor, repeatable, ask_back=True)
    if report.solved_on_the_spot is None:
        return await letterbox().file(filing)
    return await _file_solved(filing, seat, report.solved_on_the_spot)


def _seat(report: FieldReport, actor: Actor, tree: UnitTree) -> Seat:
    """The seat reported from: the one whose area covers the place; the main one where no place is said or the words name none."""
    seats = [seat for seat in actor.seats if seat.role in FIELD_ROLES]
    if not seats:
        raise Forbidden("permission.denied", "Only grid workers, guides, assistants and village secretaries report from the field.")
    unit = _named_unit(report, tree)
    if unit is None:
        return seats[0]
    for seat in seats:
        if unit.path.startswith(seat.path):
            return seat
    raise Forbidden("field_report.outside_area", "The place lies outside your area. Tell the hotline, or the worker of that area.")


def _named_unit(report: FieldReport, tree: UnitTree) -> UnitNode | None:
    """The unit the report's code or words name, where that is certain. A point does not decide: phones are off by a village at its edge."""
    if report.place is None or not (report.place.unit_code or report.place.words):
        return None
    found = located(tree, code=report.place.unit_code, words=report.place.words, point=None)
    return tree.by_id.get(found.unit_id) if found.unit_id else None


async def _file_solved(filing: Filing, seat: Seat, solved: SolvedOnTheSpot) -> Outcome:
    async with unit_of_work(filing.actor) as work:
        (outcome,) = await write(await driver_of(work.session), [filing])
        if outcome.differs:
            raise Invalid("idempotency.payload_differs", "This key was used for another request. Use a new one for a new request.")
        work.rings = True
        if outcome.complaint_id == filing.complaint_id:
            await _resolve(work, outcome.number, seat, solved)
    return outcome


async def _resolve(work: Work, number: str, seat: Seat, solved: SolvedOnTheSpot) -> None:
    """Take the ticket through the table's own steps: given to the reporter's seat, taken on, done."""
    system = Work(actor=SYSTEM, now=work.now, session=work.session)
    await act(system, number, Dispatch(action="dispatch", unit=seat.unit_code, words=_ON_THE_SPOT), None, owed_answers)
    await act(work, number, Accept(action="accept"), None, owed_answers)
    files = [File(id=attachment_id, role="after") for attachment_id in solved.attachment_ids]
    await act(work, number, Resolve(action="resolve", words=solved.words, files=files), None, owed_answers)
