"""Jobs of processes that died."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.jobs import signals
from personal_assistant.jobs.leases import HEARTBEAT, list_workers
from personal_assistant.jobs.recover import abandoned_by_nobody, recover
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.utils.task_monitoring import settle

log = get_logger(__name__)

# Where only the lease tells, a process is gone once so many looks in a row found it silent. One look is not enough:
# after a jump of the clock, a suspended machine or a database that was away, every process seems to have been silent.
LOOKS = 3
# After how many leases a process that misses its heartbeats is looked at so: all in all that makes one lease.
_SILENT = 0.5


class RescueScheduler:
    """Looks for processes that are gone at each heartbeat, and takes their jobs back within their lease."""

    name = "rescue"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lease = runtime.settings.lease_seconds
        self._every = timedelta(seconds=self._lease * HEARTBEAT)
        self._looked = runtime.clock.now() - self._every
        self._silent: dict[str, tuple[datetime | None, int]] = {}

    def dispatch(self, now: datetime) -> int:
        self._looked = now
        gone = self._gone(now)
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
        now = self._runtime.clock.now()
        return now if now < self._looked else self._looked + self._every  # the clock was set back: look at once

    def _gone(self, now: datetime) -> list[str]:
        with self._runtime.db.read() as conn:
            workers = list_workers(conn)
            # Without a row: forgotten as dead. It may live, and is about to register again.
            silent: dict[str, datetime | None] = dict.fromkeys(abandoned_by_nobody(conn))
        listening = {id_: signals.reads(self._runtime.db, id_) for id_ in [*(worker.id for worker in workers), *silent]}
        silent |= {
            worker.id: worker.heartbeat_at for worker in workers if worker.lease_ended(now, self._lease * _SILENT)
        }
        before, self._silent = self._silent, {}
        for worker_id, heartbeat in silent.items():
            known, looks = before.get(worker_id, (heartbeat, 0))
            self._silent[worker_id] = (heartbeat, looks + 1 if known == heartbeat else 1)
        by_lease = [id_ for id_, (_, looks) in self._silent.items() if listening[id_] is None and looks >= LOOKS]
        return by_lease + [id_ for id_, reads in listening.items() if reads is False]
