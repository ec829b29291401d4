"""Takes queued jobs from the ledger, runs their Celery tasks, writes down how they ended.

One thread turns: each turn is one transaction that writes the outcomes that have come in and claims as many jobs as
there is room for, so under load both are group-committed. The work itself is done by the lanes.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog

from personal_assistant.jobs.cancel import cancel_requested
from personal_assistant.jobs.claim import claim, held_by
from personal_assistant.jobs.context import JobContext
from personal_assistant.jobs.finish import Finished, finish_many, still_held, write_outcomes, write_progress
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Outcome, Retry
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.batching import Durations, every_id
from personal_assistant.workers.event_loop import LoopLane
from personal_assistant.workers.execution import Attempt, interrupted
from personal_assistant.workers.recording import record
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.sources import LedgerSource, Source
from personal_assistant.workers.storable import storable
from personal_assistant.workers.tasks import Registry
from personal_assistant.workers.threads import ThreadLane
from personal_assistant.workers.utils.task_monitoring import settle

log = structlog.get_logger(__name__)

T = TypeVar("T")

LOOK_EVERY_SECONDS = 2.0
_AFTER_STORE_ERROR_SECONDS = 1.0
# How long a job that is told to stop at a shutdown has for it.
_CUT_OFF_SECONDS = 2.0


class Runner:
    """Runs jobs in this process until it is stopped. `source` proposes them; the ledger does unless it is given."""

    def __init__(self, runtime: Runtime, registry: Registry, worker_id: str, source: Source | None = None) -> None:
        settings = runtime.settings
        self._db = runtime.db
        self._clock = runtime.clock
        self._registry = registry
        self._source = source or LedgerSource(registry)
        self._worker_id = worker_id
        self._drain_seconds = settings.drain_seconds
        self._reconcile_every = settings.lease_seconds
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
        self._written: queue.SimpleQueue[Sequence[Attempt]] = queue.SimpleQueue()
        self._held: dict[str, Attempt] = {}
        self._unwritten: list[Finished] = []
        self._cut_off: set[str] = set()
        self._reconcile_at = 0.0
        self._progress: dict[str, Any] = {}
        self._durations = Durations()
        ahead = self._source.ahead
        self._threads = ThreadLane(settings.worker_threads, self._clock, self._report, self._do_bulk, ahead)
        self._loop = LoopLane(settings.async_jobs, self._clock, self._report)
        self._settled: list[str] = []

    def wake(self) -> None:
        """Look at the ledger now."""
        self._wake.set()

    def run(self) -> None:
        """Turn until `stop`; then let what runs come to its end, for the set time at most."""
        while not self._stop.is_set():
            again = self._safely(self.turn)
            self._wait(0.0 if again else self._pause())
        self._drain()

    def stop(self) -> None:
        """Take no more jobs; `run` returns once those under way have ended or their time is over."""
        self._stop.set()
        self._wake.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def turn(self, *, claiming: bool = True) -> int:
        """One transaction: write what has ended, take what there is room for. Returns how many jobs were taken."""
        self._threads.enforce()
        self._loop.enforce()
        self._collect()
        with self._db.write() as conn:
            self._write_down(conn)
            self._reconcile(conn)
            taken = self._take(conn) if claiming else []
            stop_ids = cancel_requested(conn, self._worker_id) if self._held else []
        self._settled += [job.id for job, _ in self._unwritten]
        self._unwritten.clear()
        self._start(taken)
        self._tell_source()
        self._cancel(stop_ids)
        return sum(len(batch) for batch in taken)

    def _collect(self) -> None:
        """Take over what the lanes have reported: once for each attempt, whatever they say later."""
        for attempts in _drained(self._written):
            for attempt in attempts:
                if self._held.get(attempt.job.id) is attempt:
                    del self._held[attempt.job.id]
                    self._settled.append(attempt.job.id)
        for job, outcome in _drained(self._done):
            held = self._held.get(job.id)
            if held is None or held.job is not job:
                continue
            del self._held[job.id]
            if isinstance(outcome, Cancelled) and job.id in self._cut_off:
                outcome = interrupted(job, self._clock, "It was cut off by a shutdown.")
            self._unwritten.append((job, outcome))

    def _write_down(self, conn: sa.Connection) -> None:
        if self._unwritten:
            record(conn, self._registry, self._worker_id, self._unwritten, self._clock.now())
        if self._progress:
            progress, self._progress = self._progress, {}
            write_progress(conn, self._worker_id, progress)

    def _take(self, conn: sa.Connection) -> list[list[Attempt]]:
        batches = self._source.batches(conn, self._durations, self._threads.free, self._loop.free)
        ids = every_id(batches)
        claimed = {job.id: job for job in claim(conn, self._worker_id, ids, self._clock.now())}
        self._settled += [job_id for job_id in ids if job_id not in claimed]
        # Each once: two messages may name the same job.
        attempts = [[self._attempt(claimed.pop(it)) for it in batch.ids if it in claimed] for batch in batches]
        return [batch for batch in attempts if batch]

    def _attempt(self, job: ClaimedJob) -> Attempt:
        context = JobContext(job.id, job.attempt, report=self._note_progress)
        return Attempt(job, self._registry.tasks[job.task], context)

    def _start(self, batches: Iterable[list[Attempt]]) -> None:
        for batch in batches:
            self._held.update((attempt.job.id, attempt) for attempt in batch)
            try:
                self._submit(batch)
            except (OSError, RuntimeError):  # no thread or no file descriptor to be had
                log.exception("jobs cannot be started; they are given back")
                for attempt in batch:
                    self._report(attempt.job, interrupted(attempt.job, self._clock, "It could not be started."), 0.0)

    def _submit(self, batch: list[Attempt]) -> None:
        if not batch[0].is_async:
            self._threads.submit(batch)
            return
        for attempt in batch:
            self._loop.submit(attempt)
        self._settled += [attempt.job.id for attempt in batch]

    def _tell_source(self) -> None:
        settled, self._settled = self._settled, []
        self._source.settled(settled)

    def _cancel(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            attempt = self._held.get(job_id)
            # Once: each further cancellation would strike a coroutine in the middle of its cleaning up.
            if attempt is not None and not attempt.context.cancel_requested:
                attempt.context.request_cancel()
                self._loop.cancel(job_id)

    def _reconcile(self, conn: sa.Connection) -> None:
        """Give back jobs that the ledger says are ours and we know nothing of: their claim's commit was cut off."""
        if time.monotonic() < self._reconcile_at:
            return
        self._reconcile_at = time.monotonic() + self._reconcile_every
        known = self._held.keys() | {job.id for job, _ in self._unwritten}
        unknown = [job for job in held_by(conn, self._worker_id) if job.id not in known]
        again = Retry(self._clock.now(), "Its claim was cut off before it started.", "interrupted", counted=False)
        finish_many(conn, self._worker_id, [(job, again) for job in unknown], self._clock.now())

    def _report(self, job: ClaimedJob, outcome: Outcome, seconds: float) -> None:
        self._durations.learn(job.task, seconds)
        self._done.put((job, storable(outcome)))
        self._wake.set()

    def _do_bulk(self, attempts: Sequence[Attempt]) -> None:
        """Do a batch at once and write how it ended, in one transaction. Called from the lane's threads."""
        bulk = attempts[0].task.options.bulk
        assert bulk is not None
        with self._db.write() as conn:
            now = self._clock.now()
            held = still_held(conn, self._worker_id, [attempt.job for attempt in attempts])
            outcomes = bulk(conn, held, now) if held else ()
            if len(outcomes) != len(held):
                raise ValueError(f"The bulk function returned {len(outcomes)} outcomes for {len(held)} jobs.")
            finished = [(job, storable(outcome)) for job, outcome in zip(held, outcomes, strict=True)]
            settle(conn, self._registry, write_outcomes(conn, self._worker_id, finished, now))
        self._written.put(attempts)
        self._wake.set()

    def _note_progress(self, job_id: str, value: Any) -> None:
        self._progress[job_id] = value
        self._wake.set()

    def _pause(self) -> float:
        deadlines = (self._threads.next_deadline(), self._loop.next_deadline())
        ahead = [deadline - time.monotonic() for deadline in deadlines if deadline is not None]
        return max(0.0, min([LOOK_EVERY_SECONDS, *ahead]))

    def _wait(self, seconds: float) -> None:
        if seconds:
            self._wake.wait(seconds)
        self._wake.clear()

    def _safely(self, turn: Callable[[], int]) -> bool:
        """A turn that outlives a database which is away for a while: what has ended is kept, and written later.

        Returns whether to turn again at once.
        """
        try:
            return turn() > 0
        except StoreError as error:
            log.error("the ledger cannot be written; trying again", error=str(error))  # noqa: TRY400
        except Exception:
            log.exception("a turn of the runner failed; trying again")
        self._stop.wait(_AFTER_STORE_ERROR_SECONDS)
        return True

    def _drain(self) -> None:
        """Let what runs end; tell what does not to stop; give back what does not listen either."""
        self._source.close()
        self._finish_within(self._drain_seconds)
        self._cut_off = {job_id for job_id, it in self._held.items() if not it.context.cancel_requested}
        self._cancel(self._cut_off)
        self._finish_within(_CUT_OFF_SECONDS)
        for attempt in self._held.values():
            self._done.put((attempt.job, Cancelled()))
        self._safely(lambda: self.turn(claiming=False))
        self._threads.close()
        self._loop.close()

    def _finish_within(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (self._held or self._unwritten) and (left := until - time.monotonic()) > 0:
            self._wait(min(0.2, left))
            self._safely(lambda: self.turn(claiming=False))


def _drained(done: "queue.SimpleQueue[T]") -> list[T]:
    found: list[T] = []
    while True:
        try:
            found.append(done.get_nowait())
        except queue.Empty:
            return found
