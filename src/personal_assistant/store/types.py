"""Column types: aware UTC instants and lists of words, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as naive UTC (the form that databases of the earlier scheduler hold).

    On SQLite it is text with six digits of a second, so that text order is time order.
    Raises ValueError for a naive one, so that a wall-clock time can never slip in as an instant.
    """

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return instant_text(value) if dialect.name == "sqlite" else _naive(value)

    def process_literal_param(self, value: datetime | None, dialect: Dialect) -> str:
        del dialect
        return "NULL" if value is None else f"'{instant_text(value)}'"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).replace(tzinfo=UTC)


def _naive(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC).replace(tzinfo=None)


def instant_text(instant: datetime) -> str:
    """An instant in the form in which SQLite stores it and PostgreSQL reads it."""
    if instant.tzinfo is UTC:
        return instant.isoformat(" ", "microseconds")[:-6]
    return _naive(instant).isoformat(" ", "microseconds")


def word_list() -> sa.types.TypeEngine[Any]:
    """A list of words: an array on PostgreSQL, JSON on SQLite."""
    return sa.JSON(none_as_null=True).with_variant(postgresql.ARRAY(sa.String()), "postgresql")


def fits(column: sa.Column[int], number: int) -> bool:
    """Whether a column of whole numbers can hold this one; for another, drivers raise errors of their own."""
    return abs(number) <= _highest(column)


def bounded(column: sa.Column[int], number: int) -> int:
    """The number, or the highest that the column can hold: for a condition on lower or higher ones."""
    return min(number, _highest(column))


def _highest(column: sa.Column[int]) -> int:
    return 2**63 - 1 if isinstance(column.type, sa.BigInteger) else 2**31 - 1
