"""Decisions towards the end of a ticket, and back from it: resolve, answer, call back, close, reopen, reject, cancel, merge. Pure."""

from datetime import timedelta

from services.platform.errors import Conflict, Invalid
from services.platform.ids import new_id
from services.tickets import tasks, timing, whistling
from services.tickets.case import Case, Deed
from services.tickets.changes import EventDraft, Insert, Outcome, Row, Update
from services.tickets.commands import Cancel, Close, GiveAnswer, MakeCallBack, Merge, Reject, Reopen, Resolve, Unmerge, happened
from services.tickets.evidence import missing_evidence, refuse_unreviewed
from services.tickets.evidence_models import EvidenceFlag
from services.tickets.lifecycle import OPEN
from services.tickets.models import Answer, Assignment, CallBack, Round
from services.tickets.pausing import NOT_SUSPENDED, requests_over
from services.tickets.responsibility import refuse_to_end_adjudicated
from services.tickets.terms import is_last
from services.tickets.verifying import call_back_data, call_back_row, refuse_executor
from services.tickets.working import PAUSED_STAGES, checked_instant, helped, work_log


def may_resolve(case: Case, _deed: Deed) -> None:
    """Refuse to end work that stands still."""
    if case.ticket.suspended_at is not None:
        raise Conflict("ticket.suspended", "The ticket is suspended; resume it first.")


def resolve(case: Case, command: Resolve, deed: Deed) -> Outcome:
    """The holder says the work is done: nothing missing, and no task open but with a reason."""
    missing = missing_evidence(case, command.files)
    if missing:
        raise Invalid("ticket.evidence_missing", "The category demands evidence that is not there yet.", extra={"missing": missing})
    at, counted = checked_instant(case, happened(command, deed.now), deed)
    unfinished, tasks_over = tasks.left_open(case, command.open_tasks_reason, counted)
    log_id, insert, links = work_log(case, deed, "result", command.words, command.files, at)
    done: Row = {"resolved_at": counted, "resolved_by_unit_id": case.ticket.lead_unit_id}
    values: Row = {**done, "resolved_by_account_id": deed.actor.account_id, **helped(case, deed)}
    rounds = _round_update(case, done)
    asked_over = (*requests_over(case, deed, "已处置完成，申请失效"), *whistling.ended(case, deed, "called_off"))
    return Outcome(
        {
            "unit_id": str(case.ticket.lead_unit_id),
            "work_log_id": str(log_id),
            **unfinished,
            **whistling.expected(case),
            "files": [str(file.id) for file in command.files],
        },
        values,
        inserts=(insert, *timing.start(case, "answer" if case.owed_answers else "verify", deed.now)),
        updates=(*timing.stop(case, ["inform", *timing.WORK_STAGES], counted), *tasks_over, *rounds, *asked_over),
        links=links,
        happened_at=at,
    )


def answer(case: Case, command: GiveAnswer, deed: Deed) -> Outcome:
    """Tell every complainant who wants to know: one answer each, those of merged tickets too."""
    rows = [
        Insert(
            Answer,
            {
                "id": new_id(),
                "ticket_id": case.ticket.id,
                "complaint_id": complaint_id,
                "round": case.ticket.round,
                "words": command.words,
                "answered_at": deed.now,
                "answered_by_account_id": deed.actor.account_id,
            },
        )
        for complaint_id in case.owed_answers
    ]
    data = {"words": command.words, "answered": [str(complaint_id) for complaint_id in case.owed_answers]}
    verify = timing.start(case, "verify", deed.now) if case.clock("verify") is None else ()
    return Outcome(data, {"answered_at": deed.now}, inserts=(*rows, *verify), updates=timing.stop(case, ["answer"], deed.now))


