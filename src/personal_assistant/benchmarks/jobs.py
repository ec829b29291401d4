"""How many jobs a second go through ledger and runner?"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from personal_assistant.benchmarks.assistant import scratch
from personal_assistant.benchmarks.figures import Figure
from personal_assistant.jobs.enqueue import enqueue_many
from personal_assistant.store.tables import jobs
from personal_assistant.workers.process import WorkerProcess
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import load_tasks, task

_STEP = 1000


@task(queue="bench", name="bench.no_op")
def no_op(number: int) -> None:
    """Nothing, as a plain function."""


@task(queue="bench", name="bench.wait")
async def wait(seconds: float) -> None:
    """Nothing, for a while, on the event loop."""
    await asyncio.sleep(seconds)


def measure(count: int, waiting: int, say: Callable[[str], None]) -> list[Figure]:
    """A backlog of `count` durable no-op jobs, then `waiting` jobs that wait 1 s each, in this process."""
    load_tasks.cache_clear()
    with scratch() as runtime:
        say(f"{count:,} no-op jobs")
        no_ops = _seconds(runtime, "bench.no_op", [(number,) for number in range(count)])
        say(f"{waiting:,} jobs that wait 1 s")
        waits = _seconds(runtime, "bench.wait", [(1.0,)] * waiting)
        floor = _floor(runtime.settings.data_dir / "floor.db", count)
    return [
        Figure("count", "no-op jobs that were waiting", count),
        Figure("no_op_jobs_per_second", "of them done", round(count / no_ops), "a second"),
        Figure("floor_jobs_per_second", "claimed and finished by raw SQL (floor)", round(count / floor), "a second"),
        Figure("waiting", "jobs that wait 1 s each, at once", waiting),
        Figure("waiting_seconds", "until the last of them was done", round(waits, 3), "s"),
    ]


def _seconds(runtime: Runtime, name: str, arguments: list[tuple[Any, ...]]) -> float:
    """From the start of the workers to the end of the last job of a backlog."""
    options = load_tasks().get(name).options
    for start in range(0, len(arguments), _STEP):
        with runtime.db.write() as conn:
            enqueue_many(conn, [options.job(name, args=args) for args in arguments[start : start + _STEP]])
    open_ones = sa.select(sa.func.count()).where(jobs.c.task == name, jobs.c.finished_at.is_(None))
    process = WorkerProcess(runtime)
    started = time.perf_counter()
    process.start()
    while True:
        time.sleep(0.02)
        with runtime.db.read() as conn:
            if conn.execute(open_ones).scalar_one() == 0:
                break
    seconds = time.perf_counter() - started
    process.stop()
    return seconds


def _floor(path: Path, count: int) -> float:
    """Claim and finish the same number of rows of a bare table in groups, with the driver alone."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    connection.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY, state TEXT, attempt INTEGER, finished_at TEXT)")
    ids = [os.urandom(16).hex() for _ in range(count)]
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO jobs VALUES (?, 'queued', 0, NULL)", [(job,) for job in ids])
    connection.execute("COMMIT")
    started = time.perf_counter()
    for start in range(0, count, _STEP):
        group = [(job,) for job in ids[start : start + _STEP]]
        for change in ("state = 'running', attempt = attempt + 1", "state = 'succeeded', finished_at = '2026'"):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"UPDATE jobs SET {change} WHERE id = ?", group)  # noqa: S608
            connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds
