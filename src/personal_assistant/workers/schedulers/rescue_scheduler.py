"""Jobs of processes that died."""

from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from personal_assistant.jobs import signals
from personal_assistant.jobs.leases import list_workers
from personal_assistant.jobs.recover import abandoned_by_nobody, recover
from personal_assistant.workers.liveness import is_gone
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.utils.task_monitoring import settle

log = structlog.get_logger(__name__)


class RescueScheduler:
    """Looks three times a lease for processes that are gone, and takes their jobs back."""

    name = "rescue"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lease = runtime.settings.lease_seconds
        self._next = runtime.clock.now()

    def dispatch(self, now: datetime) -> int:
        self._next = now + timedelta(seconds=self._lease / 3)
        with self._runtime.db.read() as conn:
            gone = [worker.id for worker in list_workers(conn) if is_gone(self._runtime, worker, now)]
            gone += abandoned_by_nobody(conn)
        if not gone:
            return 0
        with self._runtime.db.write() as conn:
            lost = recover(conn, gone, now)
            settle(conn, load_tasks(), lost)
        signals.remove_stale(self._runtime.db)
        log.warning("took back the jobs of processes that are gone", processes=len(gone), jobs=len(lost))
        return len(lost)

    def next_due(self, conn: sa.Connection) -> datetime | None:
        del conn
        return self._next
