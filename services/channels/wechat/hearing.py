"""What somebody on WeChat means: a push becomes a kind of input of the conversation. Pure.

Only what is nothing but a question or a word of command is one: ``进度 20261122-000123-6``, ``未解决``, ``新问题``. Everything else with
words is told to us as words, and is kept as it came.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from services.channels.wechat.conversation import Kind
from services.channels.wechat.messages import Push
from services.complaints.commands import Place
from services.tickets.numbers import read_number

Verdict = Literal["solved", "unsolved", "satisfied", "dissatisfied"]

RECOGNISED = "（语音识别）"
LONGEST = 4000
"""Characters of one complaint or supplement; what is longer is told in several."""
MEDIA = {"image": "图片", "voice": "语音", "video": "视频", "shortvideo": "视频"}
_LONGEST_COMMAND = 48
_PLACE_WORDS = 200

_PROGRESS = re.compile(r"(?:进度|查询|查进度|查询进度|工单进度|办理进度|查工单|进展|查进展)[\s::#]*(?P<number>[0-9-]{0,40})")
_VERDICT = re.compile(r"(?P<said>\D+?)[\s::#,]*(?P<number>[0-9][0-9-]{0,40})?")
_SAID: dict[str, Verdict] = {
    **dict.fromkeys(("已解决", "解决了", "已经解决", "已经解决了", "问题解决了", "问题已解决", "修好了", "处理好了"), "solved"),
    **dict.fromkeys(
        ("未解决", "没解决", "没有解决", "还没解决", "还没有解决", "仍未解决", "问题没解决", "问题未解决", "没修好", "还没修好"), "unsolved"
    ),
    **dict.fromkeys(("满意", "很满意", "非常满意", "比较满意"), "satisfied"),
    **dict.fromkeys(("不满意", "很不满意", "非常不满意"), "dissatisfied"),
}
_STANDS = re.compile(r"确认[\s:#,]*(?P<code>[a-z2-9]{8})[\s:#,]*(?P<said>\D*)")
_RATED = frozenset({"satisfied", "dissatisfied"})
_NEW = ("新问题", "另外一件事", "另一件事", "另一个问题", "新的问题", "还有一个问题", "还有一件事", "再反映一个问题", "重新反映")
_NEW_WORDS = re.compile(rf"(?:{'|'.join(_NEW)})\s*[::,,。;;\n]\s*\S", re.DOTALL)
_DONE = frozenset({"完毕", "没有了", "没了", "说完了", "就这些", "完了", "结束", "无补充", "没有补充"})
_COURTESY = frozenset(
    {"谢谢", "谢谢你", "谢谢您", "多谢", "感谢", "好的", "好", "嗯", "嗯嗯", "收到", "知道了", "ok", "辛苦了", "明白", "再见"}
)
_CONFIDE = frozenset(
    {
        "保密",
        "请保密",
        "要求保密",
        "我要保密",
        "请为我保密",
        "请替我保密",
        "匿名",
        "我要匿名",
        "匿名反映",
        "请不要透露我的信息",
        "不要透露我的信息",
    }
)
_ASKS_CONFIDENCE = re.compile(
    r"(?:请|要求|希望|务必|为我|替我|帮我|给我|对我|身份|信息|姓名)保密|匿名(?:举报|反映|投诉)|(?:不要|别|勿)(?:透露|泄露|暴露|告诉.{0,8}是)我"
)
_HELP = frozenset(
    {"帮助", "怎么用", "撤销", "取消", "撤回", "你好", "您好", "在吗", "在不在", "有人吗", "hello", "hi", "喂", "人工", "转人工"}
)
_MENU_PROGRESS = frozenset({"MENU_PROGRESS", "PROGRESS", "进度", "查询进度"})
_MENU_NEW = frozenset({"MENU_REPORT", "MENU_NEW", "REPORT", "新问题", "我要反映"})
_MENU_HELP = frozenset({"MENU_HELP", "HELP", "帮助"})
_ENDS = " \t\r\n。.!?~,;:、…"
_DASHES = str.maketrans(dict.fromkeys("－—–", "-"))


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """What was heard. No `repr`: words and places are nobody else's.

    `words` exactly as they came (marked where a machine recognised them). `number` is what somebody wrote as a ticket's number, perhaps
    wrong, or as the code of an opinion; `choice` the position in a list they were shown. A `verdict` needs to know their tickets before it
    is a kind of input.
    """

    kind: Kind
    words: str | None = None
    place: Place | None = None
    media_id: str | None = None
    media_kind: str | None = None
    number: str | None = None
    choice: int | None = None
    verdict: Verdict | None = None

    @property
    def pieces(self) -> tuple[str, ...]:
        """The words in pieces that can be stored, in order; none is left out."""
        words = self.words or ""
        cut = [words[start : start + LONGEST] for start in range(0, len(words), LONGEST)]
        return tuple(piece for piece in cut if piece.strip())


def hear(push: Push) -> Heard:
    """Return what a push means for the conversation."""
    if push.kind == "event":
        return _event(push)
    if push.kind == "text":
        return hear_text(push.text)
    if push.kind in MEDIA:
        return _media(push)
    if push.kind == "location":
        return _place(push)
    if push.kind == "link":
        return _link(push)
    return Heard(Kind.QUIET)


def hear_text(text: str) -> Heard:
    """Return what a text means."""
    if not text.strip():
        return Heard(Kind.BLANK)
    if len(text) <= _LONGEST_COMMAND:
        command = _command(unicodedata.normalize("NFKC", text.translate(_DASHES)).strip(_ENDS).casefold(), text)
        if command is not None:
            return command
    plain = unicodedata.normalize("NFKC", text).lstrip()
    return Heard(Kind.NEW_WORDS if _NEW_WORDS.match(plain) else Kind.WORDS, words=text)


def asks_confidence(words: str) -> bool:
    """Tell whether somebody asks, in the middle of their words, that nobody learns who they are."""
    return bool(_ASKS_CONFIDENCE.search("".join(unicodedata.normalize("NFKC", words).split())))


def _command(plain: str, text: str) -> Heard | None:
    """Return what a short text commands or asks; None where it tells something."""
    for kind, said in ((Kind.NEW, _NEW), (Kind.DONE, _DONE), (Kind.CONFIDE, _CONFIDE), (Kind.COURTESY, _COURTESY), (Kind.HELP, _HELP)):
        if plain in said:
            return Heard(kind)
    asked = _PROGRESS.fullmatch(plain)
    if asked:
        return Heard(Kind.PROGRESS, number=asked["number"].strip("-") or None)
    if read_number(plain):
        return Heard(Kind.PROGRESS, number=plain, words=text)
    if re.fullmatch(r"[1-9]", plain):
        return Heard(Kind.CHOICE, choice=int(plain), words=text)
    return _stands(plain) or _judged(plain, text)


def _stands(plain: str) -> Heard | None:
    """Return that somebody stands by words whose code they sent; perhaps with what they say of whoever called on them."""
    found = _STANDS.fullmatch(plain)
    said = found["said"].strip(_ENDS) if found else ""
    rated = _SAID.get(said)
    if found is None or (said and rated not in _RATED):
        return None
    return Heard(Kind.STANDS, number=found["code"].upper(), verdict=rated)


def _judged(plain: str, text: str) -> Heard | None:
    judged = _VERDICT.fullmatch(plain)
    verdict = _SAID.get(judged["said"].strip(_ENDS)) if judged else None
    if judged and verdict:
        return Heard(Kind.VERDICT, number=judged["number"], verdict=verdict, words=text)
    return None


def _event(push: Push) -> Heard:
    key = push.event_key.strip()
    if push.event == "subscribe":
        return Heard(Kind.FOLLOW)
    if push.event == "unsubscribe":
        return Heard(Kind.LEAVE)
    if push.event == "LOCATION":
        return Heard(Kind.HINT) if push.location else Heard(Kind.QUIET)
    if push.event == "location_select":
        return _place(push)
    if push.event == "CLICK":
        for kind, keys in ((Kind.PROGRESS, _MENU_PROGRESS), (Kind.NEW, _MENU_NEW), (Kind.HELP, _MENU_HELP)):
            if key in keys:
                return Heard(kind)
    return Heard(Kind.QUIET)


def _media(push: Push) -> Heard:
    """A photo, voice or video; a voice that WeChat understood has words as well, and is told as words."""
    if push.media_id is None:
        return Heard(Kind.BLANK)
    if push.kind == "voice" and push.recognition and push.recognition.strip():
        return Heard(Kind.WORDS, words=RECOGNISED + push.recognition, media_id=push.media_id, media_kind=push.kind)
    return Heard(Kind.MEDIA, media_id=push.media_id, media_kind=push.kind)


def _place(push: Push) -> Heard:
    """A chosen place, in GCJ-02 as WeChat gives it; one whose figures are no place still has its label."""
    found = push.location
    label = " ".join((found.label if found else push.text_of("Label")).split())[:_PLACE_WORDS] or None
    if found is None:
        return Heard(Kind.PLACE, place=Place(words=label)) if label else Heard(Kind.BLANK)
    return Heard(Kind.PLACE, place=Place(words=label, lat=found.lat, lon=found.lon, coordinate_system="GCJ-02"))


def _link(push: Push) -> Heard:
    parts = [push.text_of(name).strip() for name in ("Title", "Description", "Url")]
    told = "\n".join(part for part in parts if part)
    return Heard(Kind.WORDS, words=f"（群众转发的链接）\n{told}") if told else Heard(Kind.BLANK)
