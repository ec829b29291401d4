"""Taking queued jobs: one conditional UPDATE, with the attempt number as fencing token."""

from collections.abc import Collection
from datetime import datetime
from socket import gethostname

import sqlalchemy as sa

from personal_assistant.jobs.model import CLAIMED_COLUMNS, ClaimedJob
from personal_assistant.jobs.turns import STILL_READY, Queue, Ready, Turns, in_turn
from personal_assistant.store.bulk import among
from personal_assistant.store.tables import READY, jobs


def ready(conn: sa.Connection, tasks: Collection[str], limit: int, turns: Turns) -> list[Ready]:
    """(id, task, attempts so far) of at most `limit` ready jobs of these tasks, by priority and in turn.

    On PostgreSQL the rows are locked, and rows that another worker has locked are passed over.
    """
    return in_turn(conn, Queue(READY, tasks, locking=True), limit, turns)


def claim(conn: sa.Connection, worker_id: str, ids: Collection[str], now: datetime) -> list[ClaimedJob]:
    """Make these ready jobs this worker's. Those that are not ready, or no longer so, are left out.

    Returned in the order of `ids`. `attempt` is counted here, before anything runs, so that a job that kills its
    worker uses an attempt up.
    """
    if not ids:
        return []
    taken = (
        sa.update(jobs)
        .where(among(conn, jobs.c.id, ids), STILL_READY)
        .values(
            state="running",
            attempt=jobs.c.attempt + 1,
            worker_id=worker_id,
            host=gethostname(),
            started_at=now,
            progress=None,
        )
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
