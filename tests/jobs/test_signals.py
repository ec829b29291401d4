"""Telling other processes that the ledger has changed."""

from pathlib import Path

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
