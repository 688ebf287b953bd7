"""What the rules of the conversation do: filing, supplementing, keeping, judging, each inside the transaction of the turn.

Effects and the turn's mark are one transaction, so each is had exactly once however often a push is delivered and whoever takes its turn.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from services.assistance.help_codes import confirm_help_by_wechat
from services.catalogue.queries import catalogue
from services.channels.wechat.answers import Part
from services.channels.wechat.conversation import Effect, Kind, State
from services.channels.wechat.hearing import MEDIA, Heard, asks_confidence, hear
from services.channels.wechat.keeping import Turn, push_of
from services.channels.wechat.messages import Push
from services.channels.wechat.models import WechatMedium, WechatMessage
from services.channels.wechat.own import OwnTicket
from services.complaints.accusing import reports_somebody
from services.complaints.bearings import take_bearings
from services.complaints.commands import Accused, Contact, FileComplaint, Place, Telling
from services.complaints.danger import danger_in
from services.complaints.filing import prepare
from services.complaints.reading import owed_answers
from services.complaints.supplements import TOLD_APART, MoreTold, link_files, supplement
from services.complaints.writing import Outcome, write
from services.deadlines.queries import clock_rules
from services.organization.queries import unit_tree
from services.platform.bulk import table_of
from services.platform.database import driver_of
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, read_paper
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.tickets.actions import act_on
from services.tickets.commands import Confirmation, Seal
from services.tickets.lifecycle import OPEN
from services.tickets.models import Ticket
from services.visits.opinions_codes import confirm_by_wechat

CHANNEL = "wechat"
MEDIA_LIVE = timedelta(days=3)
"""How long WeChat keeps a file."""
_M, _P, _MEDIA = table_of(WechatMessage), table_of(SealedPaper), table_of(WechatMedium)
_VOICE = "（语音，未能识别文字，请听录音）"


def lost_words(count: int, kind: str = "文件") -> str:
    """Return what a ticket says of files that could not be fetched."""
    return f"（群众通过微信发来的{kind}{count}份未能取回，需要时请联系诉求人重新提供）"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A push that waits for words: what it is, and what it says."""

    id: UUID
    dedupe_key: str
    kind: str
    push: Push | None


@dataclass(slots=True)
class Talk:
    """One turn while it is taken: the conversation as it becomes, and what is answered."""

    work: Work
    conversation: dict[str, Any]
    turn: Turn
    heard: Heard
    openid: str | None
    judged: OwnTicket | None = None
    candidates: Sequence[OwnTicket] = ()
    going_on: UUID | None = None
    extra_words: str = ""
    told: Callable[[], bool] = lambda: False
    says: list[Part] = field(default_factory=list)
    complaint_id: UUID | None = None
    ticket_id: UUID | None = None
    waits: bool = False

    def say(self, name: str, **made_of: Any) -> None:
        """Answer with the text `name`."""
        self.says.append({"say": name, **made_of})


async def have(talk: Talk, effect: Effect) -> None:
    """Have `effect`."""
    await _EFFECTS[effect](talk)


async def file_waiting(work: Work, conversation: dict[str, Any], *, told: bool = False) -> Outcome | None:
    """File what waits without words, so that somebody looks at it; None where nothing waits. `told`: the number goes back with a push."""
    waiting = await _waiting(work, conversation["id"])
    if not waiting:
        return None
    owner = next((one.push.sender for one in waiting if one.push), None)
    contact = Contact(openid=owner) if owner else None
    confidential = bool(conversation["confides"])
    telling = Telling(words=_unspoken(waiting), place=_place_of(waiting), contact=contact, confidential=confidential)
    outcome = await _written(work, telling, waiting[0].dedupe_key, told=told)
    conversation["confides"] = False
    await _attach(work, outcome, waiting)
    return outcome


