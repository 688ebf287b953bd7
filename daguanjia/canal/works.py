"""The five months: tasks, what stands in the way, money and labour, milestones, follow-ups, one of which never came."""

from itertools import pairwise

from daguanjia.canal.plot import METRES, Told, call_on
from daguanjia.story.doors import Json, code_of
from daguanjia.story.pictures import canal
from daguanjia.story.plot import require
from daguanjia.story.setting import COUNTY, MEMBERS, OFFICE, TOWNSHIP, VILLAGE, WATER
from dispatch_worker.jobs.matters import follow_up_alarms
from services.platform.ids import new_id

STAGES = ("勘测设计完成", "渠首段清淤完成", "上段1.8公里衬砌完成", "下段1.7公里衬砌完成", "全段通水")
_BLOCKERS = (
    ("funding", "启动资金缺口四十万元。"), ("no_responsible_unit", "水口村地处偏远,缺乏帮扶单位,属“三不管”。"),
    ("no_consensus", "村民缺乏凝聚力,出工意见不一。"),
)  # fmt: skip
_MISSED, _SLIPPED = 3, 4
"""In which month the follow-up never came, and which month's milestone slipped."""
_FEN, _LABOUR = 40_000_000, 300


async def the_plan(told: Told) -> None:
    """What is to be done by whom until when; what stands in the way; what was promised."""
    told.teller.step("任务、点位、节点、梗阻、认捐", "sub-tasks, sites, milestones, blockers, pledges")
    told.hours.to(told.day(0, 21), 9)
    water = told.cast.unit(WATER)
    task = {"unit": water.code, "title": "修复水口村段3.5公里水渠", "due_on": str(told.day(5, 20))}
    await told.act(OFFICE, "set_task", f"任务交 {water.name}:修复水口村段 3.5 公里水渠,期限 {told.day(5, 20)}。", **task)
    for nth, (start, end) in enumerate(pairwise(METRES)):
        seen = await told.act(OFFICE, "add_site", name=("水口上段", "水口下段")[nth], from_m=start, to_m=end)
        site = next(one for one in seen["sites"] if one["from_m"] == start)
        await _show(told, site["id"], "before")
    for month, title in enumerate(STAGES, 1):
        await told.act(OFFICE, "set_milestone", title=title, planned_on=str(told.day(month, 20)))
    for code, words in _BLOCKERS:
        await told.act(MEMBERS[0], "block", code=code, since=told.today(), words=words)
    told.says(MEMBERS[0], "三处梗阻记在账上:资金缺口、“三不管”、民心不齐。")
    await _money(told, "pledge", "finance", _FEN, "县水利局承诺修复资金。")
    await _labour(told, "pledge", _LABOUR, "村民承诺以工代劳。")
    told.teller.say(f"认捐:县水利局 {_FEN // 100:,} 元;村民以工代劳 {_LABOUR // 2} 个工日。两段点位各拍修前照片,五个节点排到五个月。")


async def the_months(told: Told) -> None:
    """Month by month."""
    told.teller.step("五个月:跟进、到位、出工、节点", "five months of follow-ups, money, labour and milestones")
    await _mobilised(told)
    for month in range(1, len(STAGES) + 1):
        if month != _MISSED:
            await _followed_up(told, month)
        else:
            await _missed(told)
        await _worked(told, month)


async def _mobilised(told: Told) -> None:
    """Party members go from door to door for the canal itself (B39)."""
    told.hours.to(told.day(1, 15), 9)
    for nth, home in enumerate(told.village.homes[4:7], 4):
        said = {"category": "conduct.suggestion", "words": f"修渠的事我家同意,{1 + nth % 2}个人出工。"}
        opinion = await call_on(told, nth, home, said, matter_id=told.matter)
        body = {"kind": "on_the_spot", "outcome_id": str(new_id()), "happened_at": told.now(), "words": "已登记出工人数。"}
        await told.doors.post(home.member, f"/v1/opinions/{opinion}/outcomes", body)
    for code, words in (("no_consensus", "村民小组会议通过,户户出工。"), ("no_responsible_unit", "县政办组织县水利局驻点帮扶。")):
        await told.act(MEMBERS[0], "unblock", code=code, on=told.today(), words=words)
    told.says(MEMBERS[0], "挨家挨户动员修渠,走访记在本事项名下;“民心”“三不管”两处梗阻解除。")


async def _followed_up(told: Told, month: int) -> None:
    told.hours.to(told.day(month, 18), 9)
    report = {"follow_up_id": str(new_id()), "happened_on": told.today(), "words": f"{STAGES[month - 1]},按计划推进。"}
    await told.act(MEMBERS[0], "follow_up", **report)


