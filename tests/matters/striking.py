"""A canal on its way to being struck off, over HTTP: each step that is asked for, done by whoever it is for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

from httpx import Response

from dispatch_worker.jobs.certificates import certificates
from services.platform import clock
from services.platform.clock import local_day
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.secrets import tracking_code
from tests.attachments.samples import picture
from tests.county import ROADS, SHUIKOU
from tests.matters.world import STATION, World

PHONES = [f"1380000010{n}" for n in range(1, 7)]
SEGMENT = (118_000, 121_500)
ASSET = {"code": "canal-hfd", "kind": "canal", "name": "黄峰斗水渠", "called": ["水渠"], "length_m": 320_000}
INCOMPLETE = 409


@dataclass
class Canal(World):
    """The canal of 水口村. `moved` sets the clock ahead."""

    moved: Callable[[timedelta], None] = field(default=lambda _ahead: None)
    homes: list[str] = field(default_factory=list)
    tickets: list[tuple[str, UUID]] = field(default_factory=list)
    matter: str = ""
    ahead: timedelta = timedelta()

    @property
    def told_first(self) -> tuple[str, str]:
        """The ticket that was told first, and its code."""
        number, ticket = self.tickets[0]
        return number, tracking_code(ticket)

    def later(self, **span: float) -> None:
        """Let time go by; whoever was signed in signs in again."""
        self.ahead += timedelta(**span)
        self.headers.clear()
        self.moved(self.ahead)

    @staticmethod
    def today(days: int = 0) -> str:
        """Return a day in Asia/Shanghai."""
        return str(local_day(clock.now()) + timedelta(days=days))

    async def listed(self, households: int = 5) -> None:
        """Have the village register so many households, each with a telephone."""
        for n in range(households):
            body = {"unit": SHUIKOU, "number": f"{n + 1}", "head": "黄培荣", "people": 4, "phone": PHONES[n]}
            self.homes.append(str((await self.did("shuikou", "/v1/households", body))["id"]))

    async def begun(self, *, told: int = 2) -> str:
        """Have so many households tell of the canal, and the matter registered with its three supervisors and its follower."""
        await self.listed()
        asset = (await self.did("county", "/v1/assets", ASSET))["id"]
        body = {"unit": SHUIKOU, "from_m": SEGMENT[0], "to_m": SEGMENT[1]}
        segment = (await self.did("county", f"/v1/assets/{asset}/segments", body))["segments"][0]["id"]
        tickets = [await self.tell("水渠断了,没水灌溉", PHONES[n]) for n in range(told)]
        ids = "SELECT number, id FROM tickets WHERE number = ANY($1) ORDER BY number"
        self.tickets = [(row["number"], row["id"]) for row in await self.county.fetch(ids, tickets)]
        self.matter = str((await self.determined(segment_id=segment, tickets=tickets))["id"])
        await self.do("county", "register", lead="441624-D-SLJ", words="列入台账。")
        for level, login in (("county", "county"), ("township", "pengzhai"), ("village", "shuikou")):
            await self.do("county", "name_supervisor", level=level, member_id=await self.member(login))
        await self.did("county", "/v1/pairings", {"kind": "secretary_village", "member_id": await self.member("shuikou"), "unit": SHUIKOU})
        await self.do("pengzhai", "attach_follower", member_id=await self.member("shuikou"), rhythm_days=30)
        return self.matter

    async def do(self, login: str, action: str, **more: Any) -> dict[str, Any]:
        """Take an action that works."""
        return await self.act(login, self.matter, action, **more)

    async def photo(self, login: str) -> str:
        """Upload a picture like no other."""
        headers = {**await self.as_(login), "Content-Type": "application/octet-stream"}
        content = picture(seed=new_id().int)
        answer = await self.client.post("/v1/attachments", content=content, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def work_done(self) -> None:
        """Do the work: a helper's sub-task accepted by another, a milestone, labour."""
        task = (await self.do("pengzhai", "set_task", unit=ROADS, title="修好运料路", due_on=self.today(30)))["task_list"][-1]["id"]
        await self.do("roads", "report_task", task_id=task, done_on=self.today(), words="路已修好。")
        await self.do("pengzhai", "decide_task", task_id=task, accepted=True, words="属实。")

    async def site(self, name: str, begin: int, end: int, *, inspected: bool = True) -> str:
        """Name a site, show it before and after, and have it inspected."""
        site = str((await self.do("pengzhai", "add_site", name=name, from_m=begin, to_m=end))["sites"][-1]["id"])
        await self.shown(site, inspected=inspected)
        return site

    async def shown(self, site: str, *, inspected: bool = True) -> None:
        """Show a site before and after."""
        for shown in ("before", "after"):
            photo = await self.photo("water")
            await self.do("water", "show_site", site_id=site, shown=shown, happened_on=self.today(), attachment_ids=[photo])
        if inspected:
            await self.do("pengzhai", "inspect_site", site_id=site, happened_on=self.today(), passed=True, words="无渗漏。")

    async def completed(self) -> None:
        """Have the lead report the work complete, and the three supervisors note it."""
        await self.do("water", "report_complete", completion_id=str(new_id()), done_on=self.today(), words="全部完工。")
        for login in ("county", "pengzhai", "shuikou"):
            await self.do(login, "supervise", happened_on=self.today(), words="到场查看,属实。")

    async def opinion(self, home: int, words: str = "水渠修好了,有水了。", *, confirmed: bool = True) -> dict[str, Any]:
        """Write down what a household says, and have a witness stand by it."""
        body = {"opinion_id": str(new_id()), "household_id": self.homes[home], "words": words, "heard_at": clock.now().isoformat()}
        heard = await self.did("shuikou", "/v1/opinions", body)
        if confirmed:
            seen = {
                "kind": "witness", "confirmation_id": str(new_id()), "words_hash": heard["words_hash"],
                "happened_at": clock.now().astimezone(UTC).isoformat(), "witness": {"name": "黄小明"},
            }  # fmt: skip
            await self.did("shuikou", f"/v1/opinions/{heard['id']}/confirmations", seen)
        return heard

    async def says(self, home: int, *, solved: bool = True) -> str:
        """Have a household say that it is solved, or not."""
        heard = await self.opinion(home)
        await self.do("shuikou", "confirm_household", opinion_id=heard["id"], solved=solved)
        return str(heard["id"])

    async def published(self) -> str:
        """Open the notice; return its id."""
        notice = str(new_id())
        await self.do("pengzhai", "open_notice", notice_id=notice, words="在村务公开栏公示七日。")
        return notice

    async def ready(self) -> None:
        """Do everything that is asked for."""
        await self.begun()
        await self.work_done()
        await self.site("水口村渠段", *SEGMENT)
        await self.completed()
        for home in range(5):
            await self.says(home)
        await self.published()
        self.later(days=8)

    async def missing(self, login: str = "county") -> list[str]:
        """Try to strike it off in vain; return the codes of what is missing, which the matter itself shows as well."""
        answer = await self.strike(login)
        assert (answer.status_code, answer.json()["code"]) == (INCOMPLETE, "matter.incomplete"), answer.text
        told = answer.json()["missing"]
        assert all(one["sentence"] and one["todo"] for one in told)
        shown = (await self.doors.get("pengzhai", f"/v1/matters/{self.matter}")).json()
        assert shown["striking"]["missing"] == told, "nobody needs to try"
        return [one["code"] for one in told]

    async def strike(self, login: str = "county", **headers: str) -> Response:
        """Strike it off; return whatever comes."""
        address = f"/v1/matters/{self.matter}/strike-off"
        return await self.client.post(address, json={"words": "准予销号。"}, headers={**await self.as_(login), **headers})

    async def sign(self) -> None:
        """Let the worker sign what waits."""
        async with self.county.as_role(WORKER):
            await certificates(STATION)

    async def certificate(self, login: str = "county", **asked: Any) -> dict[str, Any]:
        """Read the certificate at the reporting door."""
        answer = await self.doors.get(login, f"/v1/matters/{self.matter}/certificate", **asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found
