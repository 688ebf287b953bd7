"""Fetching the photos, voices and videos people sent: WeChat keeps them three days, and answers errors in a file's place with HTTP 200.

Each is fetched until it is here or cannot be had any more; then the ticket says so, in words. The file is stored by its hash like every
other, and belongs to the complaint of its message as soon as there is one: whichever of the two comes later ties them.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, func, select, update

from services.attachments.receiving import Received, receive, write_down
from services.attachments.store import store
from services.channels.wechat.effects import lost_words
from services.channels.wechat.hearing import MEDIA
from services.channels.wechat.models import WechatMedium, WechatMessage
from services.complaints.supplements import link_files, remark
from services.connections.wechat_api import WeChatApi, WeChatError, WeChatUnreachable
from services.platform.actor import SYSTEM
from services.platform.bulk import table_of
from services.platform.errors import Problem, Unavailable
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work

log = structlog.get_logger()

LADDER = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 2 * 3600, 4 * 3600, 6 * 3600))
"""How long to wait after each failure; the last step repeats until the three days are over."""
LEASE = timedelta(minutes=5)
_LONGEST_FETCH = 240.0
_AT_ONCE = 4
_GONE = frozenset({40007, 40004, 40010, 41006})
"""There is no such file (any more), or of no such kind: asking again changes nothing."""
_MEDIA, _M = table_of(WechatMedium), table_of(WechatMessage)


async def fetch_due(api: WeChatApi | None, limit: int) -> int:
    """Try to fetch up to `limit` files that are due, oldest first; return how many were tried.

    Without the account's secret none can be fetched: they wait, and are given up when WeChat has forgotten them.
    """
    async with unit_of_work(SYSTEM) as work:
        claimed = await _claim(work, limit)
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(medium: Row[Any]) -> None:
        async with slots:
            await _fetch(api, medium)

    async with asyncio.TaskGroup() as group:
        for medium in claimed:
            group.create_task(one(medium))
    return len(claimed)


async def _claim(work: Work, limit: int) -> list[Row[Any]]:
    due = (
        select(_MEDIA.c.id)
        .where(_MEDIA.c.state == "wanted", _MEDIA.c.next_try_at <= func.now())
        .order_by(_MEDIA.c.next_try_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease = update(_MEDIA).where(_MEDIA.c.id.in_(due.scalar_subquery()))
    taken = lease.values(next_try_at=func.now() + LEASE, tries=_MEDIA.c.tries + 1)
    columns = ("id", "message_id", "media_id", "kind", "tries", "expires_at")
    return list(await work.session.execute(taken.returning(*(_MEDIA.c[name] for name in columns))))


async def _fetch(api: WeChatApi | None, medium: Row[Any]) -> None:
    """Fetch one file, and write down what came of it. Never raises: one that breaks must not hold up the others."""
    if api is None:
        return await _put_off(medium, "not_configured")
    try:
        async with asyncio.timeout(_LONGEST_FETCH), api.media(medium.media_id) as media:
            received = await receive(media.chunks, store(), settings().attachment_limit, keep_unreadable=True)
            if media.length is not None and media.length != received.size:
                raise WeChatUnreachable("broken_off")  # noqa: TRY301  what came is not the file; the store keeps it under its own hash
        await _take_in(medium, received)
    except WeChatError as error:
        await (_give_up if error.errcode in _GONE else _put_off)(medium, str(error))
    except Unavailable as away:
        await _put_off(medium, away.code)
    except Problem as refused:
        await (_put_off if refused.code == "attachment.empty" else _give_up)(medium, refused.code)
    except (WeChatUnreachable, TimeoutError) as error:
        await _put_off(medium, str(error) or "timeout")
    except Exception as error:
        log.exception("wechat.media_failed", medium_id=str(medium.id), error=type(error).__name__)
        await _put_off(medium, type(error).__name__)


async def _take_in(medium: Row[Any], received: Received) -> None:
    """Write down a file that is here, and tie it to the complaint of its message where there is one already."""
    async with unit_of_work(SYSTEM) as work:
        if not await _still_wanted(work, medium):
            return
        complaint_id, _ = await _complaint_of(work, medium)
        attachment_id = await write_down(work, received)
        here = {"state": "fetched", "media_id": None, "attachment_id": attachment_id, "sha256": received.sha256, "last_error": None}
        await work.session.execute(update(WechatMedium).where(WechatMedium.id == medium.id).values(here))
        if complaint_id is not None:
            await link_files(work, complaint_id, [attachment_id])


async def _put_off(medium: Row[Any], error: str) -> None:
    """Try again later; give up where WeChat has forgotten the file by then."""
    wait = LADDER[min(medium.tries, len(LADDER)) - 1]
    async with unit_of_work(SYSTEM) as work:
        now = work.now
        if now < medium.expires_at:
            later = {"next_try_at": min(now + wait, medium.expires_at), "last_error": error}
            mine = update(WechatMedium).where(
                WechatMedium.id == medium.id, WechatMedium.state == "wanted", WechatMedium.tries == medium.tries
            )
            await work.session.execute(mine.values(later))
    if now >= medium.expires_at:
        return await _give_up(medium, error)
    log.warning("wechat.media_put_off", medium_id=str(medium.id), tries=medium.tries, error=error)
    return None


async def _give_up(medium: Row[Any], error: str) -> None:
    """Note that a file cannot be had, and say so beside its complaint, so that whoever works on it can ask for it again."""
    async with unit_of_work(SYSTEM) as work:
        if not await _still_wanted(work, medium):
            return
        complaint_id, dedupe_key = await _complaint_of(work, medium)
        lost = {"state": "given_up", "media_id": None, "last_error": error}
        await work.session.execute(update(WechatMedium).where(WechatMedium.id == medium.id).values(lost))
        if complaint_id is not None:
            await remark(work, complaint_id, lost_words(1, MEDIA.get(medium.kind, "文件")), f"{dedupe_key}:lost")
    log.warning("wechat.media_given_up", medium_id=str(medium.id), error=error)


async def _still_wanted(work: Work, medium: Row[Any]) -> bool:
    """Tell whether the file is still this try's to deal with, and hold it; another may have it where a lease ran out."""
    query = select(_MEDIA.c.id).where(_MEDIA.c.id == medium.id, _MEDIA.c.state == "wanted", _MEDIA.c.tries == medium.tries)
    return await work.session.scalar(query.with_for_update()) is not None


async def _complaint_of(work: Work, medium: Row[Any]) -> tuple[UUID | None, str]:
    """Return the complaint of the file's message, locked: a turn that finds words for it waits, and then sees the file."""
    query = select(_M.c.complaint_id, _M.c.dedupe_key).where(_M.c.id == medium.message_id).with_for_update()
    row = (await work.session.execute(query)).one()
    return row.complaint_id, row.dedupe_key
