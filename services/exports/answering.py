"""A question answered at once: as many rows as an answer holds, read in one snapshot under the asker's scope."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from services.exports.asking import instant_of
from services.exports.columns import Column, Row
from services.exports.paging import as_json
from services.exports.source import Source
from services.exports.sources import rows_of
from services.exports.views import TableView, column_view
from services.identity.permissions import require
from services.platform.unit_of_work import Work

MOST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Answered:
    """Rows of a source as far as they were wanted, how many there are, and when this was so."""

    source: Source
    question: dict[str, str]
    as_of: datetime
    rows: list[Row]
    total: int

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the rows."""
        return self.source.columns

    @property
    def truncated(self) -> bool:
        """Whether there are more rows."""
        return self.total > len(self.rows)


async def answer(work: Work, source: Source, question: dict[str, str], *, most: int = MOST_ROWS) -> Answered:
    """Return up to `most` rows; must be the first reading of its transaction. Raises as the question does, and Forbidden."""
    require(work.actor, source.permission)
    rows: list[Row] = []
    total = 0
    async for page in rows_of(work, source, question):
        total = page.total if page.total is not None else total
        rows += islice(page.rows, most - len(rows))
        if len(rows) >= most:
            break
    return Answered(source, question, instant_of(question) or work.now, rows, max(total, len(rows)))


def table_view(answered: Answered) -> TableView:
    """Return the rows as an answer shows them."""
    return TableView(
        source=answered.source.code,
        question=answered.question,
        as_of=answered.as_of,
        columns=[column_view(column) for column in answered.columns],
        rows=[[as_json(value) for value in row] for row in answered.rows],
        total=answered.total,
        truncated=answered.truncated,
    )