def call_back(case: Case, command: MakeCallBack, deed: Deed) -> Outcome:
    """Record what the complainant said. "Not solved" starts the next round at once, where the terms know one.

    After closing it does so within the days a ticket may be reopened; later the word is kept, and the ticket stays closed.
    """
    refuse_executor(case, deed.actor)
    row = call_back_row(case, command, deed)
    data = call_back_data(case, row)
    if command.solved is not False or is_last(case.ticket.terms, case.ticket.round) or _too_late(case, deed):
        return Outcome(data, inserts=(Insert(CallBack, row),))
    again = _next_round(case, deed, "call_back_not_solved")
    reopened = EventDraft("ticket.reopened", {"reason": "call_back_not_solved", "round": case.ticket.round + 1})
    return Outcome(data, again.values, (Insert(CallBack, row), *again.inserts), again.updates, further=(reopened,), to="received")


def close(case: Case, command: Close, deed: Deed) -> Outcome:
    """Verify and end: not by who did the work, not before the answers that are owed, not against an unsolved call-back."""
    refuse_executor(case, deed.actor)
    if case.ticket.status == "resolved" and case.owed_answers:
        raise Conflict("ticket.answer_owed", "The complainant has not been told the result yet; answer first.")
    if command.verified_by == "call_back" and case.last_solved is not True:
        raise Conflict("ticket.no_call_back", "No call-back of this round says that the matter is solved.")
    refuse_unreviewed(case, command.flags_words)
    values: Row = {"closed_at": deed.now, "closed_by_unit_id": deed.unit_id, "closed_by_account_id": deed.actor.account_id}
    ended = _round_update(case, {"closed_at": deed.now, "outcome": "closed"})
    stages = {clock.stage for clock in case.clocks}
    data: Row = {"verified_by": command.verified_by, "words": command.words, "unit_id": str(deed.unit_id), "round": case.ticket.round}
    if case.flags:
        data["flags_reviewed"] = [str(flag.id) for flag in case.flags]
    if case.look_owed:
        data["evidence_unseen"] = command.flags_words
    review = {"reviewed_at": deed.now, "reviewed_by_account_id": deed.actor.account_id, "review_words": command.flags_words}
    reviewed = [Update(EvidenceFlag, flag.id, review) for flag in case.flags]
    return Outcome(data, values, updates=(*timing.stop(case, stages, deed.now), *ended, *reviewed))


def may_reopen(case: Case, deed: Deed) -> None:
    """Refuse the next round after the days allowed, and where the terms know no other."""
    if _too_late(case, deed):
        days = case.around.reopen_days
        raise Conflict("ticket.reopen_too_late", f"A ticket can be reopened within {days} days; file a new one that names this number.")
    if is_last(case.ticket.terms, case.ticket.round):
        detail = "The final review (复核) ends a petition; the same matter is not taken on again. Explain it to the person."
        raise Conflict("petition.final", detail)


def reopen(case: Case, command: Reopen, deed: Deed) -> Outcome:
    """Start the next round, within the days allowed after closing."""
    again = _next_round(case, deed, command.words)
    return Outcome({"words": command.words, "round": case.ticket.round + 1}, again.values, again.inserts, again.updates)


def _too_late(case: Case, deed: Deed) -> bool:
    """Tell whether the days are over within which a closed ticket may be reopened."""
    closed = case.ticket.closed_at
    return closed is not None and deed.now > closed + timedelta(days=case.around.reopen_days)


def may_end(case: Case, deed: Deed) -> None:
    """Refuse to end a ticket that carries others: their complainants did not withdraw, and nobody would act on them any more.

    And one that is being adjudicated, but by the desk that decides, or by the hotline for who withdraws.
    """
    refuse_to_end_adjudicated(case, deed.actor)
    if case.absorbed:
        raise Conflict("ticket.has_merged", "Other tickets are merged into this one; undo those merges first.")


def reject(case: Case, command: Reject, deed: Deed) -> Outcome:
    """Do not take the matter on."""
    return _without_verdict(case, command, deed)


def cancel(case: Case, command: Cancel, deed: Deed) -> Outcome:
    """End a ticket that is no longer wanted."""
    return _without_verdict(case, command, deed)


