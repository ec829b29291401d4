"""A ledger that has run for long, written by the database itself."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.ai.model import EXECUTE, QUEUE
from personal_assistant.store.database import Database
from personal_assistant.store.people import get_owner

_STEP = 100_000
_OVER = timedelta(days=7)

# Ids like those that jobs of that millisecond have. Of a hundred jobs one has failed, one is missed.
_SQLITE = sa.text(
    """
    INSERT INTO jobs (id, task, queue, args, state, priority, run_at, attempt, max_attempts, at_most_once, user_id,
                      ai_task_id, due_at, created_at, started_at, finished_at, error_kind, error, counted)
    WITH RECURSIVE
        numbers(number) AS (SELECT :start UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < :stop),
        timed AS (SELECT number, :first_ms + CAST(number * :step_ms AS INTEGER) AS ms FROM numbers),
        made AS (SELECT number, ms, strftime('%Y-%m-%d %H:%M:%f', ms / 1000.0, 'unixepoch') || '000' AS at FROM timed)
    SELECT printf('%08x-%04x-7000-8000-%012x', ms >> 16, ms & 65535, number), :task, :queue, '[[], {}]',
           CASE number % 100 WHEN 7 THEN 'failed' WHEN 8 THEN 'missed' ELSE 'succeeded' END,
           0, at, 1, 20, 0, :user_id, 1 + number % :tasks, at, at, at, at,
           CASE number % 100 WHEN 7 THEN 'permanent' END,
           CASE number % 100 WHEN 7 THEN 'No agent is set up' WHEN 8 THEN 'Nothing was running' END, 1
    FROM made
    """
)

_POSTGRESQL = sa.text(
    """
    INSERT INTO jobs (id, task, queue, args, state, priority, run_at, attempt, max_attempts, at_most_once, user_id,
                      ai_task_id, due_at, created_at, started_at, finished_at, error_kind, error, counted)
    SELECT lpad(to_hex(ms >> 16), 8, '0') || '-' || lpad(to_hex(ms & 65535), 4, '0') || '-7000-8000-'
               || lpad(to_hex(number), 12, '0'), :task, :queue, '[[], {}]',
           CASE number % 100 WHEN 7 THEN 'failed' WHEN 8 THEN 'missed' ELSE 'succeeded' END,
           0, at, 1, 20, false, :user_id, 1 + number % :tasks, at, at, at, at,
           CASE number % 100 WHEN 7 THEN 'permanent' END,
           CASE number % 100 WHEN 7 THEN 'No agent is set up' WHEN 8 THEN 'Nothing was running' END, true
    FROM generate_series(CAST(:start AS bigint), CAST(:stop AS bigint) - 1) AS number,
         LATERAL (SELECT CAST(:first_ms AS bigint) + CAST(number * :step_ms AS bigint) AS ms) AS timed,
         LATERAL (SELECT timestamp 'epoch' + ms * interval '1 millisecond' AS at) AS made
    """
)


def add_jobs(db: Database, count: int, tasks: int, until: datetime) -> None:
    """Write `count` ended jobs of the owner's AI tasks 1 to `tasks`, evenly over the week before `until`."""
    statement = _SQLITE if db.is_sqlite else _POSTGRESQL
    for start in range(0, count, _STEP):
        with db.write() as conn:
            values = {
                "start": start,
                "stop": min(start + _STEP, count),
                "first_ms": int((until - _OVER).timestamp() * 1000),
                "step_ms": _OVER.total_seconds() * 1000 / count,
                "task": EXECUTE,
                "queue": QUEUE,
                "user_id": get_owner(conn).id,
                "tasks": tasks,
            }
            conn.execute(statement, values)
