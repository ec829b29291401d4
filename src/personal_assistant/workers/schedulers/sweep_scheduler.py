"""Jobs whose message got lost: with the broker's memory, or with a worker that held it and died."""

from collections import defaultdict
from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.jobs.publish import Stale, newest_taken, stale, unmark_published
from personal_assistant.store.database import wake_after_commit
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.transport.messages import BrokerError, empty_queues

log = get_logger(__name__)

_STEP = 5000
# After a start: when to look for what the predecessor has marked and not sent, and how long ago it was marked.
_FIRST_LOOK = _FIRST_AGE = timedelta(seconds=0.03)


class SweepScheduler:
    """Has jobs published again that nobody has taken for `republish_seconds`.

    While messages wait in a queue, a job's own may be among them: then it counts as lost only once jobs have been taken
    whose messages were sent that much later. To send one too many is harmless: a job is claimed once.
    """

    name = "sweep"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._age = timedelta(seconds=runtime.settings.republish_seconds)
        self._every = self._age / 3
        self._looked = runtime.clock.now()

    def next_due(self, conn: sa.Connection) -> datetime | None:
        del conn
        now = self._runtime.clock.now()
        return now if now < self._looked else self._looked + self._every  # the clock was set back: look at once

    def dispatch(self, now: datetime) -> int:
        self._looked = now
        with self._runtime.db.read() as conn:
            old = stale(conn, now - self._age, _STEP)
        by_queue: dict[str, list[Stale]] = defaultdict(list)
        for job in old:
            by_queue[job.queue].append(job)
        try:
            empty = empty_queues(by_queue) if old else set()
        except BrokerError:
            return 0  # the publisher says so
        return sum(self._sweep(queue, found, empty=queue in empty) for queue, found in by_queue.items())

    def _sweep(self, queue: str, found: list[Stale], *, empty: bool) -> int:
        with self._runtime.db.write() as conn:
            if not empty:
                newest = newest_taken(conn, queue)
                found = [job for job in found if newest is not None and job.published_at < newest - self._age]
            count = unmark_published(conn, [job.id for job in found])
            if count:
                wake_after_commit(conn)
                log.warning("messages were not taken; their jobs are published again", queue=queue, jobs=count)
        return count


class FirstSweep:
    """Once, soon after the start: has what a killed predecessor had marked as sent, and had not sent, published again.

    Only where no message waits: what is not taken then is lost, or in a worker that is about to begin with it, which
    a second message does not change.
    """

    name = "first-sweep"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._look_at: datetime | None = runtime.clock.now() + _FIRST_LOOK

    def next_due(self, conn: sa.Connection) -> datetime | None:
        del conn
        return self._look_at

    def dispatch(self, now: datetime) -> int:
        self._look_at = None
        with self._runtime.db.read() as conn:
            marked = stale(conn, now - _FIRST_AGE, _STEP)
        try:
            empty = empty_queues({job.queue for job in marked}) if marked else set()
        except BrokerError:
            return 0  # the other sweep comes to it
        lost = [job.id for job in marked if job.queue in empty]
        if not lost:
            return 0
        with self._runtime.db.write() as conn:
            count = unmark_published(conn, lost)
            wake_after_commit(conn)
        return count
