"""The lane of plain tasks: a pool of threads whose deadlines hold."""

import queue
import threading
import time
from collections.abc import Callable, Sequence

import structlog

from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry
from personal_assistant.timing.clock import Clock
from personal_assistant.workers import time_limit
from personal_assistant.workers.execution import Attempt, run_in_thread
from personal_assistant.workers.time_limit import LimitedWork

log = structlog.get_logger(__name__)

AHEAD_JOBS = 1000

Report = Callable[[ClaimedJob, Outcome, float], None]
Bulk = Callable[[Sequence[Attempt]], None]
Expect = Callable[[float], None]


class ThreadLane:
    """Runs batches of plain tasks. `report` is called from the threads, once for each job.

    `bulk` does a batch of a task that has a bulk function and records its outcomes; what it raises is reported.
    `expect` is told the deadline of each attempt that begins; whoever it tells calls `enforce` then.
    `ahead` batches may wait for a thread, of AHEAD_JOBS jobs or a few more, so that there is something to do while the
    next ones are being fetched.
    """

    def __init__(self, threads: int, clock: Clock, report: Report, bulk: Bulk, expect: Expect, ahead: int = 0) -> None:
        self._size = threads
        self._ahead = ahead
        self._clock = clock
        self._report = report
        self._do_bulk = bulk
        self._expect = expect
        self._inbox: queue.SimpleQueue[LimitedWork | None] = queue.SimpleQueue()
        self._busy: dict[int, LimitedWork] = {}
        self._lock = threading.Lock()
        self._waiting: dict[int, LimitedWork] = {}
        self._threads = 0

    @property
    def idle(self) -> int:
        """How many batches could be submitted and begun at once."""
        with self._lock:
            return max(0, self._size - len(self._waiting) - len(self._busy))

    @property
    def ahead(self) -> int:
        """How many batches could be submitted beyond those."""
        with self._lock:
            waiting = max(0, len(self._waiting) + len(self._busy) - self._size)
            jobs = sum(len(work.attempts) for work in self._waiting.values())
            return max(0, self._ahead - waiting) if jobs < AHEAD_JOBS else 0

    def submit(self, attempts: Sequence[Attempt]) -> None:
        """Run a batch of one task on the next free thread."""
        work = LimitedWork(attempts, self._clock, self._expect)
        with self._lock:
            self._waiting[id(work)] = work
        self._inbox.put(work)
        self._staff()

    def _staff(self) -> None:
        """Have as many threads as there is work for. Where no more can be started, work waits for those there are."""
        while True:
            with self._lock:
                if self._threads >= min(self._size, len(self._waiting) + len(self._busy)):
                    return
                self._threads += 1
            try:
                threading.Thread(target=self._serve, name="job-thread", daemon=True).start()
            except RuntimeError:
                with self._lock:
                    self._threads -= 1
                log.exception("no further thread can be started")
                return

    def next_deadline(self) -> float | None:
        """The monotonic instant at which `enforce` has something to do."""
        with self._lock:
            deadlines = [work.next_deadline for work in self._busy.values()]
            deadlines += [work.since + time_limit.HOLD_SECONDS for work in self._waiting.values()]
        return min((it for it in deadlines if it is not None), default=None)

    def enforce(self) -> None:
        """Interrupt tasks whose time limit is over, give up threads that do not react, give back what waits long."""
        self._staff()
        with self._lock:
            busy = list(self._busy.items())
        for thread_id, work in busy:
            self._give_back(work.let_go(), "A job before it in its batch took long.")
            if work.enforce(thread_id):
                self._give_up(thread_id, work)
        for work in self._too_long_waiting():
            self._give_back(work.attempts, "All threads of its worker were busy.")

    def _too_long_waiting(self) -> list[LimitedWork]:
        """Take the batches off the line that have waited for a thread for too long."""
        before = time.monotonic() - time_limit.HOLD_SECONDS
        with self._lock:
            found = [work for work in self._waiting.values() if work.since <= before]
            for work in found:
                del self._waiting[id(work)]
        return found

    def _give_back(self, attempts: Sequence[Attempt], reason: str) -> None:
        for attempt in attempts:
            again = Retry(self._clock.now(), reason, "interrupted", counted=False)
            self._report(attempt.job, again, 0.0)

    def _give_up(self, thread_id: int, work: LimitedWork) -> None:
        """Leave a thread that does not stop to itself; a new one takes its place when work comes."""
        with self._lock:
            self._busy.pop(thread_id, None)
            self._threads -= 1
        current, *behind = work.attempts[work.position :]
        log.error("a job does not stop at its time limit and its thread is given up", job=current.job.id)
        self._report(current.job, current.timed_out(self._clock), current.task.options.time_limit)
        self._give_back(behind, "A job before it in its batch got stuck.")

    def close(self) -> None:
        """Let idle threads end."""
        for _ in range(self._threads):
            self._inbox.put(None)

    def _serve(self) -> None:
        thread_id = threading.get_ident()
        while (work := self._inbox.get()) is not None:
            with self._lock:
                if self._waiting.pop(id(work), None) is None:
                    continue  # given back meanwhile
                self._busy[thread_id] = work
            if work.attempts[0].task.options.bulk is not None:
                self._bulk(work)
            else:
                self._one_by_one(work)
            with self._lock:
                if work.given_up:
                    return
                del self._busy[thread_id]

    def _one_by_one(self, work: LimitedWork) -> None:
        for position, attempt in enumerate(work.attempts):
            if not work.reach(position):
                return  # it and those behind it were given back
            if attempt.context.cancel_requested:
                self._report(attempt.job, Cancelled(), 0.0)
                continue
            started = time.monotonic()
            outcome = work.within_limit(position, lambda: run_in_thread(attempt, self._clock))  # noqa: B023
            if not work.end():
                return
            self._report(attempt.job, outcome, time.monotonic() - started)

    def _bulk(self, work: LimitedWork) -> None:
        started = time.monotonic()
        failure = work.within_limit(0, lambda: self._do_bulk(work.attempts))
        if not work.end() or failure is None:
            return
        if isinstance(failure, Failed) and len(work.attempts) > 1:
            self._bulk_one_by_one(work)
            return
        share = (time.monotonic() - started) / len(work.attempts)
        for attempt in work.attempts:
            self._report(attempt.job, failure, share)

    def _bulk_one_by_one(self, work: LimitedWork) -> None:
        """After a mistake, so that the job which caused it fails alone."""
        for position, attempt in enumerate(work.attempts):
            started = time.monotonic()
            failure = work.within_limit(position, lambda: self._do_bulk([attempt]))  # noqa: B023
            if not work.end():
                return
            if failure is not None:
                self._report(attempt.job, failure, time.monotonic() - started)
