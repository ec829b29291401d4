"""While a database is adopted, its old tables can be read; who holds them does not have to wait, and is waited for."""

import threading
from collections.abc import Callable

import psycopg
import pytest
from tests.adoption import legacy
from tests.support.databases import START

from personal_assistant.store import adoption
from personal_assistant.store.adoption import adopt, examine
from personal_assistant.store.database import Database
from personal_assistant.store.errors import StoreError

# Far less than the adoption waits in all, far more than it holds a lock or waits for one at a time.
_READER_WAITS = "SET statement_timeout = '20s'"
_TRIES_SEEN = 3


def test_readers_go_on_while_it_waits_for_the_table_that_another_one_reads(
    legacy_db: Database, legacy_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = _counted_pauses(monkeypatch)
    with legacy.connect(legacy_url) as long_reader, legacy.connect(legacy_url) as reader:
        reader.autocommit = True
        reader.execute(_READER_WAITS)
        long_reader.execute("SELECT count(*) FROM ai_tasks")
        adopting = threading.Thread(target=adopt, args=(legacy_db, START))
        adopting.start()
        for _ in range(_TRIES_SEEN):
            assert tried.acquire(timeout=60)
            for table in ("users", "ai_tasks"):
                reader.execute(f"SELECT count(*) FROM {table}".encode())
        assert adopting.is_alive()
        long_reader.rollback()
        adopting.join(timeout=60)
        assert not adopting.is_alive()
    assert examine(legacy_db) is None


def test_readers_and_writers_beside_it_never_fail(legacy_db: Database, legacy_url: str) -> None:
    stop, failures, turns = threading.Event(), list[Exception](), list[int]()

    def use(statement: str) -> Callable[[], None]:
        def turn() -> None:
            with legacy.connect(legacy_url) as conn:
                conn.autocommit = True
                conn.execute(_READER_WAITS)
                while not stop.is_set():
                    try:
                        conn.execute(statement.encode())
                        turns.append(1)
                    except psycopg.Error as error:
                        failures.append(error)
                        return

        return turn

    statements = (
        "SELECT count(*) FROM ai_tasks JOIN users ON true",
        "UPDATE ai_tasks SET description = 'x' WHERE id = 22",
    )
    threads = [threading.Thread(target=use(statement)) for statement in statements]
    for thread in threads:
        thread.start()
    found = adopt(legacy_db, START)
    stop.set()
    for thread in threads:
        thread.join()
    assert found is not None
    assert failures == []
    assert turns


def test_a_table_that_is_locked_all_the_time_is_said_and_nothing_is_changed(
    legacy_db: Database, legacy_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "LOCK_ATTEMPTS", 2)
    with legacy.connect(legacy_url) as other:
        other.execute("SELECT count(*) FROM users")
        with pytest.raises(StoreError, match="locked by another program all the time: stop the earlier scheduler"):
            adopt(legacy_db, START)
    found = examine(legacy_db)
    assert found is not None and "users.zone" in found.columns


def test_what_was_cut_off_in_between_is_taken_up(legacy_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(adoption, "run_revisions", lambda conn: 1 // 0)
        adopt(legacy_db, START)
    found = examine(legacy_db)
    assert found is not None
    assert found.columns == ()
    assert [task.id for task in found.due_again] == [20, 21]
    assert adopt(legacy_db, START) == found
    assert examine(legacy_db) is None


def _counted_pauses(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Released each time the adoption did not get its lock."""
    tried = threading.Semaphore(0)
    refused = adoption._is_lock_timeout

    def counted(error: StoreError) -> bool:
        tried.release()
        return refused(error)

    monkeypatch.setattr(adoption, "_is_lock_timeout", counted)
    return tried
