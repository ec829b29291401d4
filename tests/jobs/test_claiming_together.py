"""Many workers take from one ledger at once: no job is taken twice, and none is left."""

import multiprocessing
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from tests.support.databases import START, copy_sqlite
from tests.support.ledger import TASK, Ledger

from personal_assistant.jobs.enqueue import enqueue_many
from personal_assistant.jobs.model import NewJob
from personal_assistant.jobs.outcomes import Succeeded
from personal_assistant.jobs.stats import count_by_state
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import ManualClock

WORKERS = 4


def fill(ledger: Ledger, count: int) -> None:
    with ledger.db.write() as conn:
        enqueue_many(conn, [NewJob(TASK, "tests") for _ in range(count)], now=ledger.now)


def take_all(ledger: Ledger, worker: str) -> list[str]:
    """Take and finish jobs, a few at a time, until there are none; returns their ids."""
    taken: list[str] = []
    while batch := ledger.take(worker=worker, limit=7):
        assert all(ledger.end(job, Succeeded(), worker=worker) for job in batch)
        taken += [job.id for job in batch]
    return taken


def test_threads_never_take_one_job_twice(ledger: Ledger) -> None:
    fill(ledger, 120)
    with ThreadPoolExecutor(WORKERS) as threads:
        taken = list(threads.map(lambda number: take_all(ledger, f"worker-{number}"), range(WORKERS)))
    assert set(Counter(job_id for ids in taken for job_id in ids).values()) == {1}
    # On PostgreSQL a worker passes over rows that another one has locked, and may leave before they are free again.
    take_all(ledger, "last")
    with ledger.db.read() as conn:
        assert count_by_state(conn) == {"succeeded": 120}


def work(url: str, worker: str, together: Barrier, taken: "Queue[list[str]]") -> None:
    db = Database(url)
    ledger = Ledger(db, ManualClock(START))
    together.wait()
    taken.put(take_all(ledger, worker))
    db.close()


def test_processes_on_one_file_never_take_one_job_twice(sqlite_template: Path, tmp_path: Path) -> None:
    url = copy_sqlite(sqlite_template, tmp_path / "assistant.db")
    db = Database(url)
    ledger = Ledger(db, ManualClock(START))
    fill(ledger, 100)
    spawn = multiprocessing.get_context("spawn")
    together, taken = spawn.Barrier(2), spawn.Queue()
    workers = [spawn.Process(target=work, args=(url, f"worker-{n}", together, taken)) for n in range(2)]
    for worker in workers:
        worker.start()
    ids = [job_id for _ in workers for job_id in taken.get(timeout=60)]
    for worker in workers:
        worker.join()
    taken.close()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(ids) == len(set(ids)) == 100
    db.close()
