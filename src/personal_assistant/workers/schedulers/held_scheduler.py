"""What is held in quiet hours goes out when they end."""

from datetime import datetime

import sqlalchemy as sa

from personal_assistant.notifications.holding import next_release, release
from personal_assistant.workers.runtime import Runtime


class HeldScheduler:
    """Sends what was held, a person's messages as one digest."""

    name = "held"

    def __init__(self, runtime: Runtime) -> None:
        self._db = runtime.db

    def dispatch(self, now: datetime) -> int:
        with self._db.write() as conn:
            return release(conn, now)

    def next_due(self, conn: sa.Connection) -> datetime | None:
        return next_release(conn)
