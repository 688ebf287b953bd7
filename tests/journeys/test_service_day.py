"""S8: a service day of ten households, told as it is done and by a phone that was away until the 18th: the same in the end.

Two are not at home, one refuses to sign. Steps keep their order; what lacks at 24:00 is listed, and stays to be seen as it was then.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from httpx import Response

from services.platform import clock
from services.platform.clock import SHANGHAI
from services.platform.ids import new_id
from services.visits.models import STEPS
from services.visits.opinions_rules import words_hash
from tests.assessment.world import Doors
from tests.county import BLANK_GRID, SHUIKOU, STAFFED_GRID, WATER
from tests.journeys.people import PICTURE, Desk, hire

TODAY = datetime.now(SHANGHAI).date()
MONTH = (TODAY.replace(day=1) + timedelta(days=40)).replace(day=1)
"""A month to come: by then the county of the tests is there. The clock is moved into it."""
NAME = f"{MONTH:%Y-%m}"
FIRST, LAST = MONTH.replace(day=15), MONTH.replace(day=16)
SIGNED, UNSIGNED = "水渠要修，田里没有水。", "村道太窄，会车难。"
BEHIND = timedelta(hours=29)
"""The clock of the phone that was away: it had run down."""
Row = dict[str, Any]


def at(hour: int, minute: int = 0, day: date = FIRST) -> datetime:
    """An instant of the service day."""
    return datetime.combine(day, time(hour, minute), SHANGHAI)


@dataclass
class Member:
    """A party member with ten households, and what they do on the service day: the same deeds by whatever way they tell them."""

    desk: Desk
    login: str
    monkeypatch: pytest.MonkeyPatch
    homes: list[str] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)

    def moves(self, instant: datetime) -> None:
        """Move the clock of the county."""
        self.monkeypatch.setattr(clock, "now", lambda: instant.astimezone(clock.UTC))
        self.desk.headers.clear()

    async def post(self, path: str, body: Row) -> Response:
        """Post as them."""
        return await self.desk.client.post(path, json=body, headers=await self.desk.as_(self.login))

    async def get(self, path: str, **asked: Any) -> Any:
        """Read as them."""
        answer = await self.desk.client.get(path, params=asked, headers=await self.desk.as_(self.login))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def picture(self, name: str) -> bytes:
        """The picture of this name: no two are the same."""
        return PICTURE + f"{self.login} {name}".encode()

    def deeds(self) -> list[tuple[datetime, str, Row]]:
        """What is done, in order: when, the kind of command, and what it says. Pictures go by their names."""
        visits = [str(new_id()) for _ in self.homes]
        signed, unsigned = str(new_id()), str(new_id())
        done = [(at(8), "service_step", _step("check_in", ["报到"]))]
        for nth, home in enumerate(self.homes):
            more: Row = {"nothing_said": True}
            if nth in (6, 7):
                more = {"outcome": "absent", "rebooked_for": f"{LAST + timedelta(days=2)}"}
            elif nth > 7:
                more = {}
            done.append((at(9, nth), "visit", {"visit": {"visit_id": visits[nth], "household_id": home, **more}}))
        for nth, opinion, words in ((8, signed, SIGNED), (9, unsigned, UNSIGNED)):
            said = {
                "opinion_id": opinion,
                "household_id": self.homes[nth],
                "visit_id": visits[nth],
                "words": words,
                "pictures": [words[:2]],
            }
            done.append((at(10, nth), "opinion", {"opinion": said}))
        hand = {"kind": "signature", "confirmation_id": str(new_id()), "words_hash": words_hash(SIGNED).hex(), "picture": "签名"}
        done.append((at(10, 30), "confirmation", {"opinion_id": signed, "confirmation": hand}))
        spot = {"kind": "on_the_spot", "outcome_id": str(new_id()), "words": "当场接通了支渠。"}
        done.append((at(10, 40), "opinion_outcome", {"opinion_id": signed, "outcome": spot}))
        file = {"outcome_id": str(new_id()), "category": "roads.damage"}
        done.append((at(10, 45), "opinion_outcome", {"opinion_id": unsigned, "file": file}))
        done.append((at(11), "visit_completion", {"visit_id": visits[8], "completion": {"opinion_ids": [signed]}}))
        refused = {"opinion_ids": [unsigned], "unconfirmed_because": "refused_to_sign"}
        done.append((at(11, 5), "visit_completion", {"visit_id": visits[9], "completion": refused}))
        done += [(at(12), "service_step", _step("household_service")), (at(15), "service_step", _step("feedback"))]
        done += [(at(10, day=LAST), "service_step", _step("centre_notice", ["公示栏", "公示全文"]))]
        done += [(at(18, day=LAST), "service_step", _step("summary"))]
        again = {"visit_id": str(new_id()), "household_id": self.homes[6], "follows_id": visits[6], "nothing_said": True}
        return [*done, (at(8, day=LAST + timedelta(days=2)), "visit", {"visit": again})]


def _step(name: str, pictures: list[str] | None = None) -> Row:
    return {"service_step": {"step_id": str(new_id()), "month": NAME, "step": name, "unit": SHUIKOU, "pictures": pictures or []}}


@pytest.fixture
async def members(intake, county, monkeypatch):
    """Two members of the water bureau, each with ten households of two grids of 水口村; the morning of the first service day."""
    desk = Desk(intake, county)
    found = [Member(desk, login, monkeypatch) for login in ("straight", "away")]
    found[0].moves(at(7))
    for place, member in enumerate(found):
        member_id = await hire(county, member.login, WATER, "service_member")
        for nth in range(10):
            listed = {
                "unit": (STAFFED_GRID, BLANK_GRID)[nth % 2],
                "number": f"{place}-{nth:02}",
                "head": "黄某",
                "phone": f"1380000{nth:04}",
            }
            home = await intake.post("/v1/households", json=listed, headers=await desk.as_("shuikou"))
            member.homes.append(home.json()["id"])
            pair = {"kind": "member_household", "household_id": home.json()["id"], "member_id": member_id, "since": "2024-01-01"}
            assert (await intake.post("/v1/pairings", json=pair, headers=await desk.as_("county"))).status_code == 201
    return found


async def test_a_service_day_is_the_same_whether_it_is_told_at_once_or_by_a_phone_that_was_away(members, county):
    straight, away = members
    planned = [one["household_id"] for one in (await straight.get("/v1/me/service-round", month=NAME))["households"]]
    assert sorted(planned) == sorted(straight.homes), "the plan is whom one is paired with"
    last = await told_as_it_is_done(straight)
    evening = at(0, day=LAST + timedelta(days=1))
    await what_lacks_at_midnight_is_listed(straight, away, county, evening)
    straight.moves(at(10, day=LAST + timedelta(days=2)))
    await told_at_the_doors(straight, [last])
    await told_on_the_18th(away)
    await county.settle()
    mine, theirs = await pages(away, county), await pages(straight, county)
    for name, value in mine.items():
        assert value == theirs[name], name
    await both_are_complete_now_and_were_not_then(county, evening)


PATHS = {
    "service_step": "/v1/me/service-steps",
    "visit": "/v1/visits",
    "opinion": "/v1/opinions",
    "confirmation": "/v1/opinions/{opinion_id}/confirmations",
    "outcome": "/v1/opinions/{opinion_id}/outcomes",
    "file": "/v1/opinions/{opinion_id}/ticket",
    "completion": "/v1/visits/{visit_id}/completion",
}
TIMES = {"opinion": "heard_at", "confirmation": "happened_at", "outcome": "happened_at", "file": "happened_at"}


async def told_at_the_doors(member: Member, deeds: list[tuple[datetime, str, Row]]) -> None:
    """Tell deeds one by one at the doors, each at its time, with its pictures sent before."""
    for instant, _kind, said in deeds:
        if instant > clock.now():
            member.moves(instant)
        (part,) = PATHS.keys() & said.keys()
        body = dict(said[part])
        if part in TIMES:
            body[TIMES[part]] = instant.isoformat()
        elif part in ("visit", "service_step"):
            body["happened_at"] = instant.isoformat()
        if "pictures" in body:
            body["attachment_ids"] = [await _attached(member, name) for name in body.pop("pictures")]
        if "picture" in body:
            body["attachment_id"] = await _attached(member, body.pop("picture"))
        answer = await member.post(PATHS[part].format(**said), body)
        assert answer.status_code in (200, 201), (part, answer.text)


async def _attached(member: Member, name: str) -> str:
    headers = {**await member.desk.as_(member.login), "Content-Type": "image/png"}
    answer = await member.desk.client.post("/v1/attachments", content=member.picture(name), headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def told_as_it_is_done(member: Member) -> tuple[datetime, str, Row]:
    """A phone with a network: each deed as it is done. What comes too early is refused. Return what is left for the 18th."""
    deeds = member.deeds()
    steps = [deed for deed in deeds if deed[1] == "service_step"]
    assert [deed[2]["service_step"]["step"] for deed in steps] == list(STEPS)
    member.moves(at(8))
    for later in steps[1:]:
        assert await _refusal(member, later) == "service_step.waits_for_previous"
    await told_at_the_doors(member, deeds[:1])
    assert await _refusal(member, steps[1]) == "service_step.waits_for_visits", "no household was called on"
    over = next(nth for nth, deed in enumerate(deeds) if deed[1] == "visit_completion")
    await told_at_the_doors(member, deeds[1:over])
    refused = deeds[over + 1][2]
    early = await member.post(f"/v1/visits/{refused['visit_id']}/completion", {"opinion_ids": refused["completion"]["opinion_ids"]})
    assert (early.status_code, early.json()["code"]) == (409, "visit.unconfirmed")
    assert refused["completion"]["opinion_ids"][0] in early.text, "it says which opinion"
    await told_at_the_doors(member, deeds[over:-1])
    return deeds[-1]


async def _refusal(member: Member, deed: tuple[datetime, str, Row]) -> str:
    body = {name: value for name, value in deed[2]["service_step"].items() if name != "pictures"}
    answer = await member.post(PATHS["service_step"], body | {"step_id": str(new_id())})
    assert answer.status_code == 409, answer.text
    return str(answer.json()["code"])


async def what_lacks_at_midnight_is_listed(straight, away, county, evening):
    """At 24:00 one has called on everybody; of the other nothing is known: ten households, one by one, and five steps."""
    straight.moves(evening)
    doors = Doors(county)
    told = (await doors.get("county", "/v1/reports/service-days", month=NAME)).json()
    assert told["over"]
    lines = {one["member_name"]: one for one in told["items"]}
    counted = {name: (one["planned"], one["visited"], one["attempted"], one["missing"], one["complete"]) for name, one in lines.items()}
    assert counted == {"straight": (10, 8, 2, 0, True), "away": (10, 0, 0, 10, False)}
    assert set(lines["straight"]["steps"].values()) == {"in_time"}
    assert set(lines["away"]["steps"].values()) == {"missing"}
    lacking = (await doors.get("county", "/v1/reports/service-days/missing", month=NAME)).json()
    assert sorted(one["household_id"] for one in lacking["items"]) == sorted(away.homes)
    incomplete = (await doors.get("county", "/v1/reports/service-days", month=NAME, only="incomplete")).json()
    assert [one["member_name"] for one in incomplete["items"]] == ["away"]


async def told_on_the_18th(member: Member) -> None:
    """The phone comes back with everything at once, its last deeds first, the pictures in between; then it sends all of it twice again."""
    uploads = {name: str(new_id()) for name in ("报到", "公示栏", "公示全文", SIGNED[:2], UNSIGNED[:2], "签名")}
    commands = [_command(instant, kind, said, uploads) for instant, kind, said in member.deeds()]
    device = str(new_id())
    first = await _sync(member, device, commands[:10:-1])
    assert {one["status"] for one in first["results"]} <= {"waiting", "applied"}
    assert {"service_step.waits_for_previous", "opinion.waits_for_visit"} <= {one["code"] for one in first["results"]}
    for name in list(uploads)[:3]:
        await _upload(member, uploads[name], name)
    second = await _sync(member, device, commands)
    assert "confirmation.waits_for_upload" in {one["code"] for one in second["results"]}, "the signature is still on its way"
    for name in list(uploads)[3:]:
        await _upload(member, uploads[name], name)
    await _sync(member, device, [])
    for _replay in range(2):
        again = await _sync(member, device, commands)
        assert {one["status"] for one in again["results"]} == {"replayed"}, again
    kept = await member.get("/v1/field-reports/sync/conflicts")
    assert kept["items"] == [], "nothing was refused, and nothing waits"


def _command(instant: datetime, kind: str, said: Row, uploads: dict[str, str]) -> Row:
    """A deed as the phone keeps it, by its own clock."""
    shown = (instant - BEHIND).isoformat()
    found: Row = {"kind": kind, "command_id": str(new_id()), "happened_at": shown}
    for name, value in said.items():
        if not isinstance(value, dict):
            found[name] = value
            continue
        body = dict(value) | ({TIMES[name]: shown} if name in TIMES else {})
        if "pictures" in body:
            body["upload_ids"] = [uploads[picture] for picture in body.pop("pictures")]
        if "picture" in body:
            body["upload_id"] = uploads[body.pop("picture")]
        found[name] = body
    return found


async def _sync(member: Member, device: str, commands: list[Row]) -> Any:
    body = {"device_id": device, "sent_at": (clock.now() - BEHIND).isoformat(), "commands": commands}
    answer = await member.post("/v1/field-reports/sync", body)
    assert answer.status_code == 200, answer.text
    await member.desk.county.settle()
    return answer.json()


async def _upload(member: Member, upload_id: str, name: str) -> None:
    """Send a picture as a phone does: under an id of its own, in two pieces, of which the line loses none."""
    data, tus = member.picture(name), {**await member.desk.as_(member.login), "Tus-Resumable": "1.0.0"}
    named = "upload_id " + base64.b64encode(upload_id.encode()).decode()
    made = await member.desk.client.post("/v1/uploads", headers={**tus, "Upload-Length": str(len(data)), "Upload-Metadata": named})
    assert made.status_code == 201, made.text
    for begin, end in ((0, 20), (20, len(data))):
        piece = {**tus, "Upload-Offset": str(begin), "Content-Type": "application/offset+octet-stream"}
        sent = await member.desk.client.patch(made.headers["Location"], content=data[begin:end], headers=piece)
        assert sent.status_code == 204, sent.text


OWN = {"id", "household_id", "visit_id", "opinion_id", "follows_id", "member_id", "member", "by", "author", "attachment_id", "recorded_at",
       "number", "ticket", "open_visit_id", "step_id"}  # fmt: skip
"""What is each phone's own: ids, names, numbers, and when it was written down."""


