"""What people read: one Chinese text for each occasion. Pure.

A text holds the number, names of units and categories, limits and words written by the staff as an answer or a reason. It never holds
what the villager said, nor who the villager is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.notifications.overdue import LEVELS
from services.platform.clock import local_text
from services.tickets.reason_names import REASONS

TRACKING_CODE = "{code}"
"""Stands for the complainant's tracking code: put in only when the message is sent, so that the code is stored nowhere."""

_LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text may be made of. `unit` acts, `due_at` is when the matter must be done, `words` are the staff's."""

    number: str
    category: str | None = None
    unit: str | None = None
    due_at: datetime | None = None
    words: str | None = None
    reason: str | None = None
    into: str | None = None
    level: str | None = None
    granted: bool = False
    working_days: int = 0
    natural_days: int = 0
    adjudication: bool = False
    meet_at: datetime | None = None
    task_due_at: datetime | None = None
    place: str | None = None
    answer: str | None = None
    hotline: str = "580"


SIGNED = "【大管家】"


def to_complainant(template: str, facts: Facts) -> str:
    """Return the text for the complainant; KeyError for an unknown `template`."""
    return _COMPLAINANT[template](facts)


def discreet(template: str, words: str, number: str, hotline: str) -> str:
    """Return what a confidential matter's complainant is told where others may look: the number only, nothing of matter, unit or result."""
    if template == "received":  # it holds nothing but number and code
        return words
    return f"您的诉求（编号{number}）有新的进展，请凭编号和查询码查询，或拨打{hotline}询问。"


def to_unit(template: str, facts: Facts) -> str:
    """Return the text for a unit; KeyError for an unknown `template`."""
    return f"{SIGNED}{_UNIT[template](facts)}"


def _received(facts: Facts) -> str:
    return (
        f"您好，您反映的诉求已受理，工单编号{facts.number}，查询码{TRACKING_CODE}。"
        f"凭编号和查询码可随时查询办理进度，也可拨打{facts.hotline}询问。"
    )


def _dispatched_to(facts: Facts) -> str:
    return f"您的诉求（编号{facts.number}）已派给{facts.unit}办理。"


def _answered(facts: Facts) -> str:
    return f"您的诉求（编号{facts.number}）的办理结果：{_short(facts.words)}如对结果有疑问，请拨打{facts.hotline}。"


def _closed(facts: Facts) -> str:
    return f"您的诉求（编号{facts.number}）已办结。如问题没有解决，可拨打{facts.hotline}要求重办。"


def _rejected(facts: Facts) -> str:
    return f"您的诉求（编号{facts.number}）不予受理，原因：{_short(facts.words)}如有异议，请拨打{facts.hotline}。"


def _cancelled(facts: Facts) -> str:
    return f"您的诉求（编号{facts.number}）已撤销，原因：{_short(facts.words)}如有异议，请拨打{facts.hotline}。"


def _merged(facts: Facts) -> str:
    return f"您的诉求（编号{facts.number}）与工单{facts.into}反映同一问题，已合并办理；办理结果会同样告知您。"


def _reopened(facts: Facts) -> str:
    return f"您的诉求（编号{facts.number}）已重新办理。"


def _excluded(facts: Facts) -> str:
    until = f"在{local_text(facts.due_at)}前" if facts.due_at else ""
    return (
        f"您的诉求（编号{facts.number}）经县级复核，所提要求认定为不合理诉求，理由：{facts.reason}。{_short(facts.words)}"
        "该认定只影响对承办单位的统计，您的工单、答复和各项权利不变。"
        f"如不同意，可{until}凭编号和查询码申诉，或拨打{facts.hotline}。"
    )


def _exclusion_upheld(facts: Facts) -> str:
    return f"您对诉求（编号{facts.number}）不合理诉求认定的申诉已复核，维持认定：{_short(facts.words)}您的工单、答复和各项权利不变。"


def _exclusion_overturned(facts: Facts) -> str:
    return f"您对诉求（编号{facts.number}）不合理诉求认定的申诉成立，认定已撤销：{_short(facts.words)}"


