"""What happens until the matter is in the county's register: at the doors and at the desks. Each step checks what it expects."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from daguanjia.canal.doors import Doors
from daguanjia.canal.hours import Hours
from daguanjia.canal.people import HOMES, Home, Village
from daguanjia.story.doors import Json, code_of, expect
from daguanjia.story.pictures import signed_page
from daguanjia.story.plot import require
from daguanjia.story.setting import COUNTY, MEMBERS, OFFICE, TOWNSHIP, VILLAGE, Cast
from daguanjia.story.telling import Teller
from dispatch_worker.jobs.matters import matter_candidates
from services.platform.clock import SHANGHAI
from services.platform.ids import new_id
from services.visits.models import STEPS
from services.visits.opinions_rules import words_hash

CANAL = {"code": "canal-hfd", "kind": "canal", "name": "黄峰斗水渠", "called": ["水渠", "水圳"], "length_m": 320_000}
METRES = (118_000, 119_800, 121_500)
"""The village's three and a half kilometres, in two stretches."""
TITLE = "水口村3.5公里水渠修复"
CATEGORY = "water.canal"
_OWN = (
    ("roads.village_road", "进村的路坑坑洼洼,收了果子运不出去。"),
    ("assistance.illness_relief", "家里人病了几年,药费实在撑不住。"),
    (CATEGORY, "水渠十几年没修过,田里放不到水,只好丢荒。"),
    ("water.drinking_water", "黄峰斗水库饮水工程拖了快十年,村民意见很大。"),
)
_AWAY = (6, 11)
"""Whose doors stay closed at first."""
_OF_THE_CANAL = (
    "水渠到处漏水,春天插秧抢不到水。", "上面一段水圳塌了,水放不下来。",
    "水渠没有人修,我们这边几丘田都荒了。", "要是把水渠修好,我愿意出工。",
    "水渠年年说修,年年没动静。", "天一旱水渠就断,跟邻村争水吵过架。",
    "老水圳是我爷爷那辈修的,早就不行了。", "水渠底下全是泥,水走不动。",
)  # fmt: skip


@dataclass
class Told:
    """What the story knows so far."""

    cast: Cast
    village: Village
    doors: Doors
    hours: Hours
    teller: Teller
    months: list[date]
    opinions: dict[int, str] = field(default_factory=dict)
    """By household, the id of what was said there first."""
    matter: str = ""
    number: str = ""
    segment: str = ""

    def day(self, month: int, day: int) -> date:
        """Return a day of the n-th month of the story."""
        return self.months[month].replace(day=day)

    def now(self) -> str:
        """Return what time it is, as it is sent."""
        return self.hours().isoformat()

    def today(self) -> str:
        """Return the day."""
        return str(self.hours().astimezone(SHANGHAI).date())

    def says(self, login: str, words: str) -> None:
        """Tell what somebody did."""
        person = self.cast.people[login]
        self.teller.say(f"{self.hours().astimezone(SHANGHAI):%m-%d} {person.unit.name} {person.name}:{words}")

    async def act(self, login: str, action: str, telling: str = "", /, **values: Any) -> Json:
        """Take an action on the matter; `telling` is what the reader is told, if anything."""
        seen = await self.doors.act(login, self.matter, action, **values)
        if telling:
            self.says(login, telling)
        return seen


async def the_doors(told: Told) -> None:
    """Service day: every household is called on, what it says is written down and confirmed; two doors stay closed for now."""
    first = told.months[0]
    told.teller.step(f"{first:%Y-%m}-15 党员服务日,挨家挨户上门", "a service day: opinions, each confirmed by whoever said it")
    for step, day, hour in zip(STEPS, (15, 16, 16, 17, 17), (8, 17, 18, 9, 17), strict=True):
        if step == "household_service":
            await _calls(told)
        told.hours.to(told.day(0, day), hour)
        for login in MEMBERS:
            await _step(told, login, step)
    figures = await told.doors.report(TOWNSHIP, "/v1/reports/opinions", unit=told.cast.unit(VILLAGE).code)
    said = sum(one["category"] == CATEGORY for one in map(words_of, range(HOMES)))
    told.teller.say(f"五步走完(报到、入户、反馈、公示、总结)。{len(told.opinions)} 户说了话,{said} 户说的是水渠;人人当场确认。")
    require(len(told.opinions) == HOMES and bool(figures), "不是每一户的意见都记下来了。")


