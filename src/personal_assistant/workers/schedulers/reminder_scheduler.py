"""What reminders do besides coming at their time: notices ahead, what follows until done, the end of a pause."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.ai.follow_ups import follow_up, next_follow_up
from personal_assistant.ai.pre_notices import next_notice, send_notices
from personal_assistant.ai.resuming import next_resuming, resume_due
from personal_assistant.workers.runtime import Runtime

_Step = tuple[Callable[[sa.Connection], datetime | None], Callable[[sa.Connection, datetime], int]]
_STEPS: tuple[_Step, ...] = ((next_resuming, resume_due), (next_notice, send_notices), (next_follow_up, follow_up))


class ReminderScheduler:
    """Sends what is due around occurrences, each thing once."""

    name = "reminders"

    def __init__(self, runtime: Runtime) -> None:
        self._db = runtime.db

    def dispatch(self, now: datetime) -> int:
        count = 0
        for _, step in _STEPS:
            with self._db.write() as conn:
                count += step(conn, now)
        return count

    def next_due(self, conn: sa.Connection) -> datetime | None:
        return min((at for first, _ in _STEPS if (at := first(conn)) is not None), default=None)
