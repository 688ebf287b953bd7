"""The lifecycle is this table: in which status which action leads where, who may take it, what it needs, what it does to the clocks.

`docs/lifecycle.md` is printed from it. Tier is a column of the ticket, not a status: handing up moves the tier.
"""

from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """How somebody stands to a ticket; `relations.py` finds out."""

    HOLDER = "holder"
    CO_HANDLER = "co_handler"
    ADJUDICATOR = "adjudicator"
    CALLED = "called"
    INSTRUCTED = "instructed"
    DESK = "desk"
    ABOVE = "above"
    CALLER = "caller"
    COMPLAINANT = "complainant"
    SYSTEM = "system"


RELATION_NAMES = {
    Relation.HOLDER: "承办单位的人",
    Relation.CO_HANDLER: "协办单位的人",
    Relation.ADJUDICATOR: "裁定的调度台",
    Relation.CALLED: "被吹哨单位的人",
    Relation.INSTRUCTED: "被批示单位的人",
    Relation.DESK: "乡镇或县调度台",
    Relation.ABOVE: "上级单位的人",
    Relation.CALLER: "热线话务员",
    Relation.COMPLAINANT: "诉求人",
    Relation.SYSTEM: "系统",
}

STATUS_NAMES = {
    "received": "受理",
    "dispatched": "派单",
    "accepted": "签收",
    "resolved": "处置完成",
    "answered": "已反馈",
    "closed": "办结",
    "rejected": "不予受理",
    "cancelled": "撤销",
    "merged": "并单",
}
OPEN = ("received", "dispatched", "accepted", "resolved", "answered")
SAME = ""

