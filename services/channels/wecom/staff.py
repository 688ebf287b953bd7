"""Who a WeCom userid is, and what they are told: only what the same person would see at the desk."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from services.catalogue.queries import catalogue
from services.channels.wechat.messages import Push
from services.channels.wechat.wire_models import WecomBinding
from services.channels.wecom.commands import BindWecom, WecomBindingView
from services.channels.wecom.questions import HOW, SHOWN_AT_MOST, UNBOUND, UNKNOWN, Ask, Due, asked, ticket_words, todo_words
from services.deadlines.models import Clock
from services.identity.actors import load_actor
from services.identity.models import Account
from services.identity.permissions import may
from services.journal.noting import note
from services.organization.actions import member_of
from services.platform.actor import SYSTEM, Actor
from services.platform.errors import Conflict, NotFound
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.lifecycle import OPEN
from services.tickets.models import Assignment, Ticket
from services.tickets.queries import find_visible, ticket_view

_USERID = "wecom_userid"
_WELCOMED = frozenset({"subscribe", "enter_agent"})


def userid_index(userid: str) -> bytes:
    """Return the blind index of a userid; WeCom does not tell capital letters from small ones."""
    return blind_index(_USERID, userid.strip().lower())


async def bind_wecom(work: Work, member_id: UUID, command: BindWecom) -> WecomBindingView:
    """Say that a member writes from this userid; a former one of theirs is replaced, saying it again changes nothing.

    Raises NotFound ``member.unknown``, Conflict ``wecom.userid_taken`` where it is another member's.
    """
    await member_of(work, member_id, lock=True)
    index = userid_index(command.userid)
    found = await work.session.get(WecomBinding, member_id)
    if found is not None and found.userid_index == index:
        return WecomBindingView(member_id=member_id, bound_at=found.bound_at)
    put = insert(WecomBinding).values(member_id=member_id, userid_index=index, bound_at=work.now)
    put = put.on_conflict_do_update(index_elements=["member_id"], set_={"userid_index": index, "bound_at": work.now})
    try:
        await work.session.execute(put)
    except IntegrityError:
        raise Conflict("wecom.userid_taken", "This userid is bound to another member; take it away there first.") from None
    await note(work, "member", member_id, "member.wecom_bound", {})
    return WecomBindingView(member_id=member_id, bound_at=work.now)


async def unbind_wecom(work: Work, member_id: UUID) -> None:
    """Forget a member's userid; nothing where there is none. Raises NotFound ``member.unknown``."""
    await member_of(work, member_id, lock=True)
    gone = await work.session.execute(delete(WecomBinding).where(WecomBinding.member_id == member_id).returning(WecomBinding.member_id))
    if gone.all():
        await note(work, "member", member_id, "member.wecom_unbound", {})


async def wecom_binding(work: Work, member_id: UUID) -> WecomBindingView:
    """Return since when a member is bound. Raises NotFound ``member.unknown`` and ``wecom.not_bound``."""
    await member_of(work, member_id)
    found = await work.session.get(WecomBinding, member_id)
    if found is None:
        raise NotFound("wecom.not_bound", "No WeCom userid is bound to this member.")
    return WecomBindingView(member_id=member_id, bound_at=found.bound_at)


async def answer_staff(push: Push) -> str | None:
    """Return what to tell whoever sent `push`; None where nothing is to be said (events, but for the first greeting)."""
    if push.kind == "event" and push.event.lower() not in _WELCOMED:
        return None
    async with unit_of_work(SYSTEM) as work:
        actor = await _actor_of(work, push.sender)
        if actor is None:
            return UNBOUND
        question = asked(push.text)
        if question is Ask.HELP:
            return HOW
        return await _todo(work, actor) if question is Ask.OPEN else await _ticket(work, actor, str(question))


async def _actor_of(work: Work, userid: str) -> Actor | None:
    """Who writes: None where the userid is bound to nobody, or to somebody who may not sign in or may read no ticket."""
    query = select(Account.id).join(WecomBinding, WecomBinding.member_id == Account.member_id)
    account_id = await work.session.scalar(query.where(WecomBinding.userid_index == userid_index(userid)))
    if account_id is None:
        return None
    actor, _ = await load_actor(work.session, account_id)
    return actor if actor is not None and may(actor, "ticket.read") else None


async def _todo(work: Work, actor: Actor) -> str:
    rows = (await work.session.execute(_open_at(actor))).all()
    late = sum(1 for row in rows if row.due_at is not None and row.due_at < work.now)
    policies = await catalogue(work.session)
    soonest = []
    for row in rows[:SHOWN_AT_MOST]:
        category = policies.category(row.category_code) if row.category_code else None
        soonest.append(Due(row.number, category.name if category else None, row.due_at))
    return todo_words(len(rows), late, soonest, work.now)


def _open_at(actor: Actor) -> Select[str, str | None, datetime]:
    """The open tickets that the actor's seats have now, as lead or with a task, due soonest first."""
    seats = [seat.unit_id for seat in actor.seats]
    mine = exists().where(Assignment.ticket_id == Ticket.id, Assignment.unit_id.in_(seats), Assignment.ended_at.is_(None))
    runs = and_(Clock.ticket_id == Ticket.id, Clock.round == Ticket.round, Clock.stage == "resolve", Clock.state.in_(("running", "paused")))
    due_at = func.min(Clock.due_at).label("due_at")
    return (
        select(Ticket.number, Ticket.category_code, due_at)
        .outerjoin(Clock, runs)
        .where(mine, Ticket.status.in_(sorted(OPEN)))
        .group_by(Ticket.id)
        .order_by(due_at.asc().nulls_last(), Ticket.received_at, Ticket.id)
    )


async def _ticket(work: Work, actor: Actor, number: str) -> str:
    try:
        row = await find_visible(work.session, actor, number)
    except NotFound:
        return UNKNOWN
    view = await ticket_view(work.session, actor, row.id, work.now)
    category, holder = view.category, view.holder or view.desk
    named = category.name if category else None
    return ticket_words(view.number, view.status_name, named, holder.name if holder else None, view.due_at, work.now)
