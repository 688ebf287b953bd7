"""Reading help items: of one's area, of the households one is paired with, those one helps with, and one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import aliased

from services.assistance.entries import Standing, standing_of
from services.assistance.help_views import (
    CONFIRMATION_NAMES,
    FUNDING_NAMES,
    HELP_KIND_NAMES,
    OUTCOME_NAMES,
    STEP_NAMES,
    UNCONFIRMED_NAMES,
    HelpClosingView,
    HelpItemDetail,
    HelpItemView,
    HelpMoney,
    HelpStepView,
)
from services.assistance.models import HelpClosing, HelpHelper, HelpItem, HelpStep
from services.assistance.places import files_beside, looked_after_by, within
from services.assistance.rules import Deed, Money, funding_of, money_of
from services.households.models import Household
from services.organization.models import Member, Unit
from services.organization.queries import unit_tree
from services.pairing.views import Home, Who
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.errors import NotFound
from services.platform.papers import SealedPaper, read_paper
from services.platform.phones import masked_name
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class WantedHelp:
    """Which items to list; everything given must hold."""

    under: str | None = None
    household_id: UUID | None = None
    state: str = "open"
    mine: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Item:
    """An item as decisions see it. No `repr`: what is sealed cannot slip into a log."""

    id: UUID
    unit_id: UUID
    started_on: date
    closed_on: date | None
    paper_id: UUID
    row_key: bytes | None
    sealed: bytes | None
    helper_ids: frozenset[UUID]


def helps_now(work: Work) -> ColumnElement[bool]:
    """Return the condition, over items, that whoever asks helps with one."""
    theirs = (HelpHelper.item_id == HelpItem.id, HelpHelper.member_id == work.actor.member_id, HelpHelper.ended_at.is_(None))
    return exists(select(HelpHelper.id).where(*theirs))


def visible_items(work: Work) -> ColumnElement[bool]:
    """Return the condition, over items joined to the unit of their place, that whoever asks may know of one."""
    parts = [within(work.actor, "help.read"), HelpItem.recorded_by_account_id == work.actor.account_id, helps_now(work)]
    return or_(*parts, looked_after_by(work.actor, local_day(work.now), HelpItem.household_id))


async def find_item(work: Work, item_id: UUID) -> Item:
    """Return an item one may know of; raise 404 ``help.unknown``."""
    columns = (HelpItem.id, HelpItem.unit_id, HelpItem.started_on, HelpItem.paper_id, SealedPaper.row_key, SealedPaper.sealed)
    query = (
        select(*columns, HelpClosing.closed_on)
        .join(Unit, Unit.id == HelpItem.unit_id)
        .join(SealedPaper, SealedPaper.id == HelpItem.paper_id)
        .outerjoin(HelpClosing, HelpClosing.item_id == HelpItem.id)
    )
    row = (await work.session.execute(query.where(HelpItem.id == item_id, visible_items(work)))).one_or_none()
    if row is None:
        raise NotFound("help.unknown", "There is no help item with this id, or none that you may know of.")
    now = select(HelpHelper.member_id).where(HelpHelper.item_id == item_id, HelpHelper.ended_at.is_(None))
    return Item(**row._asdict(), helper_ids=frozenset(await work.session.scalars(now)))


async def deeds_of(work: Work, item_id: UUID) -> dict[UUID, Deed]:
    """Return the steps of an item that stand, with their money as the ledger has it now."""
    rows = list(await work.session.scalars(select(HelpStep).where(HelpStep.item_id == item_id)))
    standing = await standing_of(work, [row.id for row in rows])
    return {row.id: _deed(row, standing.get(row.id)) for row in rows if _stands(row, standing)}


async def list_items(work: Work, wanted: WantedHelp, after: UUID | None, limit: int) -> list[HelpItemView]:
    """Return up to `limit` items after the id `after`, in order of their ids."""
    query = _query().where(visible_items(work)).order_by(HelpItem.id).limit(limit)
    if wanted.under is not None:
        query = query.where(Unit.path.startswith(wanted.under, autoescape=True))
    if wanted.household_id is not None:
        query = query.where(HelpItem.household_id == wanted.household_id)
    if wanted.state != "all":
        query = query.where(HelpClosing.item_id.is_(None) if wanted.state == "open" else HelpClosing.item_id.is_not(None))
    if wanted.mine:
        query = query.where(or_(helps_now(work), HelpItem.recorded_by_account_id == work.actor.account_id))
    if after is not None:
        query = query.where(HelpItem.id > after)
    rows = (await work.session.execute(query)).all()
    helpers = await _helpers(work, [row.HelpItem.id for row in rows])
    tree = await unit_tree(work.session)
    return [HelpItemView(**_shown(row, tree.by_id[row.home_unit_id].code, helpers)) for row in rows]


async def read_item(work: Work, item_id: UUID) -> HelpItemDetail:
    """Return one item with all that was done for it; raise 404 ``help.unknown``."""
    row = (await work.session.execute(_query().where(HelpItem.id == item_id, visible_items(work)))).one_or_none()
    if row is None:
        raise NotFound("help.unknown", "There is no help item with this id, or none that you may know of.")
    steps = (
        await work.session.execute(select(HelpStep).where(HelpStep.item_id == item_id).order_by(HelpStep.happened_on, HelpStep.id))
    ).scalars()
    rows = list(steps)
    standing = await standing_of(work, [step.id for step in rows])
    papers = await _papers(work, row, rows, standing)
    said = papers.get(row.HelpItem.paper_id) or {}
    money = money_of(_deed(step, standing.get(step.id)) for step in rows if _stands(step, standing))
    tree, helpers = await unit_tree(work.session), await _helpers(work, [item_id])
    files = await files_beside(work, [step.id for step in rows])
    return HelpItemDetail(
        **_shown(row, tree.by_id[row.home_unit_id].code, helpers),
        goal=said.get("goal"),
        persons=len(said["persons"]) if said.get("persons") else None,
        people=said.get("people"),
        money=_money(row.HelpItem.needed_fen, money),
        steps=[_step(step, standing, papers, files.get(step.id, [])) for step in rows],
        closing=_closing(row.HelpClosing, papers) if row.HelpClosing else None,
    )


def _query() -> Select[Any]:
    home = aliased(SealedPaper)
    found: Any = (
        select(HelpItem, HelpClosing, Household.unit_id.label("home_unit_id"), Household.paper_id, home.row_key, home.sealed)
        .join(Unit, Unit.id == HelpItem.unit_id)
        .join(Household, Household.id == HelpItem.household_id)
        .join(home, home.id == Household.paper_id)
        .outerjoin(HelpClosing, HelpClosing.item_id == HelpItem.id)
    )
    return found  # type: ignore[no-any-return]  # a query of several columns


def _shown(row: Any, unit: str, helpers: dict[UUID, list[Who]]) -> dict[str, Any]:
    item: HelpItem = row.HelpItem
    closing: HelpClosing | None = row.HelpClosing
    clear = read_paper(row.paper_id, row.row_key, row.sealed) or {}
    head = clear.get("head")
    home = Home(id=item.household_id, unit=unit, number=clear.get("number"), head=masked_name(head) if head else None)
    same = ("id", "kind", "started_on", "due_on", "follows_id", "recorded_at")
    return {
        **{name: getattr(item, name) for name in same}, "household": home, "kind_name": HELP_KIND_NAMES[item.kind],
        "state": "closed" if closing else "open", "helpers": helpers.get(item.id, []),
        "outcome": closing.outcome if closing else None, "closed_on": closing.closed_on if closing else None,
    }  # fmt: skip


async def _helpers(work: Work, item_ids: Sequence[UUID]) -> dict[UUID, list[Who]]:
    columns = (HelpHelper.item_id, Member.id, Member.name, Member.staff_number)
    query = select(*columns).join(Member, Member.id == HelpHelper.member_id)
    found: dict[UUID, list[Who]] = {}
    for row in await work.session.execute(
        query.where(one_of(HelpHelper.item_id, item_ids), HelpHelper.ended_at.is_(None)).order_by(HelpHelper.since, HelpHelper.id)
    ):
        found.setdefault(row.item_id, []).append(Who(id=row.id, name=row.name, staff_number=row.staff_number))
    return found


def _stands(step: HelpStep, standing: dict[UUID, Standing]) -> bool:
    """Tell whether a step counts: not withdrawn here, nor its entry at the ledger's own door. Goods on their way have no entry."""
    in_ledger = step.amount_fen is not None or step.kind in ("given", "handed_over")
    return step.withdrawn_at is None and (step.id in standing or not in_ledger)


