"""Objections to sheets: made by whoever is assessed, decided by somebody who had no part, and never a silent change."""

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.assessment.commands import DecideScoreAppeal, MakeAppeal, SheetChange
from services.assessment.making import SUBJECT, places_of, read_counts, read_scored, result_columns, scheme_of
from services.assessment.models import AssessmentAppeal, AssessmentRun, AssessmentSheet
from services.assessment.publishing import locked_run
from services.assessment.rules import Scheme
from services.assessment.scoring import Change, Scored, score
from services.assessment.standing import objecting_unit, require_reviewer, require_state, visible_sheets
from services.identity.permissions import scope_of
from services.journal.noting import note
from services.platform.bulk import update_many
from services.platform.errors import Conflict, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.tickets.filters import TICKETS, compile_scope


async def make_appeal(work: Work, run_id: UUID, sheet_id: UUID, command: MakeAppeal) -> AssessmentAppeal:
    """Object to a sheet while there is time.

    Raises 403 ``appeal.not_assessed``, 409 ``appeal.too_late``, 409 ``appeal.exists`` while one about the same item is open, and 422
    ``appeal.item_unknown`` and ``appeal.ticket_unknown`` (also for tickets one may not see).
    """
    run, sheet = await _locked(work, run_id, sheet_id)
    unit_id = objecting_unit(work.actor, sheet)
    require_state(run, "published")
    if run.objections_until is None or work.now >= run.objections_until:
        until = run.objections_until.isoformat() if run.objections_until else None
        raise Conflict("appeal.too_late", "The days for objections are over.", extra={"objections_until": until})
    if command.item and command.item not in _codes(scheme_of(run.rules)):
        raise Invalid("appeal.item_unknown", "The sheet has no item with this code; leave it out to object to the whole sheet.")
    await _require_tickets(work, command.tickets)
    appeal_id = new_id()
    row: dict[str, Any] = {
        "id": appeal_id, "run_id": run.id, "run_asked_by_account_id": run.asked_by_account_id, "sheet_id": sheet.id, "item": command.item,
        "state": "open", "words": command.words, "tickets": list(dict.fromkeys(command.tickets)), "made_at": work.now,
        "made_by_account_id": work.actor.account_id, "made_by_unit_id": unit_id,
    }  # fmt: skip
    open_one = AssessmentAppeal.state == "open"
    put = insert(AssessmentAppeal).values(row).on_conflict_do_nothing(index_elements=["sheet_id", "item"], index_where=open_one)
    if (await work.session.execute(put.returning(AssessmentAppeal.id))).one_or_none() is None:
        raise Conflict("appeal.exists", "An objection to this is waiting for its decision already.")
    told = {"appeal_id": str(row["id"]), "sheet_id": str(sheet.id), "item": command.item, "tickets": row["tickets"]}
    await note(work, SUBJECT, run.id, "assessment.objected", told)
    return await _appeal(work, run.id, appeal_id)


async def decide_appeal(work: Work, run_id: UUID, appeal_id: UUID, command: DecideScoreAppeal) -> AssessmentAppeal:
    """Grant an objection, with what it changes in the sheet, or refuse it. The change is kept with the total before and after.

    Raises 409 ``appeal.decided``, 403 ``appeal.had_a_part`` and ``appeal.own_unit``, 422 ``appeal.change_wrong``.
    """
    run = await locked_run(work, run_id)
    appeal = await _appeal(work, run_id, appeal_id)
    sheet = await _sheet(work, run_id, appeal.sheet_id)
    require_reviewer(work.actor, sheet, (run.asked_by_account_id, appeal.made_by_account_id))
    require_state(run, "published")
    if appeal.state != "open":
        raise Conflict("appeal.decided", "This objection was decided already.", extra={"state": appeal.state})
    change = await _change_sheet(work, scheme_of(run.rules), sheet, command.change) if command.change else None
    appeal.state = "granted" if command.granted else "refused"
    appeal.decided_at, appeal.decided_by_account_id, appeal.decision = work.now, work.actor.account_id, command.words
    appeal.change = change
    await work.session.flush()
    told = {"appeal_id": str(appeal.id), "sheet_id": str(sheet.id), "granted": command.granted, "words": command.words, "change": change}
    await note(work, SUBJECT, run.id, "assessment.objection_decided", told)
    return appeal


def change_of(kept: dict[str, Any]) -> Change:
    """Return the change a granted objection made."""
    return Change(kept["item"], kept["metric"], kept["numerator"], kept["denominator"], Fraction(kept["points"]))


async def changes_of(work: Work, sheet_id: UUID) -> list[Change]:
    """Return what granted objections changed in a sheet, in order."""
    granted = select(AssessmentAppeal.change).where(AssessmentAppeal.sheet_id == sheet_id, AssessmentAppeal.state == "granted")
    rows = await work.session.scalars(granted.order_by(AssessmentAppeal.decided_at, AssessmentAppeal.id))
    return [change_of(kept) for kept in rows if kept is not None]


