"""Hearing an opinion, and wording it anew. The first words are the villager's and stay; each later wording is laid over them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.activities.entering import Entered, enter, hold
from services.activities.models import Activity
from services.attachments.expecting import arrived_ones, expect
from services.attachments.linking import DEFAULT_ROLE, link
from services.catalogue.queries import catalogue
from services.identity.permissions import require
from services.journal.noting import note
from services.platform.bulk import insert_many
from services.platform.clock import local_day
from services.platform.errors import Conflict, Fault, Forbidden, Invalid
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, seal_paper
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work
from services.visits.models import Visit
from services.visits.opinions_access import Home, home_of, opinion_of
from services.visits.opinions_commands import HearOpinion, RewordOpinion
from services.visits.opinions_models import Opinion, OpinionWording
from services.visits.opinions_rules import words_hash

CONTACT_PAPER = "opinion_contact"
WORDS_PAPER = "opinion_wording"
SUBJECT = "activity"
"""What an opinion is the journal of: its chain is that of its entry in the ledger."""
AHEAD_AT_MOST = timedelta(minutes=5)
_TIMES = {"heard_at", "happened_at"}
VISIT_MISSING = "opinion.waits_for_visit"
"""A phone that was away may send the opinion before the visit: it waits for it."""


async def hear(work: Work, said: HearOpinion) -> bool:
    """Write an opinion down, in the villager's words; the ledger has it under the same id. Tell whether it was there already.

    Raises 404 ``household.unknown`` and ``category.unknown``, 409 ``opinion.id_taken``, ``opinion.waits_for_visit``,
    ``opinion.other_household``, ``opinion.visit_completed``, ``opinion.nobody_met``, 422 ``opinion.time_impossible`` and what linking
    files raises. Nothing is written then.
    """
    home = await home_of(work, said.household_id, "opinion.record", local_day(said.heard_at))
    await hold(work, [said.opinion_id])
    mark = marked(work, said)
    there = await work.session.scalar(select(Opinion.fingerprint).where(Opinion.id == said.opinion_id))
    if there is not None:
        return _same(there, mark)
    heard_at = possible(said.heard_at, work.now, "/heard_at")
    await _require_category(work, said.category)
    visit = await _visit(work, said) if said.visit_id else None
    member_id = visit.member_id if visit else work.actor.member_id
    assert member_id is not None, "only members hold the posts that may"
    await enter(work, [_entry(said, home, member_id, heard_at)])
    paper_id = await work.session.scalar(select(Activity.paper_id).where(Activity.id == said.opinion_id))
    row = _row(work, said, home, member_id, heard_at, mark)
    if said.told_by is not None and (said.told_by.name or said.told_by.phone):
        contact = seal_paper(CONTACT_PAPER, said.told_by.model_dump(), work.now, phone=said.told_by.phone)
        await insert_many(work.session, SealedPaper, [contact])
        row["contact_paper_id"] = contact["id"]
    await insert_many(work.session, Opinion, [row])
    first = {"sequence": 1, "words_hash": words_hash(said.words), "because": None, "paper_id": paper_id}
    await insert_many(work.session, OpinionWording, [_wording(work, new_id(), said.opinion_id, first, heard_at, mark)])
    await _files(work, said)
    return False


async def reword(work: Work, opinion_id: UUID, said: RewordOpinion) -> bool:
    """Lay another wording over an opinion; tell whether it was there already. What was confirmed before is void from now on.

    By whoever heard it, or wrote it down: nobody else in the chain rewrites what a villager said. Raises 404 ``opinion.unknown``,
    403 ``opinion.not_heard_by_you``, 409 ``opinion.id_taken``, ``opinion.withdrawn``, ``opinion.same_words``,
    422 ``opinion.time_impossible``.
    """
    row = await opinion_of(work, opinion_id, "opinion.record", locked=True)
    if work.actor.account_id != row.recorded_by_account_id and work.actor.member_id != row.member_id:
        raise Forbidden("opinion.not_heard_by_you", "Only who heard an opinion words it anew; the villager's own words stay as they are.")
    mark = marked(work, said)
    there = await work.session.scalar(select(OpinionWording.fingerprint).where(OpinionWording.id == said.wording_id))
    if there is not None:
        return _same(there, mark)
    require_standing(row)
    happened_at = possible(said.happened_at, work.now, "/happened_at")
    present = await newest(work, opinion_id)
    hashed = words_hash(said.words)
    if hashed == present.words_hash:
        raise Conflict("opinion.same_words", "These are the words in force already; nothing was changed.")
    paper = seal_paper(WORDS_PAPER, {"words": said.words}, work.now)
    await insert_many(work.session, SealedPaper, [paper])
    more = {"sequence": present.sequence + 1, "words_hash": hashed, "because": said.because, "paper_id": paper["id"]}
    await insert_many(work.session, OpinionWording, [_wording(work, said.wording_id, opinion_id, more, happened_at, mark)])
    data = {"sequence": more["sequence"], "because": said.because, "words_hash": hashed.hex()}
    await note(work, SUBJECT, opinion_id, "opinion.reworded", data)
    return False


async def newest(work: Work, opinion_id: UUID) -> Any:
    """Return sequence, hash and paper of the words in force."""
    query = select(OpinionWording.sequence, OpinionWording.words_hash, OpinionWording.paper_id)
    return (
        await work.session.execute(query.where(OpinionWording.opinion_id == opinion_id).order_by(OpinionWording.sequence.desc()).limit(1))
    ).one()


def marked(work: Work, said: Any) -> bytes:
    """Return the keyed fingerprint of what somebody sent: tells a repeat from something else under the same id.

    Times aside: those of a phone whose clock is wrong are put right anew each time.
    """
    return blind_index("opinion", f"{work.actor.account_id}:{said.model_dump_json(exclude=_TIMES)}")


def possible(stated: datetime, now: datetime, pointer: str) -> datetime:
    """Return when something happened; raise Invalid for a time to come. A clock may run ahead a little."""
    if stated > now + AHEAD_AT_MOST:
        raise Invalid(
            "opinion.time_impossible", "Correct the time: it has not come yet.", errors=[Fault(pointer, "must not be in the future")]
        )
    return min(stated, now)


def require_standing(row: Any) -> None:
    """Raise Conflict ``opinion.withdrawn`` for an opinion that was taken out of the ledger."""
    if row.withdrawn_at is not None:
        raise Conflict("opinion.withdrawn", "This opinion was withdrawn from the ledger; record what was really said as another one.")


def _same(there: bytes, mark: bytes) -> bool:
    if there != mark:
        raise Conflict("opinion.id_taken", "Something else was sent under this id; make a new one.")
    return True


async def _require_category(work: Work, code: str | None) -> None:
    if code is None:
        return
    require(work.actor, "category.read")
    policy = (await catalogue(work.session)).category(code)
    if policy is None or not (policy.leaf and policy.active):
        raise Invalid("category.unknown", "There is no such category in force; see GET /v1/categories, or leave it out.",
                      errors=[Fault("/category", "is no category in force")])  # fmt: skip


async def _visit(work: Work, said: HearOpinion) -> Any:
    """Return the visit an opinion was heard at: of the same household, where somebody was met, and not completed yet."""
    columns = (Visit.household_id, Visit.member_id, Visit.outcome, Visit.completed_at)
    query = select(*columns).where(Visit.id == said.visit_id).with_for_update(of=Visit, key_share=True)
    visit = (await work.session.execute(query)).one_or_none()
    if visit is None:
        raise Conflict(
            VISIT_MISSING, "The visit it was heard at is not here yet: send that too.", errors=[Fault("/visit_id", "is no visit")]
        )
    if visit.household_id != said.household_id:
        raise Conflict("opinion.other_household", "That visit was to another household.", errors=[Fault("/visit_id", "is of another one")])
    if visit.outcome != "met":
        raise Conflict("opinion.nobody_met", "Nobody was met at that visit; leave `visit_id` out, or correct the visit.")
    if visit.completed_at is not None:
        detail = "That visit is completed; record what was told since without `visit_id`: it is kept beside it."
        raise Conflict("opinion.visit_completed", detail)
    return visit


def _entry(said: HearOpinion, home: Home, member_id: UUID, heard_at: datetime) -> Entered:
    return Entered(
        said.opinion_id, "opinion", home.unit.id, member_id, local_day(heard_at), by_unit_id=home.seat.unit_id if home.seat else None,
        household=home.reference, within_id=said.visit_id, words=said.words,
    )  # fmt: skip


def _row(work: Work, said: HearOpinion, home: Home, member_id: UUID, heard_at: datetime, mark: bytes) -> dict[str, Any]:
    return {
        "id": said.opinion_id, "visit_id": said.visit_id, "household_id": home.id, "unit_id": home.unit.id, "member_id": member_id,
        "category_code": said.category, "wants_answer": said.wants_answer, "contact_paper_id": None, "heard_at": heard_at,
        "fingerprint": mark, "recorded_at": work.now, "recorded_by_account_id": work.actor.account_id,
    }  # fmt: skip


def _wording(work: Work, wording_id: UUID, opinion_id: UUID, more: Mapping[str, Any], at: datetime, mark: bytes) -> dict[str, Any]:
    return {
        "id": wording_id, "opinion_id": opinion_id, **more, "fingerprint": mark, "happened_at": at, "recorded_at": work.now,
        "author_account_id": work.actor.account_id,
    }  # fmt: skip


async def _files(work: Work, said: HearOpinion) -> None:
    """Tie what was photographed or recorded at the door to the opinion, now or when the phone has sent it."""
    here = await arrived_ones(work, said.upload_ids)
    await link(work, list(dict.fromkeys([*said.attachment_ids, *here.values()])), "opinion", said.opinion_id)
    to_come = [upload_id for upload_id in said.upload_ids if upload_id not in here]
    await expect(work, dict.fromkeys(to_come, DEFAULT_ROLE), "opinion", said.opinion_id)
