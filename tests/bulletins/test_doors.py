"""A bulletin's life over HTTP: drafted, worded, published by another person, frozen, read in every form, corrected by a further one."""

import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import docx
import pytest
from httpx import ASGITransport, AsyncClient

from services.platform.actor import SYSTEM
from services.platform.clock import now
from services.platform.database import INTAKE, REPORTING, ROLES, WORKER
from services.platform.unit_of_work import unit_of_work
from services.reports.counting import count
from tests import county as heping
from tests.conftest import TestDatabase
from tests.reports import ground
from tests.reports.signing import signed_in_as

OCTOBER = datetime(2026, 10, 12, 4, tzinfo=UTC)
PLACE = f"/{heping.COUNTY}/{heping.PENGZHAI}/{heping.SHUIKOU}/"
ELSEWHERE = f"/{heping.COUNTY}/{heping.YANGMING}/"
MONTH = {"unit": heping.COUNTY, "kind": "month", "period": "2026-10"}


async def told(county: TestDatabase, *tickets: dict[str, Any]) -> None:
    """Write tickets received in October 2026 and count them."""
    kept = [await ground.put(county.owner, **({"received_at": OCTOBER, "area_path": PLACE, "category_code": "water.pipe_burst"} | ticket)) for ticket in tickets]  # noqa: E501  # fmt: skip
    async with county.as_role(WORKER):
        await ground.tell(kept)
        async with unit_of_work(SYSTEM) as work:
            await count(work, kept)


def closed(days: int, **more: Any) -> dict[str, Any]:
    return {"due": OCTOBER + timedelta(days=3), "status": "closed", "closed_at": OCTOBER + timedelta(days=days), **more}


@dataclass
class Doors:
    """Both doors, each under its own role."""

    county: TestDatabase
    intake: AsyncClient
    reporting: AsyncClient

    async def read(self, address: str, login: str | None = "analyst", *, status: int = 200, **query: Any) -> Any:
        async with self.county.as_role(REPORTING):
            answer = await self.reporting.get(address, params=query, headers=await signed_in_as(login) if login else {})
        assert answer.status_code == status, answer.text
        return answer

    async def do(self, method: str, path: str, body: Any, login: str = "analyst", *, status: int = 200, **headers: str) -> Any:
        async with self.county.as_role(INTAKE):
            sent = await signed_in_as(login) | {name.replace("_", "-"): value for name, value in headers.items()}
            answer = await self.intake.request(method, f"/v1/bulletins{path}", json=body, headers=sent)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
async def doors(county: TestDatabase) -> AsyncIterator[Doors]:
    await told(county, closed(1), closed(2, channel="wechat"), closed(9), {"due": OCTOBER + timedelta(days=3)}, {"area_path": ELSEWHERE})
    async with made(county) as found:
        yield found


@asynccontextmanager
async def made(county: TestDatabase) -> AsyncIterator[Doors]:
    import intake_api.app
    import reporting_api.app

    async with (
        AsyncClient(transport=ASGITransport(intake_api.app.app), base_url="http://intake") as intake,
        AsyncClient(transport=ASGITransport(reporting_api.app.build()), base_url="http://door") as reporting,
    ):
        yield Doors(county, intake, reporting)


SEEN = {"small_cells_words": "已逐项核对，不会指认到个人"}


async def published(doors: Doors, *, public: bool = True) -> dict[str, Any]:
    draft = await doors.do("POST", "", MONTH, status=201)
    found: dict[str, Any] = await doors.do("POST", f"/{draft['id']}/publication", {"public": public, **SEEN}, "county", If_Match='"1"')
    return found


