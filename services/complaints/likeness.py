"""How alike two tellings are: their words, their place, their category, the days between them. Pure; the same for both ways round.

Chinese has no blanks between words, so texts are compared by pairs of neighbouring characters (bigrams), after width, punctuation, digits
and a few spellings of the same thing are made one. What every caller says (您好, 请尽快处理, 谢谢) and the names of the place, which is
compared for itself, are struck out first. A short text that lies wholly within a long one counts for more than its length would
allow, yet only texts that say the same are 1.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

_SAID_BY_ALL = """
你好 您好 喂 请问 麻烦 辛苦 谢谢 多谢 感谢 我要反映 我想反映 来电反映 群众反映 村民反映 市民反映 反映 投诉 举报 来电人 诉求人 群众 村民 市民
希望 要求 请求 建议 恳请 请 相关部门 有关部门 部门 政府 领导 工作人员 尽快 尽早 马上 立即 及时 处理 解决 核实 跟进 回复 答复 帮忙 一下
我们这里 我们这边 我们 我家 我是 这里 这边 那里 那边 附近 旁边 已经 现在 目前 今天 昨天 昨晚 今早 早上 上午 中午 下午 晚上 半夜 凌晨
刚刚 刚才 一直 还是 还没有 还没 仍然 情况 问题 事情 家门口 门口 路边 非常 十分 特别 严重 影响 出行 生活
"""
"""What callers say whatever their matter is. Struck out, the longest first."""
_MEANT = """
水管: 自来水管道 自来水管 供水管道 供水管 水管子
管: 管道
破: 爆裂 破裂 裂开 断裂 爆开 破损 爆
管破: 爆管
停水: 没有水 没水 断水 无水 没来水
停电: 没有电 没电 断电 无电
漏水: 渗水 冒水 跑水 喷水
灯坏: 不亮 熄灭 灯熄 不会亮
坑: 坑洼 坑坑洼洼 大坑 深坑
路: 土路 公路 马路 道路 路面 村道
垃圾: 拉圾
没人: 无人 没有人
"""
"""What is meant, and other words that say it."""
_ALSO_SAID = {said: meant for line in _MEANT.split("\n") if line for meant, others in [line.split(": ")] for said in others.split()}
_ALSO = re.compile("|".join(sorted(map(re.escape, _ALSO_SAID), key=len, reverse=True)))
_ALL = re.compile("|".join(sorted(map(re.escape, _SAID_BY_ALL.split()), key=len, reverse=True)))
_EMPTY = re.compile("[的了着过呢吗啊呀哦嘛吧啦就都也还又很太在是有被把给到从个这那]")
"""Characters that join words and mean nothing alone."""
_RUN = re.compile(r"[a-z0-9]+|[\u3400-\u9fff\U00020000-\U0003ffff]+")
_DIGITS = str.maketrans("〇零一二两三四五六七八九", "001223456789")
_READ_AT_MOST = 400
"""Characters of a text that are compared: the matter stands at the beginning, and nobody waits for a long letter."""
_SINGLE = 0.25
"""What a character alone weighs, against a pair of them: it keeps 灯坏了 and 坏了灯 from being strangers."""

PLACE, CATEGORY, TIME = 0.5, 0.3, 0.2
WORDS = 0.6
"""What the words weigh in the score; the rest is the circumstances, of which place, category and time weigh as above."""
WORDS_ENOUGH = 0.3
"""Words less alike than this do not let the circumstances count in full: the same village has many matters."""
_NEAR_METRES = 200.0
_DAYS = 7.0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of two matters besides their words.

    `place`: how near their units are (`PLACES`); `metres` between their points, where both have one; `category`: of `CATEGORIES`; `days`
    between them.
    """

    place: str
    category: str
    days: float
    metres: float | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """The score and what it was made of; all from 0 to 1."""

    score: float
    words: float
    place: float
    category: float
    time: float


PLACES = {"same": 1.0, "same_village": 0.8, "coarse": 0.5, "unknown": 0.3, "elsewhere": 0.0}
"""How near units are: one and the same; of one village; one only known to the township or higher; one not known; neither."""
CATEGORIES = {"same": 1.0, "branch": 0.6, "open": 0.4, "other": 0.0}
"""How near categories are: one and the same; of one branch; one not decided yet; neither."""


def likeness(ours: str, theirs: str, between: Circumstances, place_names: Iterable[str] = ()) -> Likeness:
    """Return how alike two matters are, whichever is named first. `place_names` are struck out of both texts."""
    words = likeness_of_words(ours, theirs, place_names)
    place = _place(between)
    category = CATEGORIES[between.category]
    time = 1.0 / (1.0 + max(between.days, 0.0) / _DAYS)
    beside = PLACE * place + CATEGORY * category + TIME * time
    score = WORDS * words + (1 - WORDS) * beside * min(1.0, words / WORDS_ENOUGH)
    return Likeness(min(1.0, score), words, place, category, time)


def likeness_of_words(ours: str, theirs: str, place_names: Iterable[str] = ()) -> float:
    """Return how alike two texts are, from 0 to 1: 1 for equal texts, the same for both ways round."""
    if ours == theirs:
        return 1.0
    names = sorted({plain(name) for name in place_names}, key=lambda name: (-len(name), name))
    mine, yours = _features(ours, names), _features(theirs, names)
    both = _weight(mine & yours)
    if not both:
        return 0.0
    weights = _weight(mine), _weight(yours)
    dice = 2 * both / sum(weights)
    within = both / min(weights)
    return min(1.0, sqrt(dice * within))


def plain(text: str) -> str:
    """Return `text` in one width and case, with digits of either script made one."""
    return unicodedata.normalize("NFKC", text).lower().translate(_DIGITS)


def _features(text: str, names: Iterable[str]) -> frozenset[str]:
    """Return the pairs of characters and the characters of what a text says; of all it holds, where it says nothing else."""
    text = text[:_READ_AT_MOST]
    said = unicodedata.normalize("NFKC", text).lower()
    kept = _EMPTY.sub("", _ALSO.sub(lambda found: _ALSO_SAID[found[0]], _ALL.sub(" ", said))).translate(_DIGITS)
    for name in names:
        if name:
            kept = kept.replace(name, " ")
    return _grams(kept) or _grams(plain(text))


def _grams(text: str) -> frozenset[str]:
    found: set[str] = set()
    for run in _RUN.findall(text):
        if run[0].isascii():
            found.add(run)
            continue
        found.update(run)
        found.update(run[at : at + 2] for at in range(len(run) - 1))
    return frozenset(found)


def _weight(features: frozenset[str]) -> float:
    """Return the weight of features; counted, not added up one by one, so that their order cannot matter."""
    single = sum(1 for feature in features if len(feature) == 1)
    return (len(features) - single) + _SINGLE * single


def _place(between: Circumstances) -> float:
    units = PLACES[between.place]
    if between.metres is None:
        return units
    near = 1.0 / (1.0 + max(between.metres, 0.0) / _NEAR_METRES)
    return (units + near) / 2 if units else near
