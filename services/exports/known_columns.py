"""The data dictionary: every column that any exported table has, once, with what it means. Pure.

A code means the same in every table it is in. A table names the codes it has (:func:`columns_named`).
"""

from collections.abc import Iterable

from services.exports.columns import Column, Kind

_Line = tuple[str, Kind, str, str, str]
_NO_DATA = "无数据时为空，不是 0"

_FIGURES: tuple[_Line, ...] = (
    ("metric", "text", "指标", "Metric", "指标编号@版本，定义见 /v1/metrics"),
    ("metric_name", "text", "指标名称", "Name of the metric", ""),
    ("first", "day", "起", "First day", "统计期的第一天，含当天"),
    ("last", "day", "止", "Last day", "统计期的最后一天，含当天"),
    ("key", "text", "代码", "Key", "行的代码：单位、渠道、类别、日或月；合计行为空，“-”为无此维度取值的工单"),
    ("name", "text", "名称", "Name", "行的名称"),
    ("numerator", "integer", "分子", "Numerator", "分子的工单数；计数类指标即其数值"),
    ("denominator", "integer", "分母", "Denominator", "分母的工单数；计数类指标为空"),
    ("percent", "number", "百分比", "Per cent", f"分子÷分母，四舍五入；{_NO_DATA}"),
    ("shown", "text", "显示", "As printed", "公布时的写法；无数据为“—”"),
    ("before_removal_shown", "text", "剔除前", "Before removal", "剔除不合理诉求之前的写法"),
    ("after_removal_shown", "text", "剔除后", "After removal", "剔除不合理诉求之后的写法"),
    ("share", "number", "占比", "Share", "占各行合计的百分比，最大余额法，各行相加恰为 100；仅计数类指标分行时有"),
    ("previous_shown", "text", "上期", "Period before", "上一统计期的写法；提问时要求环比才有"),
    ("previous_change_shown", "text", "环比", "Change", "比上期增减；比率为百分点"),
    ("year_before_shown", "text", "上年同期", "Year before", "上年同期的写法；提问时要求同比才有"),
    ("year_before_change_shown", "text", "同比", "Change in a year", "比上年同期增减；比率为百分点"),
    ("taken_out_numerator", "integer", "剔除分子", "Taken out of the numerator", "剔除的不合理诉求中属于分子的工单数"),
    ("taken_out_denominator", "integer", "剔除分母", "Taken out of the denominator", "剔除的不合理诉求中属于分母的工单数"),
    ("kind", "text", "类型", "Kind", "rate 比率，count 计数，duration 时长"),
    ("english", "text", "英文名", "English name", ""),
    ("version", "integer", "版本", "Version", "定义的版本；公布后不改，改则为新版本"),
    ("numerator_words", "text", "分子定义", "Numerator in words", ""),
    ("denominator_words", "text", "分母定义", "Denominator in words", ""),
    ("period_words", "text", "归期口径", "Period basis", "按工单的哪一天归入统计期"),
    ("note", "text", "说明", "Note", ""),
)
_TICKETS: tuple[_Line, ...] = (
    ("number", "text", "工单编号", "Ticket number", "系统编号，末位为校验码"),
    ("status", "text", "状态", "Status", "状态代码，见 docs/lifecycle.md"),
    ("status_name", "text", "状态名称", "Name of the status", ""),
    ("source", "text", "来源", "Source", "complaint 群众诉求，discovered 自行发现"),
    ("channel", "text", "渠道", "Channel", "受理渠道代码"),
    ("category", "text", "类别", "Category", "类别代码，“.”分级"),
    ("category_name", "text", "类别名称", "Name of the category", ""),
    ("urgency", "text", "紧急程度", "Urgency", "normal 一般，urgent 紧急，emergency 特急"),
    ("place", "text", "地点代码", "Place", "诉求所在的最低一级单位代码"),
    ("place_name", "text", "地点", "Name of the place", ""),
    ("township", "text", "镇代码", "Township", "诉求所在镇；定位不到时为空"),
    ("village", "text", "村代码", "Village", "诉求所在村（社区）；定位不到时为空"),
    ("grid", "text", "网格代码", "Grid", "诉求所在网格；定位不到时为空"),
    ("tier", "text", "承办层级", "Tier", "现承办单位所在层级"),
    ("holder", "text", "承办单位代码", "Holder", "现主办单位；尚未派单时为空"),
    ("holder_name", "text", "承办单位", "Name of the holder", ""),
    ("desk", "text", "调度单位代码", "Desk", "负责派单和督办的单位"),
    ("desk_name", "text", "调度单位", "Name of the desk", ""),
    ("round", "integer", "轮次", "Round", "第一次办理为 1，每次重办加 1"),
    ("hand_offs", "integer", "流转次数", "Hand-offs", ""),
    ("returns", "integer", "退回次数", "Returns", ""),
    ("suspended", "boolean", "挂起中", "Suspended", ""),
    ("overdue", "boolean", "已超期", "Overdue", "有时限正在超期"),
    ("received_at", "instant", "受理时间", "Received", ""),
    ("dispatched_at", "instant", "派单时间", "Dispatched", ""),
    ("accepted_at", "instant", "签收时间", "Accepted", ""),
    ("resolved_at", "instant", "办理完成时间", "Resolved", ""),
    ("answered_at", "instant", "答复时间", "Answered", ""),
    ("closed_at", "instant", "结案时间", "Closed", "归档结束，无论结果"),
    ("completed_at", "instant", "办结时间", "Completed", "按期与否所依据的办结时刻"),
    ("disposed_at", "instant", "处置时间", "Disposed", "办理时限停止的时刻"),
    ("due_at", "instant", "到期时间", "Due", "含批准的延期"),
    ("first_due_at", "instant", "原到期时间", "First due", "延期之前的到期时刻"),
    ("settled_at", "instant", "了结时间", "Settled", "首次办结的时刻"),
    ("settled_tier", "text", "了结层级", "Tier that settled it", "首次办结时的承办层级"),
    ("called_at", "instant", "回访时间", "Called back", "最近一轮有效回访"),
    ("known_at", "instant", "获知时间", "Known since", "系统首次知道本行内容的时刻"),
    ("on_time", "boolean", "按期", "On time", "办结不晚于到期时间；不计按期的为空"),
    ("on_first_time", "boolean", "按原期限按期", "On first time", "办结不晚于原到期时间"),
    ("disposed_on_time", "boolean", "处置按期", "Disposed on time", ""),
    ("accepted_on_time", "boolean", "签收按期", "Accepted on time", ""),
    ("answered_on_time", "boolean", "答复按期", "Answered on time", ""),
    ("counted", "boolean", "计入统计", "Counted", "不予受理、撤销、并案的不计入"),
    ("dispatched", "boolean", "已派单", "Dispatched", ""),
    ("completed", "boolean", "已办结", "Completed", ""),
    ("resolved", "boolean", "已解决", "Resolved", ""),
    ("direct", "boolean", "直接办结", "Settled directly", "未经派单即答复办结"),
    ("deferred", "boolean", "暂缓", "Deferred", ""),
    ("paused", "boolean", "曾暂停", "Paused", ""),
    ("extended", "boolean", "曾延期", "Extended", ""),
    ("returned", "boolean", "曾退回", "Returned", ""),
    ("passed_on", "boolean", "曾转出", "Passed on", "承办单位退回、上交或要求改派"),
    ("reopened", "boolean", "重新办理", "Reopened", ""),
    ("raised", "boolean", "再向上反映", "Raised again", "办结后 60 日内又向上级反映"),
    ("reworked", "boolean", "返工", "Reworked", "办理超过一轮"),
    ("unreasonable", "boolean", "不合理诉求", "Unreasonable demand", "经认定，指标剔除后不计"),
    ("reached", "boolean", "回访接通", "Reached", "回访是否联系上；未回访为空"),
    ("contacted", "boolean", "已联系", "Contacted", "群众说承办单位联系过；未问为空"),
    ("solved", "boolean", "群众认为解决", "Solved", "群众的评价；未问为空"),
    ("satisfied", "boolean", "满意", "Satisfied", "群众的评价；未问为空"),
)
_MINUTES: tuple[_Line, ...] = (
    ("dispatch_minutes", "integer", "派单用时", "Time to dispatch", "受理到派单"),
    ("accept_minutes", "integer", "签收用时", "Time to accept", "派单到签收"),
    ("work_minutes", "integer", "办理用时", "Time of work", "签收到办理完成，含暂停"),
    ("work_net_minutes", "integer", "办理净用时", "Net time of work", "签收到办理完成，不含暂停"),
    ("close_minutes", "integer", "办结用时", "Time to close", "受理到办结，含暂停"),
    ("close_net_minutes", "integer", "办结净用时", "Net time to close", "受理到办结，不含暂停"),
    ("overdue_minutes", "integer", "超期时长", "Overdue by", "到期至统计时刻"),
)
_LISTS: tuple[_Line, ...] = (
    ("stages", "text", "超期环节", "Stages past due", "以“、”分隔，超得最久的在前"),
    ("stage", "text", "环节", "Stage", "时限的环节代码"),
    ("late", "text", "超期单位代码", "Late unit", ""),
    ("late_name", "text", "超期单位", "Name of the late unit", ""),
    ("listed_at", "instant", "上榜时间", "Listed", "真正达到通报级别的时刻"),
    ("running", "boolean", "仍在计时", "Still running", ""),
    ("unit", "text", "单位代码", "Unit", "空：尚无承办单位"),
    ("unit_name", "text", "单位", "Name of the unit", ""),
    ("open", "integer", "在办", "Open", "未了结的工单"),
    ("open_overdue", "integer", "其中超期", "Of these overdue", ""),
    ("posts", "integer", "岗位数", "Posts", "今日有人任职的岗位"),
    ("per_post", "number", "每岗在办", "Open per post", "无人任职时为空"),
    ("received", "integer", "收到工单", "Received", "统计期内作为主办单位收到的工单"),
    ("passed_on_tickets", "integer", "转出工单", "Passed on", "其中退回、上交或要求改派的工单"),
    ("idle", "integer", "空转工单", "Passed on idly", "其中没有任何办理记录就转出的：二传手"),
    ("times", "integer", "转出次数", "Times passed on", "同一工单可多次"),
    ("passed_on_share", "number", "转出占比", "Share passed on", ""),
    ("idle_share", "number", "空转占比", "Share passed on idly", ""),
    ("given_at", "instant", "收到时间", "Given", "统计期内首次收到"),
    ("times_passed_on", "integer", "转出次数(本单)", "Times passed on", ""),
    ("times_idly", "integer", "空转次数(本单)", "Times passed on idly", ""),
    ("repeats", "integer", "重复诉求", "Repeats", "同一人一小时内多次算一次"),
    ("said", "integer", "重复提及", "Times said", "每次都算"),
    ("last_at", "instant", "最近一次", "Last said", ""),
)
_UNITS = {
    "percent": "%", "share": "%", "passed_on_share": "%", "idle_share": "%", "per_post": "件", "hand_offs": "次", "returns": "次",
    "times": "次",
    "times_passed_on": "次", "times_idly": "次", "said": "次", "repeats": "次",
    **dict.fromkeys((line[0] for line in _MINUTES), "分钟"),
    **dict.fromkeys(("numerator", "denominator", "taken_out_numerator", "taken_out_denominator", "open", "open_overdue", "received",
                     "passed_on_tickets", "idle"), "件"),
}  # fmt: skip
KNOWN: dict[str, Column] = {
    code: Column(code, heading, english, kind, meaning or heading, _UNITS.get(code, ""))
    for code, kind, heading, english, meaning in (*_FIGURES, *_TICKETS, *_MINUTES, *_LISTS)
}
"""Every column there is, by its code."""


def columns_named(*codes: str) -> tuple[Column, ...]:
    """Return these columns, in this order. A code that is not known is a mistake of ours: KeyError."""
    return tuple(KNOWN[code] for code in codes)


def described(codes: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns among `codes` that the dictionary describes, in their order."""
    return tuple(KNOWN[code] for code in codes if code in KNOWN)
