"""Erasing at once, for whoever runs the installation: one complaint, or all that was left with a telephone number."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import orjson
from sqlalchemy import delete, func, or_, select, update

from services.attachments.store import Store
from services.calls.models import Call
from services.channels.wechat.models import Conversation, WechatMessage
from services.complaints.models import Complainant, Complaint
from services.complaints.retention import KINDS
from services.connections.wechat_people import forget_person
from services.platform.actor import SYSTEM
from services.platform.bulk import one_of
from services.platform.errors import Conflict, Invalid, NotFound
from services.platform.papers import SealedPaper, erase_papers, read_paper
from services.platform.phones import normalised_phone
from services.platform.unit_of_work import Work, unit_of_work
from services.privacy.erasing import erase_next
from services.privacy.handbook import erase_next_opinion, opinions_of, plan_opinions, told_under
from services.privacy.helped import forget_help
from services.privacy.loose import drop_loose_files, forget_recordings
from services.privacy.models import BECAUSE, Erasure
from services.privacy.planning import complaints_of_phone, held, phone_index, plan
from services.tickets.models import Ticket
from services.tickets.numbers import read_number
from services.visits.opinions_models import Opinion

_TRIES_FOR_EACH = 3
"""A store that is away is not waited for: the worker goes on."""


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """Whose data, and how much of it. No `repr`: the number is nobody's business.

    `linked`: with a telephone number, also what was told from the WeChat accounts that were left with it.
    """

    ticket: str | None = None
    complaint: str | None = None
    phone: str | None = None
    because: str = "request"
    kinds: tuple[str, ...] = ()
    whole: bool = False
    passages: tuple[str, ...] = ()
    linked: bool = False


@dataclass(slots=True)
class Done:
    """What was erased. `left` are erasures that could not be finished now: the worker goes on with them."""

    complaints: int = 0
    erasures: int = 0
    papers: int = 0
    opinions: int = 0
    left: int = 0
    held: list[str] = field(default_factory=list)


async def erase_now(wanted: Wanted, store: Store) -> Done:
    """Erase what is wanted, as the owner of the database. What is under a legal hold stays and is named.

    Raises Invalid ``privacy.kinds``, ``privacy.because`` and ``privacy.phone``, NotFound ``ticket.unknown``, Conflict ``privacy.which``
    where a ticket has several complaints and none was named, and ``privacy.held`` for a ticket that is held.
    """
    kinds = wanted.kinds or tuple(KINDS)
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise Invalid("privacy.kinds", f"There are no kinds {', '.join(unknown)}; there are {', '.join(KINDS)}.")
    if wanted.because not in BECAUSE:
        raise Invalid("privacy.because", f"Say why: {', '.join(BECAUSE)}.")
    done = Done()
    async with unit_of_work(SYSTEM) as work:
        chosen = await _chosen(work, wanted)
        stays = select(Complaint.id, Ticket.number).join(Ticket, Ticket.id == Complaint.ticket_id)
        rows = (await work.session.execute(stays.where(one_of(Complaint.id, chosen), held(work.now)).order_by(Ticket.number))).all()
        done.held = list(dict.fromkeys(row.number for row in rows))
        free = [one for one in chosen if one not in {row.id for row in rows}] if wanted.phone else chosen
        openids = await _accounts(work, free) if wanted.linked else []
        planned = await plan(work, free, kinds, wanted.because, whole=wanted.whole, passages=wanted.passages)
        done.complaints, done.erasures = len(free), len(planned)
        done.opinions = await _plan_handbook(work, wanted, free) if "words" in kinds else 0
    while done.opinions and await erase_next_opinion():
        continue
    for _ in range(_TRIES_FOR_EACH * len(planned)):
        done.left = await _owed(planned)
        if not done.left or not await erase_next(store):
            break
    done.left = await _owed(planned)
    if wanted.phone and "papers" in kinds and not done.held:
        async with unit_of_work(SYSTEM) as work:
            done.papers = await _erase_person(work, phone_index(wanted.phone), openids)
            done.papers += await _erase_unindexed(work, wanted.phone, wanted.passages)
    done.left += await drop_loose_files(store)
    return done


async def _plan_handbook(work: Work, wanted: Wanted, complaint_ids: list[UUID]) -> int:
    """Have the opinions erased that these complaints were made of, or that were told under the number; return how many."""
    if wanted.phone is None:
        theirs = {one for complaint_id in complaint_ids for one in await opinions_of(work, complaint_id)}
    else:
        theirs = set(await work.session.scalars(select(Opinion.id).where(told_under(phone_index(wanted.phone)))))
    await plan_opinions(work, sorted(theirs), wanted.because, whole=wanted.whole, passages=wanted.passages)
    return len(theirs)


async def _chosen(work: Work, wanted: Wanted) -> list[UUID]:
    if wanted.phone is not None:
        theirs = await complaints_of_phone(work.session, wanted.phone)
        if wanted.linked:
            told = select(Complainant.complaint_id).where(Complainant.openid_index.in_(await _accounts(work, theirs)))
            theirs += [one for one in await work.session.scalars(told.order_by(Complainant.complaint_id)) if one not in theirs]
        return theirs
    number = read_number(wanted.ticket or "")
    query = select(Complaint.id).join(Ticket, Ticket.id == Complaint.ticket_id).where(Ticket.number == number)
    found = list(await work.session.scalars(query.order_by(Complaint.received_at, Complaint.id)))
    if not found:
        raise NotFound("ticket.unknown", "There is no ticket with this number.")
    if wanted.complaint is not None:
        found = [one for one in found if str(one) == wanted.complaint.lower()]
    if len(found) != 1:
        detail = "Several complaints were told in this ticket, or none with this id: name one of them."
        raise Conflict("privacy.which", detail, extra={"complaints": len(found)})
    return found


async def _accounts(work: Work, complaint_ids: list[UUID]) -> list[bytes]:
    """The indexes of the WeChat accounts that were left with these complaints."""
    query = select(Complainant.openid_index).where(one_of(Complainant.complaint_id, complaint_ids), Complainant.openid_index.is_not(None))
    return [index for index in await work.session.scalars(query.distinct()) if index is not None]


async def _owed(ids: list[UUID]) -> int:
    async with unit_of_work(SYSTEM) as work:
        query = select(func.count()).select_from(Erasure).where(one_of(Erasure.id, ids), Erasure.done_at.is_(None))
        return await work.session.scalar(query) or 0


async def _erase_person(work: Work, phone: bytes, openids: list[bytes]) -> int:
    """Erase what else lies under a person's number and accounts: calls without a complaint, drafts, talks that led to none."""
    theirs = or_(SealedPaper.phone_index == phone, SealedPaper.openid_index.in_(openids))
    papers = select(SealedPaper.id).where(theirs)
    calls = select(Call.id).where(or_(Call.paper_id.in_(papers), Call.recording_paper_id.in_(papers)))
    await forget_recordings(work, list(await work.session.scalars(calls)))
    await forget_help(work, phone)
    unsaid = update(WechatMessage).where(WechatMessage.paper_id.in_(papers))
    await work.session.execute(unsaid.where(WechatMessage.reply == "owed").values(reply="given_up", last_error="erased"))
    await work.session.execute(unsaid.where(WechatMessage.processed_at.is_(None)).values(processed_at=work.now, last_error="erased"))
    erased = await erase_papers(work.session, theirs)
    for index in openids:
        await forget_person(work, index)
        await work.session.execute(delete(Conversation).where(Conversation.openid_index == index))
    return erased


