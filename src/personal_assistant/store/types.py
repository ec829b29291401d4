"""Column types: aware UTC instants and lists of words, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class _SqliteInstant(sa.DateTime):
    """Text with six digits of a second, so that text order is time order; half the cost of the stock type."""

    def bind_processor(self, dialect: Dialect) -> Any:
        del dialect
        return lambda value: None if value is None else value.isoformat(" ", "microseconds")

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        del dialect, coltype
        return lambda value: None if value is None else datetime.fromisoformat(value)

    def literal_processor(self, dialect: Dialect) -> Any:
        del dialect
        return lambda value: f"'{value.isoformat(' ', 'microseconds')}'"


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as naive UTC (the form that databases of the earlier scheduler hold).

    Raises ValueError for a naive one, so that a wall-clock time can never slip in as an instant.
    """

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(_SqliteInstant() if dialect.name == "sqlite" else sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


def word_list() -> sa.types.TypeEngine[Any]:
    """A list of words: an array on PostgreSQL, JSON on SQLite."""
    return sa.JSON(none_as_null=True).with_variant(postgresql.ARRAY(sa.String()), "postgresql")
