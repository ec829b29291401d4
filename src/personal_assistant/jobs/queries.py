"""Reading the ledger."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.model import OPEN_STATES, JobError, JobNotFoundError, JobView
from personal_assistant.store.tables import IN_LINE, READY, job_errors, jobs, workers

# What a state means in the words of the indexes that hold those jobs alone; a condition each, no job meets two.
INDEXED = {
    "scheduled": ("state = 'scheduled'",),
    "queued": (READY, IN_LINE),
    "running": ("state = 'running'",),
    "waiting": ("state = 'waiting'",),
    "failed": ("state = 'failed'",),
}


def get_job(conn: sa.Connection, job_id: str, *, user_id: int | None = None) -> JobView:
    """One job by its id; with `user_id` another person's is as if it were not there. Raises JobNotFoundError."""
    row = conn.execute(sa.select(jobs).where(jobs.c.id == job_id, _of(user_id))).mappings().one_or_none()
    if row is None:
        raise JobNotFoundError(f"There is no job {job_id}. `assistant jobs list` shows those there are.")
    return JobView.of(row)


def _of(user_id: int | None) -> sa.ColumnElement[bool]:
    return sa.true() if user_id is None else jobs.c.user_id == user_id


def list_jobs(
    conn: sa.Connection,
    *,
    user_id: int | None = None,
    states: Sequence[str] = (),
    task: str | None = None,
    ai_task_id: int | None = None,
    text: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: str | None = None,
    back_to: str | None = None,
    rare: bool = False,
    upkeep: bool = True,
    limit: int = 50,
) -> list[JobView]:
    """Jobs, newest first: of one person, in these states, of a task or an AI task, with `text` in id, task or error,
    made at or after `since` and before `until`; with `before` those that come after that job in this order, with
    `back_to` none that comes after that one. `rare`: few are in these states, which are among `INDEXED`; begin with
    those, not with the newest. Without `upkeep` what the timetable asked for is left out, unless it is open or
    went wrong.
    """
    there: sa.FromClause = _union(states, *jobs.c).subquery() if rare else jobs
    columns = there.c
    # Databases go through the newest, or through a person's, unless it is expressions that they are to order and know.
    order, whose = (columns.id.concat(""), columns.user_id + 0) if rare else (columns.id, columns.user_id)
    chosen = sa.select(there).order_by(order.desc()).limit(limit)
    if states and not rare:
        chosen = chosen.where(columns.state.in_(states))
    if user_id is not None:
        chosen = chosen.where(whose == user_id)
    if text is not None:
        parts = (columns.id, columns.task, columns.error)
        chosen = chosen.where(sa.or_(*(part.icontains(text, autoescape=True) for part in parts)))
    if since is not None:
        chosen = chosen.where(columns.created_at >= since)
    if until is not None:
        chosen = chosen.where(columns.created_at < until)
    if task is not None:
        chosen = chosen.where(columns.task == task)
    if not upkeep:
        chosen = chosen.where(sa.or_(columns.schedule_id.is_(None), columns.state.not_in(("succeeded", "missed"))))
    if ai_task_id is not None:
        chosen = chosen.where(columns.ai_task_id == ai_task_id)
    if before is not None:
        chosen = chosen.where(columns.id < before)
    if back_to is not None:
        chosen = chosen.where(columns.id >= back_to)
    return [JobView.of(row) for row in conn.execute(chosen).mappings()]


def _union(states: Collection[str], *columns: sa.Column[Any]) -> sa.CompoundSelect[Any]:
    """These columns of all jobs in these states, each read from the index of its state."""
    conditions = [condition for state in states for condition in INDEXED[state]]
    return sa.union_all(*(sa.select(*columns).where(sa.text(condition)) for condition in conditions))


def job_back(conn: sa.Connection, places: int, *, user_id: int | None = None, before: str | None = None) -> str | None:
    """The id of the job that many places behind the newest, or behind `before`; None where there are not so many.

    With `user_id` only that person's count. A search that goes back to it takes a bounded time, whatever it finds.
    """
    chosen = sa.select(jobs.c.id).where(_of(user_id)).order_by(jobs.c.id.desc()).offset(places).limit(1)
    return conn.execute(chosen if before is None else chosen.where(jobs.c.id < before)).scalar_one_or_none()


