"""Taking what a phone sends from the field: every command once, whatever is sent again, in whatever order, from however many devices.

Each command has a transaction of its own: what it does and the row that says so are there together or not at all, and a bad one harms no
neighbour. Whoever takes a command holds a lock on its id, so that two batches with the same commands do it once between them. A command
that builds on others waits, kept under seal, until they are applied; each batch of the account also takes up what waited.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.channels.field.commands import ActionCommand, OutcomeCommand, said_at
from services.channels.field.commands import FieldCommand as Command
from services.channels.field.deeds import perform, ticket_meant
from services.channels.field.models import DeviceClock, FieldCommand
from services.channels.field.rules import Verdict, dependencies_decide, in_order, judged
from services.channels.field.times import DeviceTime
from services.platform.actor import Actor
from services.platform.bulk import insert_many, one_of
from services.platform.database import database
from services.platform.errors import Invalid, NotFound, Problem
from services.platform.papers import SealedPaper, read_paper, seal_paper
from services.platform.secrets import fingerprint
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.direct import CODE as DIRECT
from services.tickets.direct_tries import keep_try
from services.visits.direct import ticket_past

PAPER = "field_command"
WAITING_AT_MOST = 500
"""Waiting commands of one account that a batch takes up, oldest first."""
_COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a command. `again`: it had been settled before. `row` is what is kept; None where that is somebody else's."""

    command_id: UUID
    verdict: Verdict
    again: bool = False
    row: FieldCommand | None = None


async def note_clock(work: Work, device_id: UUID, times: DeviceTime) -> None:
    """Remember what the clock of somebody's device is worth, as this batch shows."""
    row = {
        "account_id": work.actor.account_id,
        "device_id": device_id,
        "offset_ms": times.offset_ms,
        "batches": 1,
        "first_seen_at": times.received_at,
        "last_seen_at": times.received_at,
    }
    once = insert(DeviceClock).values(row)
    seen = {"offset_ms": times.offset_ms, "batches": DeviceClock.batches + 1, "last_seen_at": times.received_at}
    await work.session.execute(once.on_conflict_do_update(index_elements=["account_id", "device_id"], set_=seen))


async def take_batch(actor: Actor, device_id: UUID, times: DeviceTime, commands: Sequence[Command]) -> tuple[list[Settled], list[Settled]]:
    """Take `commands`; return what became of each, in their order, and of those of earlier batches that were settled now."""
    async with unit_of_work(actor) as work:
        await note_clock(work, device_id, times)
    sender = _Sender(actor, device_id, times)
    first: dict[UUID, Command] = {}
    for command in commands:
        first.setdefault(command.command_id, command)
    done = {command.command_id: await sender.take(command) for command in in_order(first.values())}
    results = [done[command.command_id] if command is first[command.command_id] else await sender.take(command) for command in commands]
    caught_up = await _catch_up(sender)
    later = {settled.command_id: settled for settled in caught_up}
    return [later.pop(found.command_id, found) if found.verdict.state == "waiting" else found for found in results], list(later.values())


async def _catch_up(sender: "_Sender") -> list[Settled]:
    """Take up what waits at this account, until a look at all of it settles nothing more."""
    settled: list[Settled] = []
    while True:
        waiting = await _worth_trying(sender.actor)
        found = [await sender.take(command) for command in in_order(waiting)]
        news = [one for one in found if one.verdict.state != "waiting"]
        settled += news
        if not news:
            return settled


async def _worth_trying(actor: Actor) -> list[Command]:
    """The commands of an account that wait, oldest first, without those that build on others that wait or are not here."""
    query = select(FieldCommand.command_id, SealedPaper).join(SealedPaper, SealedPaper.id == FieldCommand.paper_id)
    query = query.where(FieldCommand.account_id == actor.account_id, FieldCommand.state == "waiting")
    async with database().transaction() as session:
        rows = (await session.execute(query.order_by(FieldCommand.command_id).limit(WAITING_AT_MOST))).all()
        commands = [command for row in rows if (command := _opened(row.SealedPaper)) is not None]
        needed = {command_id for command in commands for command_id in command.depends_on}
        states = await _states(session, actor, needed)
    ours = {command.command_id for command in commands}
    return [command for command in commands if all(found in ours or states.get(found) for found in command.depends_on)]


def _opened(paper: SealedPaper) -> Command | None:
    clear = read_paper(paper.id, paper.row_key, paper.sealed)
    try:
        return None if clear is None else _COMMANDS.validate_python(clear)
    except ValidationError:  # kept under rules of an earlier release; it stays listed as waiting
        return None


