"""Telling workers through the ledger to take no more jobs. They look for it as often as they are woken."""

from collections.abc import Sequence
from enum import StrEnum

import sqlalchemy as sa

from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import jobs, workers


class Told(StrEnum):
    """What a worker is told: to end once its jobs have ended, or to stay without taking any."""

    EXIT = "exit"
    REST = "rest"


def tell(conn: sa.Connection, worker_ids: Sequence[str], told: Told | None) -> None:
    """Tell these processes; None takes back what they were told."""
    conn.execute(sa.update(workers).where(workers.c.id.in_(worker_ids)).values(told=told))
    wake_after_commit(conn)


def told_to(conn: sa.Connection, worker_id: str, before: Told | None) -> Told | None:
    """What that process is told; as `before` while it is not on record: it has lost its lease, and takes it anew."""
    found = conn.execute(sa.select(workers.c.told).where(workers.c.id == worker_id)).one_or_none()
    if found is None:
        return before
    return Told(found.told) if found.told else None


def running_jobs(conn: sa.Connection, worker_ids: Sequence[str]) -> int:
    """How many jobs these processes have in hand."""
    running = sa.and_(jobs.c.state == sa.literal_column("'running'"), jobs.c.worker_id.in_(worker_ids))
    return int(conn.execute(sa.select(sa.func.count()).where(running)).scalar_one())
