"""What analysts and supervisors have in the county that is attacked: an assessment with an objection, bulletins, an export, a warning."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from httpx import AsyncClient

from services.attachments.store import store
from services.exports.making import make_next
from services.pairing.commands import HOUSEHOLD_EXAMPLE, MEMBER_EXAMPLE
from services.platform.canonical import canonical
from services.platform.clock import local_day, now
from services.platform.database import INTAKE, WORKER
from services.platform.ids import new_id
from services.platform.secrets import tracking_code
from services.platform.unit_of_work import unit_of_work
from tests import county as heping
from tests.anchors.world import Journal, day, noon
from tests.assessment.sheets import definition, item
from tests.assessment.world import OCTOBER, in_force, made
from tests.county import PASSWORD, PENGZHAI, SHUIKOU, STAFFED_GRID

_WARNING = (
    "INSERT INTO early_warnings (id, measure, subject, code, name, unit_id, unit_path, told_unit_id, opened_on, opened_at, last_outside_on,"
    " opened_with, peak, latest) SELECT $1, 'inflow', 'unit', u.code, u.name, u.id, u.path, u.parent_id, $2, now(), $2, $3, $3, $3"
    " FROM units u WHERE u.code = $4"
)
_CANDIDATE = (
    "INSERT INTO matter_candidates (id, unit_id, branch, state, households, opened_at, seen_at, figures)"
    " SELECT $1, id, 'water', 'open', 3, now(), now(), $2 FROM units WHERE code = '441624108213'"
)
_CANDIDATE_LOOK = (
    "INSERT INTO matter_candidate_looks (candidate_id, looked_at, state, households, figures) VALUES ($1, now(), 'open', 3, $2)"
)
_QUESTION = (
    "INSERT INTO year_end_questions"
    " (id, matter_id, year, member_id, capacity, words, answer_by, asked_at, asked_by_account_id)"
    " SELECT $1, $2, 2025, s.member_id, 'village', 'x', '2030-01-01', now(), o.id"
    " FROM accounts s, accounts o WHERE s.login = 'shuikou' AND o.login = 'organization'"
)
_DOSSIER = (
    "INSERT INTO year_end_dossiers (id, unit_id, year, edition, document, hash, frozen_at, frozen_by_account_id)"
    " SELECT $1, u.id, 2025, 1, $2, sha256($2), now(), a.id FROM units u, accounts a WHERE u.code = '441624' AND a.login = 'organization'"
)
_COLLEAGUES = (MEMBER_EXAMPLE, "0198f2a0-7c00-7000-8000-00000000000a", "019aa6c0-0000-7000-8000-000000000001")
_COLLEAGUE = "INSERT INTO members (id, name, party_member, created_at, updated_at) VALUES ($1, $2, true, now(), now())"
_POST = (
    "INSERT INTO posts (id, member_id, unit_id, role, valid_from, created_at)"
    " SELECT gen_random_uuid(), $1, unit_id, 'service_member', valid_from, now()"
    " FROM posts WHERE member_id = (SELECT member_id FROM accounts WHERE login = 'water')"
)
_FIGURES = json.dumps({"weight": {"tellings": 3, "households": 3, "anonymous": 0}, "signs": [], "first_told": None, "sources": []})
_LOOK = json.dumps({
    "span": "week", "first": "2026-11-15", "last": "2026-11-21", "value": 31, "of": None, "middle": "14.00", "limit": 29,
    "excess": "2.2143", "before": ["13"],
})  # fmt: skip


async def hired(county: Any) -> None:
    """Have a 挂钩党员 at the water bureau."""
    if await county.value("SELECT count(*) FROM accounts WHERE login = 'linked'") == 0:
        async with unit_of_work(heping.SYSTEM) as work:
            await heping._hire(work, "linked", heping.Person("党员寅", "service_member", heping.WATER, party_member=True))


class Rooms:
    """Lays them out, as the people would; `known` are the names their addresses go by."""

    def __init__(self, client: AsyncClient, county: Any, headers: dict[str, dict[str, str]]) -> None:
        self.client, self.county, self.headers = client, county, headers
        self.known: dict[str, str] = {}

    async def lay(self) -> dict[str, str]:
        """Make everything; return how it is called."""
        await self.exported()
        await self.assessed()
        await self.drafted()
        await self.warned()
        await self.anchored()
        await self.lent()
        await self.paired()
        await self.registered()
        await self.questioned()
        await self.called()
        await self.heard()
        await self.assisted()
        await self.asked_about()
        await self.signed_in()
        await self.away()
        return self.known

    async def exported(self) -> None:
        """Have the county begin a programme and export its tickets, and 彭寨镇 share a saved report with whoever sits there."""
        asked = await self._post("county", "/v1/exports", {"source": "tickets", "format": "csv", "question": {}})
        body = {"name": "工单", "source": "tickets", "question": {}, "unit": PENGZHAI}
        saved = await self._post("pengzhai", "/v1/saved-reports", body)
        async with self.county.as_role(WORKER):
            await make_next(store())
        campaign = {"code": "service", "name": "主题实践活动", "starts_on": "2013-06-01", "units": [PENGZHAI], "because": "统一部署。"}
        await self._post("county", "/v1/programmes", campaign)
        self.known |= {"export_id": asked["id"], "saved_id": saved["id"], "programmes.code": "service"}

    async def assessed(self) -> None:
        """Have the grid worker of 水口村 assessed, the assessment published, and objected to."""
        groups = [{"code": "all", "name": "全部"}]
        await in_force(definition(item(), subjects="persons", kinds=["grid_worker"], groups=groups))
        run = await self._post("county", "/v1/assessments", {"scheme": "townships", **OCTOBER})
        await made(self.county)
        async with self.county.as_role(INTAKE):
            await self._post("county", f"/v1/assessments/{run['id']}/publication")
            sheet = str(await self.county.value("SELECT id FROM assessment_sheets"))
            body = {"item": "satisfied", "words": "请复核。"}
            appeal = await self._post("grid", f"/v1/assessments/{run['id']}/sheets/{sheet}/appeals", body)
        self.known |= {"run_id": run["id"], "sheet_id": sheet, "appeal_id": appeal["id"]}

    async def drafted(self) -> None:
        """Have the analyst draft the county's bulletins of two months, and one of them published for everybody."""
        draft = await self._post("analyst", "/v1/bulletins", {"unit": "441624", "kind": "month", "period": "2026-09"})
        other = await self._post("analyst", "/v1/bulletins", {"unit": "441624", "kind": "month", "period": "2026-08"})
        shown = {"public": True, "small_cells_words": "已逐项核对"}
        opened = await self._post("county", f"/v1/bulletins/{other['id']}/publication", shown, {"If-Match": "*"})
        self.known |= {"bulletin_id": draft["id"], "bulletins.number": opened["number"]}

    async def warned(self) -> None:
        """Have 彭寨镇 stand out."""
        warning = new_id()
        await self.county.owner.execute(_WARNING, warning, local_day(now()), _LOOK, PENGZHAI)
        self.known["warning_id"] = str(warning)

    async def anchored(self) -> None:
        """Have yesterday closed."""
        journal = Journal(self.county)
        await journal.write(noon(2), new_id())
        await journal.close()
        self.known["anchors.day"] = day(1).isoformat()

    async def signed_in(self) -> None:
        """Have 水口村 signed in on another device too."""
        second = await self.client.post("/v1/sessions", json={"login": "shuikou", "password": PASSWORD})
        self.known["session_id"] = second.json()["session_id"]

    async def away(self) -> None:
        """Have 水口村 on leave in a month, and the grid worker act there then."""
        member = "SELECT member_id FROM accounts WHERE login = $1"
        shuikou, grid = str(await self.county.value(member, "shuikou")), str(await self.county.value(member, "grid"))
        post = str(await self.county.value("SELECT p.id FROM posts p JOIN accounts a USING (member_id) WHERE a.login = 'shuikou'"))
        first = local_day(now()) + timedelta(days=30)
        body = {"member_id": shuikou, "kind": "annual", "valid_from": str(first), "valid_to": str(first + timedelta(days=5))}
        leave = await self._post("county", "/v1/leaves", {**body, "deputies": [{"post_id": post, "deputy_id": grid}]})
        self.known |= {"leave_id": leave["id"], "acting_id": leave["deputies"][0]["id"]}

    async def asked_about(self) -> None:
        """Have somebody ask for their data, and the administrator hold the matter, until far ahead."""
        [ticket] = await self.county.fetch("SELECT t.id, t.number FROM complaints c JOIN tickets t ON t.id = c.ticket_id LIMIT 1")
        code = {"X-Tracking-Code": tracking_code(ticket["id"])}
        path = f"/v1/complaints/{ticket['number']}/personal-data/requests"
        asked = await self.client.post(path, json={"kind": "access"}, headers=code)
        hold = {"reason": "audit", "words": "专项审计", "until": "2030-01-01T00:00:00+08:00"}
        held = await self._post("admin", f"/v1/tickets/{ticket['number']}/legal-holds", hold)
        self.known |= {"person-requests.request_id": asked.json()["id"], "hold_id": held["id"]}

    async def lent(self) -> None:
        """Have the administrator lend a program the rights of an analyst."""
        body = {"name": "x", "seat": {"role": "analyst", "unit_code": "441624"}, "actions": ["report.read"]}
        self.known["key_id"] = (await self._post("admin", "/v1/api-keys", body))["id"]

    async def paired(self) -> None:
        """Have 水口村 list a household, and a member of the water bureau look after it; of the ids the examples name, as are colleagues."""
        home = await self._post("shuikou", "/v1/households", {"unit": STAFFED_GRID, "number": "3-012", "head": "黄某某", "people": 4})
        await self.county.owner.execute("UPDATE households SET id = $1 WHERE id = $2", UUID(HOUSEHOLD_EXAMPLE), UUID(home["id"]))
        for nth, colleague in enumerate(_COLLEAGUES):
            for statement in (_COLLEAGUE, _POST):
                await self.county.owner.execute(statement, UUID(colleague), *([f"同事{nth}"] if statement == _COLLEAGUE else []))
        await hired(self.county)
        member = str(await self.county.value("SELECT member_id FROM accounts WHERE login = 'linked'"))
        pair = {"kind": "member_household", "member_id": member, "household_id": HOUSEHOLD_EXAMPLE}
        self.known |= {
            "which": "households",
            "household_id": HOUSEHOLD_EXAMPLE,
            "pairing_id": (await self._post("county", "/v1/pairings", pair))["id"],
        }

    async def called(self) -> None:
        """Have the county's supervisor call on that household, and leave the visit open."""
        visit = str(new_id())
        await self._post("county", "/v1/visits", {"visit_id": visit, "household_id": self.known["household_id"]})
        self.known |= {"visit_id": visit, "month": "2099-02"}

    async def heard(self) -> None:
        """Have the county's supervisor hear an opinion of that household."""
        opinion, said = str(new_id()), {"words": "水渠要修。", "heard_at": (now() - timedelta(days=30)).isoformat()}
        await self._post("county", "/v1/opinions", {"opinion_id": opinion, "household_id": self.known["household_id"], **said})
        self.known |= {"opinion_id": opinion}

    async def assisted(self) -> None:
        """Have the grid worker help that household and mediate a dispute of its neighbours, and 水口村 meet about a canal."""
        day, item, step = str(local_day(now())), str(new_id()), str(new_id())
        helped = {"item_id": item, "household_id": self.known["household_id"], "kind": "production", "goal": "养羊", "started_on": day}
        await self._post("grid", "/v1/help-items", {**helped, "people": 4})
        await self._post("grid", f"/v1/help-items/{item}/steps", {"step_id": step, "kind": "given", "happened_on": day})
        case, proposal, meeting = str(new_id()), str(new_id()), str(new_id())
        sides = {"party_a": {"name": "黄某某"}, "party_b": {"name": "李某某"}}
        said = {"mediation_id": case, "unit": STAFFED_GRID, "kind": "water", "opened_on": day, "words": "为放水起争执", **sides}
        await self._post("grid", "/v1/mediations", said)
        proposed = {"deliberation_id": proposal, "unit": "441624108213", "title": "修水渠", "proposed_on": day}
        await self._post("shuikou", "/v1/deliberations", proposed)
        vote = {"form": "council", "held_on": day, "place": "村委会", "eligible": 9, "present": 7, "decision": "修"}
        votes = {"meeting_id": meeting, "votes_for": 7, "votes_against": 0, "abstained": 0}
        await self._post("shuikou", f"/v1/deliberations/{proposal}/meetings", {**vote, **votes})
        self.known |= {"item_id": item, "step_id": step, "mediation_id": case, "side": "a", "deliberation_id": proposal}
        self.known |= {"meeting_id": meeting, "counted": "settled"}

    async def registered(self) -> None:
        """Have 水口村 on the list of problem villages, a canal, a candidate, and a focus issue of the township in the register."""
        canal = {"code": "canal", "kind": "canal", "name": "黄峰斗水渠", "length_m": 320_000}
        flag = {"unit": SHUIKOU, "level": "city", "since": "2012-03-01", "because": "备案整顿。"}
        issue = {
            "unit": SHUIKOU, "title": "水渠修复", "category": "water.canal", "urgency": "urgent", "tension": 4, "origin_on": "2016-03-01",
            "because": "群众反映最多。",
        }  # fmt: skip
        matter = await self._post("pengzhai", "/v1/matters", issue)
        await self._post("county", f"/v1/matters/{matter['id']}/actions", {"action": "register", "lead": PENGZHAI, "words": "列入台账。"})
        candidate = str(new_id())
        for statement in (_CANDIDATE, _CANDIDATE_LOOK):
            await self.county.owner.execute(statement, candidate, _FIGURES)
        self.known |= {
            "asset_id": (await self._post("county", "/v1/assets", canal))["id"], "matter_id": matter["id"], "candidate_id": candidate,
            "reports.unit": SHUIKOU, "flag_id": (await self._post("county", "/v1/problem-villages", flag))["id"],
        }  # fmt: skip

    async def questioned(self) -> None:
        """Have the organisation department ask the village's secretary about that matter, and freeze an empty dossier of last year."""
        question, dossier = new_id(), new_id()
        await self.county.owner.execute(_QUESTION, question, UUID(self.known["matter_id"]))
        counts = dict.fromkeys(("carried_in", "registered", "struck_off", "open", "questioned", "answered", "decided"), 0)
        lists: dict[str, list[str]] = {name: [] for name in ("carried_in", "registered", "struck_off", "open", "undecided")}
        view = {"year": 2025, "unit": None, "over": True, "as_of": "2026-01-05T02:00:00Z", "counts": counts, "lists": lists}
        content = {"edition": 1, "corrects": None, "reason": None, "changes": [], "unfinished": None}
        document = canonical({"form": "year_end@1", **content, "dossier": {**view, "persons": [], "matters": []}})
        await self.county.owner.execute(_DOSSIER, dossier, document)
        self.known |= {"question_id": str(question), "dossier_id": str(dossier)}

    async def _post(self, login: str, address: str, body: Any = None, more: dict[str, str] | None = None) -> Any:
        answer = await self.client.post(address, json=body, headers={**self.headers[login], **(more or {})})
        assert answer.status_code < 300, f"{address}: {answer.text}"
        return answer.json()