async def _file(talk: Talk) -> None:
    """File the words, with everything that waits; the pieces behind the first supplement it."""
    conversation, work = talk.conversation, talk.work
    waiting = await _waiting(work, conversation["id"]) if conversation["state"] == State.GATHERING else []
    first, *rest = talk.heard.pieces
    place = _place_of(waiting) or await _hint(talk)
    contact = Contact(openid=talk.openid) if talk.openid else None
    confidential = bool(conversation["confides"]) or any(asks_confidence(piece) for piece in talk.heard.pieces)
    reported = any(reports_somebody(piece) for piece in talk.heard.pieces)
    telling = Telling(
        words=first + talk.extra_words, place=place, happened_at=talk.turn.received_at, contact=contact, confidential=confidential,
        accused=Accused() if reported else None,
    )  # fmt: skip
    conversation["confides"] = False
    told = talk.told()
    outcome = await _written(work, telling, talk.turn.dedupe_key, told=told)
    await _want_media(talk)
    await _attach(work, outcome, waiting)
    talk.complaint_id, talk.ticket_id = outcome.complaint_id, outcome.ticket_id
    conversation |= {"complaint_id": outcome.complaint_id, "ticket_id": outcome.ticket_id, "told_unit_at": None}
    talk.say("filed", number=outcome.number, ticket_id=str(outcome.ticket_id), promised=told)
    if confidential or reported:
        talk.say("reported" if reported else "confided")
    for nth, piece in enumerate(rest, 2):
        more = MoreTold(CHANNEL, f"{talk.turn.dedupe_key}:{nth}", piece)
        await supplement(work, outcome.complaint_id, outcome.ticket_id, more, quiet=True)
    if any(danger_in(piece) for piece in talk.heard.pieces):
        talk.say("danger")


async def _supplement(talk: Talk) -> None:
    """Lay what was sent beside the open complaint; the unit is told of words at once, of pictures once in a while."""
    conversation, heard = talk.conversation, talk.heard
    assert talk.going_on is not None
    told = conversation["told_unit_at"]
    recently = told is not None and talk.turn.received_at < told + TOLD_APART
    files = 1 if heard.media_id else 0
    words = heard.pieces or ((_VOICE,) if heard.media_kind == "voice" else (None,))
    for nth, piece in enumerate(words, 1):
        more = MoreTold(
            CHANNEL,
            talk.turn.dedupe_key if nth == 1 else f"{talk.turn.dedupe_key}:{nth}",
            piece,
            heard.place or Place(),
            files if nth == 1 else 0,
        )
        quiet = recently and not heard.pieces
        await supplement(talk.work, conversation["complaint_id"], talk.going_on, more, quiet=quiet or nth > 1)
    if not recently or heard.pieces:
        conversation["told_unit_at"] = talk.turn.received_at
    await _want_media(talk)
    talk.complaint_id, talk.ticket_id = conversation["complaint_id"], conversation["ticket_id"]
    number = await talk.work.session.scalar(select(Ticket.number).where(Ticket.id == talk.ticket_id))
    talk.say("supplemented", number=number)
    if any(reports_somebody(piece) for piece in heard.pieces) and await _report(talk):
        talk.say("reported")
    elif any(asks_confidence(piece) for piece in heard.pieces):
        await _confide(talk)
    if any(danger_in(piece) for piece in heard.pieces):
        talk.say("danger")


async def _keep(talk: Talk) -> None:
    talk.waits = True
    await _want_media(talk)


async def _remember(talk: Talk) -> None:
    talk.conversation |= {"hint_message_id": talk.turn.id, "hint_at": talk.turn.received_at}


async def _judge(talk: Talk) -> None:
    """Record what the complainant says of the result as their own call-back; "not solved" starts the next round."""
    verdict, ticket = talk.heard.verdict or talk.conversation["asked"], talk.judged
    assert ticket is not None
    solved = {"solved": True, "unsolved": False}.get(verdict)
    satisfied = {"satisfied": True, "dissatisfied": False}.get(verdict)
    command = Confirmation(action="call_back", way="wechat", reached=True, solved=solved, satisfied=satisfied)
    await act_on(talk.work, ticket.going_on_id, command, owed_answers)
    talk.conversation["asked"] = None
    talk.say("judged", verdict=verdict, number=ticket.number)


