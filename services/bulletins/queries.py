"""Reading bulletins: what somebody may see of them. Drafts are seen by those who may draft, published ones by whoever reads reports."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, false, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.bulletins.document import Document, read_document
from services.bulletins.models import Bulletin, BulletinDraft
from services.bulletins.own_lint import lint_own
from services.bulletins.periods import BulletinPeriod, Kind
from services.bulletins.views import BulletinDetail, BulletinView
from services.identity.permissions import may, scope_of
from services.organization.models import Unit
from services.platform.errors import NotFound
from services.platform.unit_of_work import Work
from services.reports.views import UnitName

Place = tuple[date, UUID]
Found = Row[Any]
_LATER, _CORRECTED = aliased(Bulletin), aliased(Bulletin)


async def list_bulletins(
    work: Work, *, unit: str | None, kind: Kind | None, after: Place | None, limit: int
) -> tuple[list[BulletinView], Place | None]:
    """Return a page of the bulletins the actor may see, those of the latest period first, and where the next goes on."""
    query = _all().where(_visible(work)).order_by(BulletinDraft.first.desc(), BulletinDraft.id.desc()).limit(limit + 1)
    if unit:
        query = query.where(Unit.code == unit)
    if kind:
        query = query.where(BulletinDraft.kind == kind)
    if after is not None:
        query = query.where(tuple_(BulletinDraft.first, BulletinDraft.id) < tuple_(*after))
    rows = (await work.session.execute(query)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return [_view(row) for row in rows[:limit]], (last.BulletinDraft.first, last.BulletinDraft.id) if last is not None else None


async def list_public(session: AsyncSession, limit: int) -> list[BulletinView]:
    """Return the newest bulletins that everybody may read."""
    query = _all().where(Bulletin.public).order_by(BulletinDraft.first.desc(), BulletinDraft.id.desc()).limit(limit)
    return [_view(row) for row in await session.execute(query)]


async def find_bulletin(work: Work, bulletin_id: UUID) -> Found:
    """Return a bulletin the actor may see, with its draft; raise NotFound ``bulletin.unknown``."""
    row = (await work.session.execute(_all().where(BulletinDraft.id == bulletin_id, _visible(work)))).one_or_none()
    if row is None:
        raise unknown()
    return row


async def find_public(session: AsyncSession, number: str) -> Found:
    """Return the published bulletin of a number, if everybody may read it; raise NotFound ``bulletin.unknown``."""
    row = (await session.execute(_all().where(Bulletin.number == number, Bulletin.public))).one_or_none()
    if row is None:
        raise unknown()
    return row


def view_of(row: Found) -> BulletinView:
    """Return a bulletin without its document."""
    return _view(row)


def detail_of(row: Found) -> BulletinDetail:
    """Return a bulletin with its document and what the lint finds in it."""
    document = document_of(row)
    told = _view(row).model_dump()
    return BulletinDetail(**told, document=document.model_dump(mode="json"), findings=lint_own(document))


def content_of(row: Found) -> bytes:
    """Return the canonical bytes: what was published, else what the draft says now."""
    content: bytes = row.Bulletin.document if row.Bulletin else row.BulletinDraft.document
    return content


def document_of(row: Found) -> Document:
    """Return the document: what was published, else what the draft says now."""
    return read_document(content_of(row))


def period_of_row(row: Found) -> BulletinPeriod:
    """Return the period a bulletin is about."""
    draft: BulletinDraft = row.BulletinDraft
    return BulletinPeriod(draft.kind, draft.first, draft.last)  # type: ignore[arg-type]  # the database allows these kinds only


def unknown() -> NotFound:
    """Return the problem of a bulletin that does not exist for this person."""
    return NotFound("bulletin.unknown", "There is no bulletin with this id or number that you may read; see GET /v1/bulletins.")


def _all() -> Select[*tuple[Any, ...]]:
    return (
        select(
            BulletinDraft,
            Bulletin,
            Unit.code.label("unit_code"),
            Unit.name.label("unit_name"),
            _CORRECTED.number.label("corrects"),
            _LATER.number.label("corrected_by"),
        )
        .join(Unit, Unit.id == BulletinDraft.unit_id)
        .outerjoin(Bulletin, Bulletin.id == BulletinDraft.id)
        .outerjoin(_CORRECTED, _CORRECTED.id == BulletinDraft.corrects_id)
        .outerjoin(_LATER, _LATER.corrects_id == BulletinDraft.id)
    )


def _visible(work: Work) -> ColumnElement[bool]:
    """Return the condition: the whole area lies within the actor's, and it is published unless the actor may draft."""
    scope = scope_of(work.actor)
    inside = true() if scope.everything else or_(false(), *(Unit.path.startswith(area, autoescape=True) for area in scope.prefixes))
    return inside if may(work.actor, "bulletin.draft") else inside & Bulletin.id.is_not(None)


def _view(row: Found) -> BulletinView:
    draft, published = row.BulletinDraft, row.Bulletin
    period = period_of_row(row)
    number = f"{row.unit_code}-{period.code}" + (f"-v{draft.edition}" if draft.edition > 1 else "")
    title = f"{row.unit_name}大管家群众诉求办理情况通报（{period.label}{'·更正' if draft.corrects_id else ''}）"
    return BulletinView(
        id=draft.id,
        number=published.number if published else number,
        title=title,
        unit=UnitName(code=row.unit_code, name=row.unit_name),
        kind=period.kind,
        period=period.code,
        first=draft.first,
        last=draft.last,
        edition=draft.edition,
        state=_state(row),
        public=bool(published and published.public),
        version=draft.version,
        hash=(published or draft).hash.hex(),
        made_at=draft.made_at,
        changed_at=draft.changed_at,
        published_at=published.published_at if published else None,
        corrects=row.corrects,
        corrected_by=row.corrected_by,
        reason=draft.reason,
    )


def _state(row: Found) -> Any:
    return "draft" if row.Bulletin is None else "corrected" if row.corrected_by else "published"
