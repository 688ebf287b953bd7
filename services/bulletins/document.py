"""A bulletin as one structured document: page, docx, JSON and CSV are renderings of it, so all say the same numbers."""

import hashlib
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.bulletins.periods import Kind
from services.platform.canonical import canonical

SCHEMA = "bulletin@1"
ColumnKind = Literal["figure", "count", "rate", "share", "change", "points", "interval", "words"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cell(_Part):
    """What is printed, and what it was made of."""

    text: str
    numerator: int | None = None
    denominator: int | None = None


class Column(_Part):
    """A column; in one of kind `figure` each row has a count or a rate of its own.

    `of` names the columns it is made of: numerator and denominator of a rate, the two of a change, the base of a share.
    """

    key: str
    name: str
    kind: ColumnKind = "count"
    of: tuple[str, ...] = ()
    additive: bool = True
    may_exceed: bool = False


class Row(_Part):
    """A row; the cells by the column's key."""

    key: str
    name: str
    cells: dict[str, Cell]


class Table(_Part):
    """A table. The first column, the rows' names, is headed `head`."""

    key: str
    caption: str
    head: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row | None = None
    note: str = ""


class Bar(_Part):
    """A bar: `share` is its length in thousandths of the longest there can be."""

    name: str
    text: str
    share: int


class Bars(_Part):
    """A picture of bars, with the words for whoever cannot see it."""

    title: str
    alternative: str
    bars: tuple[Bar, ...]


class Section(_Part):
    """A section. `remark` is the editor's, not counted."""

    key: str
    heading: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    bars: tuple[Bars, ...] = ()
    remark: str = ""


class PrintedFigure(_Part):
    """A figure as it is frozen."""

    when: str
    group: str
    key: str
    name: str
    metric: str
    removal: str
    numerator: int
    denominator: int | None
    recorded: bool
    shown: str


class PrintedDefinition(_Part):
    """A definition as it is printed."""

    metric: str
    name: str
    numerator: str
    denominator: str
    note: str
    may_exceed: bool


class ChangedFigure(_Part):
    """A figure that a correction puts right."""

    what: str
    old: str
    new: str


class Correction(_Part):
    """Which bulletin is corrected, why, and what in it."""

    of: str
    of_hash: str
    reason: str
    changes: tuple[ChangedFigure, ...]


class PrintedAnchor(_Part):
    """The newest anchor of the history when the figures were counted: whoever has the paper has a copy of it."""

    day: date
    number: int
    root: str
    key_id: str
    signature: str

    @property
    def words(self) -> str:
        """What is printed."""
        day = f"{self.day.year}年{self.day.month}月{self.day.day}日"
        root, signature = (" ".join(text[at : at + 16] for at in range(0, len(text), 16)) for text in (self.root, self.signature))
        return (
            f"历史存证：{day}（第{self.number}号）全部办理记录的存证根为 {root}，签名为 {signature}，密钥编号 {self.key_id}。"
            "任何人此后均可用公开的核验程序据此核对当日及以前的记录未被改动。"
        )


class Document(_Part):
    """A bulletin."""

    form: Literal["bulletin@1"] = Field(default="bulletin@1", description="The shape of this document.")
    number: str
    title: str
    label: str
    unit: str
    unit_name: str
    tier: str
    kind: Kind
    first: date
    last: date
    edition: int
    as_of: datetime
    decimals: int
    preface: str = ""
    closing: str = ""
    correction: Correction | None = None
    sections: tuple[Section, ...]
    definitions: tuple[PrintedDefinition, ...]
    notes: tuple[str, ...]
    figures: tuple[PrintedFigure, ...]
    anchor: PrintedAnchor | None = None

    @property
    def printed_notes(self) -> tuple[str, ...]:
        """What stands under 统计说明: the notes, and the anchor."""
        return (*self.notes, self.anchor.words) if self.anchor else self.notes

    def content(self) -> bytes:
        """Return the canonical bytes of the document: what is frozen and hashed. Those of before there were anchors have none."""
        return canonical(self.model_dump(mode="json", exclude={"anchor"} if self.anchor is None else None))


def hash_of(content: bytes) -> bytes:
    """Return the content hash: SHA-256."""
    return hashlib.sha256(content).digest()


def read_document(content: bytes) -> Document:
    """Return the document that :meth:`Document.content` wrote."""
    return Document.model_validate_json(content)