async def _confide(talk: Talk) -> None:
    """Keep in confidence who told the matter that is open; else who tells the next one."""
    if talk.going_on is None or talk.conversation["state"] != State.TELLING:
        talk.conversation["confides"] = True
        talk.say("will_confide")
        return
    privacy = await talk.work.session.scalar(select(Ticket.privacy).where(Ticket.id == talk.going_on))
    if privacy != "confidential":
        await act_on(talk.work, talk.going_on, Seal(action="seal", words="诉求人要求保密"), owed_answers)
    talk.say("confided")


async def _report(talk: Talk) -> bool:
    """Take the matter that is open to the county's desk, because it turns out to be about somebody; tell whether that is still possible."""
    assert talk.going_on is not None
    query = select(Ticket.accused, Ticket.status).where(Ticket.id == talk.going_on)
    accused, status = (await talk.work.session.execute(query)).one()
    if accused is None and status in OPEN[:3]:
        await act_on(talk.work, talk.going_on, Seal(action="seal", words="诉求人举报有关人员或单位", accused=()), owed_answers)
    return accused is not None or status in OPEN[:3]


async def _ask_which(talk: Talk) -> None:
    talk.conversation["asked"] = talk.heard.verdict or talk.conversation["asked"]
    talk.say("which", numbers=[ticket.number for ticket in talk.candidates])


async def _file_waiting(talk: Talk) -> None:
    told = talk.told()
    outcome = await file_waiting(talk.work, talk.conversation, told=told)
    if outcome is not None and talk.heard.kind is not Kind.LEAVE:
        talk.say("filed", number=outcome.number, ticket_id=str(outcome.ticket_id), promised=told)


async def _forgetting_is_the_workers(_talk: Talk) -> None:
    """Nothing here: what is known of somebody who left is deleted after the turn, by the worker (`forgetting.py`)."""


def _says(name: str) -> Callable[[Talk], Awaitable[None]]:
    async def say(talk: Talk) -> None:
        talk.say(name)

    return say


async def _ask_words(talk: Talk) -> None:
    what = talk.heard.media_kind or ("place" if talk.heard.place else "")
    talk.say("ask_words", what=what)


async def _say_progress(talk: Talk) -> None:
    talk.say("progress", number=talk.heard.number)


_SATISFIED: Mapping[str, bool] = {"satisfied": True, "dissatisfied": False}


async def _confirm(talk: Talk) -> None:
    """Record that they stand by an opinion's words, or by how help ended, whose code they sent; say so where it is the code of none."""
    given, said = talk.heard.number or "", _SATISFIED.get(talk.heard.verdict or "")
    found: object = await confirm_by_wechat(talk.work, talk.openid, given, said) if talk.openid else None
    if talk.openid and not found:
        found = await confirm_help_by_wechat(talk.work, talk.openid, given)
    talk.say("stands" if found else "stands_by_nothing")


_EFFECTS: Mapping[Effect, Callable[[Talk], Awaitable[None]]] = {
    Effect.FILE: _file,
    Effect.FILE_WAITING: _file_waiting,
    Effect.SUPPLEMENT: _supplement,
    Effect.KEEP: _keep,
    Effect.REMEMBER: _remember,
    Effect.JUDGE: _judge,
    Effect.CONFIDE: _confide,
    Effect.CONFIRM: _confirm,
    Effect.ASK_WHICH: _ask_which,
    Effect.FORGET: _forgetting_is_the_workers,
    Effect.SAY_PROGRESS: _say_progress,
    Effect.SAY_NOTHING_TO_JUDGE: _says("nothing_to_judge"),
    Effect.SAY_NEW: _says("new"),
    Effect.SAY_DONE: _says("done"),
    Effect.SAY_THANKS: _says("thanks"),
    Effect.SAY_HELP: _says("help"),
    Effect.SAY_WELCOME: _says("welcome"),
    Effect.ASK_WORDS: _ask_words,
}


async def _written(work: Work, telling: Telling, message_key: str, *, told: bool) -> Outcome:
    """File in the transaction of the turn; a message that was filed before finds its ticket."""
    bearings = take_bearings(telling, await unit_tree(work.session), await catalogue(work.session), await clock_rules(work.session))
    filing = prepare(FileComplaint(CHANNEL, message_key, telling, told=told), work.actor, work.now, bearings)
    (outcome,) = await write(await driver_of(work.session), [filing])
    work.rings = True
    return outcome


