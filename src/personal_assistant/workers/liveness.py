"""Which processes are alive."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs import signals
from personal_assistant.jobs.leases import Worker, list_workers
from personal_assistant.workers.runtime import Runtime


def is_gone(runtime: Runtime, worker: Worker, now: datetime) -> bool:
    """Whether a process is dead: on one machine by its pipe, elsewhere by its lease."""
    reads = signals.reads(runtime.db, worker.id)
    return worker.lease_ended(now, runtime.settings.lease_seconds) if reads is None else not reads


def living(runtime: Runtime, conn: sa.Connection) -> list[Worker]:
    """The processes that are alive, the longest running first."""
    now = runtime.clock.now()
    return [worker for worker in list_workers(conn) if not is_gone(runtime, worker, now)]


def all_rest(alive: Sequence[Worker]) -> bool:
    """Whether some of these run jobs, and each of those rests."""
    runners = [worker for worker in alive if worker.runs]
    return bool(runners) and all(worker.rests for worker in runners)


def scheduler_alive(runtime: Runtime) -> bool:
    """Whether anything is there that fires what gets scheduled."""
    with runtime.db.read() as conn:
        return any(worker.schedules for worker in living(runtime, conn))
