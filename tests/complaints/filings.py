"""Filings for tests: ready to be written, without a door in front."""

from datetime import UTC, datetime
from typing import Any

from services.complaints.commands import Contact, FileComplaint, Place, Telling
from services.complaints.filing import Bearings, Filing, Repeatable, prepare
from services.platform.actor import SYSTEM, Actor

NOW = datetime(2026, 11, 21, 18, 10, tzinfo=UTC)
WORDS = "礼士镇太平村的水管爆了，半夜两点水漫到路上。"
NAME, PHONE, OPENID = "欧阳小明", "13805550123", "oTestUser0000000000000000001"
AREA = "/441624/"


def telling(**changes: Any) -> Telling:
    """What a villager tells on the telephone at ten past two in the morning."""
    told: dict[str, Any] = {
        "words": WORDS,
        "place": Place(words="太平村老水井旁"),
        "contact": Contact(name=NAME, phone=PHONE),
        **changes,
    }
    return Telling(**told)


def filing(
    message: str = "call-1#1", *, channel: str = "hotline", actor: Actor = SYSTEM, bearings: Bearings | None = None, **changes: Any
) -> Filing:
    """A filing of one message. `key` and `fingerprint` make it repeatable."""
    key, fingerprint = changes.pop("key", None), changes.pop("fingerprint", b"f")
    repeatable = Repeatable("operator/POST/v1/hotline/complaints", key, fingerprint) if key else None
    now = changes.pop("now", NOW)
    command = FileComplaint(channel, message, telling(**changes))
    return prepare(command, actor, now, bearings or Bearings(AREA), repeatable=repeatable)
