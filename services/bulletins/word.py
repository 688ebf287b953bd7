"""A bulletin as a Word document, made from the same document as the page. Pure but for the library's own template."""

import io
import re
from typing import Any

from services.bulletins.document import Bars, Correction, Document, Section, Table
from services.platform.clock import local_text

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SONG, _HEI = "宋体", "黑体"
_RED = "B3181D"
_BODY, _SMALL, _TINY, _TITLE, _OFFICE = 12, 9, 7, 18, 26
_WIDE = 6
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What a Word document cannot hold, though the database can: control characters, as they come with text that was pasted."""


def as_docx(document: Document, hash_hex: str, *, draft: bool = False) -> bytes:
    """Return the bytes of a ``.docx`` for A4 paper, its hash and page number at the foot of every page. Takes about a tenth of a second."""
    document = Document.model_validate(_without_controls(document.model_dump()))
    paper = _Paper()
    paper.foot(f"编号 {document.number}　SHA-256 {hash_hex}")
    if draft:
        paper.line("草稿，尚未发布，不得引用。", bold=True)
    paper.line(f"{document.unit_name}大管家", size=_OFFICE, bold=True, centred=True, colour=_RED)
    paper.line(f"编号 {document.number}（第{document.edition}版）　统计时点 {local_text(document.as_of)}", size=_SMALL, centred=True)
    paper.rule()
    paper.heading(document.title, 0)
    paper.line(document.label, centred=True)
    if document.correction:
        _correction(paper, document.correction)
    paper.prose(document.preface)
    for section in document.sections:
        _section(paper, section)
    paper.prose(document.closing)
    paper.heading("统计说明", 1)
    for nth, note in enumerate(document.printed_notes, start=1):
        paper.line(f"{nth}. {note}", size=_SMALL)
    head = ["指标", "分子（计数对象）", "分母", "说明"]
    rows = [[f"{found.name}\n{found.metric}", found.numerator, found.denominator or "—", found.note] for found in document.definitions]
    paper.table("指标定义", [head, *rows], words=True)
    return paper.saved(f"{document.title}{document.label}")


def _without_controls(value: Any) -> Any:
    """Return a document's values with a space for each character that XML has no place for."""
    if isinstance(value, dict):
        return {key: _without_controls(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_controls(inner) for inner in value]
    return _NO_XML.sub(" ", value) if isinstance(value, str) else value


def _correction(paper: "_Paper", correction: Correction) -> None:
    paper.heading("更正说明", 1)
    paper.line(f"本通报更正{correction.of}（校验码{correction.of_hash}）。原因：{correction.reason}。")
    if correction.changes:
        rows = [[change.what, change.old, change.new] for change in correction.changes]
        paper.table(f"更正的数字（{len(rows)}项）", [["项目", "原刊印", "更正为"], *rows])
    else:
        paper.line("数字没有变化，更正的是文字。")


def _section(paper: "_Paper", section: Section) -> None:
    paper.heading(section.heading, 1)
    for words in section.paragraphs:
        paper.prose(words)
    for picture in section.bars:
        _picture(paper, picture)
    for table in section.tables:
        paper.table(table.caption, _grid(table), last_bold=table.total is not None)
        if table.note:
            paper.line(f"注：{table.note}", size=_TINY)
    if section.remark:
        paper.prose(f"编者按：{section.remark}")


def _picture(paper: "_Paper", picture: Bars) -> None:
    """Bars as blocks of text: they need no picture, and read the same to whoever cannot see them."""
    rows = [[bar.name, "█" * max(bar.share // 50, 1), bar.text] for bar in picture.bars]
    paper.table(picture.title, [["", "", ""], *rows], words=True, headless=True, widths=(28, 78, 60))


def _grid(table: Table) -> list[list[str]]:
    """Return the table as rows of text, its head first and its total last."""
    rows = [*table.rows, *([table.total] if table.total else [])]
    head = [table.head, *(column.name.strip() for column in table.columns)]
    return [head, *([row.name, *(row.cells[c.key].text if c.key in row.cells else "" for c in table.columns)] for row in rows)]


class _Paper:
    """The document under way."""

    def __init__(self) -> None:
        import docx
        from docx.shared import Mm, Pt

        self._docx: Any = docx.Document()
        self._pt, self._mm = Pt, Mm
        section = self._docx.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = Mm(25), Mm(22), Mm(22), Mm(22)
        normal = self._docx.styles["Normal"]
        normal.font.size = Pt(_BODY)
        self._face(normal, _SONG)
        for level in range(2):
            style = self._docx.styles["Title" if level == 0 else f"Heading {level}"]
            style.font.size, style.font.color.rgb = Pt(_TITLE if level == 0 else 14), self._colour("000000")
            self._face(style, _HEI)
            self._borderless(style)

    def line(self, text: str, *, size: int = 0, bold: bool = False, centred: bool = False, colour: str = "") -> None:
        """Add a paragraph without indent."""
        paragraph = self._docx.add_paragraph()
        run = paragraph.add_run(text)
        run.bold = bold
        if size:
            run.font.size = self._pt(size)
        if colour:
            run.font.color.rgb = self._colour(colour)
        if centred:
            paragraph.alignment = self._align("CENTER")

    def prose(self, words: str) -> None:
        """Add what was written, a paragraph a line, each indented by two characters."""
        for line in (line.strip() for line in words.splitlines()):
            if line:
                paragraph = self._docx.add_paragraph(line)
                paragraph.paragraph_format.first_line_indent = self._pt(2 * _BODY)

    def heading(self, text: str, level: int) -> None:
        """Add a heading; level 0 is the title."""
        heading = self._docx.add_heading(text, level)
        heading.paragraph_format.keep_with_next = True
        if level == 0:
            heading.alignment = self._align("CENTER")

    def rule(self) -> None:
        """Add the red line below the head."""
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        borders, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
        for name, value in (("val", "single"), ("sz", "18"), ("space", "1"), ("color", _RED)):
            bottom.set(qn(f"w:{name}"), value)
        borders.append(bottom)
        self._docx.paragraphs[-1]._p.get_or_add_pPr().append(borders)  # noqa: SLF001  the library has no borders of paragraphs

    def table(
        self,
        caption: str,
        grid: list[list[str]],
        *,
        words: bool = False,
        last_bold: bool = False,
        headless: bool = False,
        widths: tuple[int, ...] = (),
    ) -> None:
        """Add a table with its caption; its first row is repeated on every page. Numbers stand right, words left. `widths` are mm."""
        title = self._docx.add_paragraph()
        title.add_run(caption).bold = True
        title.alignment = self._align("CENTER")
        title.paragraph_format.keep_with_next = True
        shown = grid[1:] if headless else grid
        made = self._docx.add_table(rows=len(shown), cols=len(grid[0]))
        if not headless:
            made.style = "Table Grid"
            self._repeat(made.rows[0])
        size = _SMALL if len(grid[0]) <= _WIDE else _TINY
        for nth, (row, texts) in enumerate(zip(made.rows, shown, strict=True)):
            bold = (nth == 0 and not headless) or (last_bold and nth == len(shown) - 1)
            for column, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
                if widths:
                    cell.width = self._mm(widths[column])
                paragraph = cell.paragraphs[0]
                paragraph.paragraph_format.space_after = self._pt(0)
                run = paragraph.add_run(text)
                run.bold, run.font.size = bold, self._pt(size)
                if not words and column:
                    paragraph.alignment = self._align("RIGHT")

    def foot(self, text: str) -> None:
        """Put a line and the page number at the foot of every page."""
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        paragraph = self._docx.sections[0].footer.paragraphs[0]
        paragraph.alignment = self._align("CENTER")
        run = paragraph.add_run(f"{text}　第")
        number = paragraph.add_run()
        for kind, code in (("begin", ""), ("", "PAGE"), ("end", "")):
            part = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                part.set(qn("w:fldCharType"), kind)
            else:
                part.text = code
            number._r.append(part)  # noqa: SLF001  the library has no fields
        for found in (run, number, paragraph.add_run("页")):
            found.font.size = self._pt(7)

    def saved(self, title: str) -> bytes:
        """Return the file."""
        properties = self._docx.core_properties
        properties.title, properties.author, properties.language = title, "大管家", "zh-CN"
        written = io.BytesIO()
        self._docx.save(written)
        return written.getvalue()

    def _face(self, style: Any, face: str) -> None:
        from docx.oxml.ns import qn

        style.font.name = face
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face)

    def _borderless(self, style: Any) -> None:
        from docx.oxml.ns import qn

        for border in style.element.findall(f".//{qn('w:pBdr')}"):
            border.getparent().remove(border)

    def _repeat(self, row: Any) -> None:
        from docx.oxml import OxmlElement

        row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001  the library has no repeated heads

    def _align(self, name: str) -> Any:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        return getattr(WD_ALIGN_PARAGRAPH, name)

    def _colour(self, text: str) -> Any:
        from docx.shared import RGBColor

        return RGBColor.from_string(text)
