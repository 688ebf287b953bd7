"""Creating a member with a post and an account in one transaction."""

from pydantic import BaseModel, ValidationError

from daguanjia.loading import opened
from services.identity.actions import add_account
from services.identity.closing import administrators, administrators_one_at_a_time
from services.identity.commands import Login
from services.organization.actions import add_member, give_post
from services.organization.commands import AddMember, GivePost, Role
from services.platform.actor import SYSTEM
from services.platform.errors import Conflict, Fault, Invalid
from services.platform.settings import settings
from services.platform.text import Code, ShortText
from services.platform.unit_of_work import Work, unit_of_work


class Hired(BaseModel):
    """Who to create."""

    login: str
    name: str
    role: str
    unit_code: str
    party_member: bool


class _Checked(BaseModel):
    login: Login
    name: ShortText
    role: Role
    unit_code: Code
    party_member: bool


async def hire(person: Hired, password: str) -> str:
    """Create the member, the post and the account; return the role given. Raises a problem naming what is wrong; nothing is done then."""
    checked = _checked(person)
    async with opened(), unit_of_work(SYSTEM) as work:
        return await _hire(work, checked, password)


async def hire_first_administrator(login: str, name: str, password: str) -> str:
    """Create the first administrator, at the root of the jurisdiction; return the unit's code.

    Raises Conflict ``account.administrator_there`` where somebody can sign in as one. Of two at once, one is the first.
    """
    checked = _checked(Hired(login=login, name=name, role="administrator", unit_code=settings().jurisdiction, party_member=False))
    async with opened(), unit_of_work(SYSTEM) as work:
        await administrators_one_at_a_time(work)
        if await administrators(work):
            raise Conflict(
                "account.administrator_there", "There is an administrator already, who can add others; or use `daguanjia create-account`."
            )
        await _hire(work, checked, password)
        return checked.unit_code


def _checked(person: Hired) -> _Checked:
    try:
        return _Checked.model_validate(person.model_dump())
    except ValidationError as error:
        faults = [Fault("--" + str(found["loc"][0]).replace("unit_code", "unit"), str(found["msg"])) for found in error.errors()]
        raise Invalid("account.wrong", "The account cannot be created.", errors=faults) from None


async def _hire(work: Work, checked: _Checked, password: str) -> str:
    member = await add_member(work, AddMember(name=checked.name, party_member=checked.party_member))
    post = await give_post(work, member.id, GivePost(unit_code=checked.unit_code, role=checked.role))
    await add_account(work, member.id, checked.login, password)
    return post.role
