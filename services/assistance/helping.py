"""Help items: opened for a household, helped with step by step, closed with the household's confirmation or with why there is none.

Each deed that counts is an entry of the ledger, written in the same transaction.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.activities.entering import Entered, enter
from services.activities.rules import seat_over
from services.assistance.commands import CloseHelp, OpenHelp, RecordHelpStep, SetHelpers, WithdrawStep
from services.assistance.entries import withdraw_standing
from services.assistance.files import HELP, keep_files
from services.assistance.help_codes import require_code
from services.assistance.help_queries import Item, deeds_of, find_item
from services.assistance.models import HelpClosing, HelpHelper, HelpItem, HelpStep
from services.assistance.places import hold, household_of, mark_of, require_come, require_file, require_members, said_before
from services.assistance.rules import Deed, money_of, require_closing, require_step, require_withdrawal
from services.calls.queries import call_row, numbers_of
from services.households.queries import telephone_of
from services.households.references import need_village, person_keys
from services.identity.models import Account
from services.identity.permissions import require
from services.journal.noting import note
from services.organization.queries import unit_tree
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, read_paper, seal_paper
from services.platform.unit_of_work import Work

SUBJECT, PAPER = "help_item", "help"
_STAGES = {"pledged": "pledged", "received": "received", "handed_over": "spent"}
"""What money of a step is in the ledger: 认捐, 到位, 支出."""


async def open_help(work: Work, said: OpenHelp) -> bool:
    """Open an item for a household of one's area, or that one is paired with; True where this very item was there before.

    Raises 404 ``household.unknown`` and ``member.unknown``, 409 ``household.ended``, ``assistance.id_taken`` and ``help.still_open``
    where the item it follows is not closed, 422 for a day to come.
    """
    require(work.actor, "help.record")
    await hold(work, said.item_id)
    mark = mark_of(work, said)
    if await said_before(work, HelpItem, said.item_id, mark):
        return True
    require_come(work, said.started_on, "/started_on")
    household = await household_of(work, said.household_id)
    helpers = await _helpers(work, said.helper_ids)
    if said.follows_id is not None and (await find_item(work, said.follows_id)).closed_on is None:
        raise Conflict("help.still_open", "The item it is to follow is open: go on with that one.")
    clear = {"goal": said.goal, "persons": list(said.persons), "people": said.people}
    paper = seal_paper(PAPER, clear, work.now)
    row = {
        **{name: getattr(said, name) for name in ("household_id", "kind", "started_on", "due_on", "needed_fen", "follows_id")},
        "id": said.item_id, "unit_id": household.unit_id, "paper_id": paper["id"], "fingerprint": mark, "recorded_at": work.now,
        "recorded_by_account_id": work.actor.account_id,
    }  # fmt: skip
    await insert_many(work.session, SealedPaper, [paper])
    await insert_many(work.session, HelpItem, [row])
    await insert_many(work.session, HelpHelper, [_helper(work, said.item_id, member_id) for member_id in helpers])
    await note(work, SUBJECT, said.item_id, "help_item.opened", {"kind": said.kind, "household_id": str(said.household_id)})
    return False


async def set_helpers(work: Work, item_id: UUID, said: SetHelpers) -> None:
    """Say who helps from now on. The same again changes nothing. Raises 404 ``help.unknown``, ``member.unknown``, 409 ``help.closed``."""
    item = await _open(work, item_id)
    wanted = set(await _helpers(work, said.helper_ids))
    gone, new = item.helper_ids - wanted, wanted - item.helper_ids
    if gone:
        theirs = (HelpHelper.item_id == item_id, HelpHelper.member_id.in_(gone), HelpHelper.ended_at.is_(None))
        await work.session.execute(update(HelpHelper).where(*theirs).values(ended_at=work.now))
    if new:
        await insert_many(work.session, HelpHelper, [_helper(work, item_id, member_id) for member_id in sorted(new)])
    if gone or new:
        data = {"ended": sorted(str(one) for one in gone), "begun": sorted(str(one) for one in new)}
        await note(work, SUBJECT, item_id, "help_item.helpers", data)


async def record_step(work: Work, item_id: UUID, said: RecordHelpStep) -> bool:
    """Record a deed of an item and its entries in the ledger; True where this very step was there before.

    Raises 404 ``help.unknown``, what `require_step` raises, 422 ``help.no_helper``, 409 ``help.erased`` where who is helped was erased.
    """
    require(work.actor, "help.record")
    await hold(work, item_id, said.step_id)
    item, mark = await find_item(work, item_id), mark_of(work, said)
    if await said_before(work, HelpStep, said.step_id, mark):
        return True
    require_come(work, said.happened_on, "/happened_on")
    deed = Deed(said.kind, said.happened_on, said.amount_fen)
    require_step(item.started_on, item.closed_on, money_of((await deeds_of(work, item_id)).values()), deed)
    entries = _entries(said, await _deed_of(work, item, said), await _who(work, item) if said.kind in ("given", "handed_over") else None)
    paper = seal_paper(PAPER, {"words": said.words}, work.now) if said.words and not entries else None
    if paper:
        await insert_many(work.session, SealedPaper, [paper])
    await enter(work, entries)
    row = {
        **{name: getattr(said, name) for name in ("kind", "happened_on", "source", "amount_fen", "goods")},
        "id": said.step_id, "item_id": item_id, "paper_id": paper["id"] if paper else None, "fingerprint": mark,
        "help_activity_id": entries[1].id if len(entries) > 1 else None, "recorded_at": work.now,
        "recorded_by_account_id": work.actor.account_id,
    }  # fmt: skip
    await insert_many(work.session, HelpStep, [row])
    await keep_files(work, HELP, said.step_id, said.attachment_ids, said.upload_ids)
    await note(work, SUBJECT, item_id, "help_item.step", {"step_id": str(said.step_id), "kind": said.kind, "on": str(said.happened_on)})
    return False


async def withdraw_step(work: Work, item_id: UUID, step_id: UUID, said: WithdrawStep) -> None:
    """Take a step and its entries back; the same again changes nothing.

    Raises 404 ``help.step_unknown``, 403 ``help.not_yours`` and what `require_withdrawal` raises.
    """
    require(work.actor, "help.record")
    await hold(work, item_id, step_id)
    item = await find_item(work, item_id)
    step = await work.session.scalar(select(HelpStep).where(HelpStep.id == step_id, HelpStep.item_id == item_id))
    if step is None:
        raise NotFound("help.step_unknown", "This item has no step with this id.")
    await _require_own(work, item, step)
    if step.withdrawn_at is not None:
        return
    deeds = await deeds_of(work, item_id)
    if step_id in deeds:
        require_withdrawal(item.closed_on, money_of(deeds.values()), deeds[step_id])
    await withdraw_standing(work, [step_id, *((step.help_activity_id,) if step.help_activity_id else ())], said.reason)
    step.withdrawn_at, step.withdrawn_because, step.withdrawn_by_account_id = work.now, said.reason, work.actor.account_id
    await work.session.flush()
    await note(work, SUBJECT, item_id, "help_item.step_withdrawn", {"step_id": str(step_id), "reason": said.reason})


async def close_help(work: Work, item_id: UUID, said: CloseHelp) -> bool:
    """Close an item, once; True where it was closed in these words before.

    Raises 404 ``help.unknown``, 409 ``help.closed``, 422 ``help.witness`` and ``call.unknown``, and what `require_closing` raises.
    """
    require(work.actor, "help.record")
    await hold(work, item_id)
    item, mark = await find_item(work, item_id), mark_of(work, said)
    if item.closed_on is not None:
        before = await work.session.scalar(select(HelpClosing.fingerprint).where(HelpClosing.item_id == item_id))
        if before != mark:
            raise Conflict("help.closed", "This item is closed; open another one that follows it.")
        return True
    require_come(work, said.closed_on, "/closed_on")
    deeds = (await deeds_of(work, item_id)).values()
    left = require_closing(list(deeds), said.closed_on, item.started_on, said.outcome, left_explained=said.money_left is not None)
    proof = await _proof(work, item, said)
    clear = {name: value for name in ("words", "money_left") if (value := getattr(said, name))}
    paper = seal_paper(PAPER, clear, work.now) if clear else None
    if paper:
        await insert_many(work.session, SealedPaper, [paper])
    row = {
        **{name: getattr(said, name) for name in ("outcome", "closed_on", "confirmation", "unconfirmed_because")}, **proof,
        "item_id": item_id, "money_left_fen": left, "paper_id": paper["id"] if paper else None, "fingerprint": mark,
        "recorded_at": work.now, "by_account_id": work.actor.account_id,
    }  # fmt: skip
    await insert_many(work.session, HelpClosing, [row])
    if said.attachment_id is not None:
        await keep_files(work, HELP, item_id, [said.attachment_id], role="signature")
    data = {"outcome": said.outcome, "confirmation": said.confirmation, "unconfirmed_because": said.unconfirmed_because}
    await note(work, SUBJECT, item_id, "help_item.closed", data)
    return False


async def _require_own(work: Work, item: Item, step: HelpStep) -> None:
    """Raise Forbidden ``help.not_yours`` unless whoever asks wrote the step down, helps, or records for others there."""
    if work.actor.account_id == step.recorded_by_account_id or work.actor.member_id in item.helper_ids:
        return
    unit = (await unit_tree(work.session)).by_id[item.unit_id]
    if seat_over(work.actor, "activity.record_for_others", unit) is None:
        raise Forbidden("help.not_yours", "This step is somebody else's; ask them, the village or the township to take it back.")


async def _open(work: Work, item_id: UUID) -> Item:
    require(work.actor, "help.record")
    await hold(work, item_id)
    item = await find_item(work, item_id)
    if item.closed_on is not None:
        raise Conflict("help.closed", "This item is closed; open another one that follows it.")
    return item


async def _helpers(work: Work, given: Sequence[UUID]) -> Sequence[UUID]:
    """Return who helps: those given, or whoever asks."""
    if given:
        await require_members(work, given, "/helper_ids")
        return list(dict.fromkeys(given))
    if work.actor.member_id is None:
        raise Invalid("help.no_helper", "Say who helps.", errors=[Fault("/helper_ids", "must not be empty")])
    return [work.actor.member_id]


def _helper(work: Work, item_id: UUID, member_id: UUID) -> dict[str, Any]:
    return {"id": new_id(), "item_id": item_id, "member_id": member_id, "since": work.now, "ended_at": None}


async def _who(work: Work, item: Item) -> dict[str, Any]:
    """Return who is helped, as the ledger has it: from the item's own paper, so that nobody types it twice."""
    clear = read_paper(item.paper_id, item.row_key, item.sealed)
    if clear is None:
        raise Conflict("help.erased", "Who is helped was erased: close this item and open another one.")
    if not clear["persons"]:
        return {"amount": clear["people"]}
    tree = await unit_tree(work.session)
    return {"persons": tuple(person_keys(need_village(tree, tree.by_id[item.unit_id], "/household_id"), clear["persons"]))}


