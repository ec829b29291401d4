"""Writing new jobs, inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.ids import new_job_id
from personal_assistant.jobs.model import OPEN_STATES, InvalidJobError, NewJob
from personal_assistant.store.bulk import insert_rows
from personal_assistant.store.database import insert_new, wake_after_commit
from personal_assistant.store.plain import dump_json, plain_text
from personal_assistant.store.tables import jobs
from personal_assistant.timing.clock import utc_now

_COLUMNS = (
    "id",
    "task",
    "queue",
    "args",
    "state",
    "priority",
    "run_at",
    "attempt",
    "max_attempts",
    "at_most_once",
    "unique_key",
    "concurrency_key",
    "slot",
    "user_id",
    "ai_task_id",
    "schedule_id",
    "due_at",
    "created_at",
    "finished_at",
    "error_kind",
    "error",
)


_LONGEST = {"id": 155, "task": 200, "queue": 64, "unique_key": 200, "concurrency_key": 255}


def enqueue(conn: sa.Connection, job: NewJob, *, now: datetime | None = None) -> str:
    """Accept one job; it exists once the caller's transaction commits.

    Returns its id. When an open job holds the same unique key, or the same occurrence has a row already, nothing is
    written and the id of that one is returned. Raises InvalidJobError for what the ledger cannot hold.
    """
    _check(job)
    row = dict(zip(_COLUMNS, _values(job, now or utc_now()), strict=True))
    wake_after_commit(conn)
    while True:
        # RETURNING, for psycopg's count of rows is not kept after an INSERT.
        if conn.execute(insert_new(conn, jobs).returning(jobs.c.id), row).first() is not None:
            return str(row["id"])
        holder = _holder(conn, job, row["id"])
        if holder is not None:
            return holder
        # It ended between the two statements, so there is room now.


def enqueue_many(conn: sa.Connection, batch: Sequence[NewJob], *, now: datetime | None = None) -> None:
    """Accept many jobs in one statement. Those whose unique key or occurrence has a row already are passed over."""
    if not batch:
        return
    instant = now or utc_now()
    insert_rows(conn, jobs, _COLUMNS, [_values(job, instant) for job in batch])
    wake_after_commit(conn)


def _values(job: NewJob, now: datetime) -> tuple[Any, ...]:
    """The new row, in the order of _COLUMNS."""
    run_at = job.run_at or now
    missed = job.missed
    state = "missed" if missed else "queued" if run_at <= now else "scheduled"
    return (
        job.id or new_job_id(),
        job.task,
        job.queue,
        [job.args, job.kwargs],
        state,
        job.priority,
        run_at,
        0,
        job.max_attempts,
        job.at_most_once,
        job.unique_key,
        job.concurrency_key,
        "asks" if state == "queued" and job.concurrency_key is not None else None,
        job.user_id,
        job.ai_task_id,
        job.schedule_id,
        job.due_at,
        now,
        now if missed else None,
        "missed" if missed else None,
        missed,
    )


def _check(job: NewJob) -> None:
    """Raise InvalidJobError unless both databases can hold the job, and tell its key from none."""
    if job.concurrency_key == "":
        raise InvalidJobError("The concurrency_key of a job is empty: give it a name, or None for no key.")
    for name, longest in _LONGEST.items():
        text = getattr(job, name)
        if text is not None and (len(text) > longest or plain_text(text) != text):
            raise InvalidJobError(
                f"The {name} {plain_text(text[:40])!r} of a job cannot be kept: "
                f"it has at most {longest} characters, and neither NUL nor lone surrogates among them."
            )
    try:
        dump_json([job.args, job.kwargs])
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidJobError(f"The arguments of a job of {job.task} cannot be kept as JSON: {error}.") from error


def _holder(conn: sa.Connection, job: NewJob, job_id: str) -> str | None:
    """The id of the row that stood in the new one's way; None when it does so no longer."""
    same = [jobs.c.id == job_id]
    if job.unique_key is not None:
        same.append(sa.and_(jobs.c.unique_key == job.unique_key, jobs.c.state.in_(OPEN_STATES)))
    for column, owner in ((jobs.c.ai_task_id, job.ai_task_id), (jobs.c.schedule_id, job.schedule_id)):
        if owner is not None:
            same.append(sa.and_(column == owner, jobs.c.due_at == job.due_at))
    found: str | None = conn.execute(sa.select(jobs.c.id).where(sa.or_(*same)).limit(1)).scalar_one_or_none()
    return found