async def _erase_unindexed(work: Work, given: str, passages: tuple[str, ...]) -> int:
    """Open what lies under no index (pushes nobody could read, commands that were not applied), and erase what quotes number or passages.

    Every such paper is opened, some 30,000 a second; that is why only this command does it.
    """
    sought = [_folded(one) for one in (normalised_phone(given) or "", *passages) if len(one.strip()) >= _TELLING]
    no_index = (SealedPaper.phone_index.is_(None), SealedPaper.openid_index.is_(None), SealedPaper.row_key.is_not(None))
    found: list[UUID] = []
    after: UUID | None = None
    while True:
        query = select(SealedPaper.id, SealedPaper.row_key, SealedPaper.sealed).where(*no_index).order_by(SealedPaper.id).limit(_AT_A_TIME)
        rows = (await work.session.execute(query if after is None else query.where(SealedPaper.id > after))).all()
        if not rows:
            break
        after = rows[-1].id
        found += [row.id for row in rows if _quotes(sought, read_paper(row.id, row.row_key, row.sealed))]
    return await erase_papers(work.session, one_of(SealedPaper.id, found))


def _quotes(sought: list[str], clear: Any) -> bool:
    """Tell whether one of `sought` stands anywhere in a paper, however its digits are spelt and the paper was encoded."""
    said = _folded(unquote(orjson.dumps(clear).decode(), errors="replace"))
    return any(one in said for one in sought)


def _folded(text: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))


_TELLING = 4
"""Shorter passages stand in too many papers that are somebody else's."""
_SEPARATORS = re.compile(r"[\s\-()./]+")
_AT_A_TIME = 5000
