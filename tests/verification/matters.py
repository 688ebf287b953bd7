"""Matters that were answered, and further people at the county, as tests of verification need them."""

from datetime import date
from typing import Any

from services.identity.actions import add_account
from services.organization.actions import add_member, give_post
from services.organization.commands import AddMember, GivePost
from services.platform.actor import SYSTEM
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.county import PASSWORD, SHUIKOU
from tests.journeys.people import Desk


async def filed(desk: Desk, words: str = "村口的路灯不亮", **more: Any) -> tuple[str, str]:
    """File a matter that needs no pictures; return number and tracking code."""
    body = {"words": words, "call_id": str(new_id()), "place": {"unit_code": SHUIKOU}, "contact": {"name": "黄某", "phone": "13800000123"}}
    answer = await desk.client.post("/v1/hotline/complaints", json=body | more, headers=await desk.as_("hotline"))
    assert answer.status_code == 201, answer.text
    await desk.county.settle()
    return answer.json()["number"], answer.json()["tracking_code"]


async def work_on(desk: Desk, number: str, login: str = "shuikou") -> None:
    """Let whoever holds it do the work, and the hotline answer."""
    await desk.does(login, number, "accept")
    await desk.does(login, number, "resolve", words="已更换灯泡")
    await desk.does("hotline", number, "answer", words="路灯已修好。")


async def answered(desk: Desk, **more: Any) -> tuple[str, str]:
    """File a matter and have it worked on and answered; return number and tracking code."""
    number, code = await filed(desk, **more)
    await work_on(desk, number)
    return number, code


async def hire(county: Any, login: str, role: Any, unit_code: str) -> str:
    """Give somebody new an account and a post; return the member's id."""
    async with county.as_role(""), unit_of_work(SYSTEM) as work:
        member = await add_member(work, AddMember(name=f"新人{login}", party_member=False))
        await give_post(work, member.id, GivePost(unit_code=unit_code, role=role, valid_from=date(2024, 1, 1)))
        await add_account(work, member.id, login, PASSWORD)
    return str(member.id)


async def post(desk: Desk, login: str | None, address: str, **body: Any) -> Any:
    """Post a body as somebody; return the answer."""
    return await desk.client.post(address, json=body, headers=await desk.as_(login) if login else {})


async def get(desk: Desk, login: str | None, address: str) -> Any:
    """Read an address as somebody; return what it tells."""
    answer = await desk.client.get(address, headers=await desk.as_(login) if login else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(answer: Any, status: int, code: str | None = None) -> Any:
    """Return the body of an answer that must have this status, and this code where it is a problem."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.get("code") == code, answer.text
    return body
