"""诉求来源: which ways people came by, with shares that sum to 100."""

from services.bulletins.arithmetic import shares
from services.bulletins.document import Bar, Bars, Cell, Column, Section, Table
from services.bulletins.figures import Counted, FrozenFigures
from services.bulletins.wording import beside, change_cell, count_cell, figure_cell, joined, row

_NAMED = 3


def channels(figures: FrozenFigures) -> Section | None:
    """Return the section; None where nothing came in."""
    found = [(key, name, _of(figures, key), figures.find("received", "before", "channel", key)) for key, name in figures.rows("channel")]
    found = [entry for entry in found if entry[2].numerator or (entry[3] and entry[3].numerator)]
    if not any(now.numerator for _key, _name, now, _then in found):
        return None
    found.sort(key=lambda entry: -entry[2].numerator)
    printed = shares([now.numerator for _key, _name, now, _then in found], figures.decimals)
    before = figures.period.called("before")
    columns = (
        Column(key="received", name="受理量"),
        Column(key="share", name="占比", kind="share", of=("received",)),
        Column(key="before", name=before),
        Column(key="change", name=f"比{before}", kind="change", of=("received", "before")),
    )
    rows = [
        row(key, name, columns, count_cell(now.numerator), Cell(text=share), figure_cell(then, figures.decimals), change_cell(now, then))
        for (key, name, now, then), share in zip(found, printed, strict=True)
    ]
    whole, then = figures.total("received"), figures.total("received", "before")
    total = (count_cell(whole.numerator), Cell(text=shares([1], figures.decimals)[0]), figure_cell(then, figures.decimals))
    table = Table(
        key="channels",
        caption="诉求来源",
        head="渠道",
        columns=columns,
        rows=tuple(rows),
        total=row("", "合计", columns, *total, change_cell(whole, then)),
        note="占比按最大余额法取整，合计恰为100%。",
    )
    told = [beside(name, f"{now.numerator}件，占{share}") for (_key, name, now, _then), share in zip(found, printed, strict=True)][:_NAMED]
    picture = _picture(found, printed)
    return Section(
        key="channels", heading="诉求来源", paragraphs=(joined("诉求主要来自：" + "；".join(told)),), tables=(table,), bars=(picture,)
    )


def _of(figures: FrozenFigures, key: str) -> Counted:
    return figures.find("received", "now", "channel", key) or Counted("now", "channel", key, key, "received", 0)


def _picture(found: list[tuple[str, str, Counted, Counted | None]], printed: list[str]) -> Bars:
    most = max(found[0][2].numerator, 1)
    bars = tuple(
        Bar(name=name, text=f"{now.numerator}件 {share}", share=1000 * now.numerator // most)
        for (_key, name, now, _then), share in zip(found, printed, strict=True)
    )
    return Bars(title="各渠道受理量", alternative="；".join(beside(bar.name, bar.text) for bar in bars), bars=bars)
