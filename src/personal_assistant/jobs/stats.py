"""Finished jobs, counted by hour, task, outcome and kind of error.

Each ending is counted once, whatever the clock does meanwhile: a job says whether its ending is counted. One that is
retried after its end will be counted for its next ending too.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.queries import count_open
from personal_assistant.store.bulk import among
from personal_assistant.store.database import insert_adding
from personal_assistant.store.tables import job_stats, jobs

_UNCOUNTED = sa.and_(jobs.c.finished_at.is_not(None), sa.not_(jobs.c.counted))
_RAN = jobs.c.state.in_(("succeeded", "failed"))
_ZERO = sa.literal(0.0, sa.Float)


def count_finished(conn: sa.Connection, limit: int) -> int:
    """Count at most `limit` endings that are not counted yet, the oldest first; returns how many."""
    oldest = sa.select(jobs.c.id).where(_UNCOUNTED).order_by(jobs.c.finished_at).limit(limit)
    return count_endings(conn, conn.execute(oldest).scalars().all())


def count_endings(conn: sa.Connection, ids: Sequence[str]) -> int:
    """Count those of these jobs that have ended and are not counted yet; returns how many."""
    if not ids:
        return 0
    uncounted = sa.select(jobs.c.id).where(among(conn, jobs.c.id, ids), _UNCOUNTED).with_for_update()
    found = conn.execute(uncounted).scalars().all()
    if found:
        these = among(conn, jobs.c.id, found)
        conn.execute(insert_adding(conn, job_stats, _figures(conn).where(these), largest=_LARGEST))
        conn.execute(sa.update(jobs).where(these).values(counted=True))
    return len(found)


_LARGEST = ("longest_run_seconds", "longest_wait_seconds")


def _figures(conn: sa.Connection) -> sa.Select[Any]:
    """Statistics of jobs that have ended, in the columns of `job_stats`."""
    hour = _hour(conn).label("hour")
    kind = sa.func.coalesce(jobs.c.error_kind, "").label("error_kind")
    run = _seconds(conn, jobs.c.started_at, jobs.c.finished_at)
    wait = _seconds(conn, jobs.c.run_at, jobs.c.started_at)
    return (
        sa.select(
            hour,
            jobs.c.task,
            jobs.c.state,
            kind,
            sa.func.count().label("count"),
            sa.func.sum(run).label("run_seconds"),
            sa.func.max(run).label("longest_run_seconds"),
            sa.func.sum(wait).label("wait_seconds"),
            sa.func.max(wait).label("longest_wait_seconds"),
        )
        .group_by(hour, jobs.c.task, jobs.c.state, kind)
        .order_by(hour, jobs.c.task, jobs.c.state, kind)
    )


def _hour(conn: sa.Connection) -> sa.ColumnElement[datetime]:
    """The hour in which a job ended."""
    finished = jobs.c.finished_at
    if conn.dialect.name == "postgresql":
        return sa.func.date_trunc("hour", finished, type_=job_stats.c.hour.type)
    return sa.type_coerce(sa.func.substr(finished, 1, 13).concat(":00:00.000000"), job_stats.c.hour.type)


def _seconds(conn: sa.Connection, start: sa.Column[Any], end: sa.Column[Any]) -> sa.ColumnElement[float]:
    """How long it took a job that ran; nothing for one that did not, and where the clock was set back meanwhile."""
    if conn.dialect.name == "postgresql":
        seconds: sa.ColumnElement[Any] = sa.extract("epoch", end - start).cast(sa.Float)
    else:
        seconds = (sa.func.julianday(end) - sa.func.julianday(start)).cast(sa.Float) * 86_400.0
    return sa.case((sa.and_(_RAN, end > start), seconds), else_=_ZERO)


@dataclass(frozen=True, slots=True)
class Total:
    """All endings of a task's jobs in one state, with the seconds that they ran and waited together."""

    task: str
    state: str
    count: int
    run_seconds: float
    wait_seconds: float


def totals(conn: sa.Connection) -> list[Total]:
    """Of each task and state since there are statistics, those included that are not counted yet."""
    sums = (sa.func.sum(job_stats.c[name]) for name in ("count", "run_seconds", "wait_seconds"))
    counted = sa.select(job_stats.c.task, job_stats.c.state, *sums).group_by(job_stats.c.task, job_stats.c.state)
    found: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    uncounted = [
        (row.task, row.state, row.count, row.run_seconds, row.wait_seconds)
        for row in conn.execute(_figures(conn).where(_UNCOUNTED))
    ]
    for task, state, *figures in [*conn.execute(counted), *uncounted]:
        found[task, state] = [before + more for before, more in zip(found[task, state], figures, strict=True)]
    return [Total(task, state, int(count), run, wait) for (task, state), (count, run, wait) in sorted(found.items())]


def count_by_state(conn: sa.Connection) -> dict[str, int]:
    """How many jobs are open in each state, and how many endings there were in each other since there are statistics.

    To count the ended ones that are still kept would be to go through all of them.
    """
    found: dict[str, int] = defaultdict(int)
    for (_, state), number in count_open(conn).items():
        found[state] += number
    for total in totals(conn):
        found[total.state] += total.count
    return dict(found)


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


def task_stats(conn: sa.Connection, since: datetime) -> list[TaskStats]:
    """Per task, from the hour of `since` on: what is counted, and what is not counted yet."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    counted = sa.select(job_stats).where(job_stats.c.hour >= hour)
    uncounted = _figures(conn).where(_UNCOUNTED, jobs.c.finished_at >= hour)
    rows = [*conn.execute(counted), *conn.execute(uncounted)]
    return [_summed(task, [row for row in rows if row.task == task]) for task in sorted({row.task for row in rows})]


@dataclass(frozen=True, slots=True)
class HourStats:
    """What became of the jobs that ran and ended in one hour; the mean waiting time is None where none did."""

    hour: datetime
    succeeded: int
    failed: int
    mean_wait_seconds: float | None


def hourly_stats(conn: sa.Connection, since: datetime) -> list[HourStats]:
    """Per hour in which jobs ended, from the hour of `since` on: what is counted, and what is not counted yet."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    columns = (job_stats.c.hour, job_stats.c.state, job_stats.c.count, job_stats.c.wait_seconds)
    counted = sa.select(*columns).where(job_stats.c.hour >= hour, job_stats.c.state.in_(("succeeded", "failed")))
    uncounted = _figures(conn).where(_UNCOUNTED, _RAN, jobs.c.finished_at >= hour)
    by_hour: dict[datetime, list[Any]] = defaultdict(list)
    for row in [*conn.execute(counted), *conn.execute(uncounted)]:
        by_hour[row.hour].append(row)
    return [_of_hour(hour, rows) for hour, rows in sorted(by_hour.items())]


def _of_hour(hour: datetime, rows: list[Any]) -> HourStats:
    succeeded = sum(row.count for row in rows if row.state == "succeeded")
    failed = sum(row.count for row in rows if row.state == "failed")
    ran = succeeded + failed
    return HourStats(hour, succeeded, failed, sum(row.wait_seconds for row in rows) / ran if ran else None)


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
