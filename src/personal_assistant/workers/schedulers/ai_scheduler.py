"""Due AI tasks."""

from datetime import datetime

import sqlalchemy as sa

from personal_assistant.ai import due
from personal_assistant.workers.runtime import Runtime

_STEP = 1000


class AIScheduler:
    """Writes a job for each occurrence of each active AI task, at its second."""

    name = "ai"

    def __init__(self, runtime: Runtime) -> None:
        self._db = runtime.db
        self._at_once = runtime.settings.catch_up_at_once

    def dispatch(self, now: datetime) -> int:
        with self._db.write() as conn:
            return due.dispatch_due(conn, now, _STEP, self._at_once)

    def next_due(self, conn: sa.Connection) -> datetime | None:
        return due.next_due(conn)
