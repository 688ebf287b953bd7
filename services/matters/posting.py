"""The ledger of a matter: entries with their lines, each once; and what they are in the county's ledger of activities."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from services.activities.commands import WithdrawActivity
from services.activities.entering import Entered, enter
from services.activities.recording import withdraw
from services.matters import deeds
from services.matters.holding import Held, changed, require_past, who
from services.matters.ledger import Posting, Unit, balances, postings_of, reversed_lines
from services.matters.work_models import MatterEntry, MatterPosting
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, NotFound
from services.platform.unit_of_work import Work

_STAGES = {"pledge": "pledged", "receive": "received", "spend": "spent"}


async def enter_money(work: Work, held: Held, command: deeds.EnterMoney) -> None:
    """Enter money. The same entry again is the same; another under its id 409 ``ledger.id_taken``. Raises what `postings_of` raises."""
    await _enter(work, held, command, "fen", command.amount_fen)


async def enter_labour(work: Work, held: Held, command: deeds.EnterLabour) -> None:
    """Enter labour; as :func:`enter_money`."""
    await _enter(work, held, command, "half_day", command.half_days)


async def reverse_entry(work: Work, held: Held, command: deeds.ReverseEntry) -> None:
    """Reverse an entry, once; of the ledger of activities it is withdrawn.

    Raises 404 ``ledger.unknown``, 409 ``ledger.reversed``, ``ledger.built_upon`` and ``ledger.id_taken``; and what withdrawing an entry
    of somebody else raises.
    """
    there = await work.session.get(MatterEntry, command.entry_id)
    if there is not None:
        if (there.reverses_id, there.words) == (command.reverses_id, command.words):
            return
        raise _taken()
    old = await work.session.get(MatterEntry, command.reverses_id)
    if old is None or old.matter_id != held.matter.id or old.deed == "reverse":
        raise NotFound("ledger.unknown", "This matter has no such entry to reverse.")
    if await work.session.scalar(select(MatterEntry.id).where(MatterEntry.reverses_id == old.id)) is not None:
        raise Conflict("ledger.reversed", "This entry was reversed already.")
    lines = await _lines(work, MatterPosting.entry_id == old.id)
    undone = reversed_lines(lines, balances(await lines_of(work, held.matter.id)))
    entry = MatterEntry(
        id=command.entry_id, matter_id=held.matter.id, deed="reverse", source=old.source, happened_on=held.today, words=command.words,
        reverses_id=old.id, lines=len(undone), **who(work),
    )  # fmt: skip
    await _write(work, entry, undone)
    if old.deed != "give_back" and not (old.deed == "pledge" and any(line.unit == "half_day" for line in lines)):
        await withdraw(work, old.id, WithdrawActivity(reason="other", words=command.words))
    await changed(work, held, "matter.entry_reversed", {"entry_id": str(entry.id), "reverses_id": str(old.id), "words": command.words})


async def lines_of(work: Work, matter_id: UUID) -> list[Posting]:
    """Return all lines of a matter's ledger."""
    entries = select(MatterEntry.id).where(MatterEntry.matter_id == matter_id)
    return await _lines(work, MatterPosting.entry_id.in_(entries))


async def _enter(work: Work, held: Held, command: deeds.EnterMoney | deeds.EnterLabour, unit: Unit, amount: int) -> None:
    require_past(command.happened_on, held.today, "/happened_on")
    there = await work.session.get(MatterEntry, command.entry_id)
    if there is not None:
        lines = await _lines(work, MatterPosting.entry_id == there.id)
        same = (there.matter_id, there.deed, there.source, there.happened_on, there.words) == (
            held.matter.id, command.deed, command.source, command.happened_on, command.words,
        )  # fmt: skip
        if same and sum(line.amount for line in lines if line.amount > 0) == amount and all(line.unit == unit for line in lines):
            return
        raise _taken()
    lines = postings_of(command.deed, unit, command.source, amount, balances(await lines_of(work, held.matter.id)))
    entry = MatterEntry(
        id=command.entry_id, matter_id=held.matter.id, deed=command.deed, source=command.source, happened_on=command.happened_on,
        words=command.words, reverses_id=None, lines=len(lines), **who(work),
    )  # fmt: skip
    await _write(work, entry, lines)
    await _count(work, held, command, unit, amount)
    said = {"entry_id": str(entry.id), "deed": command.deed, "source": command.source, "unit": unit, "amount": amount}
    await changed(work, held, "matter.entry_made", said)


async def _write(work: Work, entry: MatterEntry, lines: Sequence[Posting]) -> None:
    work.session.add(entry)
    await work.session.flush()
    rows = [{"entry_id": entry.id, "account": line.account, "unit": line.unit, "amount": line.amount} for line in lines]
    await insert_many(work.session, MatterPosting, rows)


async def _count(work: Work, held: Held, command: deeds.EnterMoney | deeds.EnterLabour, unit: Unit, amount: int) -> None:
    """Let the ledger of activities count it, under the same id: money by its stage, labour once it is worked."""
    stage = _STAGES.get(command.deed)
    if stage is None or (unit == "half_day" and stage != "received"):
        return
    assert work.actor.member_id is not None
    money = unit == "fen"
    entered = Entered(
        id=command.entry_id, kind="funds" if money else "labour", unit_id=held.matter.unit_id, member_id=work.actor.member_id,
        happened_on=command.happened_on, stage=stage if money else None, source=command.source if money else None, amount=amount,
        words=command.words,
    )  # fmt: skip
    await enter(work, [entered])


async def _lines(work: Work, which: object) -> list[Posting]:
    query = select(MatterPosting.account, MatterPosting.unit, MatterPosting.amount).where(which)  # type: ignore[arg-type]
    return [Posting(row.account, row.unit, row.amount) for row in await work.session.execute(query)]


def _taken() -> Conflict:
    return Conflict("ledger.id_taken", "Another entry has this id; make a new one, or reverse the one there is.")
