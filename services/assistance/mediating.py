"""Mediations: opened for two sides that are each sealed, held in sessions, ended, and asked about some days after."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.activities.entering import Entered, enter
from services.activities.models import Activity
from services.assistance.entries import withdraw_standing
from services.assistance.files import MEDIATION, keep_files
from services.assistance.mediation_commands import (
    EndMediation,
    EraseParty,
    OpenMediation,
    OpenParty,
    PartyOf,
    RecordFollowUp,
    RecordSession,
    WithdrawEnding,
)
from services.assistance.mediation_queries import Case, find_case
from services.assistance.mediation_views import DISPUTE_NAMES, SIDE_NAMES, STATE_NAMES, PartyContact, PartyStatement
from services.assistance.models import (
    SIDES,
    Mediation,
    MediationEnding,
    MediationFollowUp,
    MediationParty,
    MediationPartyErasure,
    MediationSession,
)
from services.assistance.places import (
    hold,
    household_of,
    mark_of,
    place_of,
    require_come,
    require_file,
    require_members,
    said_before,
    ticket_of,
)
from services.assistance.quorum import RULES
from services.assistance.rules import follow_up_day, require_ending, require_names_nobody, require_session, require_two
from services.identity.permissions import require
from services.journal.noting import note
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, Fault, Forbidden, Invalid
from services.platform.papers import SealedPaper, read_paper, seal_paper
from services.platform.unit_of_work import Work

SUBJECT, PAPER, PARTY_PAPER = "mediation", "mediation", "mediation_party"


async def open_mediation(work: Work, said: OpenMediation) -> bool:
    """Open a mediation in one's area; True where this very one was there before.

    Raises 404 ``unit.unknown``, ``household.unknown``, ``member.unknown`` and ``ticket.unknown``, 403 ``assistance.outside_area``,
    422 ``mediation.one_party`` and ``mediation.names_a_party``, 409 ``mediation.still_open`` where the one it follows goes on.
    """
    require(work.actor, "mediation.record")
    await hold(work, said.mediation_id)
    mark = mark_of(work, said)
    if await said_before(work, Mediation, said.mediation_id, mark):
        return True
    require_come(work, said.opened_on, "/opened_on")
    unit = await place_of(work, "mediation.record", said.unit)
    sides = [await _clear(work, party) for party in (said.party_a, said.party_b)]
    require_two(sides)
    wants = {"/party_a/wants": said.party_a.wants, "/party_b/wants": said.party_b.wants}
    require_names_nobody({"/words": said.words, **wants}, sides)
    if said.follows_id is not None and (await find_case(work, said.follows_id)).row.MediationEnding is None:
        raise Conflict("mediation.still_open", "The mediation it is to follow is open: go on with that one.")
    mediator = await _mediator(work, said.mediator_id)
    papers = [seal_paper(PAPER, {"words": said.words}, work.now)]
    papers += [seal_paper(PARTY_PAPER, clear, work.now, phone=clear["phone"]) for clear in sides]
    row = {
        "id": said.mediation_id, "unit_id": unit.id, "kind": said.kind, "mediator_member_id": mediator, "opened_on": said.opened_on,
        "ticket_id": await ticket_of(work, said.ticket), "follows_id": said.follows_id, "paper_id": papers[0]["id"], "fingerprint": mark,
        "recorded_at": work.now, "recorded_by_account_id": work.actor.account_id,
    }  # fmt: skip
    await insert_many(work.session, SealedPaper, papers)
    await insert_many(work.session, Mediation, [row])
    parties = [{"mediation_id": said.mediation_id, "side": side, "paper_id": papers[nth]["id"]} for nth, side in enumerate(SIDES, 1)]
    await insert_many(work.session, MediationParty, parties)
    await note(work, SUBJECT, said.mediation_id, "mediation.opened", {"kind": said.kind, "unit": unit.code, "mediator_id": str(mediator)})
    return False


async def record_session(work: Work, mediation_id: UUID, said: RecordSession) -> bool:
    """Record a session; True where this very one was there before. Raises what `require_session` and `require_names_nobody` raise."""
    case = await _theirs(work, mediation_id, said.session_id)
    mark = mark_of(work, said)
    if await said_before(work, MediationSession, said.session_id, mark):
        return True
    require_come(work, said.held_on, "/held_on")
    ending = case.row.MediationEnding
    require_session(case.row.Mediation.opened_on, ending.ended_on if ending else None, said.held_on)
    row = {"held_on": said.held_on, "present": said.present, "mediation_id": mediation_id}
    await _write(work, case, MediationSession, said.session_id, mark, row, {"/words": said.words})
    await keep_files(work, MEDIATION, said.session_id, said.attachment_ids, said.upload_ids)
    data = {"session_id": str(said.session_id), "present": said.present}
    await note(work, SUBJECT, mediation_id, "mediation.session", data)
    return False


async def end_mediation(work: Work, mediation_id: UUID, said: EndMediation) -> bool:
    """End a mediation, with its entry in the ledger unless it was withdrawn; True where it was ended in these words before.

    Raises 409 ``mediation.ended``, 422 ``mediation.agreement_missing``, and what `require_ending` raises.
    """
    case = await _theirs(work, mediation_id, said.ending_id)
    mark = mark_of(work, said)
    if await said_before(work, MediationEnding, said.ending_id, mark):
        return True
    if case.row.MediationEnding is not None:
        raise Conflict("mediation.ended", "This mediation is over; take its ending back where it was written down wrongly.")
    require_come(work, said.ended_on, "/ended_on")
    if said.outcome == "settled" and said.agreement is None:
        fault = [Fault("/agreement", "a settlement is in writing")]
        raise Invalid("mediation.agreement_missing", "Write down what was agreed.", errors=fault)
    await require_file(work, said.attachment_id)
    sessions = await work.session.scalars(select(MediationSession.held_on).where(MediationSession.mediation_id == mediation_id))
    require_ending(case.row.Mediation.opened_on, list(sessions), said.outcome, said.ended_on)
    await _let_go_of_void(work, mediation_id)
    if said.outcome != "withdrawn":
        await enter(work, [_entry(case, said)])
    rules = (await RULES.get(work.session)).at(work.now)
    row = {
        "mediation_id": mediation_id, "outcome": said.outcome, "ended_on": said.ended_on, "attachment_id": said.attachment_id,
        "follow_up_on": follow_up_day(said.outcome, said.ended_on, rules.follow_up_days),
    }  # fmt: skip
    await _write(work, case, MediationEnding, said.ending_id, mark, row, {"/agreement": said.agreement})
    if said.attachment_id is not None:
        await keep_files(work, MEDIATION, said.ending_id, [said.attachment_id])
    await note(work, SUBJECT, mediation_id, "mediation.ended", {"ending_id": str(said.ending_id), "outcome": said.outcome})
    return False


async def withdraw_ending(work: Work, mediation_id: UUID, said: WithdrawEnding) -> None:
    """Take the ending back, and its entry: the mediation goes on. Raises 409 ``mediation.open`` where it does already."""
    case = await _theirs(work, mediation_id)
    ending: MediationEnding | None = case.row.MediationEnding
    if ending is None:
        raise Conflict("mediation.open", "This mediation has not ended; there is nothing to take back.")
    await withdraw_standing(work, [ending.id], said.reason)
    ending.withdrawn_at, ending.withdrawn_because, ending.withdrawn_by_account_id = work.now, said.reason, work.actor.account_id
    await work.session.flush()
    data = {"ending_id": str(ending.id), "reason": said.reason}
    await note(work, SUBJECT, mediation_id, "mediation.ending_withdrawn", data)


async def follow_up(work: Work, mediation_id: UUID, said: RecordFollowUp) -> bool:
    """Record whether what was agreed is kept; True where this was there before. Raises 409 ``mediation.not_settled``."""
    case = await _theirs(work, mediation_id, said.follow_up_id)
    mark = mark_of(work, said)
    if await said_before(work, MediationFollowUp, said.follow_up_id, mark):
        return True
    ending: MediationEnding | None = case.row.MediationEnding
    if ending is None or ending.outcome != "settled":
        raise Conflict("mediation.not_settled", "Nothing was agreed that could be kept.")
    require_come(work, said.held_on, "/held_on")
    if said.held_on < ending.ended_on:
        fault = [Fault("/held_on", "must not be before the settlement")]
        raise Invalid("mediation.before_ending", "Ask after it was settled; correct the day.", errors=fault)
    row = {"ending_id": ending.id, "held_on": said.held_on, "found": said.found}
    await _write(work, case, MediationFollowUp, said.follow_up_id, mark, row, {"/words": said.words})
    data = {"follow_up_id": str(said.follow_up_id), "found": said.found}
    await note(work, SUBJECT, mediation_id, "mediation.followed_up", data)
    return False


async def open_party(work: Work, mediation_id: UUID, side: str, said: OpenParty) -> PartyContact:
    """Return who a side is, in clear, and write down who read it and why. Raises 403 ``mediation.other_side``."""
    told = await _known(work, mediation_id, side)
    data = {"side": side, "purpose": said.purpose, "words": said.words}
    await note(work, SUBJECT, mediation_id, "mediation.party_read", data)
    return PartyContact(side=side, name=told.get("name"), phone=told.get("phone"))


async def statement(work: Work, mediation_id: UUID, side: str) -> PartyStatement:
    """Return what one side is handed about the end; that it was printed is written down.

    Raises 403 ``mediation.other_side``, 409 ``mediation.open`` and ``mediation.erased``.
    """
    told, case = await _known(work, mediation_id, side), await find_case(work, mediation_id)
    ending: MediationEnding | None = case.row.MediationEnding
    if ending is None:
        raise Conflict("mediation.open", "This mediation has not ended; there is nothing to hand over yet.")
    if not told:
        raise Conflict("mediation.erased", "What was kept of this party was erased.")
    agreed = (await _words(work, ending.paper_id)) or "（无书面内容）"
    lines = [
        "调解结果告知书", f"当事人（{SIDE_NAMES[side]}）：{told['name']}", f"纠纷类型：{DISPUTE_NAMES[case.row.Mediation.kind]}",
        f"调解员：{case.row.mediator_name}", f"结果：{STATE_NAMES[ending.outcome]}（{ending.ended_on}）", f"内容：{agreed}",
    ]  # fmt: skip
    lines += [f"回访日期：{ending.follow_up_on}"] if ending.follow_up_on else []
    await note(work, SUBJECT, mediation_id, "mediation.statement_printed", {"side": side})
    return PartyStatement(side=side, text="\n".join(lines))


async def erase_party(work: Work, mediation_id: UUID, side: str, said: EraseParty) -> None:
    """Have what is kept of one side erased: seen by nobody from now on, destroyed by the worker. The same again changes nothing."""
    require(work.actor, "privacy.decide")
    await hold(work, mediation_id)
    case = await find_case(work, mediation_id)
    if case.row.MediationEnding is None:
        raise Conflict("mediation.open", "End the mediation first: while it goes on, its parties must be known.")
    there = select(MediationPartyErasure.asked_at).where(
        MediationPartyErasure.mediation_id == mediation_id, MediationPartyErasure.side == side
    )
    if await work.session.scalar(there) is not None:
        return
    row = {
        "mediation_id": mediation_id,
        "side": side,
        "because": said.because,
        "asked_at": work.now,
        "by_account_id": work.actor.account_id,
    }
    await insert_many(work.session, MediationPartyErasure, [row])
    await note(work, SUBJECT, mediation_id, "mediation.party_erased", {"side": side, "because": said.because})


async def _theirs(work: Work, mediation_id: UUID, *more: UUID) -> Case:
    """Return a mediation whoever asks may work on, held; raise 404 ``mediation.unknown``, 403 ``mediation.takes_side``."""
    require(work.actor, "mediation.record")
    await hold(work, mediation_id, *more)
    case = await find_case(work, mediation_id)
    if not all(case.may_know(side) for side in SIDES):
        raise Forbidden("mediation.takes_side", "You look after one of the parties; let somebody write it down who stands on neither side.")
    return case


async def _known(work: Work, mediation_id: UUID, side: str) -> Any:
    require(work.actor, "mediation.read")
    case = await find_case(work, mediation_id)
    if not case.may_know(side):
        raise Forbidden("mediation.other_side", "You look after the other party; who this one is, you do not learn here.")
    return case.parties.get(side) or {}


async def _clear(work: Work, party: PartyOf) -> dict[str, Any]:
    """Return what is sealed of a side."""
    if party.household_id is not None:
        await household_of(work, party.household_id)
    home = str(party.household_id) if party.household_id else None
    return {"name": party.name, "phone": party.phone, "household_id": home, "wants": party.wants}


async def _mediator(work: Work, given: UUID | None) -> UUID:
    if given is not None:
        await require_members(work, [given], "/mediator_id")
        return given
    if work.actor.member_id is None:
        raise Invalid("mediation.no_mediator", "Say who mediates.", errors=[Fault("/mediator_id", "must not be empty")])
    return work.actor.member_id


async def _write(
    work: Work, case: Case, row_class: Any, row_id: UUID, mark: bytes, row: dict[str, Any], words: dict[str, str | None]
) -> None:
    """Store a row with its sealed words, which name neither side."""
    require_names_nobody(words, [told for told in case.parties.values() if told])
    (said,) = words.values()
    paper = seal_paper(PAPER, {"words": said}, work.now) if said else None
    if paper:
        await insert_many(work.session, SealedPaper, [paper])
    by = {"recorded_at": work.now, "recorded_by_account_id": work.actor.account_id}
    await insert_many(
        work.session, row_class, [{**row, **by, "id": row_id, "paper_id": paper["id"] if paper else None, "fingerprint": mark}]
    )


def _entry(case: Case, said: EndMediation) -> Entered:
    """Return the dispute as the ledger counts it: without a word of it, for the ledger is read by more people than a mediation."""
    found: Mediation = case.row.Mediation
    deed: dict[str, Any] = {"unit_id": found.unit_id, "member_id": found.mediator_member_id, "ticket_id": found.ticket_id}
    return Entered(id=said.ending_id, kind="dispute", happened_on=said.ended_on, outcome=said.outcome, **deed)


async def _let_go_of_void(work: Work, mediation_id: UUID) -> None:
    """Withdraw an ending whose entry was withdrawn at the ledger's own door, as that one was."""
    rows = select(MediationEnding.id, Activity.withdrawn_because, Activity.withdrawn_by_account_id).join(
        Activity, Activity.id == MediationEnding.id
    )
    theirs = (MediationEnding.mediation_id == mediation_id, MediationEnding.withdrawn_at.is_(None))
    for row in await work.session.execute(rows.where(*theirs, Activity.withdrawn_at.is_not(None))):
        values = {
            "withdrawn_at": work.now,
            "withdrawn_because": row.withdrawn_because,
            "withdrawn_by_account_id": row.withdrawn_by_account_id,
        }
        await work.session.execute(update(MediationEnding).where(MediationEnding.id == row.id).values(values))


async def _words(work: Work, paper_id: UUID | None) -> str | None:
    if paper_id is None:
        return None
    row = (await work.session.execute(select(SealedPaper.row_key, SealedPaper.sealed).where(SealedPaper.id == paper_id))).one()
    found: str | None = (read_paper(paper_id, row.row_key, row.sealed) or {}).get("words")
    return found