def bare(value: Any) -> Any:
    """What is left of an answer without what is each phone's own; of pictures, how many; of what was written down, whether."""
    if isinstance(value, dict):
        left = {name: one for name, one in value.items() if name not in OWN}
        counted = {"attachment_ids": len, "completed_at": bool}
        return {name: counted[name](one) if name in counted else bare(one) for name, one in left.items()}
    return [bare(one) for one in value] if isinstance(value, list) else value


async def pages(member: Member, county) -> Row:
    """All that is known of a member's service day, without what is their own: as they see it, and as it lies there."""
    books = [await member.get(f"/v1/handbooks/{home}") for home in member.homes]
    (filed,) = {one["ticket"] for book in books for opinion in book["opinions"] for one in opinion["outcomes"]} - {None}
    ticket = await member.desk.read(filed)
    (member_id,) = [row["member_id"] for row in await county.fetch("SELECT member_id FROM accounts WHERE login = $1", member.login)]
    shown = {
        hashlib.sha256(member.picture(name)).digest(): name for name in ("报到", "公示栏", "公示全文", SIGNED[:2], UNSIGNED[:2], "签名")
    }
    linked = await county.fetch(PICTURES, member_id)
    round_ = await member.get("/v1/me/service-round", month=NAME)
    return {
        "round": bare(round_) | {"households": sorted((one["number"][2:], one["state"]) for one in round_["households"])},
        "books": bare(books),
        "ticket": (ticket["status"], ticket["channel"], ticket["category"], ticket["received_at"], ticket["holder"], ticket["desk"]),
        "pictures": sorted((row["kind"], shown[bytes(row["sha256"])]) for row in linked),
        "ledger": [tuple(map(str, row)) for row in await county.fetch(LEDGER, member_id)],
    }


