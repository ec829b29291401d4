"""Many rows in one statement, handed over as one JSON text that the database takes apart itself.

An `executemany` steps through its rows in Python and lets go of the interpreter lock at each; a burst of ten thousand
rows then spends most of its time on handing the lock to and fro between threads.

Rows of a burst agree in most of their columns: those values are bound once, and only the others go into the text.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

from personal_assistant.store.plain import dump_json, plain_value

Rows = Sequence[Sequence[Any]]


def insert_rows(conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Rows) -> None:
    """Insert rows of values in the order of `columns`; rows that a unique constraint already holds are passed over."""
    if rows:
        _execute_insert(conn, table, columns, rows, "")


def insert_returning(
    conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Rows, returned: tuple[str, ...]
) -> Sequence[sa.Row[Any]]:
    """Insert as `insert_rows` does; returns these columns of the rows that are new, in no order."""
    if not rows:
        return []
    return _execute_insert(conn, table, columns, rows, f" RETURNING {', '.join(returned)}").all()


def _execute_insert(
    conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Rows, returning: str
) -> sa.CursorResult[Any]:
    common, varying = _split(table, columns, zip(*rows, strict=True))
    statement = _insert(table, tuple(common), tuple(varying), conn.dialect, returning)
    different = list(zip(*varying.values(), strict=True)) or [()] * len(rows)
    return conn.execute(statement, {**common, "rows": _dump(different)})


def update_rows(conn: sa.Connection, table: sa.Table, key: str, columns: tuple[str, ...], rows: Rows) -> None:
    """Update the rows named by the first value of each given row, setting `columns` to the values after it."""
    if rows:
        keys, *changed = zip(*rows, strict=True)
        common, varying = _split(table, columns, changed)
        statement = _update(table, key, tuple(common), tuple(varying), conn.dialect)
        conn.execute(statement, {**common, "rows": _dump(list(zip(keys, *varying.values(), strict=True)))})


def among(conn: sa.Connection, column: sa.Column[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """`column IN values`, with one parameter however many there are: no statement is compiled for their number."""
    if conn.dialect.name == "postgresql":
        return column == sa.any_(sa.cast(list(values), sa.ARRAY(column.type)))
    listed = sa.func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(sa.select(listed.c.value))


def unindexed(column: sa.Column[str]) -> sa.ColumnElement[str]:
    """The text of a column, for a condition on rows that are to be found by their ids.

    A planner learns of a burst late: it takes the index of what is queued or running for an empty one, prefers it to
    the ids, and then walks through the whole burst at each step.
    """
    return column.concat(sa.literal_column("''"))


def _split(
    table: sa.Table, columns: tuple[str, ...], by_column: Iterable[tuple[Any, ...]]
) -> tuple[dict[str, Any], dict[str, tuple[Any, ...]]]:
    """The value of each column in which all rows agree, and the values of the others."""
    common: dict[str, Any] = {}
    varying: dict[str, tuple[Any, ...]] = {}
    for name, values in zip(columns, by_column, strict=True):
        # JSON is left out: [1] and [true] are equal here, and are not the same.
        if not isinstance(table.c[name].type, sa.JSON) and values.count(values[0]) == len(values):
            common[name] = values[0]
        else:
            varying[name] = values
    return common, varying


def _dump(rows: Rows) -> str:
    try:
        return dump_json(rows)
    except ValueError:
        return dump_json(plain_value(rows))


@lru_cache(maxsize=64)
def _insert(
    table: sa.Table, common: tuple[str, ...], varying: tuple[str, ...], dialect: Dialect, returning: str
) -> sa.TextClause:
    names = ", ".join(f'"{name}"' for name in (*common, *varying))
    values = [_bound(table, name, dialect) for name in common]
    values += [_value(table.c[name], position, dialect) for position, name in enumerate(varying)]
    # WHERE true: without it SQLite takes ON for the beginning of a join condition.
    rows = f"SELECT {', '.join(values)} FROM {_source(dialect)} WHERE true"  # noqa: S608 - names of our own tables
    return _typed(f"INSERT INTO {table.name} ({names}) {rows} ON CONFLICT DO NOTHING{returning}", table, common)


@lru_cache(maxsize=64)
def _update(
    table: sa.Table, key: str, common: tuple[str, ...], varying: tuple[str, ...], dialect: Dialect
) -> sa.TextClause:
    changes = [f'"{name}" = {_bound(table, name, dialect)}' for name in common]
    changes += [f'"{name}" = {_value(table.c[name], position, dialect)}' for position, name in enumerate(varying, 1)]
    found = f"{table.name}.{key} = {_value(table.c[key], 0, dialect)}"
    statement = f"UPDATE {table.name} SET {', '.join(changes)} FROM {_source(dialect)} WHERE {found}"  # noqa: S608
    return _typed(statement, table, common)


def _typed(statement: str, table: sa.Table, common: tuple[str, ...]) -> sa.TextClause:
    return sa.text(statement).bindparams(*(sa.bindparam(name, type_=table.c[name].type) for name in common))


def _source(dialect: Dialect) -> str:
    if dialect.name == "postgresql":
        return "json_array_elements(CAST(:rows AS json)) AS item(value)"
    return "json_each(:rows) AS item"


def _bound(table: sa.Table, name: str, dialect: Dialect) -> str:
    if dialect.name == "postgresql":
        return f"CAST(:{name} AS {table.c[name].type.compile(dialect)})"
    return f":{name}"


def _value(column: sa.Column[Any], position: int, dialect: Dialect) -> str:
    if dialect.name == "postgresql":
        arrow = "->" if isinstance(column.type, sa.JSON) else "->>"
        return f"CAST(item.value {arrow} {position} AS {column.type.compile(dialect)})"
    # `->` gives JSON text, which is how SQLite keeps the JSON type; json_extract would take a string out of its quotes.
    place = f"'$[{position}]'"
    return f"item.value -> {place}" if isinstance(column.type, sa.JSON) else f"json_extract(item.value, {place})"
