"""销号: refused with the list of what is missing, until nothing is; then a certificate that anybody can check."""

import asyncio
import time
from pathlib import Path

import orjson

from daguanjia.canal.plot import CATEGORY, Told, hear, later, words_of
from daguanjia.story.doors import Json, code_of, expect, json_of
from daguanjia.story.plot import require
from daguanjia.story.setting import COUNTY, MEMBERS, TOWNSHIP, VILLAGE, StoryError
from services.anchors.files import check
from services.platform.clock import SHANGHAI
from services.platform.ids import new_id

_SOLVED = ("渠里来水了,田都种上了。", "水渠修好了,今年插秧不愁。", "通水了,我家几丘田都放满了。", "修得好,水走得快。", "满意,水渠不漏了。")
_GONE = 12
"""Whose household moved away and is not asked any more."""


async def the_refusal(told: Told) -> None:
    """An attempt before the 3.5 km were inspected: refused, with what is missing."""
    told.teller.step("想销号:被拒绝,列出还差什么", "striking off is refused, with the list of what is missing")
    told.hours.to(told.day(5, 21), 16)
    missing = await _refused(told)
    require("segment.not_inspected" in {one["code"] for one in missing}, "3.5 公里未检查,销号却没有因此被拒绝。")
    for sentence in dict.fromkeys(one["sentence"] for one in missing):
        told.teller.say(f"  · {sentence}")


async def _refused(told: Told) -> list[Json]:
    refused = await told.doors.attempt(COUNTY, f"/v1/matters/{told.matter}/strike-off", {"words": "工程完工,申请销号。"})
    expect(refused, 409)
    require(code_of(refused) == "matter.incomplete", f"应为 matter.incomplete,却是 {code_of(refused)}。")
    missing: list[Json] = refused.json()["missing"]
    told.teller.say(f"县里销号:409 matter.incomplete,还差 {len(missing)} 项:")
    return missing


async def the_inspection(told: Told) -> None:
    """The township inspects both stretches, and a note of each level follows."""
    told.teller.step("逐段现场检查,三级督办各留记录", "inspected stretch by stretch; a note of each level")
    told.hours.to(told.day(5, 22), 9)
    seen = await told.doors.report(COUNTY, f"/v1/matters/{told.matter}")
    for site in seen["sites"]:
        found = {"site_id": site["id"], "happened_on": told.today(), "passed": True, "words": "全段通水,无渗漏。"}
        await told.act(TOWNSHIP, "inspect_site", f"{site['name']} {site['from_m']}–{site['to_m']} 米:检查合格。", **found)
    notes = ((VILLAGE, "逐段走完,通水正常。"), (TOWNSHIP, "到村检查,资料齐全。"), (COUNTY, "下到村里抽查,属实。"))
    for login, words in notes:
        await told.act(login, "supervise", f"督办记录:{words}", happened_on=told.today(), words=words)


async def the_households(told: Told) -> None:
    """Everybody who told it is asked at their door; one household says no first, and is answered by mending what it means."""
    told.teller.step("谁反映的,谁说了算:通水那天,一户一户确认", "every household that told it is asked")
    told.hours.to(told.day(5, 23), 9)
    asked = 0
    for nth, home in enumerate(told.village.homes):
        if words_of(nth)["category"] != CATEGORY or nth == _GONE:
            continue
        said = {"category": CATEGORY, "words": _SOLVED[nth % len(_SOLVED)]}
        opinion = await hear(told, nth, home, said)
        await told.act(VILLAGE, "confirm_household", opinion_id=opinion, solved=True)
        done = {"kind": "answered", "because": "no_demand", "outcome_id": str(new_id()), "happened_at": told.now(), "words": "感谢确认。"}
        await told.doors.post(home.member, f"/v1/opinions/{opinion}/outcomes", done)
        asked += 1
    seen = await told.doors.ask(TOWNSHIP, f"/v1/matters/{told.matter}")
    waiting = [one["id"] for one in seen["striking"]["tellers"] if one["state"] == "unasked"]
    reason = {"about": "teller", "teller_ids": waiting, "because": "moved_away", "words": "全户已迁往外地。"}
    await told.act(TOWNSHIP, "waive", **reason)
    told.teller.say(f"{asked} 户当场确认“已解决”;1 户已迁走,记明原因。")