def named_matter(facts: Facts) -> str:
    """Return how texts for units name a ticket."""
    return f"工单{facts.number}（{facts.category or '类别待核定'}）"


def _until(facts: Facts) -> str:
    return f"，须在{local_text(facts.due_at)}前办结" if facts.due_at else ""


def _task_until(facts: Facts) -> str:
    return f"，协办任务须在{local_text(facts.task_due_at)}前完成" if facts.task_due_at else ""


def _short(words: str | None) -> str:
    """Return the staff's words as a sentence of bearable length."""
    text = (words or "").strip()
    if len(text) > _LONGEST_WORDS:
        text = text[:_LONGEST_WORDS] + "……"
    return text if text.endswith(("。", "！", "？", "…", ".", "!", "?")) else f"{text}。"


def _because(facts: Facts) -> str:
    return f"，原因：{REASONS.get(facts.reason, facts.reason)}" if facts.reason else ""


def _returned(facts: Facts) -> str:
    if facts.adjudication:
        return f"{named_matter(facts)}已三次退单{_because(facts)}，请在时限内会商裁定承办单位，裁定后不得再退。"
    return f"{named_matter(facts)}被退回{_because(facts)}，请重新派单。"


def _extension(facts: Facts) -> str:
    if facts.granted:
        return f"{named_matter(facts)}的延期申请已同意，延长{_days(facts)}{_until(facts)}。"
    return f"{named_matter(facts)}的延期申请未获同意，原时限不变{_until(facts)}。"


def _days(facts: Facts) -> str:
    return f"{facts.natural_days}日" if facts.natural_days else f"{facts.working_days}个工作日"


def _informed(facts: Facts) -> str:
    until = f"，应于{local_text(facts.due_at)}前办结" if facts.due_at else ""
    return f"您的信访事项（编号{facts.number}）已受理，由{facts.unit}办理{until}。{_short(facts.words)}"


def _extended(facts: Facts) -> str:
    until = f"，将于{local_text(facts.due_at)}前办结" if facts.due_at else ""
    return f"您的信访事项（编号{facts.number}）情况复杂，办理期限延长{_days(facts)}{until}。如有疑问，请拨打{facts.hotline}。"


def _escalated(facts: Facts) -> str:
    return f"{named_matter(facts)}已超过时限，现予{LEVELS.get(facts.level or '', facts.level or '催办')}，请立即处理{_until(facts)}。"


def _suspension(facts: Facts) -> str:
    if facts.granted:
        return f"{named_matter(facts)}已挂起，期限{facts.working_days}个工作日，到期自动恢复。"
    return f"{named_matter(facts)}的挂起申请未获同意，时限照常计算{_until(facts)}。"


def _whistle(facts: Facts) -> str:
    when = f"于{local_text(facts.meet_at)}前" if facts.meet_at else ""
    return f"吹哨：{named_matter(facts)}请{facts.unit}{when}到{facts.place or '现场'}会商处置，到场后请在工单中确认。"


def _whistle_answered(facts: Facts) -> str:
    said = {"coming": "将到场", "not_coming": "不能到场", "arrived": "已到场"}.get(facts.answer or "", "已回应")
    return f"吹哨事项{named_matter(facts)}：{facts.unit}{said}。{_short(facts.words) if facts.words else ''}"


_COMPLAINANT: Mapping[str, Callable[[Facts], str]] = {
    "received": _received,
    "dispatched": _dispatched_to,
    "informed": _informed,
    "extended": _extended,
    "answered": _answered,
    "closed": _closed,
    "rejected": _rejected,
    "cancelled": _cancelled,
    "merged": _merged,
    "reopened": _reopened,
    "excluded": _excluded,
    "exclusion_upheld": _exclusion_upheld,
    "exclusion_overturned": _exclusion_overturned,
}

