"""What happens, step by step. Each step checks what it expects and raises StoryError where it is not so."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from daguanjia.story.doors import Door, Json, Staff, code_of, expect, json_of, sign_in, wait_for
from daguanjia.story.pictures import broken_pipe, mended_pipe
from daguanjia.story.setting import HOTLINE, TOWNSHIP, VILLAGE, WATER, Cast, Setting, StoryError
from daguanjia.story.telling import Teller

SHANGHAI = ZoneInfo("Asia/Shanghai")
CATEGORY = "water.pipe_burst"
_WORKER_AWAY = "派单进程 dispatch_worker 似乎没有运行,请看 daguanjia status。The worker seems away."
_CALLER = {"name": "黄大山", "phone": "0762-2000580"}


@dataclass
class Told:
    """What the story knows so far: who is signed in, and the ticket it made."""

    setting: Setting
    cast: Cast
    intake: Door
    reporting: Door
    teller: Teller
    staff: dict[str, Staff] = field(default_factory=dict)
    number: str = ""
    code: str = ""
    received_on: datetime | None = None

    def who(self, login: str) -> Staff:
        """Return somebody, signed in at their first appearance."""
        if login not in self.staff:
            self.staff[login] = sign_in(self.intake, self.reporting, login, self.cast.password)
        return self.staff[login]

    def act(self, login: str, action: str, status: str, telling: str, /, **values: Any) -> Json:
        """Have somebody take an action; the ticket must be in `status` afterwards. `telling` is what the reader is told."""
        ticket = self.who(login).act(self.number, action, **values)
        require(ticket["status"] == status, f"工单 {self.number} 在 {action} 之后应为 {status},却是 {ticket['status']}。")
        person = self.cast.people[login]
        self.teller.say(f"{person.unit.name} {person.name}:{telling}")
        return ticket


def require(condition: bool, otherwise: str) -> None:
    """Raise StoryError with `otherwise` unless it is so."""
    if not condition:
        raise StoryError(otherwise)


def last_ten_past_two(now: datetime) -> datetime:
    """Return the most recent 02:10 in Asia/Shanghai at `now`."""
    local = now.astimezone(SHANGHAI)
    today = local.replace(hour=2, minute=10, second=0, microsecond=0)
    return today if today <= local else today - timedelta(days=1)


def the_call(told: Told) -> None:
    """(b) Somebody calls 580 in the night: a ticket with a number and a secret code."""
    called = last_ten_past_two(told.intake.now())
    told.teller.step("凌晨两点十分,群众拨打 580", "a call in the night about a broken pipe")
    body = {
        "call_id": f"story-{uuid4()}",
        "words": f"{told.cast.unit(VILLAGE).name}的自来水管爆了,水都漫到路上来了,家里没水用!",
        "category": CATEGORY,
        "place": {"unit_code": told.cast.grid.code},
        "happened_at": called.isoformat(),
        "contact": _CALLER,
    }
    filed = told.who(HOTLINE).create("/v1/hotline/complaints", body)
    told.number, told.code, told.received_on = filed["number"], filed["tracking_code"], called
    require(not filed["duplicate"], "新的来电却被当作重复来电。")
    told.teller.say(f"{called:%Y-%m-%d %H:%M} 来电,受理为工单 {told.number};查询码已告知来电人。")


def the_empty_grid(told: Told) -> None:
    """(c) The worker dispatches: past the grid that has nobody, to the village."""
    told.teller.step("系统派单:网格无人,上到村", "the empty seat escalates")
    why = _dispatched(told, VILLAGE)
    skipped = [unit["code"] for unit in why.get("skipped", [])]
    require(told.cast.grid.code in skipped, f"派单理由没有写明空白网格 {told.cast.grid.code}:{why}")
    grid, village = told.cast.grid, told.cast.unit(VILLAGE)
    told.teller.say(f"为什么是它(/why):规则 {why['rule']};{grid.name}({grid.code})现无人在岗,顺延到 {village.name}。")


def _dispatched(told: Told, login: str) -> Json:
    """Wait until the system has given the ticket to somebody's unit; return the reason it wrote down."""
    reader = told.who(HOTLINE)

    def look() -> Json | None:
        ticket = reader.read(f"/v1/tickets/{told.number}")
        return None if ticket["status"] == "received" else ticket

    with told.teller.waiting("等待系统派单…"):
        ticket = wait_for(look, told.setting.patience, f"工单 {told.number} 在 {told.setting.patience:.0f} 秒内没有派出:{_WORKER_AWAY}")
    unit = told.cast.unit(login)
    holder = (ticket["holder"] or {}).get("code")
    require(
        ticket["status"] == "dispatched" and holder == unit.code, f"工单应派到 {unit.name}({unit.code}),却在 {holder}({ticket['status']})。"
    )
    last = [item for item in reader.read(f"/v1/tickets/{told.number}/why")["items"] if item["part"] == "lead"][-1]
    require(last["unit"]["code"] == unit.code, f"派单理由里的单位不是 {unit.name}。")
    told.teller.say(f"第 {ticket['round']} 轮派到:{unit.name}")
    reason: Json = last["why"]
    return reason


