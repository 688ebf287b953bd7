"""What WeChat users are told, in Chinese: an answer is kept as names of texts and ids, and becomes words here. Pure.

Kept so, a repeated delivery is answered alike, and nothing secret (a tracking code) or personal is stored.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.complaints.views import Progress
from services.platform.clock import local_text
from services.platform.secrets import tracking_code

Part = dict[str, Any]
"""One text: its name as ``say``, and what it is made of."""

_HOW = "请用文字说明：什么事、在哪个镇哪个村；也可以发照片和位置。"
_WELCOME = (
    "您好，这里是“大管家”群众服务平台。请直接用文字告诉我们：什么事、在哪个镇哪个村，可以加发照片、语音和位置，我们会登记受理并告诉您工单号。"
    "回复“进度”可以查询办理进度。遇到危险请先拨打110、119、120。"
)
_HELP = (
    "您好，反映问题请直接用文字说明：什么事、在哪个镇哪个村，可以加发照片和位置。\n"
    "回复“进度”查询办理进度，回复“新问题”反映另外一件事；收到办理结果后，请回复“已解决”或“未解决”。\n"
    "需要撤销或人工服务，请拨打{hotline}热线。"
)
_NOT_YOURS = (
    "没有查到由您的微信提交的这个工单。请核对工单号，例如：进度 20261122-000123-6；"
    "其他渠道提交的，请拨打{hotline}热线，凭工单号和查询码查询。"
)
_VERDICTS = {
    "solved": "感谢您的反馈，已记录工单{number}的问题已解决。",
    "unsolved": "已记录工单{number}的问题没有解决，我们已重新派单办理，办理结果会告诉您。",
    "satisfied": "感谢您的评价，已记录您对工单{number}的办理表示满意。",
    "dissatisfied": "已记录您对工单{number}的办理不满意。如果问题没有解决，请回复“未解决”；也可以用文字告诉我们哪里不满意。",
}
_WAITING = {"image": "照片", "voice": "语音", "video": "视频", "shortvideo": "视频", "place": "位置"}


def _filed(part: Part, _hotline: str) -> str:
    number, code = part["number"], tracking_code(UUID(part["ticket_id"]))
    return (
        f"您反映的问题已受理。\n工单号：{number}\n查询码：{code}（请勿告诉他人）\n"
        f"可以继续补充文字、照片或位置；另外一件事请先回复“新问题”。回复“进度 {number}”可查询办理进度。"
    )


def _asking_words(part: Part, _hotline: str) -> str:
    what = _WAITING.get(part.get("what", ""))
    if what is None:
        return f"您好，没有收到文字内容。{_HOW}"
    return f"您发来的{what}已收到。请用文字说明：什么事、在哪个镇哪个村；我们会一并登记受理。"


def _which(part: Part, _hotline: str) -> str:
    lines = [f"{place}. {number}" for place, number in enumerate(part["numbers"], 1)]
    return "您有几个工单已经反馈结果，请问是哪一个？请回复序号或工单号：\n" + "\n".join(lines)


_TEXTS: Mapping[str, Callable[[Part, str], str]] = {
    "welcome": lambda _part, _hotline: _WELCOME,
    "help": lambda _part, hotline: _HELP.format(hotline=hotline),
    "filed": _filed,
    "supplemented": lambda part, _hotline: f"已补充到工单{part['number']}。另外一件事请先回复“新问题”。",
    "ask_words": _asking_words,
    "danger": lambda _part, hotline: f"如果有人身危险，请立即拨打110（报警）、119（火警）、120（急救）；也可以拨打{hotline}热线。",
    "not_yours": lambda _part, hotline: _NOT_YOURS.format(hotline=hotline),
    "none_yet": lambda _part, _hotline: f"还没有由您的微信提交的工单。{_HOW}",
    "judged": lambda part, _hotline: _VERDICTS[part["verdict"]].format(number=part["number"]),
    "which": _which,
    "nothing_to_judge": lambda _part, hotline: f"您目前没有等待确认结果的工单。{_HOW}需要帮助请拨打{hotline}热线。",
    "new": lambda _part, _hotline: "好的，请用文字说明新的问题：什么事、在哪个镇哪个村。",
    "done": lambda _part, _hotline: "好的，已记录。回复“进度”可以查询办理进度。",
    "confided": lambda _part, _hotline: "好的，已为您保密：承办单位不会知道是您反映的。",
    "reported": lambda _part, _hotline: (
        "您的举报已保密受理：直接由县里办理，被反映的人和单位看不到、也查不到这件事。需要联系您时，只由热线与您联系。"
    ),
    "will_confide": lambda _part, hotline: (
        f"好的，您接下来反映的问题会为您保密，承办单位不会知道是您反映的。以前反映的问题要保密，请拨打{hotline}热线。"
    ),
    "stands": lambda _part, _hotline: "已记录您的确认。办理情况会由走访干部告诉您。",
    "stands_by_nothing": lambda _part, hotline: f"没有查到这个确认码，或者它已经过了两小时。请让走访干部重新出示，或拨打{hotline}热线。",
    "thanks": lambda _part, _hotline: "不客气。有新的情况请直接告诉我们，回复“进度”可以查询办理进度。",
}


def words_of(parts: Sequence[Part], hotline: str, progress: Sequence[Progress] = ()) -> str | None:
    """Return what an answer says, None where it says nothing. `progress` is for its part ``progress``, read when it is told."""
    told = []
    for part in parts:
        if part["say"] == "progress":
            told.append(_all_progress(progress, part, hotline))
        else:
            told.append(_TEXTS[part["say"]](part, hotline))
    return "\n\n".join(told) or None


def must_be_sent(parts: Sequence[Part]) -> bool:
    """Tell whether an answer that did not go back with its push has to go out by itself.

    Number and code of a filed complaint go out by the message on its receipt, unless its answer was to tell them (``promised``); thanks
    need no message of their own.
    """
    return any(part.get("promised") or part["say"] not in ("filed", "thanks", "done", "supplemented") for part in parts)


def _all_progress(progress: Sequence[Progress], part: Part, hotline: str) -> str:
    if not progress:
        return _TEXTS["not_yours" if part.get("number") else "none_yet"](part, hotline)
    return "\n\n".join(progress_words(one) for one in progress)


def progress_words(progress: Progress) -> str:
    """Return how far a ticket is, with the newest answer."""
    lines = [f"工单号：{progress.number}", f"受理时间：{local_text(progress.received_at)}", f"当前进度：{progress.status_words}"]
    if progress.responsible_unit:
        lines.append(f"承办单位：{progress.responsible_unit}")
    if progress.answers:
        newest = progress.answers[-1]
        lines.append(f"答复（{local_text(newest.answered_at)}）：{newest.words}")
        if progress.status == "answered":
            lines.append("请回复“已解决”或“未解决”。")
    return "\n".join(lines)
