"""What a word about the result is worth, and how it is written down: over which way it came, who may take it, when to try again. Pure.

Contacted (响应), solved (解决) and satisfied (满意) are recorded apart; whoever was not reached said nothing of any of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.platform.actor import Actor
from services.platform.errors import Forbidden, Invalid
from services.platform.ids import new_id
from services.platform.sealed_words import seal_words
from services.tickets.case import Case, Deed
from services.tickets.changes import Row
from services.tickets.commands import Confirmation, MakeCallBack


@dataclass(frozen=True, slots=True)
class Way:
    """A way words come by. `strength` (1 to 5) says how sure it is that the complainant said so, for whoever weighs them; `proof` why."""

    name: str
    strength: int
    proof: str


WAYS: Mapping[str, Way] = {
    "open311": Way("开放接口", 1, "a client says that the reporter says so"),
    "code": Way("查询码确认", 2, "whoever holds number and code"),
    "wechat": Way("微信确认", 3, "the WeChat account that told the matter"),
    "phone": Way("电话回访", 3, "an independent person spoke with the number that was left"),
    "visit": Way("上门回访", 4, "an independent person was there"),
    "paper": Way("书面确认", 5, "signed; a witness, and an independent person who was there"),
}
TRIED_AGAIN_AFTER = (timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
"""Three calls are tried; whoever is not reached by the third is not pursued further (GB/T 33358 leaves the number to the house)."""


def try_again_at(tries: int, now: datetime) -> datetime | None:
    """Return when to call again after `tries` (at least 1) calls nobody answered, the last of them `now`; None after the last."""
    return now + TRIED_AGAIN_AFTER[tries - 1] if tries < len(TRIED_AGAIN_AFTER) else None


def call_back_row(case: Case, command: MakeCallBack, deed: Deed) -> Row:
    """Return the row of `call_backs` for what `command` says; raise Invalid where it says something of somebody who was not reached."""
    said = {"contacted": command.contacted, "solved": command.solved, "satisfied": command.satisfied}
    if not command.reached and any(word is not None for word in said.values()):
        raise Invalid("call_back.not_reached", "Whoever was not reached said nothing; leave contacted, solved and satisfied out.")
    own = command if isinstance(command, Confirmation) else None  # made by rooms that know whose word it is
    if own is None and command.complaint_id is not None and command.complaint_id not in case.owed_answers:
        raise Invalid("call_back.unknown_complaint", "`complaint_id` must be one of the ticket's complaints that wants an answer.")
    call_back_id = new_id()
    return {
        "id": call_back_id,
        "ticket_id": case.ticket.id,
        "round": case.ticket.round,
        "called_at": deed.now,
        "by_account_id": deed.actor.account_id,
        "reached": command.reached,
        **said,
        **seal_words(call_back_id, command.words),
        "way": command.way,
        "complaint_id": command.complaint_id,
        "signature_id": own.signature_id if own else None,
        "witness_account_id": own.witness_account_id if own else None,
        "paper_id": own.paper_id if own else None,
    }


def call_back_data(case: Case, row: Row) -> Row:
    """Return what the event says of a row of `call_backs`: of a call nobody answered, which it was and when to try again."""
    data = {name: row[name] for name in ("reached", "contacted", "solved", "satisfied", "way")}
    data["call_back_id"] = str(row["id"])
    if not row["reached"]:
        tries = case.tries + 1
        again = try_again_at(tries, row["called_at"])
        data |= {"tries": tries, "try_again_at": again.isoformat() if again else None}
    return data


def refuse_executor(case: Case, actor: Actor) -> None:
    """Refuse verification by whoever did the work, and by anybody of the unit that did or helped, from whatever seat they come."""
    if worked(case) & {seat.unit_id for seat in actor.seats} or did_it(case, actor.account_id):
        raise Forbidden("ticket.executor_verifies", "Whoever did the work cannot verify it; somebody of another unit must.")


def worked(case: Case) -> frozenset[UUID]:
    """Return the units that did the work of the round: the one that says it is done, and all that wrote a work record.

    Of the latter the jurisdiction's own desk is left out (`working.helped`): it verifies where no other desk could.
    """
    did = case.ticket.resolved_by_unit_id
    return frozenset(UUID(unit) for unit in case.ticket.helped_by) | ({did} if did is not None else set())


def did_it(case: Case, account_id: UUID | None) -> bool:
    """Tell whether the person said that the work is done, or wrote a work record in the round: from whatever seat, or by their key."""
    return any(case.is_person(account_id, doer) for doer in (case.ticket.resolved_by_account_id, *case.workers))
