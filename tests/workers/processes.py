"""Processes that stand in the ledger without running."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs import leases, signals
from personal_assistant.store.tables import workers
from personal_assistant.workers.runtime import Runtime


def worker(worker_id: str, at: datetime, *, schedules: bool = True, runs: bool = True) -> leases.Worker:
    """A process as it registers at an instant."""
    return leases.Worker(
        id=worker_id,
        host="here",
        pid=os.getpid(),
        version="1",
        schedules=schedules,
        runs=runs,
        started_at=at,
        heartbeat_at=at,
        scheduled_at=None,
        draining=False,
    )


@contextmanager
def living_process(runtime: Runtime, worker_id: str = "alive", **roles: bool) -> Iterator[leases.Worker]:
    """One that is registered and listens."""
    listener = signals.listen(runtime.db, worker_id)
    try:
        yield dead_process(runtime, worker_id, **roles)
    finally:
        listener.close()


def dead_process(runtime: Runtime, worker_id: str = "dead", **roles: bool) -> leases.Worker:
    """One that is registered, and that nobody hears from any more."""
    registered = worker(worker_id, runtime.clock.now(), **roles)
    with runtime.db.write() as conn:
        leases.register(conn, registered)
    return registered


def heartbeat(runtime: Runtime, worker_id: str, *, scheduled_at: datetime | None = None) -> bool:
    """Renew its lease now."""
    with runtime.db.write() as conn:
        return leases.heartbeat(conn, worker_id, runtime.clock.now(), scheduled_at=scheduled_at, draining=False)


def rename(runtime: Runtime, worker_id: str, name: str) -> None:
    """Give it the name of a worker."""
    with runtime.db.write() as conn:
        conn.execute(sa.update(workers).where(workers.c.id == worker_id).values(name=name))
