"""What should have run and has not; and what heartbeat URLs are told."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from personal_assistant.notifications.lateness import check_lateness
from personal_assistant.store.tables import watches
from personal_assistant.workers.runtime import Runtime

if TYPE_CHECKING:
    from personal_assistant.workers.heartbeats import Heartbeats

_EVERY = timedelta(seconds=5)
# After a start: what is overdue then is about to be caught up with.
_FIRST_LOOK = timedelta(seconds=15)


class WatchScheduler:
    """Looks after what is watched every five seconds.

    Here and not in a task: a job is not run when there is no worker, or none that comes to it, and that is just what a
    watch is to tell.
    """

    name = "watches"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._due = runtime.clock.now() + _FIRST_LOOK
        self._heartbeats: Heartbeats | None = None

    def next_due(self, conn: sa.Connection) -> datetime | None:
        del conn
        now = self._runtime.clock.now()
        return now if self._due - now > _FIRST_LOOK else self._due  # the clock was set back: look at once

    def dispatch(self, now: datetime) -> int:
        self._due = now + _EVERY
        things = sa.or_(watches.c.ai_task_id.is_not(None), watches.c.schedule_id.is_not(None))
        told = watches.c.sealed.is_not(None)
        with self._runtime.db.read() as conn:
            kinds = {tuple(row) for row in conn.execute(sa.select(things, told).distinct())}
        if any(thing for thing, _ in kinds):
            check_lateness(self._runtime.db, now, self._runtime.settings.watch_grace_seconds)
        if (True, True) in kinds:
            self._outward().look()
        if any(not thing for thing, _ in kinds):
            self._outward().check()
        return 1

    def _outward(self) -> "Heartbeats":
        # Here: few have a watch, and what sends takes long to import.
        from personal_assistant.workers.heartbeats import Heartbeats

        self._heartbeats = self._heartbeats or Heartbeats(self._runtime)
        return self._heartbeats
