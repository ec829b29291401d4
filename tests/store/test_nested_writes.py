"""A thread that would wait for its own transaction is told so, on both databases, and nobody is held up."""

import threading

import pytest
import sqlalchemy as sa

from personal_assistant.store.database import Database
from personal_assistant.store.errors import NestedWriteError

RENAME = sa.text("UPDATE users SET full_name = :name")


def _name(db: Database) -> str:
    with db.read() as conn:
        return str(conn.execute(sa.text("SELECT full_name FROM users")).scalar_one())


def test_a_write_inside_a_write_is_refused_and_takes_back_both(db: Database) -> None:
    before = _name(db)
    with pytest.raises(NestedWriteError, match="use that one's connection"), db.write() as outer:
        outer.execute(RENAME, {"name": "outer"})
        with db.write():
            pytest.fail("it was let in")
    assert _name(db) == before


def test_the_refusal_leaves_nothing_locked(db: Database) -> None:
    with db.write() as conn:
        with pytest.raises(NestedWriteError), db.write():
            pytest.fail("it was let in")
        conn.execute(RENAME, {"name": "first"})
    with db.write() as conn:
        conn.execute(RENAME, {"name": "second"})
    assert _name(db) == "second"


def test_another_thread_waits_its_turn(db: Database) -> None:
    def write() -> None:
        with db.write() as conn:
            conn.execute(RENAME, {"name": "other"})

    thread = threading.Thread(target=write)
    with db.write() as conn:
        conn.execute(RENAME, {"name": "first"})  # from here on it holds the row, on PostgreSQL too
        thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert _name(db) == "other"


def test_a_read_inside_a_write_sees_what_was_before(db: Database) -> None:
    before = _name(db)
    with db.write() as conn:
        conn.execute(RENAME, {"name": "new"})
        assert _name(db) == before
