"""What units are told of matters: that they lead one, have a sub-task of one, supervise one, or were passed over. Each thing once.

It is read off the journal, so that nothing is forgotten while no worker ran, for `SPAN` at the longest.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from services.journal.models import Event
from services.matters.alarming import Alarm
from services.matters.bypassing import DEED_NAMES, EVENT
from services.matters.holding import SUBJECT
from services.matters.models import Matter
from services.matters.views import LEVEL_NAMES
from services.organization.queries import unit_tree
from services.platform.unit_of_work import Work

SPAN = timedelta(days=3)
_TELLS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "matter.registered": ("lead", lambda _said: "已挂号,由贵单位牵头。请分解任务、排定节点。"),
    "matter.lead_changed": ("to", lambda _said: "改由贵单位牵头。请接续办理,核对任务和节点。"),
    "matter.task_set": ("unit", lambda said: f"分给贵单位一项任务,期限{said['due_on']}。请按期完成并在系统中报告。"),
    EVENT: ("unit", lambda said: f"县级越过贵镇{DEED_NAMES[said['deed']]}村级工作。请知悉并跟进,详情见系统中的该事项。"),
    "matter.supervisor_named": ("unit", lambda said: f"由贵单位人员担任{LEVEL_NAMES[said['level']]}责任人。请按期督办并留下督办记录。"),
    "matter.objection_upheld": ("lead", lambda _said: "公示期间的异议经处理成立。请整改后重新报告完工。"),
    "matter.registered_again": ("lead", lambda _said: "已重新挂号,仍由贵单位牵头。请重新分解任务、排定节点。"),
    "matter.struck_off": ("lead", lambda _said: "已销号。"),
    "matter.questioned": ("unit", lambda said: f"年终质询：请贵单位责任人员于{said['answer_by']}前在系统中作出说明。"),
}
"""Type of event → where in it the unit's code stands, and what the unit is told."""


async def news(work: Work) -> list[Alarm]:
    """Return what units are to be told of the last days; whoever was told already is known by the key."""
    query = (
        select(Event.id, Event.type, Event.data, Matter.number, Matter.title)
        .join(Matter, Matter.id == Event.subject_id)
        .where(Event.subject_kind == SUBJECT, Event.type.in_(sorted(_TELLS)), Event.recorded_at > work.now - SPAN)
        .order_by(Event.recorded_at, Event.id)
    )
    tree, found = await unit_tree(work.session), []
    for row in await work.session.execute(query):
        where, words = _TELLS[row.type]
        unit = tree.by_code.get(row.data[where])
        if unit is not None:
            found.append(Alarm(f"matter_news:{row.id}", row.id, unit.id, f"{row.number}“{row.title}”{words(row.data)}"))
    return found