ACTION_NAMES = {
    "triage": "核定",
    "dispatch": "派单",
    "adjudicate": "裁定",
    "accept": "签收",
    "return": "退单",
    "hand_up": "上报",
    "transfer": "转办",
    "join": "协办",
    "finish_task": "协办完成",
    "log_work": "办理记录",
    "request_extension": "申请延期",
    "decide_extension": "审批延期",
    "request_suspension": "申请挂起",
    "decide_suspension": "审批挂起",
    "suspend": "挂起",
    "resume": "恢复",
    "resolve": "处置完成",
    "answer": "反馈",
    "call_back": "回访",
    "close": "办结",
    "reopen": "重办",
    "reject": "不予受理",
    "cancel": "撤销",
    "merge": "并单",
    "unmerge": "撤销并单",
    "inform": "受理告知",
    "seal": "保密",
    "urge": "催办",
    "supervise": "督办",
    "instruct": "批示",
    "acknowledge": "批示签收",
    "report_back": "落实反馈",
    "whistle": "吹哨",
    "respond": "应哨",
    "conclude_whistle": "吹哨办结",
    "supplement": "补充",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table. `to` is the next status, `SAME` for none. `needs` and `clocks` are the words printed for people."""

    status: str
    action: str
    to: str
    by: frozenset[Relation]
    needs: str = ""
    clocks: str = ""


_DESK = frozenset({Relation.DESK})
_DESK_OR_CALLER = frozenset({Relation.DESK, Relation.CALLER})
_HOLDER = frozenset({Relation.HOLDER})
_CO_HANDLER = frozenset({Relation.CO_HANDLER})
_INSTRUCTED = frozenset({Relation.INSTRUCTED})
_HOLDER_OR_DESK = frozenset({Relation.HOLDER, Relation.DESK})
_ABOVE = frozenset({Relation.ABOVE, Relation.DESK})
_ANYBODY_ABOVE = frozenset({Relation.ABOVE, Relation.DESK, Relation.CALLER})


def _in(statuses: tuple[str, ...], action: str, to: str, by: frozenset[Relation], needs: str = "", clocks: str = "") -> list[Step]:
    return [Step(status, action, to, by, needs, clocks) for status in statuses]


_WORKING = ("dispatched", "accepted")
_DONE = ("resolved", "answered")

TABLE: tuple[Step, ...] = (
    *_in(("received", "dispatched", "accepted"), "triage", SAME, _DESK_OR_CALLER, "a category, a place or an urgency, and why"),
    *_in(
        ("received",),
        "dispatch",
        "dispatched",
        _DESK | {Relation.SYSTEM},
        "a unit, and why; no adjudication open; a county department's matter is led by the county",
        "dispatch stops; accept starts where none runs; the first time in a round first_contact and resolve start",
    ),
    *_in(
        ("received",),
        "adjudicate",
        "dispatched",
        frozenset({Relation.ADJUDICATOR}),
        "an open adjudication; a unit, and why; a county department's matter goes to the county or a township; the unit is designated",
        "adjudicate and dispatch stop; an accept clock starts; no other is reset",
    ),
    *_in(("dispatched",), "accept", "accepted", _HOLDER, clocks="accept stops"),
    *_in(
        _WORKING,
        "return",
        "received",
        _HOLDER,
        "a reason code and words, the right unit where known; not after designation, nor after the third, which opens an adjudication "
        "by the desk above",
        "none is reset; another dispatch clock starts, at the third time adjudicate",
    ),
    *_in(
        _WORKING,
        "hand_up",
        "dispatched",
        _HOLDER | {Relation.SYSTEM},
        "a reason code and words; a tier above",
        "an accept clock starts where none runs; no other is reset",
    ),
    *_in(
        ("dispatched",),
        "transfer",
        "dispatched",
        _DESK | {Relation.SYSTEM},
        "a unit, and why; a county department's matter is led by the county; the system, where a supplement says the place nobody knew",
        "an accept clock starts where none runs; no other is reset",
    ),
    *_in(
        ("accepted",),
        "transfer",
        "dispatched",
        _DESK,
        "a unit, and why; a county department's matter is led by the county",
        "an accept clock starts where none runs; no other is reset",
    ),
    *_in(_WORKING, "join", SAME, _HOLDER_OR_DESK, "a co-handler, its task and how long it may take", "a task clock of that unit's starts"),
    *_in(OPEN[:3], "finish_task", SAME, _CO_HANDLER, "words", "the unit's task clock stops"),
    *_in(("received", "dispatched"), "log_work", SAME, _CO_HANDLER, "words, pictures as the category demands", "as in accepted"),
    *_in(
        ("accepted",),
        "log_work",
        SAME,
        frozenset({Relation.HOLDER, Relation.CO_HANDLER}),
        "words, pictures as the category demands",
        "first_contact stops where the complainant was contacted",
    ),
    *_in(_WORKING, "request_extension", SAME, _HOLDER, "days, a reason code and words; before the limit is over; none pending"),
    *_in(_WORKING, "decide_extension", SAME, _ABOVE, "a pending request of somebody else", "resolve is due later where granted"),
    *_in(
        ("accepted",),
        "request_suspension",
        SAME,
        _HOLDER,
        "days, a reason code and words; before the limit is over; none pending; two pauses a round and 60 working days in all at most",
    ),
    *_in(
        ("accepted",),
        "decide_suspension",
        SAME,
        _ABOVE,
        "a pending request of somebody else; granted only before the limit is over",
        "where granted as suspend",
    ),
    *_in(
        ("accepted",),
        "suspend",
        SAME,
        _ABOVE,
        "days, a reason code and words; no request pending; the same caps",
        "the clocks of the work and of tasks pause; review starts",
    ),
    *_in(
        OPEN[:3],
        "resume",
        SAME,
        _HOLDER | _ABOVE | {Relation.SYSTEM},
        "words; the system, when the suspension's last day is over",
        "review stops; paused clocks go on, due later by what the pause took",
    ),
    *_in(
        ("accepted",),
        "resolve",
        "resolved",
        _HOLDER,
        "the evidence of the category; no open co-handler task, or why it is done without; not suspended",
        "inform, the clocks of the work and of tasks stop, an open whistle is called off; answer starts (verify, where nobody is owed an "
        "answer)",
    ),
    *_in(
        ("resolved",),
        "answer",
        "answered",
        frozenset({Relation.HOLDER, Relation.DESK, Relation.CALLER}),
        "words for every complainant who wants an answer",
        "answer stops; verify starts",
    ),
    *_in(
        ("answered", "closed"),
        "call_back",
        SAME,
        _DESK_OR_CALLER | {Relation.COMPLAINANT},
        "somebody of no unit that worked on it, or the complainants themselves; 'not solved' starts the next round (status 受理), "
        "after closing within the days allowed",
    ),
    *_in(
        _DONE,
        "close",
        "closed",
        _DESK_OR_CALLER,
        "another unit and person than did the work; an answer where one is owed; no unsolved call-back; words for flagged pictures",
        "all stop",
    ),
    *_in(
        (*_DONE, "closed", "rejected"),
        "reopen",
        "received",
        _ANYBODY_ABOVE | {Relation.SYSTEM},
        "words; within the days allowed after closing; the system, where an upper-level platform sends the order back",
        "a new round: dispatch starts",
    ),
    *_in(("received",), "reject", "rejected", _DESK, "a reason code and words; nothing merged into it", "all are cancelled"),
    *_in(OPEN[:3], "cancel", "cancelled", _DESK_OR_CALLER, "a reason code and words; nothing merged into it", "all are cancelled"),
    *_in(OPEN[:3], "merge", "merged", _DESK, "another open ticket, not itself merged", "all pause"),
    *_in(("merged",), "unmerge", SAME, _DESK, "words; returns to the status before", "paused clocks go on"),
    *_in(_WORKING, "inform", SAME, _HOLDER_OR_DESK, "words; under the petition rules, once", "inform stops"),
    *_in(
        (*OPEN, "closed"),
        "seal",
        SAME,
        _DESK_OR_CALLER | {Relation.COMPLAINANT},
        "words; once; with whom it is about (举报), while it is worked on: given to the desk above them (status 派单)",
    ),
    *_in(OPEN, "urge", SAME, _ANYBODY_ABOVE | {Relation.SYSTEM}, "words; the system, where an upper-level platform urges"),
    *_in(OPEN, "supervise", SAME, _ABOVE, "words"),
    *_in(OPEN, "instruct", SAME, frozenset({Relation.ABOVE}), "words, and the unit addressed", "an instruct clock of that unit's starts"),
    *_in(
        OPEN,
        "acknowledge",
        SAME,
        _INSTRUCTED,
        "an instruction that nobody has taken note of yet",
        "instruct stops; another starts where a report was set a day",
    ),
    *_in(OPEN, "report_back", SAME, _INSTRUCTED, "words on how it was followed; once", "instruct stops"),
    *_in(
        OPEN[:3],
        "whistle",
        SAME,
        _HOLDER_OR_DESK,
        "by a desk or a township that holds it; county units, a time ahead, a place and words; none open",
        "a respond clock of each unit called starts, due when they meet",
    ),
    *_in(
        OPEN[:3], "respond", SAME, frozenset({Relation.CALLED}), "that one comes, why not, or that one is there", "respond stops on arrival"
    ),
    *_in(
        OPEN[:3],
        "conclude_whistle",
        SAME,
        _HOLDER_OR_DESK,
        "the outcome; a desk may name the lead, who is designated (status 派单), and co-handlers",
        "respond stops where it is late, is cancelled where not; those of a new lead and of tasks start",
    ),
    *_in(
        OPEN,
        "supplement",
        SAME,
        frozenset({Relation.COMPLAINANT, Relation.CALLER, Relation.SYSTEM}),
        "further words, a place or files to what was told",
    ),
)

TOLD = frozenset({"supplement"})
"""Actions that are no command to give: they are recorded when a complainant tells more, on whatever channel."""

_BY_KEY = {(row.status, row.action): row for row in TABLE}
assert len(_BY_KEY) == len(TABLE), "two rows for one status and action"


def step(status: str, action: str) -> Step | None:
    """Return the row for `action` in `status`, or None where it cannot be taken."""
    return _BY_KEY.get((status, action))


def steps_from(status: str) -> list[Step]:
    """Return every row that starts in `status`, in table order."""
    return [row for row in TABLE if row.status == status]
