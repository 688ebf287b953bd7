"""Who did the work on a matter, and so neither strikes it off nor decides on what is said against it. The database holds it, too.

Whoever reported a sub-task or the whole complete, follows or followed, or has a post in the lead unit: as a person, whatever account or key
it was done with.
"""

from typing import Any

from sqlalchemy import Select, or_, select, union_all

from services.identity.models import Account
from services.identity.persons import is_same_person
from services.matters.models import Matter, MatterFollower
from services.matters.striking_models import MatterCompletion
from services.matters.work_models import MatterTask, TaskReport
from services.organization.models import Post, Unit
from services.platform.clock import local_day
from services.platform.errors import Forbidden
from services.platform.unit_of_work import Work


async def require_another(work: Work, matter: Matter) -> None:
    """Raise Forbidden ``matter.own_work`` for whoever did the work."""
    doers = union_all(
        select(TaskReport.done_by_account_id)
        .join(MatterTask, MatterTask.id == TaskReport.task_id)
        .where(MatterTask.matter_id == matter.id),
        select(MatterCompletion.recorded_by_account_id).where(MatterCompletion.matter_id == matter.id),
        select(Account.id).join(MatterFollower, MatterFollower.member_id == Account.member_id).where(MatterFollower.matter_id == matter.id),
        _of_the_lead(work, matter),
    )
    found = set(await work.session.scalars(doers))
    if await is_same_person(work.session, work.actor.account_id, *found):
        raise Forbidden(
            "matter.own_work",
            "Whoever reported the work, follows the matter or belongs to its lead unit neither strikes it off nor decides on objections"
            " and reasons; ask somebody else.",
        )


def _of_the_lead(work: Work, matter: Matter) -> Select[Any]:
    """Accounts of those with a post in the lead unit today; of the root, which everybody belongs to, none."""
    day = local_day(work.now)
    return (
        select(Account.id)
        .join(Post, Post.member_id == Account.member_id)
        .join(Unit, Unit.id == Post.unit_id)
        .where(Unit.id == matter.lead_unit_id, Unit.parent_id.is_not(None), Post.valid_from <= day)
        .where(or_(Post.valid_to.is_(None), Post.valid_to > day))
    )