def _deed(step: HelpStep, entry: Standing | None) -> Deed:
    money = entry.amount if entry is not None and step.amount_fen is not None else step.amount_fen
    return Deed(step.kind, entry.happened_on if entry else step.happened_on, money)


async def _papers(work: Work, row: Any, steps: Sequence[HelpStep], standing: dict[UUID, Standing]) -> dict[UUID, dict[str, Any]]:
    """Return what the papers of an item say; of a step the words of its entry in the ledger, where it has one."""
    ids = {row.HelpItem.paper_id, *(step.paper_id for step in steps), *(entry.paper_id for entry in standing.values())}
    ids |= {row.HelpClosing.paper_id} if row.HelpClosing else set()
    query = select(SealedPaper.id, SealedPaper.row_key, SealedPaper.sealed).where(one_of(SealedPaper.id, [one for one in ids if one]))
    return {one.id: read_paper(one.id, one.row_key, one.sealed) or {} for one in await work.session.execute(query)}


def _money(needed: int | None, money: Money) -> HelpMoney:
    funding = funding_of(needed, money)
    return HelpMoney(
        needed_fen=needed, pledged_fen=money.pledged, received_fen=money.received, handed_over_fen=money.handed_over, left_fen=money.left,
        funding=funding, funding_name=FUNDING_NAMES[funding],
    )  # fmt: skip


def _step(step: HelpStep, standing: dict[UUID, Standing], papers: dict[UUID, dict[str, Any]], files: list[UUID]) -> HelpStepView:
    entry = standing.get(step.id)
    paper_id = entry.paper_id if entry else step.paper_id
    stands = _stands(step, standing)
    deed = _deed(step, entry)
    same = ("id", "kind", "source", "goods", "recorded_at", "withdrawn_at", "withdrawn_because")
    return HelpStepView(
        **{name: getattr(step, name) for name in same}, kind_name=STEP_NAMES[step.kind], happened_on=deed.happened_on,
        amount_fen=deed.amount_fen, words=papers[paper_id].get("words") if paper_id else None, stands=stands,
        attachment_ids=files,
    )  # fmt: skip


def _closing(closing: HelpClosing, papers: dict[UUID, dict[str, Any]]) -> HelpClosingView:
    said = papers.get(closing.paper_id, {}) if closing.paper_id else {}
    same = ("outcome", "closed_on", "confirmation", "attachment_id", "call_id", "unconfirmed_because", "money_left_fen", "recorded_at")
    because = closing.unconfirmed_because
    named = CONFIRMATION_NAMES[closing.confirmation] if closing.confirmation else f"未确认：{UNCONFIRMED_NAMES[because or 'absent']}"
    return HelpClosingView(
        **{name: getattr(closing, name) for name in same}, outcome_name=OUTCOME_NAMES[closing.outcome], confirmation_name=named,
        words=said.get("words"), money_left=said.get("money_left"),
    )  # fmt: skip
