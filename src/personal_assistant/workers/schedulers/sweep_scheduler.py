"""Jobs whose message got lost: with the broker's memory, or with a worker that held it and died."""

from collections import defaultdict
from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.jobs.publish import Progress, Stale, progress, stale, unmark_published
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
        # Queues that did not empty, how far they had come at the last look; and those of which it was said that they
        # stand still.
        self._before: dict[str, Progress] = {}
        self._still: set[str] = set()

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
        except BrokerError as error:
            log.warning("the broker does not say which messages were lost; asking again", error=str(error))
            return 0
        self._look_for_standstill({queue: len(found) for queue, found in by_queue.items() if queue not in empty})
        return sum(self._sweep(queue, found, self._before.get(queue)) for queue, found in by_queue.items())

    def _look_for_standstill(self, waiting: dict[str, int]) -> None:
        """Say once of a queue that messages wait in it and nobody takes any: until then none counts as lost."""
        before = self._before
        with self._runtime.db.read() as conn:
            self._before = {queue: progress(conn, queue) for queue in waiting}
        still = {queue for queue, now in self._before.items() if not now.running and before.get(queue) == now}
        for queue in still - self._still:
            log.warning("messages wait and no worker takes them", queue=queue, jobs=waiting[queue])
        self._still = still

    def _sweep(self, queue: str, found: list[Stale], behind: Progress | None) -> int:
        """Have jobs published again: all of an empty queue, of another those that it is past."""
        if behind is not None:
            newest = behind.newest
            found = [job for job in found if newest is not None and job.published_at < newest - self._age]
        if not found:
            return 0
        with self._runtime.db.write() as conn:
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
