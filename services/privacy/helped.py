"""What help items keep of a household: goals, words of deeds and ends, whose WeChat confirmed them, files. Found by its telephone."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.activities.models import Activity
from services.assistance.models import HelpClosing, HelpCode, HelpItem, HelpStep
from services.attachments.models import AttachmentLink
from services.households.models import Household
from services.platform.bulk import one_of
from services.platform.papers import SealedPaper, erase_papers
from services.platform.unit_of_work import Work
from services.privacy.loose import forget_linked


async def forget_help(work: Work, phone: bytes) -> int:
    """Erase what is kept of help for the households under a telephone, given its index; return how many items there were.

    That somebody was helped, when, by whom and with how much stays, without a word and a picture of it: the ledger's figures count it.
    """
    homes = select(Household.id).join(SealedPaper, SealedPaper.id == Household.paper_id).where(SealedPaper.phone_index == phone)
    items = list(await work.session.scalars(select(HelpItem.id).where(HelpItem.household_id.in_(homes))))
    steps = (await work.session.execute(select(HelpStep.id, HelpStep.help_activity_id).where(one_of(HelpStep.item_id, items)))).all()
    deeds = [one for row in steps for one in (row.id, row.help_activity_id) if one is not None]
    queries: tuple[Any, ...] = (
        select(HelpItem.paper_id).where(one_of(HelpItem.id, items)),
        select(HelpStep.paper_id).where(one_of(HelpStep.item_id, items)),
        select(HelpClosing.paper_id).where(one_of(HelpClosing.item_id, items)),
        select(HelpCode.paper_id).where(one_of(HelpCode.item_id, items)),
        select(HelpCode.confirmed_paper_id).where(one_of(HelpCode.item_id, items)),
        select(Activity.paper_id).where(one_of(Activity.id, deeds)),
        select(Activity.paper_id).where(one_of(Activity.corrects_id, deeds)),
    )
    papers = {one for query in queries for one in await work.session.scalars(query) if one is not None}
    subjects: list[UUID] = [*items, *(row.id for row in steps)]
    await forget_linked(work, one_of(AttachmentLink.subject_id, subjects))
    await erase_papers(work.session, one_of(SealedPaper.id, papers))
    return len(items)
