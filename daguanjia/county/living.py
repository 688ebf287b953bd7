"""What people do with a matter, from its receipt to its end or to the end of time: drawn by chance, decided by the product.

A step that the product refuses (somebody may not, a limit is over) is left out, as it would be in life.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from daguanjia.county import population as p
from daguanjia.county.afterwards import adjudicate
from daguanjia.county.drawing import Plan
from daguanjia.county.ids import Ids, of_name
from daguanjia.county.life import Life
from daguanjia.county.telling import Told, plan_repeats, tell
from daguanjia.county.world import World
from services.organization.tree import UnitNode
from services.platform.actor import COMPLAINANT, SYSTEM, Actor
from services.platform.clock import SHANGHAI, local_day
from services.platform.errors import Problem
from services.routing.rules import WORKING_ROLES, RouteQuestion, route
from services.tickets import commands as c
from services.tickets import pausing_commands as pausing
from services.tickets.calling_commands import Urge
from services.tickets.case import Deed
from services.tickets.deciding import to_change
from services.tickets.lifecycle import OPEN, step
from services.tickets.moving import assign_lead
from services.tickets.opening import Opening

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_OFFICE = (8.5, 17.5)
_WAKING = (7.0, 20.5)
_DAYS_LOOKED = 12
_WORKED_DAYS = {"working_days": 24.0, "natural_days": 24.0, "minutes": 1 / 60, "working_minutes": 3 / 60}


@dataclass(frozen=True, slots=True)
class Copied:
    """That a life is lived once more, at another spot, by a ticket with another id."""

    spot: int
    ticket_id: UUID


class Living:
    """One matter being lived. `dice` decides; nothing else does, so the same plan has the same life wherever it is."""

    def __init__(self, world: World, plan: Plan, seed: int, sequence: int, copied: Copied | None = None) -> None:
        self.world, self.plan, self.sequence = world, plan, sequence
        self.spot = world.spots[copied.spot if copied else plan.spot]
        self.dice = random.Random(f"{seed}/life/{plan.nth}")
        self._people = random.Random(f"{seed}/people/{plan.nth}")
        """Who of several it is: apart, because it changes nothing but names, and seats elsewhere may be held by fewer."""
        self.first_id = of_name(plan.received_at, seed, "ticket", plan.nth)
        self.ticket_id = copied.ticket_id if copied else self.first_id
        self.life = Life(world, Ids(random.Random(f"{seed}/ids/{plan.nth}"), plan.received_at))
        self.told: list[Told] = []
        self.visits: list[tuple[datetime, Callable[[], None]]] = []

    def begin(self) -> None:
        """Tell the matter and have it received and dispatched, or rejected."""
        plan, place = self.plan, self.plan.place(self.spot)
        at = plan.received_at + timedelta(seconds=1 + self.dice.randrange(240))
        told = tell(self, at)
        self.told.append(told)
        confidential = told.complaint["confidential"]
        opening = Opening(
            channel=plan.channel,
            source=plan.source,
            received_at=plan.received_at,
            area_path=place.path,
            rules=self.world.around.rules,
            category_code=plan.category.code,
            category_version=plan.category.version,
            urgency=plan.category.urgency,
            privacy="confidential" if confidential else plan.category.privacy,
            place_unit_id=place.id,
            complaint_id=told.complaint["id"],
        )
        self.life.open(self._filer(), at, opening, ticket_id=self.ticket_id, sequence=self.sequence)
        if told.complaint["wants_answer"]:
            self.life.owed_answers.append(told.complaint["id"])
        if plan.source == "complaint" and self.dice.random() < p.REJECTED:
            self.wait(p.DECIDING, office=True)
            self._try(self.desk(), c.Reject(action="reject", reason=self.dice.choice(_REJECTIONS), words="不属受理范围，已告知相应途径"))
        plan_repeats(self)
        self._dispatch()

    def live(self) -> None:
        """Go on until the matter is over, or the time is."""
        while self.life.status in OPEN and self.life.ticket["round"] <= p.ROUNDS_AT_MOST and self._round():
            pass
        if self.life.status == "closed" and not self.life.over:
            self._afterwards()
        self.go_to(self.world.until)

    def _round(self) -> bool:
        """Take the next step by the status there is; False where nothing more happens."""
        if self.life.over:
            return False
        act = {
            "received": self._dispatch,
            "dispatched": self._accept,
            "accepted": self._work,
            "resolved": self._answer,
            "answered": self._verify,
        }[self.life.status]
        before = self.life.ticket["version"]
        act()
        return self.life.ticket["version"] > before and not self.life.over

    # -- time ---------------------------------------------------------------------------------------------------------------------------

    def wait(self, delay: tuple[float, float], *, office: bool = False, times: float = 1.0) -> bool:
        """Let a drawn delay go by, and then the time until somebody is at work."""
        hours = delay[0] * times * self.dice.lognormvariate(0.0, delay[1])
        # whole seconds: the last digits of a logarithm may differ from machine to machine
        return self.go_to(self._at_work(self.life.now + timedelta(seconds=int(hours * 3600)), office=office))

    def go_to(self, to: datetime) -> bool:
        """Let time go by until `to`, with whatever others do to the ticket meanwhile; False where the end comes before."""
        while self.visits and self.visits[0][0] < to:
            at, visit = self.visits.pop(0)
            if not self.life.advance(at):
                return False
            visit()
        return self.life.advance(to)

    def _at_work(self, at: datetime, *, office: bool) -> datetime:
        opens, closes = _OFFICE if office else _WAKING
        local = at.astimezone(SHANGHAI)
        for _ in range(_DAYS_LOOKED):
            hour = local.hour + local.minute / 60
            worked = not office or self.world.calendar.is_working(local.date())
            if worked and opens <= hour < closes:
                return max(local.astimezone(at.tzinfo), at)
            if not (worked and hour < opens):
                local += timedelta(days=1)
            start = opens + self.dice.random() * 1.5
            local = local.replace(hour=int(start), minute=int(start % 1 * 60))
        return local.astimezone(at.tzinfo)

    # -- people -------------------------------------------------------------------------------------------------------------------------

    def _filer(self) -> Actor:
        if self.plan.channel in ("wechat", "letter", "platform"):
            return COMPLAINANT if self.plan.channel == "wechat" else SYSTEM
        if self.plan.channel == "field":
            for unit in self.spot.units():
                if unit.id in self.world.staff:
                    return self._one_of(unit)
        return self.anybody_at_the_hotline()

    def anybody_at_the_hotline(self) -> Actor:
        """Return one of the operators."""
        return self._people.choice(self.world.hotline)

    def _one_of(self, unit: UnitNode) -> Actor:
        found: Sequence[Actor] = self.world.staff[unit.id]
        return self._people.choice(found)

    def _lead(self) -> UnitNode:
        return self.world.tree.by_id[self.life.ticket["lead_unit_id"]]

    def _holder(self) -> Actor:
        return self._one_of(self._lead())

    def desk(self) -> Actor:
        """Return somebody of the desk that watches, of the county where the desk itself has the ticket."""
        desk = self.world.tree.by_id.get(self.life.ticket["desk_unit_id"] or self.spot.township.id, self.world.root)
        own = desk.id == self.life.ticket["lead_unit_id"] or desk.kind != "township"
        return self._one_of(self.world.root if own else desk)

    def _verifier(self) -> Actor:
        """Return who calls back and closes: mostly the hotline, never who did the work."""
        desk = self.desk()
        mine = desk.main_seat
        worked = {self.life.ticket["resolved_by_unit_id"], *self.life.ticket["helped_by"]}
        if self.dice.random() < 0.3 and mine and mine.unit_id not in worked and str(mine.unit_id) not in worked:  # noqa: PLR2004  a share
            return desk
        return self.anybody_at_the_hotline()

    def _try(self, actor: Actor, command: Any) -> bool:
        if self.life.over:
            return False
        try:
            self.life.act(actor, command)
        except Problem:
            return False
        return True

    # -- steps --------------------------------------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        """The worker finds a unit; what was given back the desk gives out, the third time by adjudication."""
        life = self.life
        if life.status != "received" or life.over:
            return
        case = life.case()
        if case.ticket.adjudication or case.returned:
            self.wait(p.DECIDING, office=True)
            self._give_out()
            return
        if not self.wait(p.DELAY_OF_WORKER):
            return
        case, tree = life.case(), self.world.tree
        question = RouteQuestion(
            case.ticket.category_code, case.ticket.place_unit_id, case.ticket.area_path, case.ticket.urgency, None, local_day(life.now)
        )
        chosen = route(question, tree, self.world.policies)
        unit, why = tree.by_id[chosen.lead_unit_id], dict(chosen.why)
        before = tree.by_id.get(case.lead_before) if case.ticket.round > 1 and case.lead_before else None
        if before is not None and tree.staffed(before.id, WORKING_ROLES, local_day(life.now)):
            unit, why = before, {**why, "rule": "same_seat_as_before", "chosen": {"code": before.code, "name": before.name}}
        helpers = tuple(tree.by_id[helper] for helper in chosen.co_unit_ids) if case.ticket.round == 1 else ()
        outcome = assign_lead(case, unit, why, Deed(SYSTEM, life.now), desk=tree.by_id[chosen.desk_unit_id], co_handlers=helpers)
        more: dict[str, Any] = {"surface_to_id": chosen.lead_unit_id} if chosen.why["rule"] == "direct" else {}
        data = outcome.data | {key: str(value) for key, value in more.items()}
        data |= {"ring_unit_ids": [str(ring) for ring in chosen.ring_unit_ids]}
        row = step("received", "dispatch")
        assert row is not None
        life.apply(to_change(case, row, replace(outcome, data=data, values={**outcome.values, **more})), SYSTEM, None)

    def _give_out(self) -> None:
        units = [unit for unit in (self.spot.township, self.spot.village, self.world.root) if unit.id in self.world.staff]
        for unit in units[self.dice.randrange(2) :]:
            if self.life.ticket["adjudication"]:
                if self._try(self._one_of(self.world.root), c.Adjudicate(action="adjudicate", unit=unit.code, words="经会商，由其主办")):
                    return
            elif self._try(self.desk(), c.Dispatch(action="dispatch", unit=unit.code, words="按属地交办")):
                return
        self._try(self._one_of(self.world.root), c.Dispatch(action="dispatch", unit=self.world.root.code, words="县级兜底"))

    def _accept(self) -> None:
        lead = self._lead()
        tier = lead.tier
        if not self.wait(p.ACCEPTING[tier], office=tier == "county", times=self.plan.quality.slowness):
            return
        if self.life.status != "dispatched":
            return
        if self._lead().id != lead.id:  # it was raised meanwhile
            lead = self._lead()
        again = p.RETURNED_AGAIN if self.life.ticket["returns"] else p.RETURNED
        if self.dice.random() < again:
            reason = self.dice.choice(("not_ours", "wrong_place", "wrong_category", "needs_more_information"))
            if self._try(self._holder(), c.Return(action="return", reason=reason, words="不属本单位职责，请核实后另派")):
                return
        self._try(self._holder(), c.Accept(action="accept"))

    def _work(self) -> None:
        """Contact, perhaps pass on, perhaps ask for time, then do it. The whole is drawn against the limit of the category."""
        life, dice = self.life, self.dice
        tier = self._lead().tier
        office = tier == "county"
        if self.plan.source == "complaint" and life.ticket["first_contact_at"] is None:
            self.wait(p.CONTACTING, office=office)
            self._try(self._holder(), c.LogWork(action="log_work", words="已联系诉求人，核实情况", contacted=True))
        if dice.random() < p.HANDED_UP.get(tier, 0.0) and self.wait(p.DECIDING, office=office):
            reason = dice.choice(("beyond_authority", "needs_funds", "needs_department"))
            if self._try(self._holder(), c.HandUp(action="hand_up", reason=reason, words="超出本级能力，请上级协调")):
                return
        if dice.random() < p.CANCELLED and self._try(
            self.anybody_at_the_hotline(), c.Cancel(action="cancel", reason="withdrawn", words="诉求人来电撤回")
        ):
            return
        if dice.random() < p.NEVER:
            self.go_to(self.world.until)
            return
        if dice.random() < p.URGED:
            self._try(self.desk(), Urge(action="urge", words="请抓紧办理"))
        self._ask_for_time(office=office)
        if not self.wait((self._limit_hours() * p.WORKING[0], p.WORKING[1]), office=office, times=self.plan.quality.slowness):
            return
        self._finish_tasks()
        if life.status != "accepted":
            return
        if life.ticket["suspended_at"] is not None and not self.go_to(life.ticket["suspended_until"] + 10 * _MINUTE):
            return
        left_open = "协办单位未反馈，主办已完成" if life.case().co_handlers else None
        self._try(self._holder(), c.Resolve(action="resolve", words="已处理完毕", open_tasks_reason=left_open))

    def _limit_hours(self) -> float:
        clock = self.life.case().clock("resolve")
        return max(1.0, clock.limit_amount * _WORKED_DAYS[clock.limit_unit]) if clock else 48.0

    def _ask_for_time(self, *, office: bool) -> None:
        dice, life = self.dice, self.life
        if dice.random() < p.EXTENSION:
            self.wait((self._limit_hours() * 0.3, 0.3), office=office)
            reason = dice.choice(("materials", "weather", "funds", "approval", "coordination"))
            days = 2 + dice.randrange(9)
            request = pausing.RequestExtension(action="request_extension", working_days=days, reason=reason, words="需要更多时间")
            if self._try(self._holder(), request) and self.wait(p.DECIDING, office=True) and life.status == "accepted":
                granted = dice.random() < p.EXTENSION_GRANTED
                words = "同意延期" if granted else "请按期办结"
                self._try(self.desk(), pausing.DecideExtension(action="decide_extension", granted=granted, words=words))
        elif dice.random() < p.SUSPENSION:
            self.wait((self._limit_hours() * 0.2, 0.3), office=office)
            reason = dice.choice(("waiting_for_season", "waiting_for_funds", "legal_proceedings"))
            days = 5 + dice.randrange(20)
            asked = pausing.RequestSuspension(action="request_suspension", review_in_working_days=days, reason=reason, words="暂不具备条件")
            if self._try(self._holder(), asked) and self.wait(p.DECIDING, office=True) and life.status == "accepted":
                granted = dice.random() < p.SUSPENSION_GRANTED
                words = "同意挂起" if granted else "请继续办理"
                self._try(self.desk(), pausing.DecideSuspension(action="decide_suspension", granted=granted, words=words))

    def _finish_tasks(self) -> None:
        for row in self.life.case().co_handlers:
            helpers = self.world.staff.get(row.unit_id)
            if helpers and self.dice.random() < p.TASK_FINISHED:
                self._try(self._people.choice(helpers), c.FinishTask(action="finish_task", words="协办事项已完成"))

    def _answer(self) -> None:
        if not self.life.owed_answers:
            if self.wait(p.CLOSING, office=True):
                self._close("site_check")
            return
        if self.wait(p.ANSWERING, times=self.plan.quality.slowness):
            self._try(self.anybody_at_the_hotline(), c.GiveAnswer(action="answer", words="您反映的事项已处理，感谢您的监督。"))

    def _verify(self) -> None:
        """Call back up to three times, then close; "not solved" has begun the next round by itself."""
        solved: bool | None = None
        for _ in range(3 if self.dice.random() < p.CALLED_BACK or self.plan.brigade else 0):
            if not self.wait(p.CALLING):
                return
            reached = self.dice.random() < p.REACHED or self.plan.brigade
            said = self._word(reached=reached)
            solved = said["solved"]
            if (
                not self._try(self._verifier(), c.MakeCallBack(action="call_back", reached=reached, **said))
                or self.life.status != "answered"
            ):
                return
            if reached:
                break
        if self.wait(p.CLOSING, office=True) and self.life.status == "answered":
            self._close("call_back" if solved else "documents")

    def _word(self, *, reached: bool) -> dict[str, Any]:
        if not reached:
            return {"contacted": None, "solved": None, "satisfied": None}
        if self.plan.brigade:
            return {"contacted": True, "solved": True, "satisfied": False}
        last = self.life.ticket["round"] >= p.ROUNDS_AT_MOST
        solved = self.dice.random() < p.SOLVED * self.plan.quality.solving or last
        satisfied = self.dice.random() < (p.SATISFIED_IF_SOLVED * self.plan.quality.solving if solved else p.SATISFIED_IF_NOT)
        return {"contacted": self.dice.random() < p.CONTACTED, "solved": solved, "satisfied": satisfied}

    def _close(self, verified_by: Any) -> None:
        closing = c.Close(action="close", verified_by=verified_by, words="核实无误，予以办结")
        self._try(self._verifier(), closing) or self._try(self.anybody_at_the_hotline(), closing)

    def _afterwards(self) -> None:
        if self.life.status == "closed" and self.dice.random() < p.REOPENED and self.wait((70.0, 0.8), office=True):
            again = c.Reopen(action="reopen", words="同一问题再次出现")
            if self._try(self._one_of(self.world.root), again):
                while self.life.status in OPEN and self._round():
                    pass
        if self.life.status == "closed" and not self.life.over:
            adjudicate(self)


_REJECTIONS = ("legal_proceedings", "petition_final", "emergency_line", "outside_duties")
