"""Telling whoever said an opinion what it was answered, besides by word of mouth: by message to their telephone, where they left one.

It is queued in the transaction that writes the answer down, once for each; `services/notifications/opinion_answers.py` sends it.
"""

from typing import Any
from uuid import UUID

from services.platform.bulk import insert_many
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import Work
from services.visits.opinions_codes import told_at
from services.visits.opinions_models import OpinionAnswer

PAPER = "opinion_answer"


async def tell(work: Work, opinion: Any, outcome_id: UUID) -> None:
    """Have the answer sent to whoever said it; where no telephone is known nothing is sent: they were told at the door."""
    number = await told_at(work, opinion)
    if number is None:
        return
    paper = seal_paper(PAPER, {"phone": number}, work.now, phone=number)
    await insert_many(work.session, SealedPaper, [paper])
    row = {"outcome_id": outcome_id, "paper_id": paper["id"], "state": "queued", "next_try_at": work.now}
    await insert_many(work.session, OpinionAnswer, [row])
