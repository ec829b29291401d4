"""Databases for tests: an SQLite file is copied for every test, a PostgreSQL database is emptied after it."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from personal_assistant.store.database import Database
from personal_assistant.store.people import create_owner
from personal_assistant.store.schema import upgrade
from personal_assistant.store.tables import metadata

# A Tuesday, in summer time where there is one.
START = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)

_numbers = itertools.count(1)
_SHAPE = """
    SELECT (SELECT string_agg(oid || relname || relnatts || relchecks, ' ' ORDER BY oid)
            FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'S'),
        (SELECT string_agg(version_num, ' ') FROM alembic_version)
"""
_ALONE = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_RESTART = """
    SELECT setval(oid::regclass, 1, relname = 'users_id_seq') FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""


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
def new_postgres(server: str) -> Iterator[str]:
    """A database of its own on a server, dropped at the end; gives its URL."""
    name = f"test_{next(_numbers)}"
    _run(server, f"CREATE DATABASE {name}")
    try:
        yield server.format(name)
    finally:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


class ReusedDatabase:
    """A migrated PostgreSQL database for one test after the other: emptying one is quicker than making one."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._name = ""
        self._shape = ""
        self._owner: tuple[Any, ...] = ()

    def take(self) -> str:
        """The URL of a database that holds the owner and nothing else, which nobody is connected to."""
        if not self._name or not self._empty():
            self._name = f"test_{next(_numbers)}"
            _run(self._server, f"CREATE DATABASE {self._name}")
            migrate(self._server.format(self._name))
            with self._connect() as conn:
                self._shape = str(conn.execute(_SHAPE).fetchone())
                self._owner = conn.execute("SELECT * FROM users").fetchall()[0]
        return self._server.format(self._name)

    def _connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self._server.format(self._name).replace("+psycopg", ""))

    def _empty(self) -> bool:
        """Empty the tables and end every connection; false when a test has changed more than rows."""
        try:
            with self._connect() as conn:
                conn.execute(_ALONE)
                # A replica's triggers do not fire, which keep the rows of the audit, and look for what names a row.
                conn.execute("SET LOCAL session_replication_role = replica")
                kept = [table.name for table in metadata.sorted_tables if table.name != "roles"]
                conn.execute(";".join(f"DELETE FROM {name}" for name in kept).encode())
                conn.execute("SET LOCAL session_replication_role = origin")
                marks = ", ".join(["%s"] * len(self._owner))
                conn.execute(f"INSERT INTO users VALUES ({marks})".encode(), self._owner)
                conn.execute(_RESTART)
                return str(conn.execute(_SHAPE).fetchone()) == self._shape
        except psycopg.Error:
            return False


def _run(server: str, command: str) -> None:
    engine = sa.create_engine(server.format("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as conn:
        conn.execute(sa.text(command))
