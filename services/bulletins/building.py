"""From frozen figures to the document of a bulletin: every number in it comes from them. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.bulletins.document import Correction, Document, PrintedAnchor, PrintedDefinition, PrintedFigure, Section
from services.bulletins.figures import FrozenFigures
from services.bulletins.sections.categories import categories
from services.bulletins.sections.channels import channels
from services.bulletins.sections.hand_offs import hand_offs
from services.bulletins.sections.overall import overall
from services.bulletins.sections.overdue import overdue
from services.bulletins.sections.units import units
from services.bulletins.sections.verdicts import verdicts
from services.bulletins.wording import shown
from services.platform.clock import local_text

SECTIONS: Sequence[Callable[[FrozenFigures], Section | None]] = (overall, channels, units, categories, verdicts, hand_offs, overdue)
"""What a bulletin has, in its order. A further section is a function here."""
SECTION_KEYS = ("overall", "channels", "units", "categories", "verdicts", "hand_offs", "overdue")
_NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True)
class EditorsWords:
    """What an editor adds: before, after, and to single sections by their key. Words only; no figure comes from here."""

    preface: str = ""
    closing: str = ""
    remarks: Mapping[str, str] = field(default_factory=dict)


def build(figures: FrozenFigures, words: EditorsWords | None = None, *, edition: int = 1, correction: Correction | None = None) -> Document:
    """Return the document."""
    words = words or EditorsWords()
    label = figures.period.label
    return Document(
        number=number_of(figures, edition),
        title=f"{figures.unit_name}大管家群众诉求办理情况通报",
        label=f"（{label}{'·更正' if correction else ''}）",
        unit=figures.unit,
        unit_name=figures.unit_name,
        tier=figures.tier,
        kind=figures.period.kind,
        first=figures.period.first,
        last=figures.period.last,
        edition=edition,
        as_of=figures.as_of,
        decimals=figures.decimals,
        preface=words.preface,
        closing=words.closing,
        correction=correction,
        sections=_sections(figures, words),
        definitions=tuple(_definition(found) for found in figures.definitions),
        notes=_notes(figures),
        figures=printed(figures),
        anchor=PrintedAnchor(**vars(figures.anchor)) if figures.anchor else None,
    )


def number_of(figures: FrozenFigures, edition: int) -> str:
    """Return the number a bulletin is known by: ``441624-2026-10``, and ``441624-2026-10-v2`` for its first correction."""
    return f"{figures.unit}-{figures.period.code}" + (f"-v{edition}" if edition > 1 else "")


def printed(figures: FrozenFigures) -> tuple[PrintedFigure, ...]:
    """Return every figure as it is frozen."""
    return tuple(
        PrintedFigure(
            when=one.when,
            group=one.group,
            key=one.key,
            name=one.name,
            metric=one.metric,
            removal=one.removal,
            numerator=one.numerator,
            denominator=one.denominator,
            recorded=one.recorded,
            shown=shown(one, figures.decimals),
        )
        for one in figures.counted
    )


def _sections(figures: FrozenFigures, words: EditorsWords) -> tuple[Section, ...]:
    found = [section for make in SECTIONS if (section := make(figures)) is not None]
    return tuple(
        section.model_copy(
            update={"heading": f"{_NUMERALS[nth]}、{section.heading}", "remark": words.remarks.get(section.key, "")},
        )
        for nth, section in enumerate(found)
    )


def _definition(found: object) -> PrintedDefinition:
    return PrintedDefinition(**vars(found))


def _notes(figures: FrozenFigures) -> tuple[str, ...]:
    period = figures.period
    days = f"{period.first.year}年{period.first.month}月{period.first.day}日至{period.last.year}年{period.last.month}月{period.last.day}日"
    return (
        f"统计期间为{days}（含首尾两日，北京时间）；统计时点为{local_text(figures.as_of)}，此后发生或补录的情况不计入本通报。",
        f"百分比四舍五入保留{figures.decimals}位小数；“—”表示没有可统计的对象，不是零。不予受理、撤销、并入其他工单的诉求不计入各项指标。",
        "通报一经发布不再改动；发现差错的，另行发布更正通报，逐项列明原数、更正数和原因。",
    )