async def the_notice(told: Told) -> None:
    """公示, an objection, and the days that must be over."""
    told.teller.step("公示七日;有异议,查清再说", "a public notice, and an objection that is looked into")
    told.hours.to(told.day(5, 24), 9)
    await told.act(TOWNSHIP, "open_notice", "公示开始。", notice_id=str(new_id()), words="在村务公开栏公示。")
    objection = {"objection_id": str(new_id()), "household_id": str(told.village.homes[9].id), "words": "渠尾还有一处渗水。"}
    await told.act(VILLAGE, "object", "代群众记下一条异议:渠尾渗水。", **objection)
    told.hours.to(told.day(5, 25), 9)
    decided = {"objection_id": objection["objection_id"], "upheld": False, "words": "现场复核,为田间排水,非渠体渗漏。"}
    await told.act(TOWNSHIP, "decide_objection", "到现场复核异议:是田间排水,不是渠漏。", **decided)
    missing = await _refused(told)
    require([one["code"] for one in missing] == ["notice.running"], f"此时应只差公示期,却差 {[one['code'] for one in missing]}。")
    told.teller.say(f"  · {missing[0]['sentence']}(到 {missing[0]['about']})")


async def the_end(told: Told, folder: Path, patience: float) -> Path:
    """Struck off, by somebody who did none of the work; the certificate is kept as a file and checked."""
    told.teller.step("公示期满,销号,发证", "struck off, with a certificate anybody can verify offline")
    seen = await told.doors.ask(COUNTY, f"/v1/matters/{told.matter}")
    last = max(one["ends_on"] for one in seen["striking"]["notices"])
    told.hours.to(later(told.hours().astimezone(SHANGHAI).date().fromisoformat(last), 1), 10)
    struck = await told.doors.post(COUNTY, f"/v1/matters/{told.matter}/strike-off", {"words": "全部要求已满足,准予销号。"})
    require(struck["state"] == "struck_off", f"应已销号,却是 {struck['state']}。")
    told.says(COUNTY, f"{told.number} 销号。")
    certificate = await _signed(told, patience)
    file = folder / "canal-certificate.json"
    file.write_bytes(orjson.dumps(certificate, option=orjson.OPT_INDENT_2))
    good, sentence = check(certificate, frozenset())
    require(good, f"销号证书核验不过:{sentence}")
    told.teller.say(f"销号证书 {certificate['id'][:16]}…:离线核验通过,并由事实重算一遍。")
    return file


async def _signed(told: Told, patience: float) -> Json:
    """Wait until the worker that runs has signed the certificate: nobody else has the key."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        answer = await told.doors.look(COUNTY, f"/v1/matters/{told.matter}/certificate")
        if code_of(answer) != "certificate.not_signed":
            return json_of(answer, 200)
        await asyncio.sleep(0.25)
    raise StoryError(f"{patience:.0f} 秒内没有签出销号证书:派单进程 dispatch_worker 似乎没有运行。The worker seems away.")


async def the_ledger(told: Told) -> None:
    """Money and labour balance; the member's list is empty."""
    seen = await told.doors.report(COUNTY, f"/v1/matters/{told.matter}")
    sums = {one["unit"]: one for one in seen["ledger"]["sums"]}
    fen, labour = sums["fen"], sums["half_day"]
    require(fen["settled"] and labour["settled"], "台账没有收支平衡。")
    told.teller.say(
        f"台账平衡:到位 {fen['received'] // 100:,} 元,支出 {fen['spent'] // 100:,} 元;以工代劳 {labour['received'] / 2:.1f} 个工日。"
    )
    open_ones = await told.doors.report(MEMBERS[0], "/v1/matters", state="registered")
    mine = [one for one in open_ones["items"] if one["id"] == told.matter]
    require(not mine, "销号之后,跟进党员名下不应再有此事项。")
    told.teller.say(f"{told.cast.people[MEMBERS[0]].name} 名下没有挂而未销的事项。")
