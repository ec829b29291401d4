"""The SQLite file of a connection pool, which may be moved or removed while the pool has it open."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa


class SameFile:
    """Sees to it that a pool works with the file that lies in its place now.

    A process can go on with a file that was moved or removed, and SQLite makes an empty one where there is none: both
    would take what is written out of everybody's sight.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._was_there = False

    def watch(self, engine: sa.Engine) -> None:
        """Check each connection that the engine opens or takes from its pool."""
        sa.event.listen(engine, "do_connect", self._opening)
        sa.event.listen(engine, "connect", self._opened)
        sa.event.listen(engine, "checkout", self._taken)

    def _opening(self, *connecting: Any) -> None:
        del connecting
        if self._was_there and not self._path.exists():
            raise sqlite3.OperationalError("unable to open database file")

    def _opened(self, connection: Any, record: Any) -> None:
        del connection
        record.info["file"] = self._identity()
        self._was_there = record.info["file"] is not None

    def _taken(self, connection: Any, record: Any, proxy: Any) -> None:
        del connection, proxy
        if record.info["file"] != self._identity():
            raise sa.exc.DisconnectionError  # the pool closes this one and opens another

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - for every transaction, and Path.stat takes twice as long
        except OSError:
            return None
        return found.st_dev, found.st_ino
