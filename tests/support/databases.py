"""Databases for tests: migrated once a process, copied for every test."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from personal_assistant.store.database import Database
from personal_assistant.store.people import create_owner
from personal_assistant.store.schema import upgrade

# A Tuesday, in summer time where there is one.
START = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def migrate(url: str) -> None:
    """Bring a database to the newest revision and give it an owner in UTC."""
    db = Database(url)
    upgrade(db)
    with db.write() as conn:
        create_owner(conn, name="Ada", zone="UTC", now=START)
    db.close()


def copy_sqlite(template: Path, target: Path) -> str:
    """Copy a closed SQLite file; gives the copy's URL."""
    shutil.copyfile(template, target)
    return f"sqlite:///{target}"


@contextmanager
def new_postgres(server: str, template: str = "template1") -> Iterator[str]:
    """A database of its own on a server, dropped at the end; gives its URL."""
    name = f"test_{next(_numbers)}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield server.format(name)
    finally:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


def _run(server: str, command: str) -> None:
    engine = sa.create_engine(server.format("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as conn:
        conn.execute(sa.text(command))