def the_village(told: Told) -> None:
    """(d) The village accepts, talks to the caller, and hands up with a reason."""
    told.teller.step("村里签收、联系群众、上报", "accepted, first contact, handed up with a reason")
    told.act(VILLAGE, "accept", "accepted", "签收")
    told.act(VILLAGE, "log_work", "accepted", "已联系来电人并到场", words="已电话联系来电人,到现场关闸止水。", contacted=True)
    ticket = told.act(
        VILLAGE, "hand_up", "dispatched", "上报:村里无力更换主管", reason="needs_department", words="爆裂的是主管,村里没有管件和设备。"
    )
    township = told.cast.unit(TOWNSHIP)
    require(ticket["holder"]["code"] == township.code, f"上报后应由 {township.name} 承办,却在 {ticket['holder']}。")


def the_township(told: Told) -> None:
    """(e) The township accepts and brings in the county water bureau, which does its task with pictures."""
    told.teller.step("镇里签收,请县水利局协办", "the county water bureau joins, with a task and pictures")
    told.act(TOWNSHIP, "accept", "accepted", "签收")
    bureau = told.cast.unit(WATER)
    told.act(TOWNSHIP, "join", "accepted", f"请 {bureau.name} 协办", unit=bureau.code, task="检测主管并更换爆裂管段")
    told.act(WATER, "log_work", "accepted", "到场开挖,拍下修前照片", words="已到现场开挖。", files=[_picture(told, WATER, "before")])
    told.act(WATER, "finish_task", "accepted", "协办完成,拍下修后照片", words="已加装抱箍。", files=[_picture(told, WATER, "after")])


def _picture(told: Told, login: str, role: str) -> dict[str, str]:
    content = broken_pipe(told.number) if role == "before" else mended_pipe(told.number)
    return {"id": told.who(login).upload(f"{role}.png", content), "role": role}


def the_first_result(told: Told) -> None:
    """(f) Resolved with evidence, and answered over the channel it came from."""
    told.teller.step("镇里处置完成,热线反馈群众", "resolved with evidence; answered over the channel it came from")
    files = [_picture(told, TOWNSHIP, role) for role in ("before", "after")]
    told.act(TOWNSHIP, "resolve", "resolved", "处置完成,附修前修后照片", words="爆裂处已加装抱箍,恢复供水。", files=files)
    told.act(HOTLINE, "answer", "answered", "电话反馈办理结果", words="您反映的水管爆裂已修复,恢复供水。感谢您的监督!")
    _notification(told)


