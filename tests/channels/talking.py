"""Villagers who write on WeChat, over the real county: pushes go to the inbox as the door hands them in, the worker does its part."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from services.channels.wechat.inbox import take
from services.channels.wechat.leftovers import break_silences, send_owed, take_leftovers
from services.channels.wechat.media import fetch_due
from services.channels.wechat.messages import Push
from services.connections.wechat_api import WeChatApi
from services.platform.database import WORKER
from tests.conftest import TestDatabase
from tests.told import told_in

OPENID = "oTalker00000000000000000001"
_ids = itertools.count(24309345123450000)


def push(kind: str = "text", *, sender: str = OPENID, message_id: str | None = None, at: datetime | None = None, **fields: Any) -> Push:
    """A push as the door reads it."""
    created = (at or datetime.now(UTC)).replace(microsecond=0)
    event, key = fields.get("Event", ""), fields.get("EventKey", "")
    number = None if kind == "event" else message_id or str(next(_ids))
    dedupe = number or f"{sender}:{int(created.timestamp())}:{event}:{key}"
    return Push("gh_580", sender, created, kind, number, dedupe, event, key, fields)


def text(words: str, **more: Any) -> Push:
    """A text message."""
    return push("text", Content=words, **more)


def photo(media_id: str = "m1", kind: str = "image", **more: Any) -> Push:
    """A photo, or another file."""
    return push(kind, MediaId=media_id, **more)


def place(lat: float, lon: float, label: str = "", **more: Any) -> Push:
    """A location message, GCJ-02."""
    return push("location", Location_X=str(lat), Location_Y=str(lon), Scale="16", Label=label, **more)


def event(name: str, key: str = "", **more: Any) -> Push:
    """An event."""
    return push("event", Event=name, EventKey=key, **more)


@dataclass
class Talk:
    """One person's talk and a look behind it."""

    county: TestDatabase
    said: list[str | None] = field(default_factory=list)

    async def __call__(self, *pushes: Push) -> str | None:
        """Send pushes one after another; return the last answer."""
        for one in pushes:
            self.said.append(await take(one))
        return self.said[-1]

    async def worker(self, api: WeChatApi | None = None, *, settle: bool = True) -> None:
        """Do what the worker does: turns left over, silences, files, messages."""
        async with self.county.as_role(WORKER):
            while await take_leftovers(50) + await break_silences(50):
                pass
            await fetch_due(api, 50)
            await send_owed(api, 50)
        if settle:
            await self.county.settle()

    async def later(self, **interval: int) -> None:
        """Let time pass: everything that was noted happened so much earlier."""
        back = timedelta(**interval)
        await self.county.owner.execute("UPDATE conversations SET last_at = last_at - $1::interval, hint_at = hint_at - $1::interval", back)
        await self.county.owner.execute("UPDATE conversations SET told_unit_at = told_unit_at - $1::interval", back)
        await self.county.owner.execute("UPDATE wechat_messages SET due_at = due_at - $1::interval", back)
        await self.county.owner.execute(
            "UPDATE wechat_media SET next_try_at = next_try_at - $1::interval, expires_at = expires_at - $1::interval"
            " WHERE state = 'wanted'",
            back,
        )

    async def state(self) -> str:
        """How far the only talk is."""
        return str(await self.county.value("SELECT state FROM conversations"))

    async def words(self) -> list[str]:
        """What complaints say, oldest first."""
        return [words or "" for words in await told_in(self.county, "complaints")]

    async def added(self) -> list[str | None]:
        """What supplements say, oldest first."""
        return await told_in(self.county, "supplements")

    async def number(self) -> str:
        """The newest ticket's number."""
        return str(await self.county.value("SELECT number FROM tickets ORDER BY number DESC LIMIT 1"))
