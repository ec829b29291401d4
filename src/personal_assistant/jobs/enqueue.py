"""Writing new jobs, inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.ids import new_job_id
from personal_assistant.jobs.model import OPEN_STATES, NewJob
from personal_assistant.store.bulk import insert_rows
from personal_assistant.store.database import insert_new, wake_after_commit
from personal_assistant.store.tables import jobs
from personal_assistant.timing.clock import utc_now


def enqueue(conn: sa.Connection, job: NewJob, *, now: datetime | None = None) -> str:
    """Accept one job; it exists once the caller's transaction commits.

    Returns its id. When an open job holds the same unique key, or the same occurrence has a row already, nothing is
    written and the id of that one is returned.
    """
    row = _row(job, now or utc_now())
    written = conn.execute(insert_new(conn, jobs), [row]).rowcount
    wake_after_commit(conn)
    return row["id"] if written else _holder(conn, job, row["id"])


def enqueue_many(conn: sa.Connection, batch: Sequence[NewJob], *, now: datetime | None = None) -> None:
    """Accept many jobs in one statement. Those whose unique key or occurrence has a row already are passed over."""
    if not batch:
        return
    instant = now or utc_now()
    rows = [_row(job, instant) for job in batch]
    columns = tuple(name for name in rows[0] if any(row[name] is not None for row in rows))
    insert_rows(conn, jobs, columns, [[row[name] for name in columns] for row in rows])
    wake_after_commit(conn)


def _row(job: NewJob, now: datetime) -> dict[str, Any]:
    run_at = job.run_at or now
    state = "missed" if job.missed else "queued" if run_at <= now else "scheduled"
    return {
        "id": job.id or new_job_id(),
        "task": job.task,
        "queue": job.queue,
        "args": [job.args, job.kwargs],
        "state": state,
        "priority": job.priority,
        "run_at": run_at,
        "attempt": 0,
        "max_attempts": job.max_attempts,
        "at_most_once": job.at_most_once,
        "unique_key": job.unique_key,
        "user_id": job.user_id,
        "ai_task_id": job.ai_task_id,
        "schedule_id": job.schedule_id,
        "due_at": job.due_at,
        "created_at": now,
        "finished_at": now if job.missed else None,
        "error_kind": "missed" if job.missed else None,
        "error": job.missed,
    }


def _holder(conn: sa.Connection, job: NewJob, job_id: str) -> str:
    """The id of the row that stood in the new one's way."""
    same = [jobs.c.id == job_id]
    if job.unique_key is not None:
        same.append(sa.and_(jobs.c.unique_key == job.unique_key, jobs.c.state.in_(OPEN_STATES)))
    for column, owner in ((jobs.c.ai_task_id, job.ai_task_id), (jobs.c.schedule_id, job.schedule_id)):
        if owner is not None:
            same.append(sa.and_(column == owner, jobs.c.due_at == job.due_at))
    found: str = conn.execute(sa.select(jobs.c.id).where(sa.or_(*same)).limit(1)).scalar_one()
    return found
