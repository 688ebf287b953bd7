"""Making, changing, publishing and correcting bulletins. Figures are collected beforehand, in one snapshot; here they are kept."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.bulletins.building import EditorsWords, build
from services.bulletins.commands import PutWords
from services.bulletins.differences import changes
from services.bulletins.document import Correction, Document, hash_of, read_document
from services.bulletins.figures import FrozenFigures
from services.bulletins.lint_forms import Finding
from services.bulletins.models import Bulletin, BulletinDraft
from services.bulletins.own_lint import lint_own
from services.bulletins.periods import BulletinPeriod
from services.bulletins.queries import find_bulletin, unknown
from services.bulletins.thawing import thawed
from services.identity.persons import is_same_person
from services.journal.models import Event
from services.journal.noting import note
from services.organization.models import Unit
from services.platform.clock import day_end
from services.platform.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

_PUBLIC_TIERS = ("city", "county")


@dataclass(frozen=True)
class Made:
    """A draft that was made, and the event that says so."""

    id: UUID
    number: str
    event_id: UUID


def require_over(work: Work, period: BulletinPeriod) -> None:
    """Raise Invalid ``bulletin.period_open`` unless every day of the period is over."""
    if work.now < day_end(period.last):
        raise Invalid("bulletin.period_open", "This period is not over yet; its bulletin can be drafted from the day after.")


async def make_draft(work: Work, figures: FrozenFigures) -> Made | None:
    """Keep a first draft of these figures; None where there is one of this area and period already, whoever made it."""
    require_over(work, figures.period)
    unit_id = await work.session.scalar(select(Unit.id).where(Unit.code == figures.unit))
    assert unit_id is not None
    return await _insert(work, unit_id, figures, build(figures), edition=1)


async def begin_correction(work: Work, bulletin_id: UUID, reason: str, figures: FrozenFigures) -> Made:
    """Draft the correction of a published bulletin: the figures of today, and what of the printed ones they change.

    Raises Conflict ``bulletin.not_published``, and ``bulletin.corrected`` where a correction is drafted or published already.
    """
    row = await find_bulletin(work, bulletin_id)
    if row.Bulletin is None:
        raise Conflict("bulletin.not_published", "Only a published bulletin is corrected; change the draft itself.")
    correction = _correction(row.Bulletin, reason, figures)
    document = build(figures, EditorsWords(), edition=row.Bulletin.edition + 1, correction=correction)
    made = await _insert(
        work, row.Bulletin.unit_id, figures, document, edition=row.Bulletin.edition + 1, corrects_id=bulletin_id, reason=reason
    )
    if made is None:
        raise Conflict("bulletin.corrected", "A correction of this bulletin is drafted or published already; see GET /v1/bulletins.")
    return made


async def count_again(work: Work, bulletin_id: UUID, version: int | None, figures: FrozenFigures) -> None:
    """Replace the figures of a draft by those of now; its words stay."""
    draft = await _locked(work, bulletin_id, version)
    corrected = await _corrected(work, draft)
    correction = _correction(corrected, draft.reason or "", figures) if corrected else None
    document = build(figures, _words(draft), edition=draft.edition, correction=correction)
    await _change(work, draft, document, "bulletin.counted_again", {})


async def put_words(work: Work, bulletin_id: UUID, version: int | None, command: PutWords) -> None:
    """Replace what the editor says in a draft; its figures stay as they are, to the instant."""
    draft = await _locked(work, bulletin_id, version)
    if command.reason and draft.corrects_id is None:
        raise Invalid("bulletin.no_correction", "Only a correction has a reason; leave `reason` out.")
    reason = command.reason or draft.reason
    old = read_document(draft.document)
    correction = old.correction.model_copy(update={"reason": reason}) if old.correction else None
    words = EditorsWords(command.preface, command.closing, command.remarks)
    document = build(thawed(old), words, edition=draft.edition, correction=correction)
    kept = command.model_dump(mode="json", exclude={"reason"})
    await _change(work, draft, document, "bulletin.worded", {"words": kept, "reason": reason})


async def publish(work: Work, bulletin_id: UUID, version: int | None, *, public: bool, small_cells_words: str | None = None) -> None:
    """Publish a draft exactly as it was read: from now on nobody can change it.

    Raises Conflict ``bulletin.nobody_answers`` while nobody put words to what the system drafted, Forbidden ``bulletin.four_eyes`` to
    whoever had a hand in it, Conflict ``bulletin.findings`` where the lint finds an error, with everything it found. What the public page
    would not show (docs/decisions/0022) is opened to everybody only by somebody who says why it points at nobody: else Conflict
    ``bulletin.small_cells``. What corrects a public one is public: else Conflict ``bulletin.correction_public``.
    """
    draft = await _locked(work, bulletin_id, version)
    if not draft.authors:
        detail = "The system drafted this. Somebody else first has to answer for it: PUT …/words, with or without any words."
        raise Conflict("bulletin.nobody_answers", detail)
    if await is_same_person(work.session, work.actor.account_id, *draft.authors):
        raise Forbidden("bulletin.four_eyes", "You had a hand in this draft; somebody else has to publish it.")
    document = read_document(draft.document)
    unit = (await work.session.execute(select(Unit.kind).where(Unit.id == draft.unit_id))).one()
    if public and unit.kind not in _PUBLIC_TIERS:
        raise Invalid("bulletin.not_public", "Only a county's bulletin can be opened to everybody.")
    if not public and (corrected := await _corrected(work, draft)) is not None and corrected.public:
        detail = "Everybody may read the bulletin this corrects, and is sent here from it: publish it with `public` true."
        raise Conflict("bulletin.correction_public", detail)
    findings = lint_own(document)
    _require_sound(findings)
    if public:
        _require_openable(findings, small_cells_words)
    same = ("id", "unit_id", "kind", "first", "last", "edition", "corrects_id", "document", "hash", "authors")
    row = {name: getattr(draft, name) for name in same}
    who = {"published_at": work.now, "published_by_account_id": work.actor.account_id}
    await work.session.execute(insert(Bulletin).values(**row, **who, number=document.number, public=public))
    told = {
        "number": document.number,
        "hash": draft.hash.hex(),
        "public": public,
        "small_cells_words": small_cells_words if public else None,
        "corrects": document.correction and document.correction.of,
    }
    await note(work, "bulletin", bulletin_id, "bulletin.published", told)


async def _insert(
    work: Work,
    unit_id: UUID,
    figures: FrozenFigures,
    document: Document,
    edition: int,
    corrects_id: UUID | None = None,
    reason: str | None = None,
) -> Made | None:
    content, draft_id = document.content(), new_id()
    row = {
        "id": draft_id,
        "unit_id": unit_id,
        "kind": figures.period.kind,
        "first": figures.period.first,
        "last": figures.period.last,
        "edition": edition,
        "decimals": figures.decimals,
        "corrects_id": corrects_id,
        "reason": reason,
        "words": PutWords().model_dump(mode="json", exclude={"reason"}),
        "document": content,
        "hash": hash_of(content),
        "version": 1,
        "authors": [work.actor.account_id] if work.actor.account_id else [],
        "made_at": work.now,
        "changed_at": work.now,
    }
    written = await work.session.scalar(insert(BulletinDraft).values(row).on_conflict_do_nothing().returning(BulletinDraft.id))
    if written is None:
        return None
    told = {"number": document.number, "hash": hash_of(content).hex(), "corrects": document.correction and document.correction.of}
    await note(work, "bulletin", draft_id, "bulletin.drafted", told)
    event_id = await work.session.scalar(select(Event.id).where(Event.subject_id == draft_id, Event.seq == 1))
    assert event_id is not None
    return Made(draft_id, document.number, event_id)


async def _locked(work: Work, bulletin_id: UUID, version: int | None) -> BulletinDraft:
    """Return a draft of the actor's area, locked; raise where it is unknown, published already or was changed meanwhile."""
    row = await find_bulletin(work, bulletin_id)
    draft = await work.session.scalar(
        select(BulletinDraft).where(BulletinDraft.id == bulletin_id).with_for_update().execution_options(populate_existing=True)
    )
    if draft is None:
        raise unknown()
    # asked again under the lock: somebody may have published it since
    if row.Bulletin is not None or await work.session.scalar(select(Bulletin.id).where(Bulletin.id == bulletin_id)):
        raise Conflict("bulletin.published", "This bulletin is published and does not change any more; correct it by another.")
    if version is not None and version != draft.version:
        raise PreconditionFailed("bulletin.version_conflict", "The draft was changed since you read it; read it again.")
    return draft