async def _want_media(talk: Talk) -> None:
    """Ask for the file of this push to be fetched before WeChat forgets it."""
    heard, turn = talk.heard, talk.turn
    if heard.media_id is None:
        return
    row = {
        "id": new_id(),
        "message_id": turn.id,
        "kind": heard.media_kind,
        "media_id": heard.media_id,
        "next_try_at": talk.work.now,
        "expires_at": turn.received_at + MEDIA_LIVE,
    }
    await talk.work.session.execute(insert(WechatMedium), [row])


async def _waiting(work: Work, conversation_id: UUID) -> list[Waiting]:
    query = (
        select(_M.c.id, _M.c.dedupe_key, _M.c.kind, _P.c.id.label("paper_id"), _P.c.row_key, _P.c.sealed)
        .join(_P, _P.c.id == _M.c.paper_id)
        .where(_M.c.conversation_id == conversation_id, _M.c.waits)
        .order_by(_M.c.created_at, _M.c.id)
        .with_for_update(of=_M)
    )
    return [
        Waiting(row.id, row.dedupe_key, row.kind, push_of(read_paper(row.paper_id, row.row_key, row.sealed)))
        for row in await work.session.execute(query)
    ]


async def _attach(work: Work, outcome: Outcome, waiting: Sequence[Waiting]) -> None:
    """Tie what waited to the complaint it waited for: files that are here now, those still on their way when they come.

    The messages are locked, and files are looked up after that: whoever brings one in meanwhile either is seen here or sees the complaint.
    """
    if not waiting:
        return
    ids = [one.id for one in waiting]
    values = {"waits": False, "complaint_id": outcome.complaint_id, "ticket_id": outcome.ticket_id}
    await work.session.execute(update(WechatMessage).where(WechatMessage.id.in_(ids)).values(values))
    files = (await work.session.execute(select(_MEDIA.c.attachment_id, _MEDIA.c.state).where(_MEDIA.c.message_id.in_(ids)))).all()
    await link_files(work, outcome.complaint_id, [file.attachment_id for file in files if file.attachment_id])
    lost = sum(file.state == "given_up" for file in files)
    if files:
        notes = [_VOICE] if any(one.kind == "voice" for one in waiting) else []
        notes += [lost_words(lost)] if lost else []
        more = MoreTold(CHANNEL, f"{waiting[0].dedupe_key}:files", "\n".join(notes) or None, files=len(files))
        await supplement(work, outcome.complaint_id, outcome.ticket_id, more, quiet=True)


def _place_of(waiting: Sequence[Waiting]) -> Place | None:
    """The place sent last among what waits."""
    places = [place for one in waiting if one.push and (place := hear(one.push).place)]
    return places[-1] if places else None


async def _hint(talk: Talk) -> Place | None:
    """Where the phone was within the window, where nothing better is known: the words of the complaint go before it when it is located."""
    conversation = talk.conversation
    window = timedelta(minutes=settings().wechat_matter_minutes)
    if conversation["hint_message_id"] is None or talk.turn.received_at > conversation["hint_at"] + window:
        return None
    query = select(_P.c.id, _P.c.row_key, _P.c.sealed).join(_M, _M.c.paper_id == _P.c.id).where(_M.c.id == conversation["hint_message_id"])
    row = (await talk.work.session.execute(query)).one_or_none()
    push = push_of(read_paper(*row)) if row else None
    found = push.location if push else None
    return Place(lat=found.lat, lon=found.lon, coordinate_system="GCJ-02") if found else None


def _unspoken(waiting: Sequence[Waiting]) -> str:
    """The words of a complaint that was told without any."""
    counted = Counter(MEDIA.get(one.kind, "位置") for one in waiting)
    units = {"图片": "张", "语音": "条", "视频": "个", "位置": "个"}
    return f"（群众通过微信发来{'、'.join(f'{name}{count}{units[name]}' for name, count in counted.items())}，未附文字）"
