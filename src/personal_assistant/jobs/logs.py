"""The log that is kept with a job: writing lines and reading them."""

from collections.abc import Sequence

import sqlalchemy as sa

from personal_assistant.jobs.log_lines import FIRST, LAST, LogLine
from personal_assistant.store.bulk import among, insert_rows
from personal_assistant.store.tables import job_logs, jobs

# Of all attempts together, where somebody wants to see everything.
MOST_LINES = 10_000

_COLUMNS = ("job_id", "attempt", "number", "at", "level", "text")
_LINE = (job_logs.c.attempt, job_logs.c.number, job_logs.c.at, job_logs.c.level, job_logs.c.text)


def write_lines(conn: sa.Connection, by_job: Sequence[tuple[str, Sequence[LogLine]]]) -> None:
    """Add lines to the logs of their jobs, and take out what is between the first and the last ones of an attempt.

    Lines that are there already, and those of jobs that are no longer there, are passed over.
    """
    # Locked, since a job that is removed meanwhile would not let its lines in, nor all that is written with them.
    there = sa.select(jobs.c.id).where(among(conn, jobs.c.id, [job_id for job_id, _ in by_job]))
    known = set(conn.execute(there.with_for_update(read=True, key_share=True)).scalars())
    rows = [
        (job_id, line.attempt, line.number, line.at, line.level, line.text)
        for job_id, lines in by_job
        if job_id in known
        for line in lines
    ]
    insert_rows(conn, job_logs, _COLUMNS, rows)
    for job_id, lines in by_job:
        if lines and lines[-1].number > FIRST + LAST:
            _remove_between(conn, job_id, lines[-1])


def _remove_between(conn: sa.Connection, job_id: str, newest: LogLine) -> None:
    of_attempt = sa.and_(job_logs.c.job_id == job_id, job_logs.c.attempt == newest.attempt)
    between = sa.and_(job_logs.c.number > FIRST, job_logs.c.number <= newest.number - LAST)
    conn.execute(sa.delete(job_logs).where(of_attempt, between))


def lines_of(
    conn: sa.Connection, job_id: str, *, after: tuple[int, int] = (0, 0), limit: int = FIRST + LAST
) -> list[LogLine]:
    """At most `limit` lines of a job's log, the earliest first, that come after the attempt and number given."""
    attempt, number = after
    later = sa.or_(job_logs.c.attempt > attempt, sa.and_(job_logs.c.attempt == attempt, job_logs.c.number > number))
    chosen = sa.select(*_LINE).where(job_logs.c.job_id == job_id, job_logs.c.attempt >= attempt, later)
    rows = conn.execute(chosen.order_by(job_logs.c.attempt, job_logs.c.number).limit(limit))
    return [LogLine(*row) for row in rows]


def last_lines_of(conn: sa.Connection, job_id: str, limit: int) -> list[LogLine]:
    """The newest lines of a job's log, the earliest of them first."""
    chosen = sa.select(*_LINE).where(job_logs.c.job_id == job_id)
    rows = conn.execute(chosen.order_by(job_logs.c.attempt.desc(), job_logs.c.number.desc()).limit(limit)).all()
    return [LogLine(*row) for row in reversed(rows)]


def with_gaps(lines: Sequence[LogLine], after: tuple[int, int] = (0, 0)) -> list[LogLine | int]:
    """Lines that follow each other, and how many were left out where some were; `after` is as in `lines_of`."""
    shown: list[LogLine | int] = []
    attempt, number = after
    for line in lines:
        if line.attempt == attempt and line.number > number + 1:
            shown.append(line.number - number - 1)
        shown.append(line)
        attempt, number = line.attempt, line.number
    return shown
