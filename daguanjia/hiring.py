"""Creating a member with a post and an account in one transaction."""

from pydantic import BaseModel, ValidationError

from daguanjia.loading import opened
from services.identity.actions import add_account
from services.identity.commands import Login
from services.organization.actions import add_member, give_post
from services.organization.commands import AddMember, GivePost, Role
from services.platform.actor import SYSTEM
from services.platform.errors import Fault, Invalid
from services.platform.text import Code, ShortText
from services.platform.unit_of_work import unit_of_work


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
    try:
        checked = _Checked.model_validate(person.model_dump())
    except ValidationError as error:
        faults = [Fault("--" + str(found["loc"][0]).replace("unit_code", "unit"), str(found["msg"])) for found in error.errors()]
        raise Invalid("account.wrong", "The account cannot be created.", errors=faults) from None
    async with opened(), unit_of_work(SYSTEM) as work:
        member = await add_member(work, AddMember(name=checked.name, party_member=checked.party_member))
        post = await give_post(work, member.id, GivePost(unit_code=checked.unit_code, role=checked.role))
        await add_account(work, member.id, checked.login, password)
        return post.role
