"""The jobs that messages have named: handed to the runner, and waited for by those who brought them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence

import sqlalchemy as sa
import structlog

from personal_assistant.jobs.leases import report_durations
from personal_assistant.jobs.publish import unmark_published
from personal_assistant.store.database import Database, wake_after_commit
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.batching import Batch, Durations
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.execution import is_async
from personal_assistant.workers.sources import Room
from personal_assistant.workers.tasks import Registry
from personal_assistant.workers.threads import AHEAD_JOBS

log = structlog.get_logger(__name__)

_REPORT_EVERY_SECONDS = 0.1
# A duration is news when it has changed by this factor.
_NEWS = 1.5
# So many batches for each thread are claimed or fetched before there is a thread for them.
_AHEAD = 4
# Under load, messages and endings of so many seconds share a transaction.
_PACE_SECONDS = 0.02


class Offer:
    """The jobs of one message. `over` is called once, when none of them needs the one who brought them any more."""

    def __init__(self, ids: Sequence[str], over: Callable[[], None]) -> None:
        self._left = set(ids)
        self._over = over
        if not ids:
            over()

    def settle(self, job_id: str) -> None:
        """Strike off one job."""
        if job_id in self._left:
            self._left.discard(job_id)
            if not self._left:
                self._over()


class Inbox:
    """A runner's source that is fed by messages. `wake` is called when there is something new."""

    def __init__(self, db: Database, registry: Registry, worker_id: str, slots: int) -> None:
        # Only of tasks that are known to be quick: what takes long must not wait here while another worker is idle.
        self.ahead = _AHEAD * slots
        self.pace = _PACE_SECONDS
        self._at_once = 0
        self._held = 0
        self._durations = Durations()
        self._db = db
        self._registry = registry
        self._worker_id = worker_id
        self._lock = threading.Lock()
        self._plain: deque[Batch] = deque()
        self._async: deque[Batch] = deque()
        self._proposed: list[Batch] = []
        self._offers: dict[str, list[Offer]] = {}
        self._closed = False
        self._reported: dict[str, float] = {}
        self._report_at = 0.0
        self.wake: Callable[[], None] = lambda: None

    def do(self, name: str, ids: Sequence[str]) -> None:
        """Hand over jobs of a task, and return when none of them needs a thread any more."""
        over = threading.Event()
        self.offer(name, ids, over.set)
        over.wait()

    def offer(self, name: str, ids: Sequence[str], over: Callable[[], None]) -> None:
        """Hand over jobs of a task; `over` is called when none of them needs a thread any more.

        Those that this process cannot run stay in the ledger.
        """
        task = self._registry.tasks.get(name)
        if task is not None and self._may_be_over(task):
            over()
            over = self._one_less
        else:
            over = self._holding(over)
        offer = Offer(ids, over)
        with self._lock:
            refused = self._closed or task is None
            if task is not None and not refused:
                for job_id in ids:
                    self._offers.setdefault(job_id, []).append(offer)
                (self._async if is_async(task) else self._plain).append(Batch(task, list(ids)))
        if task is None:
            log.error("no installed module declares this task; its jobs are left for others", task=name, jobs=len(ids))
        if refused:
            # Jobs of an unknown task are told to the broker again after a while, not at once and round and round.
            self._give_back(ids if task is not None else ())
            for job_id in set(ids):
                offer.settle(job_id)
        self.wake()

    def _may_be_over(self, task: LedgerTask) -> bool:
        """Whether to let the next message come at once: this one is quick, and there are not many of them yet."""
        with self._lock:
            if self._closed or self._at_once >= self.ahead or not self._durations.is_short(task):
                return False
            self._at_once += 1
            return True

    def _holding(self, over: Callable[[], None]) -> Callable[[], None]:
        """Count a message until it is over."""
        with self._lock:
            self._held += 1

        def let_go() -> None:
            with self._lock:
                self._held -= 1
            over()

        return let_go

    def _one_less(self) -> None:
        with self._lock:
            self._at_once -= 1

    def batches(self, conn: sa.Connection, durations: Durations, room: Room) -> list[Batch]:
        self._durations = durations
        self._report(conn, durations)
        with self._lock:
            for batch in reversed(self._proposed):  # their claim was not committed
                (self._async if is_async(batch.task) else self._plain).appendleft(batch)
            self._proposed = self._for_threads(room)
            coroutines = room.coroutines
            while coroutines > 0 and self._async:
                batch = self._async.popleft()
                if len(batch.ids) > coroutines:
                    self._async.appendleft(Batch(batch.task, batch.ids[coroutines:]))
                    batch = Batch(batch.task, batch.ids[:coroutines])
                coroutines -= len(batch.ids)
                self._proposed.append(batch)
            return list(self._proposed)

    def _for_threads(self, room: Room) -> list[Batch]:
        """In the order in which they came: any for idle threads, quick ones to wait for a thread."""
        found: list[Batch] = []
        jobs_ahead = 0
        while self._plain and len(found) < room.threads + room.ahead and jobs_ahead < AHEAD_JOBS:
            if len(found) >= room.threads:
                if not self._durations.is_short(self._plain[0].task):
                    break
                jobs_ahead += len(self._plain[0].ids)
            found.append(self._plain.popleft())
        return found

    def settled(self, ids: Collection[str]) -> None:
        with self._lock:
            self._proposed = []
            offers = [(job_id, offer) for job_id in ids for offer in self._offers.pop(job_id, ())]
        for job_id, offer in offers:
            offer.settle(job_id)

    def close(self) -> None:
        """Give back what has not been taken, so that other workers hear of it at once."""
        with self._lock:
            self._closed = True
            left = [job_id for batch in (*self._proposed, *self._plain, *self._async) for job_id in batch.ids]
            self._plain.clear()
            self._async.clear()
        self._give_back(left)
        self.settled(left)

    def open(self) -> None:
        """Take jobs again, after `close`."""
        with self._lock:
            self._closed = False

    @property
    def held(self) -> int:
        """How many messages have come and are not over."""
        return self._held

    def _give_back(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        try:
            with self._db.write() as conn:
                unmark_published(conn, ids)
                wake_after_commit(conn)
        except StoreError as error:
            log.warning("jobs could not be given back; they are published again later", error=str(error))

    def _report(self, conn: sa.Connection, durations: Durations) -> None:
        """Let the schedulers know how long things take, soon after it was learnt."""
        now = time.monotonic()
        if now < self._report_at:
            return
        known = durations.known()
        if any(_is_news(seconds, self._reported.get(name)) for name, seconds in known.items()):
            report_durations(conn, self._worker_id, known)
            self._reported = known
            self._report_at = now + _REPORT_EVERY_SECONDS


def _is_news(seconds: float, reported: float | None) -> bool:
    return reported is None or not reported / _NEWS <= max(seconds, 1e-9) <= reported * _NEWS