async def test_a_bulletin_is_drafted_worded_and_published_by_another_person(doors: Doors) -> None:
    draft = await doors.do("POST", "", MONTH, status=201, Idempotency_Key="a")
    assert (draft["number"], draft["state"], draft["version"]) == ("441624-2026-10", "draft", 1)
    assert await doors.do("POST", "", MONTH, status=201, Idempotency_Key="a") == draft
    address = f"/{draft['id']}"
    refused = [
        (("POST", "", MONTH, "county"), 409, "bulletin.exists", {}),
        (("POST", "", {**MONTH, "period": "2099-01"}), 422, "bulletin.period", {}),
        (("POST", "", {**MONTH, "period": "2098-01"}), 422, "bulletin.period_open", {}),
        (("POST", "", {**MONTH, "unit": heping.SHUIKOU}), 422, "bulletin.unit", {}),
        (("POST", "", {**MONTH, "unit": "nowhere"}), 404, "unit.unknown", {}),
        (("POST", "", MONTH, "pengzhai"), 403, "permission.denied", {}),
        (("PUT", f"{address}/words", {}), 428, "precondition.required", {}),
        (("PUT", f"{address}/words", {}), 412, "bulletin.version_conflict", {"If_Match": '"7"'}),
        (("PUT", f"{address}/words", {"preface": "请致电13800000123"}), 422, "request.invalid", {"If_Match": '"1"'}),
        (("PUT", f"{address}/words", {"reason": "无"}), 422, "bulletin.no_correction", {"If_Match": '"1"'}),
        (("POST", f"{address}/publication", {}), 403, "permission.denied", {"If_Match": '"1"'}),
        (("POST", f"{address}/correction", {"reason": "改"}), 409, "bulletin.not_published", {}),
    ]
    for call, status, code, headers in refused:
        answer = await doors.do(*call, status=status, **headers)
        assert answer["code"] == code, answer
    worded = await doors.do(
        "PUT", f"{address}/words", {"preface": "现将情况通报如下。", "remarks": {"overall": "总体平稳。"}}, If_Match='"1"'
    )
    assert (worded["version"], worded["hash"] != draft["hash"]) == (2, True)
    again = await doors.do("POST", f"{address}/figures", None, If_Match='"2"')
    detail = (await doors.read(f"/v1/bulletins/{draft['id']}")).json()
    assert (again["version"], detail["document"]["preface"]) == (3, "现将情况通报如下。")
    assert [found["code"] for found in detail["findings"]] == ["small_cells"]
    assert (await doors.do("POST", f"{address}/publication", {}, "county", status=412, If_Match='"2"'))[
        "code"
    ] == "bulletin.version_conflict"
    small = await doors.do("POST", f"{address}/publication", {"public": True}, "county", status=409, If_Match='"3"')
    assert (small["code"], [found["code"] for found in small["findings"]]) == ("bulletin.small_cells", ["small_cells"])
    out = await doors.do("POST", f"{address}/publication", {"public": True, **SEEN}, "county", If_Match='"3"')
    assert (out["state"], out["hash"], out["public"]) == ("published", again["hash"], True)
    for method, path, body in (("PUT", "/words", {}), ("POST", "/figures", None), ("POST", "/publication", {})):
        login = "county" if path == "/publication" else "analyst"
        assert (await doors.do(method, address + path, body, login, status=409, If_Match='"3"'))["code"] == "bulletin.published"
    kinds = await doors.county.fetch("SELECT type FROM events WHERE subject_kind = 'bulletin' ORDER BY seq")
    assert [row["type"] for row in kinds] == ["bulletin.drafted", "bulletin.worded", "bulletin.counted_again", "bulletin.published"]