async def _corrected(work: Work, draft: BulletinDraft) -> Bulletin | None:
    return await work.session.get(Bulletin, draft.corrects_id) if draft.corrects_id else None


def _correction(corrected: Bulletin, reason: str, figures: FrozenFigures) -> Correction:
    old = read_document(corrected.document)
    new = build(figures)
    listed = changes(figures.period, old.figures, new.figures, new.definitions)
    return Correction(of=corrected.number, of_hash=corrected.hash.hex(), reason=reason, changes=listed)


def _words(draft: BulletinDraft) -> EditorsWords:
    return EditorsWords(**draft.words)


async def _change(work: Work, draft: BulletinDraft, document: Document, event: str, values: dict[str, Any]) -> None:
    content = document.content()
    authors = list(dict.fromkeys((*draft.authors, *([work.actor.account_id] if work.actor.account_id else []))))
    new = {"document": content, "hash": hash_of(content), "version": draft.version + 1, "authors": authors, "changed_at": work.now}
    await work.session.execute(update(BulletinDraft).where(BulletinDraft.id == draft.id).values(**new, **values))
    await note(work, "bulletin", draft.id, event, {"version": draft.version + 1, "hash": hash_of(content).hex()})


def _require_sound(findings: list[Finding]) -> None:
    if any(found.level == "error" for found in findings):
        extra = {"findings": [found.model_dump() for found in findings]}
        detail = "The arithmetic of this bulletin is wrong, see `findings`; count again, or report it to whoever runs the system."
        raise Conflict("bulletin.findings", detail, extra=extra)


def _require_openable(findings: list[Finding], small_cells_words: str | None) -> None:
    small = [found for found in findings if found.code == "small_cells"]
    if small and not small_cells_words:
        detail = "It prints numbers so small that they may point at a person: look at `findings`, and say in `small_cells_words` why not."
        raise Conflict("bulletin.small_cells", detail, extra={"findings": [found.model_dump() for found in small]})
