"""Several programs that meet on a database file that does not exist yet."""

import sqlite3
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from personal_assistant.store.database import Database


def test_a_program_waits_while_another_one_makes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waits: list[float] = []

    def other_one_is_done(seconds: float) -> None:
        waits.append(seconds)
        other.rollback()

    monkeypatch.setattr(time, "sleep", other_one_is_done)
    db = Database(f"sqlite:///{path}")
    with db.read() as conn:
        assert conn.execute(sa.text("PRAGMA journal_mode")).scalar_one() == "wal"
    assert len(waits) == 1
    db.close()
    other.close()
