"""Fetching recordings from the exchange: late, with retries, and only from the address the connection names.

An exchange says that a call is over before it has closed the file, so a WAV whose header promises more than came is fetched again later. A
recording is claimed with a lease; the network is waited for outside any transaction. The length of a recording is not the talk.

`recordings` of a connection: `base_url` (nothing outside of it is fetched), `path` below it with ``{name}`` and ``{stem}`` (it without its
ending; ARI wants ``{stem}/file``), `allow_private` for an exchange inside, `user` for HTTP basic authentication with the connection's
secret, or the secret of the connection `secret_of`.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import quote
from uuid import UUID

import httpx
import structlog
from cryptography.exceptions import InvalidTag
from sqlalchemy import func, insert, select, update

from services.attachments.models import AttachmentLink
from services.attachments.receiving import Received, receive, write_down
from services.attachments.store import store
from services.calls.exchanges import KIND, Recordings, exchange_of
from services.calls.models import Call
from services.connections.calling import AddressRefused, download
from services.connections.directory import Directory, connected_systems
from services.platform.actor import SYSTEM
from services.platform.errors import Problem
from services.platform.papers import SealedPaper, read_paper
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work

log = structlog.get_logger()

LADDER = tuple(timedelta(seconds=seconds) for seconds in (15, 60, 300, 1800, 2 * 3600, 6 * 3600, 24 * 3600))
"""How long to wait after each failure; after the last the recording is given up and listed."""
LEASE = timedelta(minutes=10)
_LONGEST = 540.0
_OK = 200
_RIFF_HEADER = 8
_STREAMED = (0, 0xFFFFFFFF, 0x7FFFFFFF)


class NotFetched(Exception):  # noqa: N818  raised like a finding
    """The recording could not be had now; its text is a short code. `hopeless`: waiting would not help."""

    def __init__(self, code: str, *, hopeless: bool = False) -> None:
        super().__init__(code)
        self.hopeless = hopeless


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """A recording that was claimed: where it is and how to get in. `fault`: why it cannot be asked for at all."""

    call_id: UUID
    tries: int
    url: str = ""
    authorization: str | None = None
    allow_private: bool = False
    fault: str | None = None


async def fetch_due(client: httpx.AsyncClient, limit: int) -> int:
    """Fetch up to `limit` recordings that are due, all at once; return how many were tried."""
    async with unit_of_work(SYSTEM) as work:
        wanted = await _claim(work, limit)
    await asyncio.gather(*(_fetch(client, one) for one in wanted))
    return len(wanted)


async def _claim(work: Work, limit: int) -> list[Wanted]:
    due = (
        select(Call.id)
        .where(Call.recording_state == "awaited", Call.recording_next_try_at <= func.now())
        .order_by(Call.recording_next_try_at, Call.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease = {"recording_next_try_at": func.now() + LEASE, "recording_tries": Call.recording_tries + 1}
    taken = list(await work.session.scalars(update(Call).where(Call.id.in_(due.scalar_subquery())).values(lease).returning(Call.id)))
    if not taken:
        return []
    query = (
        select(Call.id, Call.source, Call.recording_tries, SealedPaper)
        .join(SealedPaper, SealedPaper.id == Call.recording_paper_id)
        .where(Call.id.in_(taken))
        .order_by(Call.id)
    )
    systems = await connected_systems(work.session)
    return [
        _wanted(row.id, row.recording_tries, row.source, row.SealedPaper, systems, work.now) for row in await work.session.execute(query)
    ]


def _wanted(call_id: UUID, tries: int, source: str, paper: SealedPaper, systems: Directory, now: datetime) -> Wanted:
    system = systems.by_code(source, KIND)
    options = exchange_of(system).options.recordings if system is not None else None
    try:
        clear = read_paper(paper.id, paper.row_key, paper.sealed)
    except InvalidTag:
        clear = None
    if system is None or options is None or clear is None:
        return Wanted(call_id, tries, fault="recording.erased" if clear is None else "recording.not_configured")
    url = address_of(options, str(clear["recording"]))
    if url is None:
        return Wanted(call_id, tries, fault="recording.outside_base_url")
    holder = systems.by_code(options.secret_of, KIND) if options.secret_of else system
    if holder is None:
        return Wanted(call_id, tries, fault="recording.secret_unknown")
    authorization = None
    if options.user:
        authorization = "Basic " + base64.b64encode(f"{options.user}:{holder.secrets(now)[0]}".encode()).decode()
    return Wanted(call_id, tries, url, authorization, options.allow_private)


def address_of(options: Recordings, said: str) -> str | None:
    """Return the address of a recording the exchange calls `said`, a name or an address; None where that is outside of `base_url`. Pure."""
    base = options.base_url.rstrip("/") + "/"
    if "://" in said:
        return said if said.startswith(base) and not _wanders(said.removeprefix(base).partition("?")[0]) else None
    name = said.lstrip("/")
    if not name or _wanders(name):
        return None
    stem = name.removesuffix(PurePosixPath(name).suffix)
    return base + options.path.replace("{name}", quote(name)).replace("{stem}", quote(stem)).lstrip("/")


def _wanders(path: str) -> bool:
    return any(part in (".", "..") for part in path.replace("%2e", ".").replace("%2E", ".").replace("\\", "/").split("/"))


async def _fetch(client: httpx.AsyncClient, wanted: Wanted) -> None:
    last = wanted.tries > len(LADDER)
    try:
        received = await _received(client, wanted, last=last)
    except NotFetched as why:
        await _put_off(wanted, str(why), given_up=last or why.hopeless)
    except Exception as error:  # one that breaks its carrier must not hold up the others
        log.exception("recording.broken", call=str(wanted.call_id), error=type(error).__name__)
        await _put_off(wanted, f"broken.{type(error).__name__}", given_up=last)
    else:
        await _keep(wanted, received)


async def _received(client: httpx.AsyncClient, wanted: Wanted, *, last: bool) -> Received:
    if wanted.fault is not None:
        raise NotFetched(wanted.fault)
    headers = {"Authorization": wanted.authorization} if wanted.authorization else {}
    measured = _Measured()
    try:
        async with (
            asyncio.timeout(_LONGEST),
            download(client, wanted.url, allow_private=wanted.allow_private, headers=headers) as answer,
        ):
            if answer.status_code != _OK:
                raise NotFetched(f"http.{answer.status_code}")
            received = await receive(measured.pass_on(answer.aiter_bytes()), store(), settings().recording_limit)
    except AddressRefused as why:
        raise NotFetched(str(why)) from None
    except Problem as why:  # too large, empty, or no recording at all
        raise NotFetched(why.code, hopeless=why.code == "attachment.too_large") from None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise NotFetched(f"call.{type(error).__name__}") from None
    if not measured.whole and not last:
        raise NotFetched("recording.incomplete")
    return received


class _Measured:
    """Looks at a file while it passes: a WAV says in its header how long it will be."""

    def __init__(self) -> None:
        self.head, self.size = b"", 0

    async def pass_on(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            if len(self.head) < _RIFF_HEADER:
                self.head += piece[: _RIFF_HEADER - len(self.head)]
            self.size += len(piece)
            yield piece

    @property
    def whole(self) -> bool:
        """Whether nothing says that more is to come."""
        if self.head[:4] != b"RIFF":
            return True
        promised = int.from_bytes(self.head[4:8], "little")
        return promised not in _STREAMED and promised + _RIFF_HEADER <= self.size


async def _keep(wanted: Wanted, received: Received) -> None:
    async with unit_of_work(SYSTEM) as work:
        call = await _still_mine(work, wanted)
        if call is None:
            return
        attachment_id = await write_down(work, received)
        link = {"attachment_id": attachment_id, "subject_id": call.id, "subject_kind": "call", "role": "recording", "linked_at": work.now}
        await work.session.execute(insert(AttachmentLink), [link])
        call.recording_state, call.recording_attachment_id, call.recording_fetched_at = "kept", attachment_id, work.now
        call.recording_error, call.recording_next_try_at, call.updated_at = None, None, work.now
        await work.session.flush()


async def _put_off(wanted: Wanted, why: str, *, given_up: bool) -> None:
    async with unit_of_work(SYSTEM) as work:
        call = await _still_mine(work, wanted)
        if call is None:
            return
        call.recording_error, call.updated_at = why, work.now
        if given_up:
            call.recording_state, call.recording_next_try_at = "given_up", None
        else:
            call.recording_next_try_at = work.now + LADDER[min(wanted.tries, len(LADDER)) - 1]
        await work.session.flush()
    log.warning("recording.not_fetched", call=str(wanted.call_id), why=why, tries=wanted.tries, given_up=given_up)


async def _still_mine(work: Work, wanted: Wanted) -> Call | None:
    """The call, locked; None where the lease ran out and somebody else has tried, or the exchange has named another recording."""
    query = select(Call).where(Call.id == wanted.call_id, Call.recording_state == "awaited", Call.recording_tries == wanted.tries)
    found: Call | None = await work.session.scalar(query.with_for_update())
    return found
