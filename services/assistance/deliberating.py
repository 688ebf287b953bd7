"""Deliberations: proposed, met about, decided by the numbers; shown to everybody by somebody else than who wrote them down."""

from uuid import UUID

from sqlalchemy import select

from services.assistance.deliberation_commands import Propose, RecordMeeting, WithdrawMeeting
from services.assistance.deliberation_queries import find_deliberation
from services.assistance.models import Deliberation, DeliberationMeeting
from services.assistance.places import hold, mark_of, place_of, require_come, said_before, ticket_of
from services.assistance.quorum import RULES, Verdict, verdict_of
from services.identity.permissions import require
from services.identity.persons import is_same_person
from services.journal.noting import note
from services.organization.queries import unit_tree
from services.platform.bulk import insert_many
from services.platform.clock import day_end
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import Work

SUBJECT, PAPER = "deliberation", "deliberation"


async def propose(work: Work, said: Propose) -> bool:
    """Write a proposal down; True where this very one was there before.

    Raises 404 ``unit.unknown`` and ``ticket.unknown``, 403 ``assistance.outside_area``, 409 ``assistance.id_taken``, 422 for a day to come.
    """
    require(work.actor, "deliberation.record")
    await hold(work, said.deliberation_id)
    mark = mark_of(work, said)
    if await said_before(work, Deliberation, said.deliberation_id, mark):
        return True
    require_come(work, said.proposed_on, "/proposed_on")
    unit = await place_of(work, "deliberation.record", said.unit)
    paper = seal_paper(PAPER, {"words": said.words}, work.now) if said.words else None
    if paper:
        await insert_many(work.session, SealedPaper, [paper])
    row = {
        "id": said.deliberation_id, "unit_id": unit.id, "title": said.title, "proposed_on": said.proposed_on,
        "ticket_id": await ticket_of(work, said.ticket), "matter_id": said.matter_id, "paper_id": paper["id"] if paper else None,
        "fingerprint": mark, "recorded_at": work.now, "recorded_by_account_id": work.actor.account_id,
    }  # fmt: skip
    await insert_many(work.session, Deliberation, [row])
    await note(work, SUBJECT, said.deliberation_id, "deliberation.proposed", {"unit": unit.code})
    return False


async def record_meeting(work: Work, deliberation_id: UUID, said: RecordMeeting) -> bool:
    """Record a meeting; what it comes to follows from the rules in force on its day. True where this very one was there before.

    Raises 409 ``deliberation.decided`` where another meeting decided, 422 ``deliberation.before_proposal``,
    ``deliberation.decision_missing``, ``deliberation.no_quorum`` for a decision nobody could take, and what `verdict_of` raises.
    """
    await _own(work, deliberation_id, said.meeting_id)
    mark = mark_of(work, said)
    if await said_before(work, DeliberationMeeting, said.meeting_id, mark):
        return True
    row = await find_deliberation(work, deliberation_id)
    require_come(work, said.held_on, "/held_on")
    if said.held_on < row.Deliberation.proposed_on:
        fault = [Fault("/held_on", "must not be before the proposal")]
        raise Invalid("deliberation.before_proposal", "A meeting is held after the proposal; correct the day.", errors=fault)
    book = await RULES.get(work.session)
    moment = min(work.now, day_end(said.held_on))
    votes = (said.votes_for, said.votes_against, said.abstained)
    verdict = verdict_of(book.at(moment).forms[said.form], eligible=said.eligible, present=said.present, votes=votes)
    _require_decision(verdict, said)
    if verdict != "no_quorum" and row.verdict is not None:
        raise Conflict("deliberation.decided", "This was decided at another meeting; make another proposal.")
    numbers = ("form", "held_on", "place", "eligible", "present", "votes_for", "votes_against", "abstained", "decision")
    written = {
        **{name: getattr(said, name) for name in numbers}, "id": said.meeting_id, "deliberation_id": deliberation_id, "verdict": verdict,
        "rules_version": book.version_at(moment), "fingerprint": mark, "recorded_at": work.now,
        "recorded_by_account_id": work.actor.account_id,
    }  # fmt: skip
    await insert_many(work.session, DeliberationMeeting, [written])
    data = {"meeting_id": str(said.meeting_id), "verdict": verdict}
    await note(work, SUBJECT, deliberation_id, "deliberation.met", data)
    return False


