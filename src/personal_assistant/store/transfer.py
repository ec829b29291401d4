"""Copying a whole assistant from one database into another, within the transactions of the caller."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from personal_assistant.store import sequences
from personal_assistant.store.errors import StoreError
from personal_assistant.store.fingerprint import CHUNK, Fingerprint, TableContent, content_of, read_rows
from personal_assistant.store.tables import metadata

_TELL_EVERY = 20 * CHUNK

Progress = Callable[[str], None]


def row_counts(conn: sa.Connection) -> dict[str, int]:
    """How many rows each of our tables holds; those that are not there hold none."""
    there = set(sa.inspect(conn).get_table_names())
    return {
        table.name: int(conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
        for table in metadata.sorted_tables
        if table.name in there
    }


def others(conn: sa.Connection, version_table: str) -> list[str]:
    """The tables, and the columns of our tables, that are not the assistant's and are therefore not copied."""
    look = sa.inspect(conn)
    names = sorted(set(look.get_table_names()) - set(metadata.tables) - {version_table})
    for table in metadata.sorted_tables:
        strange = {column["name"] for column in look.get_columns(table.name)} - set(table.columns.keys())
        names += sorted(f"{table.name}.{name}" for name in strange)
    return names


def copy_all(source: sa.Connection, target: sa.Connection, progress: Progress) -> list[TableContent]:
    """Copy every table, those that others point to first; the numbering goes on where the source's is.

    Returns what was copied. Raises StoreError when the target cannot hold a row, or holds something else afterwards.
    """
    copied = [_copy(source, target, table, progress) for table in metadata.sorted_tables]
    for table, content in zip(metadata.sorted_tables, copied, strict=True):
        if sequences.numbered(table):
            sequences.go_on_above(target, table, sequences.position(source, table))
        progress(f"comparing {table.name}: {content.rows:,} rows")
        found = content_of(target, table)
        if found != content:
            raise StoreError(
                f"The table {table.name} is not the same after copying ({content.rows} rows with checksum "
                f"{content.checksum[:12]}, and {found.rows} rows with {found.checksum[:12]}). The copy was undone."
            )
    return copied


def _copy(source: sa.Connection, target: sa.Connection, table: sa.Table, progress: Progress) -> TableContent:
    total = int(source.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
    fingerprint = Fingerprint(table)
    to_itself = [column for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]
    later: list[sa.Update] = []
    with read_rows(source, table) as chunks:
        for rows in chunks:
            fingerprint.add(rows)
            values = [dict(row) for row in rows]
            later += [change for row in values if (change := _point_later(table, to_itself, row)) is not None]
            _insert(target, table, values)
            done = fingerprint.content.rows
            if done == total or done % _TELL_EVERY == 0:
                progress(f"copying {table.name}: {done:,} of {total:,} rows")
    for change in later:
        target.execute(change)
    return fingerprint.content


def _point_later(table: sa.Table, columns: Sequence[sa.Column[Any]], row: dict[str, Any]) -> sa.Update | None:
    """Take out of a row what points to later rows of its own table; gives what puts it back.

    Rows come in the order of their ids, so that what points to an earlier one stays in its row.
    """
    pointing = {column.name: row[column.name] for column in columns if (row[column.name] or 0) > row["id"]}
    if not pointing:
        return None
    row.update(dict.fromkeys(pointing))
    return sa.update(table).where(table.c.id == row["id"]).values(pointing)


def _insert(conn: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows. Raises StoreError, which names the first one that the table cannot hold."""
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(table), rows)
    except sa.exc.StatementError as error:
        if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
            raise  # the database is away
        if len(rows) == 1:
            raise _refused(table, rows[0], error) from error
        for row in rows:
            _insert(conn, table, [row])


def _refused(table: sa.Table, row: dict[str, Any], error: sa.exc.StatementError) -> StoreError:
    key = ", ".join(str(row[column.name]) for column in table.primary_key.columns)
    why = str(error.orig or error).strip().splitlines()[0]
    return StoreError(
        f"The row {key} of {table.name} cannot be kept in the other database: {why}. "
        "Change or remove it and copy again; nothing was kept."
    )