PICTURES = """
SELECT l.subject_kind AS kind, a.sha256 FROM attachment_links l JOIN attachments a ON a.id = l.attachment_id
WHERE l.subject_id IN (SELECT id FROM service_steps WHERE member_id = $1 UNION SELECT id FROM opinions WHERE member_id = $1)
UNION ALL
SELECT 'signature', a.sha256 FROM opinion_confirmations c
JOIN opinions o ON o.id = c.opinion_id JOIN attachments a ON a.id = c.attachment_id
WHERE o.member_id = $1
"""
LEDGER = """
SELECT kind, outcome, happened_on, within_id IS NOT NULL, household IS NOT NULL, withdrawn_at IS NULL FROM activities
WHERE member_id = $1 ORDER BY 1, 2, 3, 4
"""


async def both_are_complete_now_and_were_not_then(county, evening):
    """As of today the phone was in time: its deeds are of the 15th. As of that midnight it was missing, whenever one asks."""
    doors = Doors(county)
    now = (await doors.get("county", "/v1/reports/service-days", month=NAME)).json()
    lines = [{name: value for name, value in one.items() if not name.startswith("member")} for one in now["items"]]
    assert lines[0] == lines[1], "the same day is the same line"
    assert (now["totals"]["members"], now["totals"]["complete"], now["totals"]["visited"], now["totals"]["attempted"]) == (2, 2, 16, 4)
    assert now["totals"]["caught_up"] == 2, "who was not at home on the 15th was met on the 18th"
    then = (await doors.get("county", "/v1/reports/service-days", month=NAME, as_of=evening.isoformat())).json()
    assert (then["totals"]["missing"], then["totals"]["complete"]) == (10, 1)
    figures = (await doors.get("county", "/v1/reports/opinions")).json()
    assert (figures["heard"], figures["ended_in"], figures["confirmed"]) == (
        4, {"on_the_spot": 2, "ticket": 2}, {"signature": 2, "unconfirmed": 2}
    )  # fmt: skip
