"""From a document back to the figures it was built from: so that words change and figures do not. Pure."""

from services.bulletins.document import Document
from services.bulletins.figures import Counted, Definition, FrozenAnchor, FrozenFigures
from services.bulletins.periods import BulletinPeriod


def thawed(document: Document) -> FrozenFigures:
    """Return the figures a document was built from: built again they give the same document."""
    return FrozenFigures(
        unit=document.unit,
        unit_name=document.unit_name,
        tier=document.tier,
        period=BulletinPeriod(document.kind, document.first, document.last),
        as_of=document.as_of,
        decimals=document.decimals,
        counted=tuple(Counted(**one.model_dump(exclude={"shown"})) for one in document.figures),
        definitions=tuple(Definition(**one.model_dump()) for one in document.definitions),
        anchor=FrozenAnchor(**document.anchor.model_dump()) if document.anchor else None,
    )
