"""Reports from the field: for a villager, or what a worker saw; and what was solved on the spot, filed and resolved in one transaction.

Pictures may come after the words: a report names uploads by the ids the phone gave them, and each is linked once it is complete.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.attachments.expecting import arrived_ones, expect
from services.attachments.linking import DEFAULT_ROLE, link
from services.complaints.commands import ATTACHMENTS_AT_MOST, AttachmentIds, FileComplaint, Place, Telling
from services.complaints.filing import Filing, Repeatable
from services.complaints.filing_desk import prepared, prepared_within
from services.complaints.letterbox import letterbox
from services.complaints.reading import owed_answers
from services.complaints.writing import Outcome, write
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.actor import SYSTEM, Actor, Seat
from services.platform.database import driver_of
from services.platform.errors import Conflict, Fault, Forbidden
from services.platform.text import WordsOfNobody
from services.platform.unit_of_work import Work, unit_of_work
from services.routing.locating import located
from services.tickets.actions import act
from services.tickets.command_parts import File
from services.tickets.commands import Accept, Dispatch, Resolve

FIELD_ROLES = ("grid_worker", "guide", "assistant", "village_secretary")
UPLOADS_MISSING = "field_report.uploads_missing"
_ON_THE_SPOT = "现场发现，现场解决"


UploadIds = Annotated[
    tuple[UUID, ...],
    Field(
        max_length=ATTACHMENTS_AT_MOST,
        description="Uploads of the same person by the ids the phone gave them; one that is not complete yet is linked when it is.",
    ),
    AfterValidator(lambda ids: tuple(dict.fromkeys(ids))),
]


class ReportSolvedOnTheSpot(BaseModel):
    """What was done at once, and the pictures that show it: files uploaded before, or complete uploads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: WordsOfNobody
    attachment_ids: AttachmentIds = ()
    upload_ids: UploadIds = ()

    @model_validator(mode="after")
    def _shown(self) -> "ReportSolvedOnTheSpot":
        if not self.attachment_ids and not self.upload_ids:
            raise ValueError("what was solved is shown by a picture at least: name it in attachment_ids or upload_ids")
        return self


class FieldReport(Telling):
    """What a grid worker, guide, assistant or village secretary reports. `report_id` is made on the phone: sent again, it is one report."""

    report_id: Annotated[UUID, Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d41"])]
    discovered: bool = Field(default=False, description="Seen by the reporter; nobody complained. Counted apart.")
    solved_on_the_spot: ReportSolvedOnTheSpot | None = None
    upload_ids: UploadIds = ()

    @model_validator(mode="after")
    def _not_too_many(self) -> "FieldReport":
        if len(self.attachment_ids) + len(self.upload_ids) > ATTACHMENTS_AT_MOST:
            raise ValueError(f"a report has {ATTACHMENTS_AT_MOST} files at most")
        return self

    @model_validator(mode="after")
    def _about_nobody(self) -> "FieldReport":
        if self.solved_on_the_spot is not None and self.accused is not None:
            raise ValueError("a report about somebody is decided by the desk above them; leave out solved_on_the_spot")
        return self

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
        seat, command = _placed(report, actor, await unit_tree(work.session))
    filing = await prepared(command, actor, repeatable, ask_back=True)
    if report.solved_on_the_spot is None and not report.upload_ids:
        return await letterbox().file(filing)
    async with unit_of_work(actor) as work:
        outcome = await _write(work, filing, seat, report)
    return outcome.told()


async def file_within(work: Work, report: FieldReport) -> Outcome:
    """As :func:`file_report`, by `work.actor` in the transaction of `work`; whether it is the caller's own is left to them to ask."""
    seat, command = _placed(report, work.actor, await unit_tree(work.session))
    return await _write(work, await prepared_within(work, command), seat, report)


def _placed(report: FieldReport, actor: Actor, tree: UnitTree) -> tuple[Seat, FileComplaint]:
    """The seat a report comes from, and the report as every channel files: at the reporter's own unit where they say no place."""
    seat = _seat(report, actor, tree)
    if report.place is None or report.place == Place():
        report = report.model_copy(update={"place": Place(unit_code=seat.unit_code)})
    return seat, FileComplaint("field", str(report.report_id), report, source="discovered" if report.discovered else "complaint")


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


async def _write(work: Work, filing: Filing, seat: Seat, report: FieldReport) -> Outcome:
    (outcome,) = await write(await driver_of(work.session), [filing])
    work.rings = True
    if outcome.complaint_id == filing.complaint_id and not outcome.replayed:
        await attach_uploads(work, outcome.complaint_id, report.upload_ids)
        if report.solved_on_the_spot is not None:
            await _resolve(work, outcome.number, seat, report.solved_on_the_spot, filing.complaint["happened_at"])
    return outcome


async def attach_uploads(work: Work, complaint_id: UUID, upload_ids: Sequence[UUID]) -> list[UUID]:
    """Link what uploads of `work.actor` became to a complaint, now or when they are complete; return those that are still to come."""
    here = await arrived_ones(work, upload_ids)
    await link(work, list(here.values()), "complaint", complaint_id)
    to_come = [upload_id for upload_id in upload_ids if upload_id not in here]
    await expect(work, dict.fromkeys(to_come, DEFAULT_ROLE), "complaint", complaint_id)
    return to_come


async def _resolve(work: Work, number: str, seat: Seat, solved: ReportSolvedOnTheSpot, at: datetime) -> None:
    """Take the ticket through the table's own steps: given to the reporter's seat, taken on, done when it was reported."""
    shown = await _shown(work, solved)
    system = Work(actor=SYSTEM, now=work.now, session=work.session)
    await act(system, number, Dispatch(action="dispatch", unit=seat.unit_code, words=_ON_THE_SPOT), None, owed_answers)
    await act(work, number, Accept(action="accept"), None, owed_answers)
    files = [File(id=attachment_id, role="after") for attachment_id in shown]
    await act(work, number, Resolve(action="resolve", words=solved.words, happened_at=at, files=files), None, owed_answers)


async def _shown(work: Work, solved: ReportSolvedOnTheSpot) -> list[UUID]:
    """The files that show what was solved; raise Conflict where an upload among them is not complete: nothing is done without evidence."""
    here = await arrived_ones(work, solved.upload_ids)
    missing = [place for place, upload_id in enumerate(solved.upload_ids) if upload_id not in here]
    if missing:
        faults = [Fault(f"/solved_on_the_spot/upload_ids/{place}", "this upload is not complete") for place in missing]
        raise Conflict(UPLOADS_MISSING, "Complete the uploads that show the work; then send it again.", errors=faults)
    return list(dict.fromkeys([*solved.attachment_ids, *here.values()]))
