"""Taking queued jobs: one conditional UPDATE, with the attempt number as fencing token."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs.model import CLAIMED_COLUMNS, ClaimedJob
from personal_assistant.store.bulk import among, unindexed
from personal_assistant.store.tables import jobs


def ready(conn: sa.Connection, tasks: Collection[str], limit: int) -> list[tuple[str, str, int]]:
    """(id, task, attempts so far) of at most `limit` queued jobs of these tasks: first by priority, then by instant.

    On PostgreSQL the rows are locked, and rows that another worker has locked are passed over.
    """
    chosen = (
        sa.select(jobs.c.id, jobs.c.task, jobs.c.attempt)
        .where(jobs.c.state == sa.literal_column("'queued'"), jobs.c.task.in_(tasks))
        .order_by(jobs.c.priority.desc(), jobs.c.run_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(job_id, task, attempt) for job_id, task, attempt in conn.execute(chosen).all()]


def claim(conn: sa.Connection, worker_id: str, ids: Collection[str], now: datetime) -> list[ClaimedJob]:
    """Make these queued jobs this worker's. Those that are no longer queued are left out.

    Returned in the order of `ids`. `attempt` is counted here, before anything runs, so that a job that kills its
    worker uses an attempt up.
    """
    if not ids:
        return []
    taken = (
        sa.update(jobs)
        .where(among(conn, jobs.c.id, ids), unindexed(jobs.c.state) == "queued")
        .values(state="running", attempt=jobs.c.attempt + 1, worker_id=worker_id, started_at=now, progress=None)
        .returning(*CLAIMED_COLUMNS)
    )
    claimed = {row.id: ClaimedJob.of(row) for row in conn.execute(taken).all()}
    return [claimed[job_id] for job_id in ids if job_id in claimed]


def held_by(conn: sa.Connection, worker_id: str) -> list[ClaimedJob]:
    """What the ledger says this worker is running."""
    held = sa.select(*CLAIMED_COLUMNS).where(
        jobs.c.worker_id == worker_id, jobs.c.state == sa.literal_column("'running'")
    )
    return [ClaimedJob.of(row) for row in conn.execute(held)]