def _without_verdict(case: Case, command: Reject | Cancel, deed: Deed) -> Outcome:
    """Return an end at which no clock is judged, and nothing that was asked for stays open."""
    asked_over = (*requests_over(case, deed, "工单已终止，申请失效"), *whistling.row_ended(case, deed, "called_off"))
    updates = (*timing.cancel(case), *_ended(case, deed), *asked_over)
    data: Row = {"reason": command.reason, "words": command.words, **whistling.expected(case)}
    return Outcome(data, NOT_SUSPENDED, updates=updates)


def may_merge(case: Case, deed: Deed) -> None:
    """Refuse to merge what others were merged into, and what is being adjudicated, but by the desk that decides."""
    refuse_to_end_adjudicated(case, deed.actor)
    if case.absorbed:
        raise Conflict("ticket.has_merged", "Other tickets are merged into this one; merge those first, or merge the other way round.")


def merge(case: Case, command: Merge, deed: Deed) -> Outcome:
    """Join this ticket to another open one; its clocks pause, its complainants are answered with the other's."""
    other = case.other
    if other is None:
        raise Invalid("ticket.unknown", f"There is no ticket {command.into}.")
    if other.id == case.ticket.id or other.status not in OPEN[:3]:
        raise Conflict("ticket.cannot_merge", "The other ticket must be another one that is still being worked on.")
    if other.accused != case.ticket.accused:
        raise Conflict("ticket.merge_would_tell", "Whoever knows one of these matters may not know of the other: they are about others.")
    return Outcome(
        {"into": other.number, "into_id": str(other.id), "words": command.words},
        {"merged_into_id": other.id, "status_before_merge": case.ticket.status},
        updates=timing.pause(case, deed.now),
    )


def unmerge(case: Case, command: Unmerge, deed: Deed) -> Outcome:
    """Undo a merge: the ticket goes on where it stood, what a suspension had paused stays so."""
    before = case.ticket.status_before_merge
    assert before is not None
    still = PAUSED_STAGES if case.ticket.suspended_at is not None else ()
    updates, why = timing.resume(case, deed, "merged", but=still)
    return Outcome(
        {"from_id": str(case.ticket.merged_into_id), "words": command.words},
        {"merged_into_id": None, "status_before_merge": None},
        inserts=why,
        updates=updates,
        to=before,
    )


def _next_round(case: Case, deed: Deed, reason: str) -> Outcome:
    number = case.ticket.round + 1
    values: Row = {
        "round": number,
        "lead_unit_id": None,
        "lead_member_id": None,
        "tier": None,
        "accepted_at": None,
        "first_contact_at": None,
        "resolved_at": None,
        "resolved_by_unit_id": None,
        "resolved_by_account_id": None,
        "answered_at": None,
        "closed_at": None,
        "closed_by_unit_id": None,
        "closed_by_account_id": None,
        "helped_by": [],
        "adjudication": False,
        **NOT_SUSPENDED,
    }
    row: Row = {"id": new_id(), "ticket_id": case.ticket.id, "number": number, "opened_at": deed.now, "reason": reason}
    clock = timing.start(case, "dispatch", deed.now, limit=timing.dispatch_limit(case.ticket.urgency), number=number)
    stages = {clock.stage for clock in case.clocks}
    ended = (*_ended(case, deed), *requests_over(case, deed, "本轮已结束，申请失效"), *_round_update(case, {"outcome": "reopened"}))
    updates = (*timing.stop(case, stages, deed.now), *ended)
    return Outcome({}, values, (*_first_round(case), Insert(Round, row), *clock), updates)


def _first_round(case: Case) -> tuple[Insert, ...]:
    """Return the row of round 1 where it never got as far as a dispatch, which writes it."""
    if case.round_id is not None or case.ticket.round != 1:
        return ()
    row: Row = {"id": new_id(), "ticket_id": case.ticket.id, "number": 1, "opened_at": case.ticket.received_at, "outcome": "reopened"}
    return (Insert(Round, row),)


def _ended(case: Case, deed: Deed) -> list[Update]:
    return [Update(Assignment, row.id, {"ended_at": deed.now, "end": "round_over"}) for row in case.assignments]


def _round_update(case: Case, values: Row) -> tuple[Update, ...]:
    return (Update(Round, case.round_id, values),) if case.round_id else ()
