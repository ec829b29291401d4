"""Cancelling jobs."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.model import JobStateError, JobView
from personal_assistant.jobs.queries import get_job
from personal_assistant.jobs.waiting import release
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import jobs

_STOPPED_AT_ONCE = ("scheduled", "queued", "waiting")


def cancel(conn: sa.Connection, job_id: str, now: datetime, *, user_id: int | None = None) -> JobView:
    """Cancel a job that has not finished (with `user_id` only that person's); returns it as it is afterwards.

    One that waits or is queued ends at once; one that runs is asked to stop, and ends when its task notices.
    Raises JobNotFoundError, and JobStateError for a job that has finished.
    """
    conn.execute(sa.select(jobs.c.id).where(jobs.c.id == job_id).with_for_update())
    state = get_job(conn, job_id, user_id=user_id).state
    if state in _STOPPED_AT_ONCE:
        conn.execute(sa.update(jobs).where(jobs.c.id == job_id).values(_cancelled(now)))
        release(conn, [job_id], now)
        wake_after_commit(conn)  # it may have held a slot that another one waits for
    elif state == "running":
        conn.execute(sa.update(jobs).where(jobs.c.id == job_id).values(cancel_requested_at=now))
        wake_after_commit(conn)
    else:
        raise JobStateError(f"Job {job_id} has already {_ended(state)}: there is nothing to cancel.")
    return get_job(conn, job_id)


def _cancelled(now: datetime) -> dict[str, Any]:
    return {"state": "cancelled", "finished_at": now, "cancel_requested_at": now}


def _ended(state: str) -> str:
    return {"missed": "been missed", "cancelled": "been cancelled"}.get(state, state)


def cancel_occurrences(conn: sa.Connection, ai_task_id: int, now: datetime) -> int:
    """Cancel what an AI task still has open, because it is paused, changed or removed; returns how many."""
    open_ones = sa.and_(jobs.c.ai_task_id == ai_task_id, jobs.c.state.in_(_STOPPED_AT_ONCE))
    stopped = sa.update(jobs).where(open_ones).values(_cancelled(now)).returning(jobs.c.id)
    ids = conn.execute(stopped).scalars().all()
    release(conn, ids, now)
    if ids:
        wake_after_commit(conn)
    return len(ids)


def left_out(conn: sa.Connection, ai_task_id: int, now: datetime) -> set[datetime]:
    """The instants to come of an AI task at which it is not to run: they have their rows already."""
    return set(conn.scalars(sa.select(jobs.c.due_at).where(_left_out(ai_task_id, now))))


def forget_left_out(conn: sa.Connection, ai_task_id: int, now: datetime) -> None:
    """Let an AI task run at those instants after all, because it is planned anew."""
    conn.execute(sa.delete(jobs).where(_left_out(ai_task_id, now)))


def _left_out(ai_task_id: int, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.ai_task_id == ai_task_id, jobs.c.due_at > now, jobs.c.state == "missed")


def cancel_requested(conn: sa.Connection, worker_id: str) -> list[str]:
    """Ids of this worker's running jobs that somebody wants stopped."""
    return list(
        conn.execute(
            sa.select(jobs.c.id).where(
                jobs.c.worker_id == worker_id,
                jobs.c.state == sa.literal_column("'running'"),
                jobs.c.cancel_requested_at.is_not(None),
            )
        ).scalars()
    )
