"""Telling other processes that the ledger has changed, and knowing which of them live.

SQLite: each process that schedules or runs jobs keeps a named pipe open in a folder beside the database. A byte into
it wakes that process; a pipe that nobody reads from belongs to a dead one, which is known at once and whatever the
clock says. PostgreSQL: LISTEN and NOTIFY; life is told by the lease alone.
"""

import contextlib
import errno
import os
import select
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from personal_assistant.store.database import Database

CHANNEL = "assistant_wake"
_DRAIN_BYTES = 4096
# How long to leave a server alone that cannot be reached, or a folder that is not there.
_AWAY_SECONDS = 1.0


class Listener(Protocol):
    """The receiving end of one process."""

    def wait(self, timeout: float) -> bool:
        """Sleep until a signal or for `timeout` seconds; whether a signal came."""
        ...

    def wake(self) -> None:
        """End a `wait` of this process."""
        ...

    def close(self) -> None: ...


def pipe_folder(db: Database) -> Path | None:
    """Where the pipes of an SQLite database's processes lie; None for a server."""
    return db.folder / "processes" if db.folder else None


def listen(db: Database, worker_id: str) -> Listener:
    """Open this process's receiving end."""
    folder = pipe_folder(db)
    return PipeListener(folder / worker_id) if folder else PostgresListener(db)


def notify(db: Database) -> None:
    """Wake every process that listens. Never raises for a listener that is gone, and never blocks."""
    folder = pipe_folder(db)
    if folder is None:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(sa.text(f"NOTIFY {CHANNEL}"))
        return
    for pipe in _pipes(folder):
        _send(pipe)


def reads(db: Database, worker_id: str) -> bool | None:
    """Whether that process listens on this machine; None where only its lease can tell.

    A folder that was removed says nothing: the living are about to make theirs again.
    """
    folder = pipe_folder(db)
    return _send(folder / worker_id) if folder and folder.is_dir() else None


def remove_stale(db: Database) -> None:
    """Remove the pipes of dead processes."""
    folder = pipe_folder(db)
    for pipe in _pipes(folder) if folder else []:
        if not _send(pipe):
            pipe.unlink(missing_ok=True)


def _pipes(folder: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError):
        return [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_fifo()]
    return []


def _send(pipe: Path) -> bool:
    try:
        descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENOENT):  # nobody reads, or it is gone
            return False
        raise
    try:
        os.write(descriptor, b"!")
    except BlockingIOError:  # full: it has plenty of signals to read already
        return True
    except BrokenPipeError:  # its reader died this very moment
        return False
    finally:
        os.close(descriptor)
    return True


class PipeListener:
    """A named pipe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._away = False
        self._descriptor = _open_pipe(path)

    def wait(self, timeout: float) -> bool:
        if not self._in_place():
            # Somebody removed it, or put another one there.
            self._away = True
            try:
                self._open_again()
            except OSError:
                return self._sleep(min(timeout, _AWAY_SECONDS))
        if self._away:
            self._away = False
            return True  # what came meanwhile was not heard, so look at the ledger now
        return self._sleep(timeout)

    def _in_place(self) -> bool:
        with contextlib.suppress(OSError):
            return os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        return False

    def _sleep(self, timeout: float) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, timeout))
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._descriptor, _DRAIN_BYTES)
        return bool(ready)

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._descriptor, b"!")

    def _open_again(self) -> None:
        fresh = _open_pipe(self._path)
        # In the place of the old one, which another thread may be writing to.
        os.dup2(fresh, self._descriptor, inheritable=False)
        os.close(fresh)

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def _open_pipe(path: Path) -> int:
    path.parent.mkdir(mode=0o700, exist_ok=True)  # in the folder of the data, which is not made anew where it is gone
    # It gets its name once it is read from: others take a pipe without a reader for that of a dead process.
    unread = path.with_name(f".{path.name}")
    unread.unlink(missing_ok=True)
    os.mkfifo(unread, 0o600)
    # Read and write: with a writer of its own the pipe never reports end of file.
    descriptor = os.open(unread, os.O_RDWR | os.O_NONBLOCK)
    unread.rename(path)
    return descriptor


class PostgresListener:
    """A connection of its own that listens, and a pair of descriptors to be woken by this process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._connection: sa.Connection | None = self._connect()
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        os.set_blocking(self._write_end, False)

    def wait(self, timeout: float) -> bool:
        if self._connection is None:
            return self._connect_again(timeout)
        try:
            return self._wait(self._connection, timeout)
        except (OSError, sa.exc.DBAPIError, _psycopg_error()):
            self._disconnect()
            return True

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._write_end, b"!")

    def close(self) -> None:
        self._disconnect()
        os.close(self._read_end)
        os.close(self._write_end)

    def _connect(self) -> sa.Connection:
        connection = self._db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text(f"LISTEN {CHANNEL}"))
        return connection

    def _connect_again(self, timeout: float) -> bool:
        """After the server went away. What came meanwhile was not heard, so look at the ledger once it is back."""
        try:
            self._connection = self._connect()
        except sa.exc.DBAPIError:
            self._sleep([], min(timeout, _AWAY_SECONDS))
            return False
        return True

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError, _psycopg_error()):
                self._connection.invalidate()  # closed for good: the pool would hand on a connection that listens
                self._connection.close()
            self._connection = None

    def _wait(self, connection: sa.Connection, timeout: float) -> bool:
        driver = connection.connection.driver_connection
        assert driver is not None
        ready = self._sleep([driver.fileno()], timeout)
        if driver.fileno() in ready:
            list(driver.notifies(timeout=0))
        return bool(ready)

    def _sleep(self, descriptors: list[int], timeout: float) -> list[int]:
        """Until one of these can be read, `wake`, or for `timeout` seconds; returns what can be read."""
        ready, _, _ = select.select([*descriptors, self._read_end], [], [], max(0.0, timeout))
        if self._read_end in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._read_end, _DRAIN_BYTES)
        return ready


def _psycopg_error() -> type[Exception]:
    import psycopg

    return psycopg.Error