async def _missed(told: Told) -> None:
    """The member does not report: the day after it was due the supervisors are told."""
    told.hours.to(told.day(_MISSED, 22), 9)
    await told.doors.worker(follow_up_alarms)
    seen = await told.doors.report(COUNTY, f"/v1/matters/{told.matter}")
    alarms = [day for one in seen["followers"] for day in one["alarms"]]
    require(bool(alarms) and seen["stale"], "当月没有跟进,却没有告警。")
    told.teller.say(f"{alarms[-1]} 应有的跟进没有来:系统告警三级督办责任人,事项标为“停滞”。")
    told.hours.to(told.day(_MISSED, 23), 9)
    words = "因防汛值守漏报,已到现场补看。"
    await told.act(MEMBERS[0], "follow_up", follow_up_id=str(new_id()), happened_on=told.today(), words=words)
    told.says(MEMBERS[0], f"补报:{words}")


async def _worked(told: Told, month: int) -> None:
    """What came, what was worked and spent, and the month's milestone with its picture."""
    if month == 1:
        await _money(told, "receive", "finance", _FEN, "县水利局资金到位。")
        await told.act(MEMBERS[0], "unblock", code="funding", on=told.today(), words="县水利局资金到位。")
        told.says(OFFICE, f"县水利局资金 {_FEN // 100:,} 元到位,“资金”梗阻解除。")
    await _money(told, "spend", "finance", _FEN // len(STAGES), f"{STAGES[month - 1]}工程款。")
    await _labour(told, "receive", _LABOUR // len(STAGES), "村民投工。")
    seen = await told.doors.report(COUNTY, f"/v1/matters/{told.matter}")
    stage = next(one for one in seen["milestones"] if one["title"] == STAGES[month - 1])
    slip = ""
    if month == _SLIPPED:
        later = {"milestone_id": stage["id"], "planned_on": str(told.day(month, 26)), "words": "连续降雨。"}
        await told.act(OFFICE, "move_milestone", **later)
        slip = "(因雨顺延 6 天,原计划仍留在账上)"
    told.hours.to(told.day(month, 26 if slip else 20), 16)
    picture = await told.doors.upload(OFFICE, canal(f"{told.matter} {month}", mended=month > 2))  # noqa: PLR2004  from then on it is lined
    done = {"milestone_id": stage["id"], "done_on": told.today(), "words": "已完成。", "attachment_ids": [picture]}
    await told.act(OFFICE, "finish_milestone", f"节点 {month}/5 {STAGES[month - 1]}{slip},附照片。", **done)
    if month in (2, 4):
        note = {"happened_on": told.today(), "words": "到现场查看,进度属实。"}
        await told.act(TOWNSHIP, "supervise", **note)


async def the_task(told: Told) -> None:
    """The bureau says that it is done; somebody else accepts it; the lead reports the whole work complete."""
    told.teller.step("县水利局报完成,他人验收;牵头单位报告完工", "done by one, accepted by another, reported complete")
    told.hours.to(told.day(5, 21), 9)
    seen = await told.doors.report(COUNTY, f"/v1/matters/{told.matter}")
    (task,) = seen["task_list"]
    for site in seen["sites"]:
        await _show(told, site["id"], "after")
    await told.act(WATER, "report_task", task_id=task["id"], done_on=told.today(), words="3.5公里渠段全部修复。")
    own = {"action": "decide_task", "task_id": task["id"], "accepted": True, "words": "自己验收。"}
    refused = await told.doors.attempt(WATER, f"/v1/matters/{told.matter}/actions", own)
    require(refused.is_error, "干活的单位自己验收,应被拒绝。")
    told.teller.say(f"{told.cast.unit(WATER).name} 想自己验收:被拒绝({refused.status_code} {code_of(refused)})。")
    await told.act(TOWNSHIP, "decide_task", "到现场验收任务:属实。", task_id=task["id"], accepted=True, words="现场核实,属实。")
    complete = {"completion_id": str(new_id()), "done_on": told.today(), "words": "水口村段3.5公里全部完工通水。"}
    await told.act(OFFICE, "report_complete", "报告全部完工。", **complete)


async def _show(told: Told, site: str, shown: str) -> None:
    picture = await told.doors.upload(VILLAGE, canal(f"{site} {shown}", mended=shown == "after"))
    told_of: Json = {"site_id": site, "shown": shown, "happened_on": told.today(), "attachment_ids": [picture]}
    await told.act(VILLAGE, "show_site", **told_of)


async def _money(told: Told, deed: str, source: str, fen: int, words: str) -> None:
    entry = {"entry_id": str(new_id()), "deed": deed, "source": source, "amount_fen": fen, "happened_on": told.today(), "words": words}
    await told.act(OFFICE, "enter_money", **entry)


async def _labour(told: Told, deed: str, half_days: int, words: str) -> None:
    entry = {"entry_id": str(new_id()), "deed": deed, "source": "villagers", "half_days": half_days, "words": words}
    await told.act(VILLAGE, "enter_labour", happened_on=told.today(), **entry)