_UNIT: Mapping[str, Callable[[Facts], str]] = {
    "order": lambda facts: f"新工单派到{facts.unit}：{named_matter(facts)}{_until(facts)}，请及时签收。",
    "relieved": lambda facts: f"{named_matter(facts)}已转由{facts.unit}办理，你单位不再主办。",
    "order_co": lambda facts: f"请{facts.unit}协办{named_matter(facts)}{_task_until(facts)}。",
    "ring": lambda facts: f"辖区内有紧急事项：{named_matter(facts)}，已派给{facts.unit}，请关注{_until(facts)}。",
    "returned": _returned,
    "extension_requested": lambda facts: f"{named_matter(facts)}申请延期{_days(facts)}，请审批。",
    "extension": _extension,
    "recalculated": lambda facts: f"正式放假安排已公布，{named_matter(facts)}的时限重新核算{_until(facts)}。",
    "designated": lambda facts: f"经裁定，{named_matter(facts)}由{facts.unit}承办{_until(facts)}，不得退单，请及时签收。",
    "task_finished": lambda facts: f"{facts.unit}已完成{named_matter(facts)}的协办任务，请继续办理{_until(facts)}。",
    "task_over": lambda facts: f"{named_matter(facts)}已处置完成，你单位的协办任务按未完成处理，不需再办理。",
    "suspension_requested": lambda facts: f"{named_matter(facts)}申请挂起{facts.working_days}个工作日，请审批。",
    "suspension": _suspension,
    "work_resumed": lambda facts: f"{named_matter(facts)}的挂起已结束，请继续办理{_until(facts)}。",
    "whistle": _whistle,
    "whistle_answered": _whistle_answered,
    "called_off": lambda facts: f"吹哨取消：{named_matter(facts)}请{facts.unit}到场会商的事项已结束，不需再到场。",
    "whistle_concluded": lambda facts: f"吹哨事项{named_matter(facts)}已有结论：{_short(facts.words)}",
    "acknowledged": lambda facts: f"{facts.unit}已签收对{named_matter(facts)}的批示。",
    "followed": lambda facts: f"{facts.unit}已反馈{named_matter(facts)}批示的落实情况：{_short(facts.words)}",
    "resolved": lambda facts: f"{named_matter(facts)}已由{facts.unit}处置完成，请反馈诉求人并核实。",
    "ended": lambda facts: f"{named_matter(facts)}已{facts.words}，不需再办理。",
    "resumed": lambda facts: f"{named_matter(facts)}的并单已撤销，请继续办理{_until(facts)}。",
    "urged": lambda facts: f"催办：{named_matter(facts)}{_until(facts)}，请加快办理。",
    "supervised": lambda facts: f"督办：{named_matter(facts)}已列入督办{_until(facts)}，请限期办理并报告进展。",
    "instructed": lambda facts: f"批示：{named_matter(facts)}有上级批示，请{facts.unit}先在工单中签收，再抓好落实{_until(facts)}。",
    "passed_over": lambda facts: f"知会：上级已就{named_matter(facts)}直接向{facts.unit}作出批示。",
    "escalated": _escalated,
    "exclusion_proposed": lambda facts: f"{named_matter(facts)}提请不合理诉求认定，请由提请人以外的人员审定。",
    "exclusion_decided": lambda facts: (
        f"{named_matter(facts)}的不合理诉求认定{'已同意' if facts.granted else '未获同意'}：{_short(facts.words)}"
    ),
    "exclusion_appealed": lambda facts: f"{named_matter(facts)}的诉求人对不合理诉求认定提出申诉，请由未参与认定的人员复核。",
    "exclusion_upheld": lambda facts: f"{named_matter(facts)}的不合理诉求认定经申诉复核，予以维持：{_short(facts.words)}",
    "exclusion_overturned": lambda facts: f"{named_matter(facts)}的不合理诉求认定经申诉复核，予以撤销：{_short(facts.words)}",
    "supplemented": lambda facts: f"{named_matter(facts)}的诉求人补充了情况，请在工单中查看。",
    "supplement_danger": lambda facts: f"紧急：{named_matter(facts)}的诉求人补充的情况可能危及人身安全，请立即查看处置。",
}
