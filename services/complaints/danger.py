"""Danger to life in what somebody says, on whatever channel: such a matter is an emergency, and the township is rung at once. Pure.

A wrong alarm costs one look, a missed one may cost a life: so words alone suffice, except where they plainly speak of something else
(``没有着火``, ``防溺水宣传``, ``火灾隐患``, ``去年塌方的路段``). A question (``是不是煤气泄漏了``) is an alarm. The desk corrects the
urgency by triage.
"""

import re
import unicodedata

_WORDS = (
    "着火", "起火", "失火", "火灾", "爆炸", "煤气泄漏", "燃气泄漏", "煤气泄露", "燃气泄露", "煤气中毒", "一氧化碳中毒",
    "食物中毒", "农药中毒", "中毒", "触电", "漏电伤人", "高压线掉", "电线掉", "电线断", "溺水", "落水", "掉进河", "掉进水",
    "掉进井", "掉到河", "掉到水", "掉到井", "掉下井", "坠井", "坠楼", "掉河里", "掉水里", "掉井里", "掉塘里", "掉进塘", "掉到塘",
    "倒塌", "塌方", "坍塌", "垮塌", "塌了", "滑坡", "泥石流", "山洪", "决堤", "溃坝", "垮坝", "被埋", "被困", "压住人", "压到人",
    "昏迷", "没有呼吸", "没呼吸", "大出血", "跳楼", "跳河", "自杀",
    "轻生", "喝农药", "砍人", "持刀", "捅人", "救命", "快不行了", "有人受伤", "人受重伤",
)  # fmt: skip
_FOUND = re.compile("|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True)))
_ELSE_BEFORE = re.compile(
    r"(?:(?<!有)没有?|未|并非|(?<!是)不是|(?<![会该])不会(?!是)|防止?|预防|防范|避免|以免|去年|前年|以前|上次|曾经?)(?:再次?|发生|有人|出现|过|会|被|是|的)*$"
)
_ELSE_AFTER = re.compile(
    r"^(?:(?:安全|事故|险情|灾害)?(?:隐患|演练|演习|宣传|教育|预防|警示|警示牌|保险|险(?!情)|补偿|赔偿|补助|救助款|治理|修复|清理|鉴定|认定|善后|等级)"
    r"|的?(?:危险|风险|可能)(?!很大)|后的?(?:重建|补助|赔偿|修复)|过的?(?:路段|地方|房子))"
)
_ANY_MOMENT = re.compile(r"随时|马上|眼看|快要")
"""What may happen any moment is no mere risk."""
_SENTENCE = re.compile(r"[。！？!?;；\n，,、]")


def danger_in(words: str) -> str | None:
    """Return the word in `words` that speaks of present danger to life, None where none does."""
    for part in _SENTENCE.split(unicodedata.normalize("NFKC", words)):
        text = "".join(part.split())
        for found in _FOUND.finditer(text):
            if not _is_of_something_else(text[: found.start()], text[found.end() :]):
                return found[0]
    return None


def _is_of_something_else(before: str, after: str) -> bool:
    return bool(_ELSE_BEFORE.search(before) or (_ELSE_AFTER.match(after) and not _ANY_MOMENT.search(before)))
