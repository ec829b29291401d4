"""Delayed and retried jobs."""

from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs.due import next_due, queue_due
from personal_assistant.workers.runtime import Runtime

_STEP = 1000


class JobScheduler:
    """Queues scheduled jobs at their instant."""

    name = "jobs"

    def __init__(self, runtime: Runtime) -> None:
        self._db = runtime.db

    def dispatch(self, now: datetime) -> int:
        with self._db.write() as conn:
            return queue_due(conn, now, _STEP)

    def next_due(self, conn: sa.Connection) -> datetime | None:
        return next_due(conn)