def running_on(conn: sa.Connection, worker_name: str, limit: int) -> list[tuple[JobView, int]]:
    """At most `limit` jobs that run on the worker of that name, the longest first, each with its process's id."""
    chosen = (
        sa.select(jobs, workers.c.pid.label("worker_pid"))
        .join(workers, workers.c.id == jobs.c.worker_id)
        .where(workers.c.name == worker_name, jobs.c.state == sa.literal_column("'running'"))
        .order_by(jobs.c.started_at)
        .limit(limit)
    )
    return [(JobView.of(row), row["worker_pid"]) for row in conn.execute(chosen).mappings()]


def errors_of(conn: sa.Connection, job_id: str) -> list[JobError]:
    """A job's failed attempts, oldest first."""
    rows = conn.execute(sa.select(job_errors).where(job_errors.c.job_id == job_id).order_by(job_errors.c.id))
    return [JobError(row.attempt, row.at, row.kind, row.message, row.traceback) for row in rows]


def count_open(conn: sa.Connection) -> dict[tuple[str, str], int]:
    """How many open jobs there are, by task and state."""
    there = _union(OPEN_STATES, jobs.c.task, jobs.c.state).subquery()
    counted = sa.select(there.c.task, there.c.state, sa.func.count().label("number"))
    rows = conn.execute(counted.group_by(there.c.task, there.c.state))
    return {(row.task, row.state): row.number for row in rows}


@dataclass(frozen=True, slots=True)
class Orphans:
    """Open jobs of a task that no installed module declares."""

    task: str
    count: int
    oldest: datetime


def open_tasks(conn: sa.Connection) -> list[Orphans]:
    """The open jobs by task name; the caller knows which names are declared."""
    there = _union(OPEN_STATES, jobs.c.task, jobs.c.run_at).subquery()
    counted = sa.select(there.c.task, sa.func.count().label("number"), sa.func.min(there.c.run_at).label("oldest"))
    rows = conn.execute(counted.group_by(there.c.task))
    return [Orphans(row.task, row.number, row.oldest) for row in rows]


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How many open jobs a queue has in each state, and since when the longest waiting of its queued ones could run."""

    queue: str
    states: dict[str, int]
    oldest_queued: datetime | None


def queue_depths(conn: sa.Connection) -> list[QueueDepth]:
    """The queues that have open jobs, by name."""
    there = _union(OPEN_STATES, jobs.c.queue, jobs.c.state, jobs.c.run_at).subquery()
    counted = sa.select(
        there.c.queue, there.c.state, sa.func.count().label("number"), sa.func.min(there.c.run_at).label("oldest")
    )
    rows = conn.execute(counted.group_by(there.c.queue, there.c.state)).all()
    return [
        QueueDepth(
            queue,
            {row.state: row.number for row in rows if row.queue == queue},
            next((row.oldest for row in rows if (row.queue, row.state) == (queue, "queued")), None),
        )
        for queue in sorted({row.queue for row in rows})
    ]


def waiting_queues(conn: sa.Connection, before: datetime) -> dict[str, int]:
    """Queue to the number of its ready jobs, of queues in which one could have started before that instant."""
    counted = sa.select(jobs.c.queue, sa.func.count().label("number")).where(sa.text(READY)).group_by(jobs.c.queue)
    rows = conn.execute(counted.having(sa.func.min(jobs.c.run_at) < before))
    return {row.queue: row.number for row in rows}


def oldest_queued(conn: sa.Connection, tasks: Collection[str]) -> datetime | None:
    """Since when the ready job of these tasks that has waited longest could have started."""
    queued = sa.and_(sa.text(READY), jobs.c.task.in_(tasks))
    found: datetime | None = conn.execute(sa.select(sa.func.min(jobs.c.run_at)).where(queued)).scalar_one()
    return found
