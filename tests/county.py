"""Heping county as tests know it: the real divisions with two grids below each village, departments, catalogue, calendar and a few people.

===============  ======================  =========================================================
login            role                    seat
===============  ======================  =========================================================
admin            administrator           和平县 (441624)
county           county_supervisor       和平县 (441624)
analyst          analyst                 和平县 (441624)
organization     organization_inspector  中共和平县委组织部 (441624-D-ZZB), which oversees
discipline       discipline_inspector    和平县纪委监委 (441624-D-JW), which oversees
hotline          hotline_operator        村民大管家580热线 (441624-H-580), a station below the county
pengzhai         township_dispatcher     彭寨镇 (441624108)
yangming         township_dispatcher     阳明镇 (441624100)
shuikou          village_secretary       水口村 (441624108213), in 彭寨镇
grid             grid_worker             第一网格 of 水口村 (441624108213001)
water            department_officer      和平县水利局 (441624-D-SLJ), function ``water``
roads            department_officer      和平县交通运输局 (441624-D-JTJ), function ``roads``
===============  ======================  =========================================================

Every other unit is blank: 第二网格 of 水口村, every other village and grid. All have the password :data:`PASSWORD`. Names are invented.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from argon2 import PasswordHasher
from httpx import AsyncClient
from sqlalchemy import select

from services.catalogue.actions import load_category_file
from services.deadlines.changing import load_calendar
from services.identity import passwords
from services.identity.actions import add_account
from services.identity.actors import load_actor
from services.identity.models import Account
from services.organization.actions import add_member, add_unit, give_post
from services.organization.commands import AddMember, AddUnit, GivePost, Role
from services.organization.loading import load_unit_file
from services.platform.actor import SYSTEM, Actor
from services.platform.database import database
from services.platform.unit_of_work import Work, unit_of_work

DATA = Path(__file__).parents[1] / "daguanjia" / "data"
PASSWORD = "测试口令-2026"
GRIDS = 2

COUNTY = "441624"
HOTLINE = "441624-H-580"
PENGZHAI = "441624108"
YANGMING = "441624100"
SHUIKOU = "441624108213"
STAFFED_GRID = "441624108213001"
BLANK_GRID = "441624108213002"
WATER = "441624-D-SLJ"
ROADS = "441624-D-JTJ"
ORGANIZATION = "441624-D-ZZB"
DISCIPLINE = "441624-D-JW"

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""A password check of a tenth of a millisecond: tests sign in often."""


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    name: str
    role: Role
    unit_code: str
    party_member: bool = False


LOGINS: dict[str, Person] = {
    "admin": Person("管理员甲", "administrator", COUNTY),
    "county": Person("督办员乙", "county_supervisor", COUNTY, party_member=True),
    "analyst": Person("分析员丙", "analyst", COUNTY),
    "organization": Person("组织干部子", "organization_inspector", ORGANIZATION),
    "discipline": Person("纪检干部丑", "discipline_inspector", DISCIPLINE),
    "hotline": Person("话务员丁", "hotline_operator", HOTLINE),
    "pengzhai": Person("调度员戊", "township_dispatcher", PENGZHAI, party_member=True),
    "yangming": Person("调度员己", "township_dispatcher", YANGMING),
    "shuikou": Person("书记庚", "village_secretary", SHUIKOU, party_member=True),
    "grid": Person("网格员辛", "grid_worker", STAFFED_GRID),
    "water": Person("承办人壬", "department_officer", WATER),
    "roads": Person("承办人癸", "department_officer", ROADS),
}


async def fill() -> None:
    """Fill a migrated, empty database; it must be open as owner."""
    passwords.HASHER = CHEAP
    async with unit_of_work(SYSTEM) as work:
        await load_unit_file(work, _file("divisions-heping-441624.csv"), GRIDS)
        await load_unit_file(work, _file("heping-departments.csv"))
        await add_unit(work, _HOTLINE_UNIT)
        await load_category_file(work, _file("categories.csv"))
        await load_calendar(work, (2025, 2026, 2027))
        for login, person in LOGINS.items():
            await _hire(work, login, person)


async def actor(login: str) -> Actor:
    """Return the actor of a login, as if just signed in."""
    async with database().transaction() as session:
        account_id = (await session.execute(select(Account.id).where(Account.login == login))).scalar_one()
        found, _ = await load_actor(session, account_id)
    assert found is not None, f"{login} may not sign in"
    return found


async def sign_in(client: AsyncClient, login: str) -> dict[str, str]:
    """Sign in over HTTP; return the headers to send along."""
    passwords.HASHER = CHEAP
    answer = await client.post("/v1/sessions", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


_HOTLINE_UNIT = AddUnit(
    code=HOTLINE, parent_code=COUNTY, name="村民大管家580热线", kind="station", tier="county", aliases=["580热线"], duty_phone="580"
)


async def _hire(work: Work, login: str, person: Person) -> None:
    member = await add_member(work, AddMember(name=person.name, party_member=person.party_member))
    # since long ago, so that tests can look at days past
    await give_post(work, member.id, GivePost(unit_code=person.unit_code, role=person.role, valid_from=date(2024, 1, 1)))
    await add_account(work, member.id, login, PASSWORD)


def _file(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")
