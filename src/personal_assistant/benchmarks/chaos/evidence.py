"""What is left behind: what was accepted, what ran, and what the ledger says."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from personal_assistant.benchmarks.chaos.feed import ACCEPTED_FILE, REFUSED_FILE, read_lines
from personal_assistant.benchmarks.chaos.tasks import read_runs
from personal_assistant.jobs.recover import INTERRUPTED
from personal_assistant.store.database import Database
from personal_assistant.store.tables import deliveries, job_errors, jobs


@dataclass(frozen=True, slots=True)
class Accepted:
    """A piece of work that the feeder was told is accepted: a job, or an AI task by its number."""

    kind: str
    id: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A job's row. `asks` says whether it waits for a person."""

    state: str
    error_kind: str | None
    asks: bool
    result: Any


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. Instants are seconds since the epoch.

    `runs` are those of each job, `delivered` the deliveries of each AI task, `refused` when the feeder was refused.
    `taken_back` is (worker, job, instant) for each attempt that a dead worker left.
    """

    accepted: list[Accepted]
    rows: dict[str, Row]
    runs: dict[str, list[float]]
    delivered: dict[str, int]
    refused: list[float]
    taken_back: list[tuple[str, str, float]]


def gather(db: Database, folder: Path) -> Evidence:
    """Read files and ledger."""
    with db.read() as conn:
        rows = {
            row.id: Row(row.state, row.error_kind, row.state == "waiting" and row.waits_for_job_id is None, row.result)
            for row in conn.execute(
                sa.select(jobs.c.id, jobs.c.state, jobs.c.error_kind, jobs.c.waits_for_job_id, jobs.c.result)
            )
        }
        counted = sa.select(deliveries.c.ai_task_id, sa.func.count()).where(deliveries.c.state == "sent")
        delivered = {str(task): count for task, count in conn.execute(counted.group_by(deliveries.c.ai_task_id))}
        lost = sa.select(job_errors.c.worker_id, job_errors.c.job_id, job_errors.c.at)
        taken_back: list[tuple[str, str, datetime]] = [
            (worker, job, at) for worker, job, at in conn.execute(lost.where(job_errors.c.kind == INTERRUPTED))
        ]
    return Evidence(
        accepted=[Accepted(**line) for line in read_lines(folder, ACCEPTED_FILE)],
        rows=rows,
        runs=read_runs(folder),
        delivered=delivered,
        refused=[line["at"] for line in read_lines(folder, REFUSED_FILE)],
        taken_back=[(worker, job, at.timestamp()) for worker, job, at in taken_back],
    )


def open_jobs(db: Database) -> int:
    """How many jobs have not ended and do not wait for a person."""
    asks = sa.and_(jobs.c.state == "waiting", jobs.c.waits_for_job_id.is_(None))
    still = sa.select(sa.func.count()).where(jobs.c.finished_at.is_(None), sa.not_(asks))
    with db.read() as conn:
        return int(conn.execute(still).scalar_one())


def ended_jobs(db: Database) -> int:
    """How many jobs have ended."""
    with db.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).where(jobs.c.finished_at.is_not(None))).scalar_one())