def outbox(told: Told) -> list[str]:
    """Return the kind of each message about the ticket in the outbox file; nothing else of it is looked at."""
    try:
        lines = [json.loads(line) for line in Path(told.setting.outbox).read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return []
    return [line["template"] for line in lines if line["ticket"] == told.number]


def _notification(told: Told) -> None:
    if not told.setting.outbox:
        told.teller.say("通知由已配置的渠道发送(未设置 DAGUANJIA_OUTBOX_FILE,此处不看信箱)。")
        return
    away = f"{told.setting.patience:.0f} 秒内没有答复通知写入 {told.setting.outbox}:{_WORKER_AWAY}"
    with told.teller.waiting("等待通知发出…"):
        kinds = wait_for(lambda: found if "answered" in (found := outbox(told)) else None, told.setting.patience, away)
    told.teller.say(f"答复通知已写入外发信箱:本工单共 {len(kinds)} 行。")


def not_solved(told: Told) -> None:
    """(g) The call-back says: not solved. The same ticket, its second round, the same seat."""
    told.teller.step("回访:没有解决,进入第二轮", "call-back says not solved: round 2 of the same ticket")
    verdict = {"reached": True, "contacted": True, "solved": False, "satisfied": False}
    ticket = told.act(HOTLINE, "call_back", "received", "回访,群众说夜里又漏了", words="夜里又开始漏水。", **verdict)
    require(ticket["round"] == 2, f"回访未解决后应为第 2 轮,却是第 {ticket['round']} 轮。")  # noqa: PLR2004  the second round
    why = _dispatched(told, TOWNSHIP)
    require(why["rule"] == "same_seat_as_before", f"第二轮应派回原承办单位,规则却是 {why['rule']}。")


def the_second_result(told: Told) -> None:
    """The water bureau does the work itself; whoever did the work cannot close."""
    bureau = told.cast.unit(WATER)
    told.teller.step("转办县水利局,换管;干活的不能自己销单", "transferred; the executor cannot close")
    told.act(TOWNSHIP, "transfer", "dispatched", f"转办 {bureau.name}", unit=bureau.code, words="抱箍不管用,需要更换整段主管。")
    told.act(WATER, "accept", "accepted", "签收")
    told.act(WATER, "log_work", "accepted", "联系来电人,开挖换管", words="已联系来电人,今日更换主管 12 米。", contacted=True)
    files = [_picture(told, WATER, role) for role in ("before", "after")]
    told.act(WATER, "resolve", "resolved", "处置完成", words="已更换主管 12 米,试压合格。", files=files)
    told.act(HOTLINE, "answer", "answered", "再次反馈", words="主管已更换,试压合格,请您放心用水。")
    refused = expect(told.who(WATER).attempt(told.number, "close", verified_by="site_check", words="我们自己验过了"), 403)
    require(code_of(refused) == "ticket.executor_verifies", f"拒绝的理由应为 ticket.executor_verifies,却是 {code_of(refused)}。")
    told.teller.say(f"{bureau.name} 想自己办结:被拒绝(403 ticket.executor_verifies)。")


def the_end(told: Told) -> None:
    """The call-back says solved, the township closes, and the caller can read it."""
    told.teller.step("回访满意,镇里办结,群众自己查得到", "verified, closed, publicly tracked")
    verdict = {"reached": True, "contacted": True, "solved": True, "satisfied": True}
    told.act(HOTLINE, "call_back", "answered", "回访,群众确认已解决", words="已通水,满意。", **verdict)
    told.act(TOWNSHIP, "close", "closed", "核实后办结", verified_by="call_back", words="回访确认已解决。")
    headers = {"X-Tracking-Code": told.code}
    progress = json_of(told.intake.send("GET", f"/v1/complaints/{told.number}", headers=headers), 200)
    require(progress["status"] == "closed" and len(progress["answers"]) == 2, f"公开查询应见办结与两次答复,却是 {progress['status']}。")  # noqa: PLR2004
    told.teller.say(f"凭工单号和查询码公开查询:{progress['status_words']},两轮各有答复。")
    timeline = told.who(TOWNSHIP).read(f"/v1/tickets/{told.number}/events")
    require(timeline["intact"] is True, "事件链不完整:有人改过历史。")
    told.teller.say(f"全程 {len(timeline['items'])} 个事件,哈希链完整。")


STEPS = (the_call, the_empty_grid, the_village, the_township, the_first_result, not_solved, the_second_result, the_end)
