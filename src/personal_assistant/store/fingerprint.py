"""A table's content as a number and a checksum that are the same on every kind of database."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.store.types import instant_text

CHUNK = 1000
_BITS = 256


@dataclass(frozen=True, slots=True)
class TableContent:
    """How many rows a table holds, and their checksum in hexadecimal digits."""

    name: str
    rows: int
    checksum: str


class Fingerprint:
    """The sum of the SHA-256 of each row's canonical text, whatever order the rows come in.

    A sum, since a database sorts text in an order of its own, and an exclusive or would not see a row that is there
    twice.
    """

    def __init__(self, table: sa.Table) -> None:
        self._table = table
        self._rows = 0
        self._sum = 0

    def add(self, rows: Sequence[sa.RowMapping]) -> None:
        """Take rows in that hold every column of the table."""
        for row in rows:
            text = canonical([row[column.name] for column in self._table.columns])
            self._sum += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
        self._rows += len(rows)

    @property
    def content(self) -> TableContent:
        """What was taken in so far."""
        return TableContent(self._table.name, self._rows, f"{self._sum % (1 << _BITS):064x}")


def canonical(values: Sequence[Any]) -> str:
    """One row as JSON text: keys in order, instants in one form, 1 and 1.0 and true told apart."""
    return json.dumps(values, default=_plain, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return instant_text(value)
    raise TypeError(f"{type(value).__name__} is in no column")


@contextmanager
def read_rows(conn: sa.Connection, table: sa.Table) -> Iterator[Iterator[Sequence[sa.RowMapping]]]:
    """Every row of a table in chunks, in the order of its primary key. The cursor is closed at the end."""
    chosen = sa.select(table).order_by(*table.primary_key.columns).execution_options(yield_per=CHUNK)
    with conn.execute(chosen) as found:
        yield found.mappings().partitions(CHUNK)


def content_of(conn: sa.Connection, table: sa.Table) -> TableContent:
    """Read a table through and sum it up."""
    fingerprint = Fingerprint(table)
    with read_rows(conn, table) as chunks:
        for rows in chunks:
            fingerprint.add(rows)
    return fingerprint.content
