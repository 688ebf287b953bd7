"""Signing in for a door that issues no tokens itself: the token the intake door would have given."""

from sqlalchemy import select

from services.identity.models import Account
from services.identity.tokens import write_token
from services.platform import clock
from services.platform.database import database


async def signed_in_as(login: str) -> dict[str, str]:
    """Return the headers of somebody who signed in as `login`."""
    async with database().transaction() as session:
        account = (await session.execute(select(Account.id, Account.session_epoch).where(Account.login == login))).one()
    token, _ends = write_token(account.id, account.session_epoch, clock.now(), 60)
    return {"Authorization": f"Bearer {token}"}
