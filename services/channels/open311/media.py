"""Fetching the pictures that open clients name by address: from public addresses only, a few times; then the ticket says one is missing.

The address is the client's; it lies in the sealed paper of its request. Nothing waits for it inside a transaction, redirects are not
followed, and what comes must be a picture, film, recording or PDF like every other file. `options.allow_private` of a connection is for
clients inside.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
import structlog
from cryptography.exceptions import InvalidTag
from sqlalchemy import func, select, update

from services.attachments.receiving import Received, receive, write_down
from services.attachments.store import store
from services.channels.open311.filing import CHANNEL
from services.channels.open311.models import Open311Medium, Open311Request
from services.complaints.supplements import link_files, remark
from services.connections.calling import AddressRefused, download
from services.connections.models import Connection
from services.platform.actor import SYSTEM
from services.platform.errors import Problem
from services.platform.papers import SealedPaper, read_paper
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work

log = structlog.get_logger()

LADDER = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 600, 3600, 6 * 3600))
"""How long to wait after each failure; after the last the picture is given up."""
LEASE = timedelta(minutes=5)
_LONGEST_FETCH = 45.0
"""Seconds for one picture, whatever its server does: one that trickles for ever holds up nobody else's."""
LOST = "〔系统〕诉求人附上的一个图片链接无法取得，请向诉求人索取照片。"
_OK = 200
_HOPELESS = frozenset(
    {
        "url_malformed", "address_not_public", "erased", "attachment.too_large", "attachment.type_not_taken", "attachment.not_readable",
        "attachment.picture_too_large",
    }
)  # fmt: skip
"""Asking again changes nothing."""


class NotFetched(Exception):  # noqa: N818  raised like a finding
    """The picture could not be had; its text is a short code without anything of the address."""


@dataclass(frozen=True, slots=True, repr=False)
class _Wanted:
    id: UUID
    complaint_id: UUID
    tries: int
    url: str | None
    allow_private: bool


async def fetch_due(client: httpx.AsyncClient, limit: int) -> int:
    """Try to fetch up to `limit` pictures that are due; return how many were tried."""
    async with unit_of_work(SYSTEM) as work:
        wanted = await _claim(work, limit)
    for one in wanted:
        try:
            received = await _received(client, one)
        except NotFetched as why:
            await _put_off(one, str(why))
        except Exception as error:  # one that breaks must not hold up the others
            log.exception("open311.media_failed", medium_id=str(one.id), error=type(error).__name__)
            await _put_off(one, type(error).__name__)
        else:
            await _keep(one, received)
    return len(wanted)


async def _claim(work: Work, limit: int) -> list[_Wanted]:
    """Lease what is due, so that another worker leaves it alone while it is fetched, and takes it up where this one dies."""
    due = (
        select(Open311Medium.id)
        .where(Open311Medium.state == "wanted", Open311Medium.next_try_at <= func.now())
        .order_by(Open311Medium.next_try_at, Open311Medium.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease = {"next_try_at": func.now() + LEASE, "tries": Open311Medium.tries + 1}
    taken = update(Open311Medium).where(Open311Medium.id.in_(due.scalar_subquery())).values(lease)
    ids = list(await work.session.scalars(taken.returning(Open311Medium.id)))
    query = (
        select(Open311Medium, SealedPaper, Connection.options)
        .join(SealedPaper, SealedPaper.id == Open311Medium.paper_id)
        .join(Open311Request, Open311Request.complaint_id == Open311Medium.complaint_id)
        .join(Connection, Connection.id == Open311Request.connection_id)
        .where(Open311Medium.id.in_(ids))
        .order_by(Open311Medium.id)
        .execution_options(populate_existing=True)
    )
    rows = (await work.session.execute(query)).all() if ids else []
    return [
        _Wanted(medium.id, medium.complaint_id, medium.tries, _address(paper, medium.nth), options.get("allow_private") is True)
        for medium, paper, options in rows
    ]


def _address(paper: SealedPaper, nth: int) -> str | None:
    try:
        clear = read_paper(paper.id, paper.row_key, paper.sealed)
    except InvalidTag:
        return None
    found = (clear or {}).get("media_url", [])
    return str(found[nth]).strip() if nth < len(found) else None


async def _received(client: httpx.AsyncClient, wanted: _Wanted) -> Received:
    if wanted.url is None:
        raise NotFetched("erased")
    try:
        async with asyncio.timeout(_LONGEST_FETCH), download(client, wanted.url, allow_private=wanted.allow_private) as answer:
            if answer.status_code != _OK:
                raise NotFetched(f"http.{answer.status_code}")
            return await receive(answer.aiter_bytes(), store(), settings().attachment_limit)
    except AddressRefused as why:
        raise NotFetched(str(why)) from None
    except Problem as why:
        raise NotFetched(why.code) from None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise NotFetched(f"call.{type(error).__name__}") from None


async def _keep(wanted: _Wanted, received: Received) -> None:
    async with unit_of_work(SYSTEM) as work:
        if not await _still_mine(work, wanted):
            return
        attachment_id = await write_down(work, received)
        await link_files(work, wanted.complaint_id, [attachment_id])
        here = {"state": "fetched", "attachment_id": attachment_id, "last_error": None}
        await work.session.execute(update(Open311Medium).where(Open311Medium.id == wanted.id).values(here))


async def _put_off(wanted: _Wanted, error: str) -> None:
    given_up = wanted.tries > len(LADDER) or error in _HOPELESS
    async with unit_of_work(SYSTEM) as work:
        if not await _still_mine(work, wanted):
            return
        later = {"state": "given_up"} if given_up else {"next_try_at": work.now + LADDER[wanted.tries - 1]}
        await work.session.execute(update(Open311Medium).where(Open311Medium.id == wanted.id).values(last_error=error, **later))
        if given_up:
            await remark(work, wanted.complaint_id, LOST, f"media:{wanted.id}", channel=CHANNEL)
    log.warning("open311.media_given_up" if given_up else "open311.media_put_off", medium_id=str(wanted.id), error=error)


async def _still_mine(work: Work, wanted: _Wanted) -> bool:
    """Tell whether nobody took the picture up meanwhile, because this lease ran out; hold it until the end."""
    query = select(Open311Medium.tries).where(Open311Medium.id == wanted.id, Open311Medium.state == "wanted").with_for_update()
    return await work.session.scalar(query) == wanted.tries