async def _change_sheet(work: Work, scheme: Scheme, sheet: AssessmentSheet, command: SheetChange) -> dict[str, Any]:
    """Work a sheet out anew with one more change, and the ranks of its group; return the change as it is kept."""
    counts, before = read_counts(sheet.counts), await changes_of(work, sheet.id)
    change = Change(command.item, command.metric, command.numerator, command.denominator, Fraction(command.points))
    _require_change(scheme, sheet, [*before, change])
    scored = score(scheme, counts, [*before, change])
    kept = command.model_dump() | {"total_before": sheet.total, "total_after": scored.total}
    rows = await work.session.execute(
        select(AssessmentSheet.id, AssessmentSheet.result).where(
            AssessmentSheet.run_id == sheet.run_id, AssessmentSheet.group_code == sheet.group_code
        )
    )
    results = {str(row.id): scored if row.id == sheet.id else read_scored(row.result) for row in rows}
    places = places_of(scheme, results)
    own = {sheet.id: result_columns(scored)}
    await update_many(
        work.session,
        AssessmentSheet,
        [{"id": UUID(key), **place, **own.get(UUID(key), {})} for key, place in places.items()],
    )
    return kept


def _require_change(scheme: Scheme, sheet: AssessmentSheet, changes: Sequence[Change]) -> None:
    """Raise Invalid ``appeal.change_wrong`` unless the newest change is of something in the sheet, and leaves shares that are shares."""
    change, counts = changes[-1], read_counts(sheet.counts)
    metrics = counts.get(change.item)
    if metrics is None or change.item not in _codes(scheme):
        raise _wrong("the sheet has no such item")
    if change.metric is None:
        if change.numerator or change.denominator:
            raise _wrong("say of which metric tickets change")
        if not change.points:
            raise _wrong("it changes nothing")
        return
    if change.metric not in metrics:
        raise _wrong("the item is not made from this metric")
    if not (change.numerator or change.denominator or change.points):
        raise _wrong("it changes nothing")
    same = [one for one in changes if (one.item, one.metric) == (change.item, change.metric)]
    part = metrics[change.metric].numerator + sum(one.numerator for one in same)
    whole = metrics[change.metric].denominator
    if whole is None and change.denominator:
        raise _wrong("what is counted has no denominator")
    if part < 0 or (whole is not None and part > whole + sum(one.denominator for one in same)):
        raise _wrong("more tickets would be counted than there are, or fewer than none")


def _wrong(why: str) -> Invalid:
    return Invalid("appeal.change_wrong", f"This change cannot be made: {why}.")


def _codes(scheme: Scheme) -> set[str]:
    return {item.code for item in scheme.items} | {rule.code for rule in scheme.counted}


async def _require_tickets(work: Work, numbers: Sequence[str]) -> None:
    wanted = sorted(set(numbers))
    if not wanted:
        return
    known = select(TICKETS["number"]).where(TICKETS["number"].in_(wanted), compile_scope(scope_of(work.actor), TICKETS))
    missing = sorted(set(wanted) - set(await work.session.scalars(known)))
    if missing:
        detail = "Some of these tickets are not there, or not yours to see; `unknown` lists them."
        raise Invalid("appeal.ticket_unknown", detail, extra={"unknown": missing})


async def _locked(work: Work, run_id: UUID, sheet_id: UUID) -> tuple[AssessmentRun, AssessmentSheet]:
    run = await locked_run(work, run_id)
    query = select(AssessmentSheet).where(AssessmentSheet.id == sheet_id, AssessmentSheet.run_id == run_id, visible_sheets(work.actor))
    sheet = await work.session.scalar(query)
    if sheet is None:
        raise unknown_sheet()
    return run, sheet


async def _sheet(work: Work, run_id: UUID, sheet_id: UUID) -> AssessmentSheet:
    query = select(AssessmentSheet).where(AssessmentSheet.id == sheet_id, AssessmentSheet.run_id == run_id)
    return (await work.session.scalars(query.execution_options(populate_existing=True))).one()


async def _appeal(work: Work, run_id: UUID, appeal_id: UUID) -> AssessmentAppeal:
    query = select(AssessmentAppeal).where(AssessmentAppeal.id == appeal_id, AssessmentAppeal.run_id == run_id)
    found = await work.session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("appeal.unknown", "This assessment has no such objection.")
    return found


def unknown_sheet() -> NotFound:
    """Return the problem of a sheet that is not there, or not somebody's to see."""
    return NotFound("assessment.sheet_unknown", "This assessment has no such sheet, or it is not yours to see.")


def scored_again(scheme: Scheme, sheet: AssessmentSheet, changes: Sequence[Change]) -> tuple[Scored, bool]:
    """Return a sheet worked out anew from what was frozen, and whether that is what is kept."""
    scored = score(scheme, read_counts(sheet.counts), changes)
    return scored, _plain(asdict(scored)) == _plain(sheet.result)


def _plain(value: Any) -> Any:
    """Return JSON as it reads back: tuples as lists."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