async def withdraw_meeting(work: Work, deliberation_id: UUID, meeting_id: UUID, said: WithdrawMeeting) -> None:
    """Take a meeting back; the same again changes nothing. Raises 404 ``deliberation.meeting_unknown``."""
    await _own(work, deliberation_id)
    meeting = await _meeting(work, deliberation_id, meeting_id)
    if meeting.withdrawn_at is not None:
        return
    meeting.withdrawn_at, meeting.withdrawn_because, meeting.withdrawn_by_account_id = work.now, said.reason, work.actor.account_id
    await work.session.flush()
    data = {"meeting_id": str(meeting_id), "reason": said.reason}
    await note(work, SUBJECT, deliberation_id, "deliberation.meeting_withdrawn", data)


async def publish_meeting(work: Work, deliberation_id: UUID, meeting_id: UUID) -> None:
    """Show a meeting to everybody; the same again changes nothing.

    Raises 403 ``deliberation.own_record`` for whoever wrote it down, 409 ``deliberation.meeting_withdrawn``.
    """
    require(work.actor, "deliberation.publish")
    await hold(work, deliberation_id)
    row = await find_deliberation(work, deliberation_id)
    unit = (await unit_tree(work.session)).by_id[row.Deliberation.unit_id]
    await place_of(work, "deliberation.publish", unit.code)
    meeting = await _meeting(work, deliberation_id, meeting_id)
    if meeting.withdrawn_at is not None:
        raise Conflict("deliberation.meeting_withdrawn", "This meeting was taken back; there is nothing to show.")
    if meeting.published_at is not None:
        return
    writers = (meeting.recorded_by_account_id, row.Deliberation.recorded_by_account_id)
    if await is_same_person(work.session, work.actor.account_id, *writers):
        raise Forbidden("deliberation.own_record", "Whoever wrote it down does not publish it; let somebody else read it first.")
    meeting.published_at, meeting.published_by_account_id = work.now, work.actor.account_id
    await work.session.flush()
    await note(work, SUBJECT, deliberation_id, "deliberation.published", {"meeting_id": str(meeting_id)})


def _require_decision(verdict: Verdict, said: RecordMeeting) -> None:
    if verdict == "no_quorum" and said.decision is not None:
        fault = [Fault("/decision", "too few were there to decide")]
        raise Invalid("deliberation.no_quorum", "Too few were there: leave the decision out and meet again.", errors=fault)
    if verdict != "no_quorum" and said.decision is None:
        fault = [Fault("/decision", "is missing")]
        raise Invalid("deliberation.decision_missing", "Write down what was decided, also where it was rejected.", errors=fault)


async def _own(work: Work, deliberation_id: UUID, *more: UUID) -> None:
    """Hold a deliberation of a place where whoever asks records; raise 404 ``deliberation.unknown``, 403 ``assistance.outside_area``."""
    require(work.actor, "deliberation.record")
    await hold(work, deliberation_id, *more)
    row = await find_deliberation(work, deliberation_id)
    await place_of(work, "deliberation.record", row.code)


async def _meeting(work: Work, deliberation_id: UUID, meeting_id: UUID) -> DeliberationMeeting:
    query = select(DeliberationMeeting).where(DeliberationMeeting.id == meeting_id, DeliberationMeeting.deliberation_id == deliberation_id)
    found = await work.session.scalar(query)
    if found is None:
        raise NotFound("deliberation.meeting_unknown", "This deliberation has no meeting with this id.")
    return found
