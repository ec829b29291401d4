"""Telling other processes that the ledger has changed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from personal_assistant.jobs import signals
from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.store.database import Database


def test_every_listener_hears_a_new_job_once_it_is_committed(db: Database) -> None:
    listeners = [signals.listen(db, f"worker-{number}") for number in range(2)]
    with db.write() as conn:
        enqueue(conn, NewJob("t", "q"))
        assert not listeners[0].wait(0)
    assert [listener.wait(10) for listener in listeners] == [True, True]
    assert not listeners[0].wait(0)
    for listener in listeners:
        listener.close()


def test_a_process_wakes_itself(db: Database) -> None:
    listener = signals.listen(db, "worker")
    listener.wake()
    assert listener.wait(10)
    listener.close()


def test_the_pipe_of_a_dead_process_is_known_and_removed(sqlite_template: Path) -> None:
    db = Database(f"sqlite:///{sqlite_template}")
    alive, dead = signals.listen(db, "alive"), signals.listen(db, "dead")
    folder = signals.pipe_folder(db)
    assert folder is not None
    path = folder / "dead"
    path.rename(folder / "kept")
    dead.close()
    (folder / "kept").rename(path)
    assert (signals.reads(db, "alive"), signals.reads(db, "dead"), signals.reads(db, "unknown")) == (True, False, False)
    signals.remove_stale(db)
    assert [pipe.name for pipe in folder.iterdir()] == ["alive"]
    alive.close()
    db.close()


def test_pipes_that_somebody_removed_are_made_again(sqlite_template: Path, tmp_path: Path) -> None:
    db = Database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path)}")
    folder = signals.pipe_folder(db)
    assert folder is not None
    listener = signals.listen(db, "worker")
    shutil.rmtree(folder)
    assert signals.reads(db, "worker") is None  # not dead: only its lease can tell
    assert listener.wait(10)  # what it may have missed
    assert signals.reads(db, "worker") is True
    assert listener.wait(10)
    listener.wake()
    assert listener.wait(10)
    listener.close()
    assert signals.reads(db, "worker") is False
    db.close()


_END_ALL = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")


@pytest.fixture
def server(db: Database) -> Iterator[sa.Connection]:
    """A connection to the server of the test's database, but not to that database."""
    engine = sa.create_engine(db.url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as conn:
        yield conn


@contextmanager
def _away(db: Database, server: sa.Connection) -> Iterator[None]:
    """Every connection to the database is ended, and no new one is let in until the block ends."""
    allow = f'ALTER DATABASE "{db.url.database}" WITH ALLOW_CONNECTIONS'
    server.execute(sa.text(f"{allow} false"))
    try:
        server.execute(_END_ALL, {"name": db.url.database})
        yield
    finally:
        server.execute(sa.text(f"{allow} true"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_was_away_is_heard_again(db: Database, server: sa.Connection) -> None:
    listener = signals.listen(db, "worker")
    with _away(db, server):
        assert listener.wait(10)
        assert not all(listener.wait(0.01) for _ in range(5))
    assert any(listener.wait(0.01) for _ in range(5))  # for what it may have missed
    signals.notify(db)
    assert listener.wait(10)
    assert not listener.wait(0)
    listener.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_listener_can_be_closed_while_the_server_is_away(db: Database, server: sa.Connection) -> None:
    listener = signals.listen(db, "worker")
    with _away(db, server):
        assert listener.wait(10)
        assert not all(listener.wait(0.01) for _ in range(5))
        listener.close()
