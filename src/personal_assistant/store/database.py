"""One database: reading, writing in one transaction, and telling the others after a commit."""

import os
import shlex
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from personal_assistant.store.errors import NestedWriteError, StoreError, explain
from personal_assistant.store.plain import dump_json
from personal_assistant.store.sqlite_file import SameFile

BUSY_SECONDS = 15.0
# What SQLite is told of its tables (`planner`) a connection learns when it is opened.
_RENEWED_SECONDS = 3600
_WAKE = "assistant_wake"
# FULL: what was answered with «scheduled» survives a power cut, not only a killed process.
# 4000 pages (16 MB): copying the log back into the database stops the writer, so a burst is to do it seldom.
PRAGMAS = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-8192",
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",
)


# Of connections to a server, unless the URL says otherwise: one that does not answer, or whose machine is gone, is
# given up. In seconds, and the last one in milliseconds.
SERVER_LIMITS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

# Called at the start of each block, before it holds anything: where what must not go on in this context can raise.
checkpoint: ContextVar[Callable[[], None]] = ContextVar("assistant_checkpoint", default=lambda: None)


def wake_after_commit(conn: sa.Connection) -> None:
    """Have the schedulers and runners look at the ledger once this transaction is committed."""
    conn.info[_WAKE] = True


class _Thread(threading.local):
    """What one thread is doing."""

    writes = False


class Database:
    """A connection pool with two ways in: `read()` and `write()`.

    On SQLite a writer takes the write lock at once (BEGIN IMMEDIATE): a transaction that starts as a reader and
    then writes fails at the first concurrent commit, whatever the time-out. Threads of one process queue on a
    mutex, because SQLite's own waiting is a sleep of up to 100 ms.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = _usable(sa.make_url(url))
            self.engine = self._make_engine()
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError) as error:
            raise StoreError(f"The database URL cannot be used: {error}.") from error
        except ModuleNotFoundError as error:
            raise StoreError(f"The database URL needs the module {error.name}: {_installing('postgres')}") from error
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.on_wake: Callable[[], None] = lambda: None
        self._mutex = threading.Lock() if self.is_sqlite else nullcontext()
        self._thread = _Thread()

    @property
    def where(self) -> str:
        """The database's place, without a password."""
        return self.url.database or "" if self.is_sqlite else self.url.render_as_string(hide_password=True)

    @property
    def folder(self) -> Path | None:
        """The folder of the SQLite file; None for a server."""
        return Path(self.url.database).absolute().parent if self.is_sqlite and self.url.database else None

    @property
    def exists(self) -> bool:
        """False where there is a folder for the SQLite file and no file; what else is wrong, a connection tells."""
        path = Path(self.url.database or "")
        return not self.is_sqlite or path.exists() or not path.absolute().parent.is_dir()

    def _make_engine(self) -> sa.Engine:
        if self.url.get_backend_name() != "sqlite":
            limits = {name: value for name, value in SERVER_LIMITS.items() if name not in self.url.query}
            return sa.create_engine(
                self.url,
                json_serializer=dump_json,
                connect_args=limits,
                pool_pre_ping=True,
                pool_size=10,
                max_overflow=20,
            )
        engine = sa.create_engine(
            self.url,
            json_serializer=dump_json,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            max_overflow=-1,
            pool_recycle=_RENEWED_SECONDS,
        )
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        if self.url.database and "uri" not in self.url.query:
            SameFile(Path(self.url.database).absolute()).watch(engine)
        return engine

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading one consistent state. Raises StoreError when the database cannot be used."""
        checkpoint.get()()
        with self._explained(), self.engine.connect() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One write transaction: committed at the end of the block, rolled back when the block raises.

        A block waits for nothing but the database, for on SQLite everybody else waits for the block: it does not await,
        and what it calls writes on its connection. Raises NestedWriteError inside another block of this thread,
        StoreError when the database cannot be used; nothing of the block is kept then.
        """
        checkpoint.get()()
        with self._explained(), self._only_one(), self._mutex, self.engine.connect() as conn:
            conn.info.pop(_WAKE, None)
            with conn.execution_options(assistant_write=True).begin():
                yield conn
            wake = conn.info.pop(_WAKE, False)
        if wake:
            self.on_wake()

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        if self._thread.writes:
            raise NestedWriteError(
                "This thread is in a write transaction already, and would wait for itself: use that one's connection."
            )
        self._thread.writes = True
        try:
            yield
        finally:
            self._thread.writes = False

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            explained = explain(error, self.where)
            if explained is None:
                raise
            raise explained from error

    def close(self) -> None:
        """Close the pool's connections; the next use opens new ones (after a fork, too)."""
        self.engine.dispose()


def _installing(extra: str) -> str:
    """What to do to have that extra; for the scripts of a checkout, the command to type."""
    if "ASSISTANT_LAUNCHER" not in os.environ:
        return f"install personal-assistant[{extra}]."
    root = Path(sys.prefix).parent
    uv = root / ".venv-uv" / "bin" / "uv"
    words = [str(uv), "pip", "install", "--python", sys.executable, "-e", f"{root}[{extra}]"]
    return f"run  {shlex.join(words)}"


def _usable(url: sa.URL) -> sa.URL:
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise StoreError(f"The database URL cannot be used: {backend} is neither sqlite nor postgresql.")
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError("The database URL names no file: write it like sqlite:////home/me/assistant.db.")
    return url


def _configure_sqlite(connection: Any, record: Any) -> None:
    del record
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    _use_wal(cursor)
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _use_wal(cursor: Any) -> None:
    # SQLite does not wait for the lock that the switch to WAL needs: of two first starts at once, one would fail.
    ends = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(conn: sa.Connection) -> None:
    writing = conn.get_execution_options().get("assistant_write", False)
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def insert_new(conn: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that passes over rows which a unique constraint already holds."""
    return _insert(conn, table).on_conflict_do_nothing()


def insert_adding(conn: sa.Connection, table: sa.Table, rows: sa.Select[Any], largest: Collection[str]) -> Any:
    """An INSERT of selected rows that adds their figures to those of the rows whose primary key is there already.

    Of the columns in `largest` the larger figure is kept.
    """
    statement = _insert(conn, table).from_select([column.name for column in table.columns], rows)
    changes = {}
    for column in table.columns:
        new = statement.excluded[column.name]
        if column.name in largest:
            changes[column.name] = sa.case((new > column, new), else_=column)
        elif not column.primary_key:
            changes[column.name] = column + new
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)


def _insert(conn: sa.Connection, table: sa.Table) -> Any:
    if conn.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as pg_insert

        return pg_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)
