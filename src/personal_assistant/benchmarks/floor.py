"""The raw-SQL floor of a burst: the same rows in the same tables by the same steps, with nothing of ours between.

Ready-made parameters, the driver alone, one thread, no JSON to take apart, and the transactions of the real thing: find
what is due, write its jobs and plans; claim; deliver and finish.
"""

import json
import sqlite3
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from personal_assistant.ai.model import EXECUTE, QUEUE
from personal_assistant.store.database import PRAGMAS, Database
from personal_assistant.workers.options import BULK_SIZE

_DUE = """SELECT id, user_id, title, next_run_at FROM ai_tasks
          WHERE status = 'active' AND next_run_at <= ? ORDER BY next_run_at LIMIT ?"""
_JOB = f"""INSERT INTO jobs (id, task, queue, args, state, priority, run_at, attempt, max_attempts, at_most_once,
           user_id, ai_task_id, due_at, created_at)
           VALUES (?, '{EXECUTE}', '{QUEUE}', ?, 'queued', 0, ?, 0, 20, 0, ?, ?, ?, ?)"""  # noqa: S608
_PLAN = "UPDATE ai_tasks SET status = 'processing', next_run_at = NULL, updated_at = ? WHERE id = ?"
_CLAIM = """UPDATE jobs SET state = 'running', attempt = attempt + 1, worker_id = 'floor', started_at = ?
            WHERE id = ? AND state = 'queued'"""
_DELIVERY = """INSERT INTO deliveries (key, user_id, job_id, ai_task_id, kind, channel, state, title, due_at,
               created_at, sent_at) VALUES (?, ?, ?, ?, 'reminder', 'in_app', 'sent', ?, ?, ?, ?)"""
_DONE = "UPDATE ai_tasks SET last_run_at = ?, status = 'completed' WHERE id = ?"
_FINISH = "UPDATE jobs SET state = 'succeeded', finished_at = ? WHERE id = ? AND state = 'running' AND attempt = 1"


def raw_sql_seconds(db: Database, count: int) -> float:
    """Seconds for `count` reminders that are due now in this SQLite database."""
    connection = sqlite3.connect(db.where, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    ids = [str(uuid.UUID(int=(time.time_ns() << 60) + number)) for number in range(count)]
    started = time.perf_counter()
    for position in range(0, count, BULK_SIZE):
        _step(connection, now, ids[position : position + BULK_SIZE])
    seconds = time.perf_counter() - started
    connection.close()
    return round(seconds, 4)


def _step(connection: sqlite3.Connection, now: str, ids: list[str]) -> None:
    rows: list[Any] = []
    with _transaction(connection):
        rows = connection.execute(_DUE, (now, len(ids))).fetchall()
        jobs = [
            (job, json.dumps([[row[0]], {}]), row[3], row[1], row[0], row[3], now)
            for job, row in zip(ids, rows, strict=True)
        ]
        connection.executemany(_JOB, jobs)
        connection.executemany(_PLAN, [(now, row[0]) for row in rows])
    with _transaction(connection):
        connection.executemany(_CLAIM, [(now, job) for job in ids])
    with _transaction(connection):
        delivered = [
            (f"{job}:in_app", row[1], job, row[0], row[2], row[3], now, now) for job, row in zip(ids, rows, strict=True)
        ]
        connection.executemany(_DELIVERY, delivered)
        connection.executemany(_DONE, [(now, row[0]) for row in rows])
        connection.executemany(_FINISH, [(now, job) for job in ids])


class _transaction:  # noqa: N801 - reads as a word
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *raised: object) -> None:
        self._connection.execute("ROLLBACK" if raised[0] else "COMMIT")