async def _step(told: Told, login: str, step: str) -> None:
    """Record a step of a round; where the story was broken off and is told again, it is there already."""
    body = {"step_id": str(new_id()), "month": f"{told.months[0]:%Y-%m}", "step": step, "unit": told.cast.unit(VILLAGE).code}
    answer = await told.doors.attempt(login, "/v1/me/service-steps", body)
    if code_of(answer) != "service_step.done":
        expect(answer, 200, 201)


def words_of(nth: int) -> dict[str, str]:
    """Return what the n-th household says, and in which category."""
    if nth < len(_OWN):
        category, words = _OWN[nth]
        return {"category": category, "words": words}
    return {"category": CATEGORY, "words": _OF_THE_CANAL[nth % len(_OF_THE_CANAL)]}


async def _calls(told: Told) -> None:
    absent: dict[int, str] = {}
    for nth, home in enumerate(told.village.homes):
        told.hours.to(told.day(0, 15 + nth % 2), 9)
        if nth in _AWAY:
            absent[nth] = str(new_id())
            again = {"outcome": "absent", "rebooked_for": str(told.day(0, 16))}
            await told.doors.post(home.member, "/v1/visits", {"visit_id": absent[nth], "household_id": str(home.id), **again})
            continue
        told.opinions[nth] = await call_on(told, nth, home, words_of(nth))
    told.hours.to(told.day(0, 16), 15)
    for nth, attempt in absent.items():
        told.opinions[nth] = await call_on(told, nth, told.village.homes[nth], words_of(nth), follows_id=attempt)
    for nth in range(3):
        told.says(told.village.homes[nth].member, f"{told.village.homes[nth].head}家:“{words_of(nth)['words']}”(本人签字)")
    told.says(told.village.homes[3].member, f"村支书说的又是另一件:“{words_of(3)['words']}”")


async def call_on(told: Told, nth: int, home: Home, said: dict[str, str], **visit: Any) -> str:
    """Call on a household, write down what it says, have it confirmed, and complete the visit; return the opinion's id."""
    visit_id = str(new_id())
    await told.doors.post(home.member, "/v1/visits", {"visit_id": visit_id, "household_id": str(home.id), **visit})
    opinion_id = await hear(told, nth, home, said, visit_id=visit_id)
    await told.doors.post(home.member, f"/v1/visits/{visit_id}/completion", {"opinion_ids": [opinion_id]})
    return opinion_id


async def hear(told: Told, nth: int, home: Home, said: dict[str, str], **more: Any) -> str:
    """Write down what somebody of a household says, and have it confirmed; return the opinion's id."""
    opinion_id, doors = str(new_id()), told.doors
    heard = {"opinion_id": opinion_id, "household_id": str(home.id), "heard_at": told.now(), **said, **more}
    await doors.post(home.member, "/v1/opinions", heard)
    proof: Json = {"kind": "witness", "witness": {"name": "同行的组长"}}
    if nth < 3:  # noqa: PLR2004  the three of the article sign
        picture = await doors.upload(home.member, signed_page(f"{home.head} {opinion_id}"))
        proof = {"kind": "signature", "attachment_id": picture}
    confirmation = {"confirmation_id": str(new_id()), "words_hash": words_hash(said["words"]).hex(), "happened_at": told.now(), **proof}
    await doors.post(home.member, f"/v1/opinions/{opinion_id}/confirmations", confirmation)
    return opinion_id


async def the_others(told: Told) -> None:
    """None ends in nothing: the road is answered, the illness is helped with, the old water scheme has a place of its own."""
    told.teller.step("另外三个问题也各有着落", "none of the other three ends in nothing")
    told.hours.to(told.day(0, 18), 9)
    sick = told.village.homes[1]
    item, step = str(new_id()), str(new_id())
    goal = {"goal": "筹措医药费,办好大病救助。", "kind": "medical", "started_on": told.today(), "people": 1}
    await told.doors.post(sick.member, "/v1/help-items", {"item_id": item, "household_id": str(sick.id), **goal})
    for kind, note in (("received", "爱心捐款到位。"), ("handed_over", "医药费已送到家。")):
        deed = {"step_id": step, "kind": kind, "happened_on": told.today(), "source": "donation", "amount_fen": 500_000, "words": note}
        await told.doors.post(sick.member, f"/v1/help-items/{item}/steps", deed)
        step = str(new_id())
    told.says(sick.member, "为病人家筹到医药费 5000.00 元并送到家(帮扶)。")
    ends: tuple[tuple[int, str, Json, str], ...] = (
        (0, "answered", {"because": "explained"}, "进村路已列入村道硬底化计划,资金落实后动工。"),
        (1, "on_the_spot", {}, "已帮扶医药费并代办大病救助。"),
        (3, "answered", {"because": "told_elsewhere"}, "水库饮水工程列为历史遗留问题,由县里单独研究。"),
    )
    for nth, kind, more, words in ends:
        body = {"kind": kind, "outcome_id": str(new_id()), "happened_at": told.now(), "words": words, **more}
        await told.doors.post(told.village.homes[nth].member, f"/v1/opinions/{told.opinions[nth]}/outcomes", body)
    told.teller.say("路:已答复;病:已帮扶;水库饮水:已列为历史遗留问题。")


async def the_candidate(told: Told) -> None:
    """The worker groups what is open: one trouble, counted in households; the township makes it a focus issue."""
    told.teller.step("同一件事归到一起,按户计数,定为焦点问题", "clustered, counted in households, made a focus issue")
    await _the_canal(told)
    told.hours.to(told.day(0, 19), 8)
    await told.doors.worker(matter_candidates)
    found = (await told.doors.report(TOWNSHIP, "/v1/matter-candidates", unit=told.cast.unit(VILLAGE).code))["items"]
    mine = [one for one in found if one["segment_id"] == told.segment]
    require(len(mine) == 1, f"水渠应归并成一件候选事项,却有 {len(mine)} 件。")
    households = mine[0]["households"]
    require(households == HOMES - 3, f"应有 {HOMES - 3} 户反映水渠,却数出 {households} 户。")
    told.teller.say(f"系统归并:{households} 户反映黄峰斗水渠水口村段(按户计,一户只算一次)。")
    told.hours.to(told.day(0, 19), 15)
    focus = await told.doors.post(TOWNSHIP, "/v1/matters", {
        "candidate_id": mine[0]["id"], "title": TITLE, "category": CATEGORY, "urgency": "urgent", "tension": 4,
        "origin_on": str(told.months[0].replace(year=told.months[0].year - 10, day=1)), "because": "全村反映最多,春灌在即,亟需解决。",
    })  # fmt: skip
    told.matter = str(focus["id"])
    told.says(TOWNSHIP, f"定为焦点问题:{TITLE};当时的户数和名次一并冻结。")


async def _the_canal(told: Told) -> None:
    """Enter the canal and the village's part of it, where they are not there."""
    there = [one for one in (await told.doors.ask(COUNTY, "/v1/assets"))["items"] if one["code"] == CANAL["code"]]
    canal = there[0] if there else await told.doors.post(COUNTY, "/v1/assets", CANAL)
    mine = [one for one in canal["segments"] if one["unit"] == told.cast.unit(VILLAGE).code]
    if not mine:
        part = {"unit": told.cast.unit(VILLAGE).code, "from_m": METRES[0], "to_m": METRES[-1]}
        canal = await told.doors.post(COUNTY, f"/v1/assets/{canal['id']}/segments", part)
        mine = [one for one in canal["segments"] if one["unit"] == told.cast.unit(VILLAGE).code]
    told.segment = str(mine[0]["id"])


async def the_register(told: Told) -> None:
    """挂号: by somebody else than who made it a focus issue; three levels by name, the county office leads, the paired member follows."""
    told.teller.step("县里挂号,县、镇、村三层逐级督办", "registered; supervised by name at three levels")
    told.hours.to(told.day(0, 20), 10)
    refused = await told.doors.attempt(TOWNSHIP, f"/v1/matters/{told.matter}/actions", {
        "action": "register", "lead": told.cast.unit(OFFICE).code, "words": "镇里自己挂号。",
    })  # fmt: skip
    require(code_of(refused) == "matter.not_yours", f"镇里自己挂号应被拒绝,却是 {refused.status_code} {code_of(refused)}。")
    matter = await told.act(COUNTY, "register", lead=told.cast.unit(OFFICE).code, words="列入县级台账,由县政办牵头。")
    told.number = str(matter["number"])
    told.says(COUNTY, f"{told.number},牵头单位 {told.cast.unit(OFFICE).name}。")
    for level, login in (("county", COUNTY), ("township", TOWNSHIP), ("village", VILLAGE)):
        await told.act(COUNTY, "name_supervisor", level=level, member_id=str(told.village.members[login]))
    names = "、".join(told.cast.people[login].name for login in (COUNTY, TOWNSHIP, VILLAGE))
    told.says(COUNTY, f"三级督办责任人:{names}。")
    await told.act(
        OFFICE, "attach_follower", f"{told.cast.people[MEMBERS[0]].name} 为跟进党员,每月一报。",
        member_id=str(told.village.members[MEMBERS[0]]), rhythm_days=31,
    )  # fmt: skip


def later(day: date, days: int) -> date:
    """Return the day so many days later."""
    return day + timedelta(days=days)
