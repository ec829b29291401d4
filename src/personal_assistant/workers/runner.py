"""Takes queued jobs from the ledger, runs their Celery tasks, writes down how they ended.

One thread turns: each turn is one transaction that writes the outcomes that have come in and claims as many jobs as
there is room for, so under load both are group-committed. The work itself is done by the lanes.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.cancel import cancel_requested
from personal_assistant.jobs.claim import claim, held_by
from personal_assistant.jobs.context import JobContext
from personal_assistant.jobs.finish import finish_many, write_progress
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Outcome, Retry
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.batching import Durations, every_id
from personal_assistant.workers.bulk import do_together
from personal_assistant.workers.deadlines import Deadlines
from personal_assistant.workers.event_loop import LoopLane
from personal_assistant.workers.execution import Attempt, interrupted
from personal_assistant.workers.job_logs import OpenLogs
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.recording import record
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.sources import LedgerSource, Room, Source
from personal_assistant.workers.storable import storable
from personal_assistant.workers.tasks import Registry
from personal_assistant.workers.threads import ThreadLane
from personal_assistant.workers.underway import Observer, Underway

log = get_logger(__name__)

LOOK_EVERY_SECONDS = 2.0
_AFTER_ERROR_SECONDS = 1.0
# How long a job that is told to stop at a shutdown has for it.
_CUT_OFF_SECONDS = 2.0


class Runner:
    """Runs jobs in this process until it is stopped.

    `source` proposes them; the ledger does unless it is given. `observer` is told of each claim and each outcome.
    """

    def __init__(
        self,
        runtime: Runtime,
        registry: Registry,
        worker_id: str,
        source: Source | None = None,
        observer: Observer | None = None,
    ) -> None:
        settings = runtime.settings
        self._db = runtime.db
        self._clock = runtime.clock
        self._outage = runtime.outage
        self._registry = registry
        self._source = source or LedgerSource(registry)
        self._worker_id = worker_id
        self._observer = observer
        self._drain_seconds = settings.drain_seconds
        self._reconcile_every = settings.lease_seconds
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._rest = threading.Event()
        self._rests = False
        self._underway = Underway(runtime.clock)
        self._reconcile_at = 0.0
        self._progress: dict[str, Any] = {}
        self._logs = OpenLogs(runtime.clock)
        self._durations = Durations()
        self._deadlines = Deadlines()
        expect = self._deadlines.expect
        size, ahead = settings.worker_threads, self._source.ahead
        self._threads = ThreadLane(size, self._clock, self._report, self._do_bulk, expect, ahead)
        self._loop = LoopLane(settings.async_jobs, self._clock, self._report, expect)
        self._deadlines.watch(self._threads, self._loop)
        self._not_to_be_had: list[str] = []

    def wake(self) -> None:
        """Look at the ledger now."""
        self._wake.set()

    def run(self) -> None:
        """Turn until `stop`; then let what runs come to its end, for the set time at most."""
        with self._deadlines:
            while not self._stop.is_set():
                next_turn = time.monotonic() + self._source.pace
                again = self._safely(self._turn_or_rest)
                self._wait(0.0 if again else LOOK_EVERY_SECONDS)
                self._stop.wait(max(0.0, next_turn - time.monotonic()))
            self._drain()
        self._threads.close()
        self._loop.close()

    def stop(self) -> None:
        """Take no more jobs; `run` returns once those under way have ended or their time is over."""
        self._stop.set()
        self._wake.set()

    def rest(self, wanted: bool) -> None:
        """Take no more jobs, and go on with those under way; or take jobs again."""
        (self._rest.set if wanted else self._rest.clear)()
        self._wake.set()

    @property
    def draining(self) -> bool:
        """Whether no more jobs are taken."""
        return self._stop.is_set() or self._rest.is_set()

    def _turn_or_rest(self) -> int:
        rests = self._rest.is_set()
        if rests != self._rests:
            self._rests = rests
            (self._source.close if rests else self._source.open)()
        return self.turn(claiming=not rests)

    def turn(self, *, claiming: bool = True) -> int:
        """One transaction: write what has ended, take what there is room for. Returns how many jobs were taken."""
        self._underway.collect()
        with self._db.write() as conn:
            self._write_down(conn)
            lost = self._reconcile(conn)
            taken = self._take(conn) if claiming else []
            stop_ids = cancel_requested(conn, self._worker_id) if self._underway else []
        if self._observer is not None:
            self._observer.ended(self._underway.unwritten)
            self._observer.began(chain.from_iterable(taken))
        self._start(taken)
        self._tell_source(taken)
        self._underway.unwritten.clear()
        self._logs.written()
        self._cancel([*stop_ids, *lost])
        return sum(len(batch) for batch in taken)

    def _write_down(self, conn: sa.Connection) -> None:
        if unwritten := self._underway.unwritten:
            record(conn, self._registry, self._worker_id, unwritten, self._clock.now())
        if self._progress:
            progress, self._progress = self._progress, {}
            write_progress(conn, self._worker_id, progress)
        if self._logs:
            self._logs.write(conn, self._runs)

    def _runs(self, job_id: str, attempt: int) -> bool:
        underway = self._underway.get(job_id)
        return underway is not None and underway.job.attempt == attempt

    def _take(self, conn: sa.Connection) -> list[list[Attempt]]:
        batches = self._source.batches(conn, self._durations, self._room())
        ids = every_id(batches)
        claimed = {job.id: job for job in claim(conn, self._worker_id, ids, self._clock.now())}
        self._not_to_be_had = [job_id for job_id in ids if job_id not in claimed]
        # Each once: two messages may name the same job.
        attempts = [[self._attempt(claimed.pop(it)) for it in batch.ids if it in claimed] for batch in batches]
        return [batch for batch in attempts if batch]

    def _room(self) -> Room:
        return Room(self._threads.idle, self._threads.ahead, self._loop.free)

    def _attempt(self, job: ClaimedJob) -> Attempt:
        context = JobContext(job.id, job.attempt, report=self._note_progress, open_log=self._logs.open)
        return Attempt(job, self._registry.tasks[job.task], context)

    def _start(self, batches: Iterable[list[Attempt]]) -> None:
        for batch in batches:
            self._underway.begin(batch)
            try:
                self._submit(batch)
            except (OSError, RuntimeError):  # no thread or no file descriptor to be had
                log.exception("jobs cannot be started; they are given back")
                for attempt in batch:
                    self._report(attempt.job, interrupted(attempt.job, self._clock, "It could not be started."), 0.0)
                self._stop.wait(_AFTER_ERROR_SECONDS)

    def _submit(self, batch: list[Attempt]) -> None:
        if not batch[0].is_async:
            self._threads.submit(batch)
            return
        for attempt in batch:
            self._loop.submit(attempt)

    def _tell_source(self, taken: Iterable[list[Attempt]]) -> None:
        """After the commit: which jobs need no thread."""
        written = [job.id for job, _ in self._underway.unwritten] + self._underway.take_written()
        on_the_loop = [attempt.job.id for batch in taken for attempt in batch if attempt.is_async]
        self._source.settled([*written, *on_the_loop, *self._not_to_be_had])
        self._not_to_be_had = []

    def _cancel(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            attempt = self._underway.get(job_id)
            # Once: each further cancellation would strike a coroutine in the middle of its cleaning up.
            if attempt is not None and not attempt.context.cancel_requested:
                attempt.context.request_cancel()
                self._loop.cancel(job_id)

    def _reconcile(self, conn: sa.Connection) -> list[str]:
        """Compare what the ledger says is ours with what we know, now and then.

        A job that we know nothing of is given back: its claim's commit was cut off. Returns those that are no longer
        ours, because others took this process for dead: they are to stop, for they are done elsewhere.
        """
        if time.monotonic() < self._reconcile_at:
            return []
        self._reconcile_at = time.monotonic() + self._reconcile_every
        ours = held_by(conn, self._worker_id)
        unknown = [job for job in ours if not self._underway.knows(job.id)]
        again = Retry(self._clock.now(), "Its claim was cut off before it started.", "interrupted", counted=False)
        finish_many(conn, self._worker_id, [(job, again) for job in unknown], self._clock.now())
        tokens = {(job.id, job.attempt) for job in ours}
        return [it.job.id for it in self._underway if (it.job.id, it.job.attempt) not in tokens]

    def _report(self, job: ClaimedJob, outcome: Outcome, seconds: float) -> None:
        self._durations.learn(job.task, seconds)
        self._underway.ended(job, storable(outcome))
        self._wake.set()

    def _do_bulk(self, attempts: Sequence[Attempt]) -> None:
        """Do a batch at once, and know that its outcomes are written. Called from the lane's threads."""
        finished = do_together(self._db, self._clock, self._registry, self._worker_id, attempts)
        if self._observer is not None:
            self._observer.ended(finished)
        self._underway.written(attempts)
        self._wake.set()

    def _note_progress(self, job_id: str, value: Any) -> None:
        self._progress[job_id] = value
        self._wake.set()

    def _wait(self, seconds: float) -> None:
        if seconds:
            self._wake.wait(seconds)
        self._wake.clear()

    def _safely(self, turn: Callable[[], int]) -> bool:
        """A turn that outlives a database which is away for a while: what has ended is kept, and written later.

        Returns whether to turn again at once.
        """
        try:
            taken = turn()
            self._outage.worked("runner")
            return taken > 0
        except StoreError as error:
            pause = self._outage.failed("runner", error)
            self._wait(0.0 if self._stop.is_set() else pause)
            return True
        except Exception:
            log.exception("a turn of the runner failed; trying again")
        self._stop.wait(_AFTER_ERROR_SECONDS)
        return True

    def _drain(self) -> None:
        """Let what runs end; tell what does not to stop; give back what does not listen either."""
        self._source.close()
        self._finish_within(self._drain_seconds)
        unasked = [it.job.id for it in self._underway if not it.context.cancel_requested]
        self._underway.cut_off(unasked)
        self._cancel(unasked)
        self._finish_within(_CUT_OFF_SECONDS)
        for attempt in self._underway:
            self._underway.ended(attempt.job, Cancelled())
        self._safely(lambda: self.turn(claiming=False))

    def _finish_within(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (self._underway or self._underway.unwritten) and (left := until - time.monotonic()) > 0:
            self._wait(min(0.2, left))
            self._safely(lambda: self.turn(claiming=False))
