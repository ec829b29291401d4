"""Many rows in one statement, handed over as one JSON text that the database takes apart itself.

An `executemany` steps through its rows in Python and lets go of the interpreter lock at each; a burst of ten thousand
rows then spends most of its time on handing the lock to and fro between threads.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

from personal_assistant.store.types import instant_text


def insert_rows(conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of values in the order of `columns`; rows that a unique constraint already holds are passed over."""
    if rows:
        conn.execute(_insert(table, columns, conn.dialect), {"rows": _dump(rows)})


def update_rows(
    conn: sa.Connection, table: sa.Table, key: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> None:
    """Update the rows named by the first value of each given row, setting `columns` to the values after it."""
    if rows:
        conn.execute(_update(table, key, columns, conn.dialect), {"rows": _dump(rows)})


def _dump(rows: Sequence[Sequence[Any]]) -> str:
    return json.dumps(rows, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant_text(value)
    raise TypeError(f"{type(value).__name__} cannot be written in bulk")


@lru_cache(maxsize=64)
def _insert(table: sa.Table, columns: tuple[str, ...], dialect: Dialect) -> sa.TextClause:
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(_value(table.c[name], position, dialect) for position, name in enumerate(columns))
    # WHERE true: without it SQLite takes ON for the beginning of a join condition.
    rows = f"SELECT {values} FROM {_source(dialect)} WHERE true"  # noqa: S608 - names of our own tables
    return sa.text(f"INSERT INTO {table.name} ({names}) {rows} ON CONFLICT DO NOTHING")


@lru_cache(maxsize=64)
def _update(table: sa.Table, key: str, columns: tuple[str, ...], dialect: Dialect) -> sa.TextClause:
    changes = ", ".join(
        f'"{name}" = {_value(table.c[name], position, dialect)}' for position, name in enumerate(columns, 1)
    )
    found = f"{table.name}.{key} = {_value(table.c[key], 0, dialect)}"
    return sa.text(f"UPDATE {table.name} SET {changes} FROM {_source(dialect)} WHERE {found}")  # noqa: S608


def _source(dialect: Dialect) -> str:
    if dialect.name == "postgresql":
        return "json_array_elements(CAST(:rows AS json)) AS item(value)"
    return "json_each(:rows) AS item"


def _value(column: sa.Column[Any], position: int, dialect: Dialect) -> str:
    if dialect.name == "postgresql":
        arrow = "->" if isinstance(column.type, sa.JSON) else "->>"
        return f"CAST(item.value {arrow} {position} AS {column.type.compile(dialect)})"
    # Inner arrays and objects come out as JSON text, which is how SQLite stores the JSON type.
    return f"json_extract(item.value, '$[{position}]')"