async def _deed_of(work: Work, item: Item, said: RecordHelpStep) -> dict[str, Any]:
    """Return where a step was done, when, by whom and from which seat; raise Invalid ``help.no_helper`` where nobody of the item did it."""
    member_id = said.helper_id or work.actor.member_id
    if member_id is None or (said.helper_id not in (None, work.actor.member_id) and said.helper_id not in item.helper_ids):
        raise Invalid("help.no_helper", "Say which of its helpers did it.", errors=[Fault("/helper_id", "helps not with this item")])
    unit = (await unit_tree(work.session)).by_id[item.unit_id]
    seat = seat_over(work.actor, "help.record", unit) if member_id == work.actor.member_id else None
    by_unit_id = seat.unit_id if seat else None
    return {"unit_id": item.unit_id, "happened_on": said.happened_on, "member_id": member_id, "by_unit_id": by_unit_id}


def _entries(said: RecordHelpStep, deed: dict[str, Any], who: dict[str, Any] | None) -> list[Entered]:
    """Return the entries a step makes: funds for money at each of its three stages, help for what reaches the household.

    Goods are no money. Of money handed over the second entry is the help, under an id of its own and without words.
    """
    found: list[Entered] = []
    if said.amount_fen is not None:
        money: dict[str, Any] = {"stage": _STAGES[said.kind], "source": said.source, "amount": said.amount_fen, "words": said.words}
        found.append(Entered(id=said.step_id, kind="funds", **deed, **money))
    if who is not None:
        told = {"id": new_id(), "words": None} if found else {"id": said.step_id, "words": said.words}
        found.append(Entered(kind="help", **told, **deed, **who))
    return found