async def test_whoever_had_a_hand_in_a_draft_does_not_publish_it_and_nobody_publishes_wrong_arithmetic(doors: Doors) -> None:
    draft = await doors.do("POST", "", MONTH, "county", status=201)
    address = f"/{draft['id']}/publication"
    assert (await doors.do("POST", address, {}, "county", status=403, If_Match='"1"'))["code"] == "bulletin.four_eyes"
    town = await doors.do("POST", "", {**MONTH, "unit": heping.PENGZHAI}, status=201)
    refused = await doors.do("POST", f"/{town['id']}/publication", {"public": True}, "county", status=422, If_Match='"1"')
    assert refused["code"] == "bulletin.not_public"
    content = await doors.county.value("SELECT document FROM bulletin_drafts WHERE id = $1", town["id"])
    forged = bytes(content).replace(b'"text":"4"', b'"text":"5"')  # type: ignore[call-overload]
    assert forged != content
    await doors.county.fetch("UPDATE bulletin_drafts SET document = $1, hash = sha256($1) WHERE id = $2", forged, town["id"])
    wrong = await doors.do("POST", f"/{town['id']}/publication", {}, "county", status=409, If_Match='"1"')
    assert wrong["code"] == "bulletin.findings"
    assert {found["code"] for found in wrong["findings"]} >= {"count_differs", "percent_differs"}