@dataclass(frozen=True, slots=True)
class _Sender:
    """Whose commands are taken, from which device, by what clock."""

    actor: Actor
    device_id: UUID
    times: DeviceTime

    async def take(self, command: Command) -> Settled:
        """Do `command` once, and keep what became of it. Raises only what stops everybody: the database away."""
        print_ = fingerprint(type(command).__name__.encode(), command.model_dump_json().encode())
        async with unit_of_work(self.actor) as work:
            await _lock(work, command.command_id)
            row = await work.session.get(FieldCommand, command.command_id)
            if row is not None and (strange := _strange(row, self.actor, print_)) is not None:
                return Settled(command.command_id, judged(strange))
            if row is not None and row.state != "waiting":
                return Settled(command.command_id, Verdict(row.state, row.code, row.result), again=True, row=row)  # type: ignore[arg-type]  # by constraint
            verdict = await self._try(work, command, row)
            kept = await self._keep(work, command, print_, row, verdict)
        return Settled(command.command_id, verdict, row=kept)

    async def _try(self, work: Work, command: Command, row: FieldCommand | None) -> Verdict:
        """Do it inside a savepoint: what is refused leaves nothing behind but its verdict."""
        rang, refused = work.rings, False
        try:
            async with work.session.begin_nested():
                counted = row.counted_at if row is not None else self.times.counted(said_at(command))
                states = await _states(work.session, work.actor, command.depends_on)
                hindered = dependencies_decide(states.get(found) for found in command.depends_on)
                if hindered is not None:
                    raise hindered
                return await perform(work, command, counted, self.device_id)
        except Problem as problem:
            verdict = judged(problem)
            refused = problem.code == DIRECT
        except (IntegrityError, DataError):
            verdict = judged(Invalid("command.not_storable", "Something this command refers to does not exist, or cannot be kept."))
        work.rings = rang
        about = await _about(work, command)
        if refused and isinstance(command, ActionCommand) and about:
            await keep_try(work, UUID(about["ticket_id"]), command.action.action)
        elif refused and isinstance(command, OutcomeCommand):
            await keep_try(work, await ticket_past(work, command.opinion_id), "end_opinion")
        return replace(verdict, result={**verdict.result, **about})

    async def _keep(self, work: Work, command: Command, print_: bytes, row: FieldCommand | None, verdict: Verdict) -> FieldCommand:
        """Write down what became of it. What was not applied is kept whole, under seal: a report holds a contact, words hold names."""
        settled_at = None if verdict.state == "waiting" else work.now
        values: dict[str, Any] = {"state": verdict.state, "code": verdict.code, "result": dict(verdict.result), "settled_at": settled_at}
        if row is not None:
            if (row.state, row.code) != (verdict.state, verdict.code):
                for name, value in values.items():
                    setattr(row, name, value)
            return row
        paper_id = None
        if verdict.state != "applied":
            paper = seal_paper(PAPER, command.model_dump(mode="json"), work.now)
            await insert_many(work.session, SealedPaper, [paper])
            paper_id = paper["id"]
        made = FieldCommand(
            command_id=command.command_id,
            account_id=self.actor.account_id,
            device_id=self.device_id,
            kind=command.kind,
            fingerprint=print_,
            depends_on=[str(found) for found in command.depends_on],
            paper_id=paper_id,
            happened_at=said_at(command),
            counted_at=self._counted(command),
            offset_ms=self.times.offset_ms,
            received_at=self.times.received_at,
            **values,
        )
        work.session.add(made)
        await work.session.flush()
        return made

    def _counted(self, command: Command) -> datetime:
        try:
            return self.times.counted(said_at(command))
        except Invalid:  # refused for its age; kept with the time it says
            return said_at(command)


def _strange(row: FieldCommand, actor: Actor, print_: bytes) -> Problem | None:
    """Why a command under the id of another is not taken: nothing is told of somebody else's."""
    if row.account_id != actor.account_id:
        return Invalid("command.id_taken", "This command_id cannot be used. Make a new one.")
    if row.fingerprint != print_:
        return Invalid("command.payload_differs", "Another command was sent under this command_id. Make a new one for a new command.")
    return None


async def _states(session: AsyncSession, actor: Actor, command_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The states of those of the actor's own commands that are here."""
    wanted = list(command_ids)
    if not wanted:
        return {}
    query = select(FieldCommand.command_id, FieldCommand.state)
    rows = await session.execute(query.where(FieldCommand.account_id == actor.account_id, one_of(FieldCommand.command_id, wanted)))
    return {row.command_id: row.state for row in rows}


async def _about(work: Work, command: Command) -> dict[str, Any]:
    """Which ticket a command is about that was not applied to it, so that its state can be shown."""
    try:
        ticket_id = await ticket_meant(work, command)
    except NotFound:
        return {}
    return {"ticket_id": str(ticket_id)} if ticket_id else {}


async def _lock(work: Work, command_id: UUID) -> None:
    number = int.from_bytes(fingerprint(b"field_command", command_id.bytes)[:8], "big", signed=True)
    await work.session.execute(select(func.pg_advisory_xact_lock(number)))