async def _proof(work: Work, item: Item, said: CloseHelp) -> dict[str, UUID | None]:
    """Return the columns of the household's confirmation; raise where it is none."""
    await require_file(work, said.attachment_id)
    if said.call_id is not None:
        await _require_call(work, item, said.call_id)
    witness: UUID | None = None
    if said.witness_id is not None:
        known = select(Account.id).where(Account.member_id == said.witness_id, Account.disabled_at.is_(None))
        witness = await work.session.scalar(known.order_by(Account.id).limit(1))
        if witness is None or said.witness_id == work.actor.member_id:
            fault = [Fault("/witness_id", "must be another member with an account")]
            raise Invalid("help.witness", "The witness is somebody else than who closes it.", errors=fault)
        if said.witness_id in item.helper_ids:
            raise Forbidden("help.helper_witnesses", "Whoever helped does not witness that it helped; name somebody else.")
    if said.code_id is not None:
        await require_code(work, item.id, said)
    return {"attachment_id": said.attachment_id, "call_id": said.call_id, "witness_account_id": witness, "code_id": said.code_id}


async def _require_call(work: Work, item: Item, call_id: UUID) -> None:
    """Raise unless a call was answered by the household's own telephone and its recording is kept, as for an opinion of the handbook.

    404 ``call.unknown``, 409 ``confirmation.not_recorded`` and ``confirmation.other_number``.
    """
    call = await call_row(work.session, call_id)
    if call.recording_state != "kept" or call.answered_at is None:
        raise Conflict("confirmation.not_recorded", "The recording of this call is not kept, or nobody answered it.")
    home = select(HelpItem.household_id).where(HelpItem.id == item.id).scalar_subquery()
    number = (await numbers_of(work.session, [call])).get(call.id)
    if number is None or number != await telephone_of(work.session, home):
        raise Conflict("confirmation.other_number", "This call was not with the telephone of the household; name another call.")
