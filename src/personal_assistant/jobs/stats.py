"""Finished jobs, counted by hour, task, outcome and kind of error."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.store.database import insert_new
from personal_assistant.store.tables import job_stats, jobs

_HOUR = timedelta(hours=1)


def _seconds_between(conn: sa.Connection, start: sa.Column[Any], end: sa.Column[Any]) -> sa.ColumnElement[float]:
    if conn.dialect.name == "postgresql":
        return sa.extract("epoch", end - start).cast(sa.Float)
    return (sa.func.julianday(end) - sa.func.julianday(start)).cast(sa.Float) * 86_400.0


def _hour_of(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _counted(conn: sa.Connection, since: datetime, until: datetime) -> sa.Select[Any]:
    """The statistics of what finished in [since, until), a row a task, outcome and kind of error."""
    run = _seconds_between(conn, jobs.c.started_at, jobs.c.finished_at)
    wait = _seconds_between(conn, jobs.c.run_at, jobs.c.started_at)
    kind = sa.func.coalesce(jobs.c.error_kind, "")
    return (
        sa.select(
            sa.literal(since, job_stats.c.hour.type).label("hour"),
            jobs.c.task,
            jobs.c.state,
            kind.label("error_kind"),
            sa.func.count().label("count"),
            sa.func.coalesce(sa.func.sum(run), 0.0).label("run_seconds"),
            sa.func.coalesce(sa.func.max(run), 0.0).label("longest_run_seconds"),
            sa.func.coalesce(sa.func.sum(wait), 0.0).label("wait_seconds"),
            sa.func.coalesce(sa.func.max(wait), 0.0).label("longest_wait_seconds"),
        )
        .where(jobs.c.finished_at >= since, jobs.c.finished_at < until)
        .group_by(jobs.c.task, jobs.c.state, kind)
    )


def roll_up_next(conn: sa.Connection, now: datetime) -> datetime | None:
    """Count the first complete hour that is not counted yet; returns it, or None when all are."""
    counted = conn.execute(sa.select(sa.func.max(job_stats.c.hour))).scalar_one()
    uncounted = sa.select(sa.func.min(jobs.c.finished_at)).where(jobs.c.finished_at.is_not(None))
    if counted is not None:
        uncounted = uncounted.where(jobs.c.finished_at >= counted + _HOUR)
    first = conn.execute(uncounted).scalar_one()
    if first is None or _hour_of(first) + _HOUR > now:
        return None
    hour = _hour_of(first)
    columns = [column.name for column in job_stats.columns]
    conn.execute(insert_new(conn, job_stats).from_select(columns, _counted(conn, hour, hour + _HOUR)))
    return hour


@dataclass(frozen=True, slots=True)
class TaskStats:
    """What became of one task's jobs over a span of time; durations are seconds."""

    task: str
    succeeded: int
    failed: int
    other: int
    errors: dict[str, int]
    mean_run_seconds: float
    longest_run_seconds: float
    mean_wait_seconds: float
    longest_wait_seconds: float


def task_stats(conn: sa.Connection, since: datetime, now: datetime) -> list[TaskStats]:
    """Per task, from the counted hours since `since` and what finished after them."""
    last = conn.execute(sa.select(sa.func.max(job_stats.c.hour))).scalar_one()
    live_from = max(since, last + _HOUR) if last is not None else since
    counted = sa.select(job_stats).where(job_stats.c.hour >= _hour_of(since))
    rows = [*conn.execute(counted), *conn.execute(_counted(conn, live_from, now + _HOUR))]
    return [_summed(task, [row for row in rows if row.task == task]) for task in sorted({row.task for row in rows})]


def _summed(task: str, rows: list[Any]) -> TaskStats:
    ran = [row for row in rows if row.state in ("succeeded", "failed")]
    count = sum(row.count for row in ran) or 1
    errors: dict[str, int] = {}
    for row in rows:
        if row.error_kind:
            errors[row.error_kind] = errors.get(row.error_kind, 0) + row.count
    return TaskStats(
        task=task,
        succeeded=sum(row.count for row in ran if row.state == "succeeded"),
        failed=sum(row.count for row in ran if row.state == "failed"),
        other=sum(row.count for row in rows) - sum(row.count for row in ran),
        errors=errors,
        mean_run_seconds=sum(row.run_seconds for row in ran) / count,
        longest_run_seconds=max((row.longest_run_seconds for row in ran), default=0.0),
        mean_wait_seconds=sum(row.wait_seconds for row in ran) / count,
        longest_wait_seconds=max((row.longest_wait_seconds for row in ran), default=0.0),
    )
