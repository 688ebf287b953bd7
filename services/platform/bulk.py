"""Many rows in one statement: columns travel as arrays, so that two hundred rows cost little more than one.

Row by row (``executemany``) the same takes about five times as long, and a list in ``IN (…)`` is a new statement for every length.
Statements are made from the row classes, once for each set of columns.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, ColumnElement, Table, Uuid, any_, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from services.platform.database import Base

Row = Mapping[str, Any]

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's constructor has no annotations


def table_of(row_class: type[Base]) -> Table:
    """Return the table of a row class."""
    table = row_class.__table__
    assert isinstance(table, Table)
    return table


def insert_sql(row_class: type[Base], columns: Sequence[str], first: int = 1, condition: str = "") -> str:
    """Return an INSERT of rows that come as one array a column, in the parameters from `first` on."""
    table = table_of(row_class)
    names = _quoted(columns)
    return (
        f"INSERT INTO {table.name} ({names}) SELECT {names}"  # noqa: S608  our own names
        f" FROM unnest({_parameters(table, columns, first)}) AS r ({names}) {condition}"
    )


def update_sql(row_class: type[Base], columns: Sequence[str]) -> str:
    """Return an UPDATE of rows by `id`, the first of `columns`; all come as one array a column."""
    table = table_of(row_class)
    names = _quoted(columns)
    values = ", ".join(f'"{column}" = r."{column}"' for column in columns if column != "id")
    return (
        f"UPDATE {table.name} SET {values}"  # noqa: S608  our own names
        f" FROM unnest({_parameters(table, columns, 1)}) AS r ({names}) WHERE {table.name}.id = r.id"
    )


def arrays(row_class: type[Base], rows: Sequence[Row], columns: Sequence[str] = ()) -> list[list[Any]]:
    """Return one array a column of `rows`, which all have the same columns (in the order of `columns` where given); JSON as text."""
    if not rows:
        return []
    table = table_of(row_class)
    return [
        [None if row[column] is None else orjson.dumps(row[column]).decode() for row in rows]
        if isinstance(table.c[column].type, JSONB)
        else [row[column] for row in rows]
        for column in columns or rows[0]
    ]


async def insert_many(session: AsyncSession, row_class: type[Base], rows: Iterable[Row], *, condition: str = "") -> None:
    """Insert `rows` (`condition`: an ON CONFLICT clause). Rows with the same columns share a statement."""
    connection = await session.connection()
    for columns, group in _grouped(rows):
        await connection.exec_driver_sql(_insert(row_class, columns, condition), tuple(arrays(row_class, group, columns)))


async def update_many(session: AsyncSession, row_class: type[Base], rows: Iterable[Row]) -> None:
    """Give rows new values by their `id`, in order of id. Rows with the same columns share a statement."""
    connection = await session.connection()
    for columns, group in _grouped(sorted(rows, key=_row_id)):
        await connection.exec_driver_sql(_update(row_class, columns), tuple(arrays(row_class, group, columns)))


def one_of(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Return the condition that `column` is one of `ids`, as one array: the same statement for any number of them."""
    found: ColumnElement[bool] = column == any_(bindparam(None, list(ids), ARRAY(Uuid())))
    return found


def _row_id(row: Row) -> UUID:
    found: UUID = row["id"]
    return found


@cache
def _insert(row_class: type[Base], columns: tuple[str, ...], condition: str) -> str:
    return insert_sql(row_class, columns, 1, condition)


@cache
def _update(row_class: type[Base], columns: tuple[str, ...]) -> str:
    return update_sql(row_class, columns)


def _grouped(rows: Iterable[Row]) -> list[tuple[tuple[str, ...], list[Row]]]:
    groups: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(sorted(row))].append(row)
    return list(groups.items())


def _quoted(columns: Sequence[str]) -> str:
    """Return the names of columns as SQL takes them: one of ours is a reserved word."""
    return ", ".join(f'"{column}"' for column in columns)


def _parameters(table: Table, columns: Sequence[str], first: int) -> str:
    return ", ".join(f"${first + nth}::{table.c[column].type.compile(_DIALECT)}[]" for nth, column in enumerate(columns))
