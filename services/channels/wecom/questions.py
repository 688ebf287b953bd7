"""What staff may ask from WeCom, and how it is answered, in Chinese. Pure.

Two questions: 待办, what is open at one's seats, and a ticket's number. Both only read, so a repeated delivery does no harm.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.platform.clock import local_text

SHOWN_AT_MOST = 5
LONGEST_QUESTION = 64

HOW = "回复“待办”查看本岗位未办结的工单；回复工单号（例如：20261122-000123-6）查看办理情况。"
UNBOUND = "您的企业微信还没有绑定账号。请联系管理员：在人员管理中为您登记企业微信账号（userid）后，即可查询待办和工单。"
UNKNOWN = "没有查到这个工单，或不在您的职责范围内。请核对工单号，例如：20261122-000123-6。"
NOTHING_OPEN = "您的岗位目前没有未办结的工单。"

_OWN_WORK = frozenset({"待办", "我的待办", "待办工单"})
_NAMED = re.compile(r"^(?:工单号?|进度|查询)\s*:?\s*")
_NUMBER = re.compile(r"[0-9][0-9-]{6,30}", re.ASCII)
_DASHES = str.maketrans(dict.fromkeys("－—–", "-"))


class Ask(Enum):
    """What a message asks for, where it names no ticket."""

    OPEN = "open"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Due:
    """One open ticket as a list of what is to be done shows it."""

    number: str
    category: str | None
    due_at: datetime | None


def asked(text: str) -> Ask | str:
    """Return what `text` asks for: the number of a ticket as it was typed, right or wrong, or what else."""
    if len(text) > LONGEST_QUESTION:
        return Ask.HELP
    plain = unicodedata.normalize("NFKC", text.translate(_DASHES)).strip()
    if plain in _OWN_WORK:
        return Ask.OPEN
    named = _NAMED.sub("", plain, count=1)
    return named if _NUMBER.fullmatch(named) else Ask.HELP


def todo_words(count: int, late: int, soonest: Sequence[Due], now: datetime) -> str:
    """Return how many tickets are open at somebody's seats, how many of them are late, and those due soonest."""
    if not count:
        return NOTHING_OPEN
    head = f"您的岗位有 {count} 件未办结的工单" + (f"，其中 {late} 件已逾期。" if late else "。")
    lines = [f"{item.number} {item.category or '未分类'}，{_due_words(item.due_at, now)}" for item in soonest[:SHOWN_AT_MOST]]
    return "\n".join([head, "最早到期：", *lines])


def ticket_words(number: str, status: str, category: str | None, holder: str | None, due_at: datetime | None, now: datetime) -> str:
    """Return how far a ticket is, as a colleague needs it; nothing of who complained."""
    lines = [f"工单号：{number}", f"类别：{category or '未分类'}", f"状态：{status}"]
    if holder:
        lines.append(f"承办单位：{holder}")
    if due_at is not None:
        lines.append(f"时限：{_due_words(due_at, now)}")
    return "\n".join(lines)


def _due_words(due_at: datetime | None, now: datetime) -> str:
    if due_at is None:
        return "暂无时限"
    return f"{local_text(due_at)}到期" + ("（已逾期）" if due_at < now else "")