async def test_the_database_lets_nobody_change_what_was_published(doors: Doors) -> None:
    found = await published(doors)
    for role in ROLES:
        async with doors.county.as_role(role) as database, database.raw() as connection:
            for sql in ("UPDATE bulletins SET public = false", "DELETE FROM bulletins", "TRUNCATE bulletins"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(sql)
    for sql in ("UPDATE bulletins SET document = document || 'x'", "UPDATE bulletins SET published_by_account_id = authors[1]"):
        with pytest.raises(asyncpg.CheckViolationError):
            await doors.county.owner.execute(sql)
    columns = (
        "number, unit_id, kind, first, last, edition, corrects_id, public, document, hash, authors, published_at, published_by_account_id"
    )
    with pytest.raises(asyncpg.UniqueViolationError):
        await doors.county.owner.execute(f"INSERT INTO bulletins (id, {columns}) SELECT id, {columns} FROM bulletins")
    assert found["state"] == "published"


async def test_every_form_is_the_one_document_and_its_hash_is_checked_with_sha256sum(doors: Doors) -> None:
    found = await published(doors)
    address = f"/v1/bulletins/{found['id']}"
    content = (await doors.read(address, format="document")).content
    assert hashlib.sha256(content).hexdigest() == found["hash"]
    page = await doors.read("/bulletins/441624-2026-10", None)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert found["hash"] in page.text
    assert "2026年10月，全县共受理群众诉求5件" in page.text
    assert (await doors.read("/bulletins/441624-2026-10.json", None)).content == content
    sheet = (await doors.read("/bulletins/441624-2026-10.csv", None)).text
    assert "441624-2026-10,2026-" in sheet
    paper = docx.Document(io.BytesIO((await doors.read("/bulletins/441624-2026-10.docx", None)).content))
    assert any("全县共受理群众诉求5件" in paragraph.text for paragraph in paper.paragraphs)
    assert "和平县大管家群众诉求办理情况通报（2026年10月）" in (await doors.read("/bulletins", None)).text
    assert "结案率（结案/应结案）75.00%" in (await doors.read(address, format="html")).text


async def test_who_may_not_count_a_county_does_not_know_of_its_bulletin(doors: Doors) -> None:
    county_wide, town = await published(doors, public=False), await doors.do("POST", "", {**MONTH, "unit": heping.PENGZHAI}, status=201)
    listed = {login: (await doors.read("/v1/bulletins", login)).json()["items"] for login in ("analyst", "hotline", "pengzhai", "shuikou")}
    assert {login: [item["number"] for item in items] for login, items in listed.items()} == {
        "analyst": [town["number"], county_wide["number"]],
        "hotline": [county_wide["number"]],
        "pengzhai": [],
        "shuikou": [],
    }
    await doors.do("POST", f"/{town['id']}/publication", {}, "county", If_Match='"1"')
    assert [item["number"] for item in (await doors.read("/v1/bulletins", "pengzhai")).json()["items"]] == [town["number"]]
    for path in ("", "/drift"):
        await doors.read(f"/v1/bulletins/{town['id']}{path}", "pengzhai")
        await doors.read(f"/v1/bulletins/{town['id']}{path}", "yangming", status=404)
        await doors.read(f"/v1/bulletins/{county_wide['id']}{path}", "pengzhai", status=404)
    await doors.read("/bulletins/441624-2026-10", None, status=404)
    first = (await doors.read("/v1/bulletins", limit=1)).json()
    second = (await doors.read("/v1/bulletins", limit=1, cursor=first["next"])).json()
    assert [first["items"][0]["number"], second["items"][0]["number"], second["next"]] == [town["number"], county_wide["number"], None]


async def test_late_facts_drift_and_are_printed_by_a_correction_alone(doors: Doors) -> None:
    found = await published(doors)
    address = f"/v1/bulletins/{found['id']}"
    assert (await doors.read(f"{address}/drift")).json()["differing"] == 0
    before = now().isoformat()
    await told(doors.county, closed(2), closed(2, area_path=ELSEWHERE))
    drifted = (await doors.read(f"{address}/drift")).json()
    changed = {item["what"]: (item["printed"] and item["printed"]["shown"], item["today"]["shown"]) for item in drifted["items"]}
    assert changed["受理量"] == ("5", "7")
    assert changed["结案率(结案/应结案)"] == ("75.00%", "83.33%")
    assert changed["阳明镇 受理量"] == ("1", "2")
    earlier = (await doors.read(f"{address}/drift", as_of=before)).json()
    assert (earlier["differing"], earlier["compared"]) == (0, drifted["compared"]), "what was told late is not in what was known then"
    unchanged = (await doors.read(address)).json()
    assert (unchanged["hash"], unchanged["document"]["as_of"]) == (found["hash"], drifted["printed_as_of"].replace("+00:00", "Z"))

    draft = await doors.do("POST", f"/{found['id']}/correction", {"reason": "补录十月来信2件"}, status=201, Idempotency_Key="c")
    assert (draft["number"], draft["corrects"], draft["state"]) == ("441624-2026-10-v2", "441624-2026-10", "draft")
    twice = await doors.do("POST", f"/{found['id']}/correction", {"reason": "又改"}, "county", status=409)
    assert twice["code"] == "bulletin.corrected"
    listed = (await doors.read(f"/v1/bulletins/{draft['id']}")).json()["document"]["correction"]
    assert {change["what"]: (change["old"], change["new"]) for change in listed["changes"]}["受理量"] == ("5", "7")
    assert len(listed["changes"]) == drifted["differing"]
    reasoned = await doors.do("PUT", f"/{draft['id']}/words", {"reason": "补录十月下旬来信2件"}, If_Match='"1"')
    assert (await doors.read("/bulletins/441624-2026-10", None)).text.count("本通报已被更正") == 0
    hidden = await doors.do("POST", f"/{draft['id']}/publication", {}, "county", status=409, If_Match=f'"{reasoned["version"]}"')
    assert hidden["code"] == "bulletin.correction_public"
    await doors.do("POST", f"/{draft['id']}/publication", {"public": True, **SEEN}, "county", If_Match=f'"{reasoned["version"]}"')
    old, new = [(await doors.read(f"/bulletins/{number}", None)).text for number in ("441624-2026-10", "441624-2026-10-v2")]
    assert "本通报已被更正" in old
    assert "全县共受理群众诉求5件" in old
    assert found["hash"] in new
    assert "原因：补录十月下旬来信2件。" in new
    assert "全县共受理群众诉求7件" in new
    assert (await doors.read(address)).json()["state"] == "corrected"


async def test_anybodys_bulletin_is_checked_at_the_door(doors: Doors) -> None:
    from tests.bulletins import foreign

    told_off = await doors.do("POST", "/lint", foreign.jiangmen(), "grid")
    assert (told_off["sound"], [found["code"] for found in told_off["items"]]) == (False, ["sum_differs", "tables_differ"])
    assert await doors.do("POST", "/lint", foreign.tianmen(), "grid") == {"sound": True, "items": []}
