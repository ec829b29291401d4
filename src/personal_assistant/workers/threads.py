"""The lane of plain tasks: a pool of threads whose deadlines hold."""

import ctypes
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.execution import Attempt, run_in_thread
from personal_assistant.workers.utils.error_handling import JobTimeout

log = structlog.get_logger(__name__)

T = TypeVar("T")
Report = Callable[[ClaimedJob, Outcome, float], None]
Bulk = Callable[[Sequence[Attempt]], None]

# How long a task may go on after JobTimeout was raised in it, before its thread is given up.
GRACE_SECONDS = 5.0
# How long a job waits behind another one in its batch, or for a thread, before it is given back for others to take.
HOLD_SECONDS = 0.5


@dataclass(slots=True)
class _Work:
    """A batch on a thread. `lock` guards the current attempt: a deadline must not hit the attempt after it."""

    attempts: Sequence[Attempt]
    lock: threading.Lock = field(default_factory=threading.Lock)
    # Since when its attempt runs; before its first one, since when it waits for a thread.
    since: float = field(default_factory=time.monotonic)
    position: int = 0
    deadline: float | None = None
    interrupted: bool = False
    given_up: bool = False

    @property
    def behind(self) -> int:
        """How many attempts wait for the present one."""
        is_bulk = self.attempts[0].task.options.bulk is not None
        return 0 if is_bulk else len(self.attempts) - self.position - 1


class ThreadLane:
    """Runs batches of plain tasks. `report` is called from the threads, once for each job.

    `bulk` does a batch of a task that has a bulk function and records its outcomes; what it raises is reported.
    `ahead` batches may wait for a thread, so that there is something to do while the next ones are being fetched.
    """

    def __init__(self, threads: int, clock: Clock, report: Report, bulk: Bulk, ahead: int = 0) -> None:
        self._size = threads
        self._ahead = ahead
        self._clock = clock
        self._report = report
        self._do_bulk = bulk
        self._inbox: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._busy: dict[int, _Work] = {}
        self._lock = threading.Lock()
        self._waiting: dict[int, _Work] = {}
        self._threads = 0

    @property
    def free(self) -> int:
        """How many batches could be submitted."""
        with self._lock:
            return max(0, self._size + self._ahead - len(self._waiting) - len(self._busy))

    def submit(self, attempts: Sequence[Attempt]) -> None:
        """Run a batch of one task on the next free thread."""
        work = _Work(attempts)
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
            busy = list(self._busy.values())
            held = [work.since + HOLD_SECONDS for work in self._waiting.values()]
        held += [work.since + HOLD_SECONDS for work in busy if work.behind > 0 and work.deadline is not None]
        return min([*held, *(work.deadline for work in busy if work.deadline is not None)], default=None)

    def enforce(self) -> None:
        """Interrupt tasks whose time limit is over, give up threads that do not react, give back what waits long."""
        self._staff()
        self._let_go()
        now = time.monotonic()
        with self._lock:
            late = [
                (ident, work)
                for ident, work in self._busy.items()
                if work.deadline is not None and work.deadline <= now
            ]
        for ident, work in late:
            with work.lock:
                if work.deadline is None or work.deadline > now:
                    continue
                if not work.interrupted:
                    work.interrupted = True
                    work.deadline = now + GRACE_SECONDS
                    _raise_in(ident)
                    continue
                work.given_up = True
                work.deadline = None
            self._give_up(ident, work)

    def _let_go(self) -> None:
        """Give back jobs that wait behind a long one: another worker may be idle."""
        before = time.monotonic() - HOLD_SECONDS
        with self._lock:
            waiting = [work for work in self._waiting.values() if work.since <= before]
            for work in waiting:
                del self._waiting[id(work)]
            busy = [work for work in self._busy.values() if work.since <= before]
        for work in waiting:
            self._back(work.attempts, "All threads of its worker were busy.")
        for work in busy:
            with work.lock:
                if work.deadline is None or work.since > before or work.behind <= 0:
                    continue
                behind = work.attempts[work.position + 1 :]
                work.attempts = work.attempts[: work.position + 1]
            self._back(behind, "A job before it in its batch took long.")

    def _back(self, attempts: Sequence[Attempt], reason: str) -> None:
        for attempt in attempts:
            again = Retry(self._clock.now(), reason, "interrupted", counted=False)
            self._report(attempt.job, again, 0.0)

    def _give_up(self, ident: int, work: _Work) -> None:
        """Leave a thread that does not stop to itself; a new one takes its place when work comes."""
        with self._lock:
            self._busy.pop(ident, None)
            self._threads -= 1
        current, *behind = work.attempts[work.position :]
        log.error("a job does not stop at its time limit and its thread is given up", job=current.job.id)
        self._report(current.job, current.timed_out(self._clock), current.task.options.time_limit)
        self._back(behind, "A job before it in its batch got stuck.")

    def close(self) -> None:
        """Let idle threads end."""
        for _ in range(self._threads):
            self._inbox.put(None)

    def _serve(self) -> None:
        ident = threading.get_ident()
        while (work := self._inbox.get()) is not None:
            with self._lock:
                if self._waiting.pop(id(work), None) is None:
                    continue  # given back meanwhile
                self._busy[ident] = work
            if work.attempts[0].task.options.bulk is not None:
                self._bulk(work)
            else:
                self._one_by_one(work)
            with self._lock:
                if work.given_up:
                    return
                del self._busy[ident]

    def _one_by_one(self, work: _Work) -> None:
        for position, attempt in enumerate(work.attempts):
            if position >= len(work.attempts):
                return  # it and those behind it were given back
            if attempt.context.cancel_requested:
                self._report(attempt.job, Cancelled(), 0.0)
                continue
            started = self._begin(work, position, attempt)
            if started is None:
                return
            outcome = self._within_limit(work, attempt, lambda: run_in_thread(attempt, self._clock))  # noqa: B023
            if not self._end(work):
                return
            self._report(attempt.job, outcome, time.monotonic() - started)

    def _bulk(self, work: _Work) -> None:
        first = work.attempts[0]
        started = self._begin(work, 0, first) or time.monotonic()
        failure = self._within_limit(work, first, lambda: self._do_bulk(work.attempts))
        if not self._end(work) or failure is None:
            return
        if isinstance(failure, Failed) and len(work.attempts) > 1:
            self._bulk_one_by_one(work)
            return
        share = (time.monotonic() - started) / len(work.attempts)
        for attempt in work.attempts:
            self._report(attempt.job, failure, share)

    def _bulk_one_by_one(self, work: _Work) -> None:
        """After a mistake, so that the job which caused it fails alone."""
        for position, attempt in enumerate(work.attempts):
            started = self._begin(work, position, attempt) or time.monotonic()
            failure = self._within_limit(work, attempt, lambda: self._do_bulk([attempt]))  # noqa: B023
            if not self._end(work):
                return
            if failure is not None:
                self._report(attempt.job, failure, time.monotonic() - started)

    def _begin(self, work: _Work, position: int, attempt: Attempt) -> float | None:
        """Open an attempt; None when it has been given back meanwhile."""
        now = time.monotonic()
        with work.lock:
            if position >= len(work.attempts):
                return None
            work.since = now
            work.position = position
            work.deadline = now + attempt.task.options.time_limit
            work.interrupted = False
        return now

    def _end(self, work: _Work) -> bool:
        """Close the attempt; False when it was given up and reported already."""
        with work.lock:
            work.deadline = None
            return not work.given_up

    def _within_limit(self, work: _Work, attempt: Attempt, run: Callable[[], T]) -> T | Outcome:
        """Call `run`; JobTimeout, wherever it strikes before the attempt is closed, becomes the outcome."""
        try:
            # In a context of its own: what a task leaves in context variables is not the next one's.
            outcome = copy_context().run(self._guarded, attempt, run)
            with work.lock:
                work.deadline = None
                struck = work.interrupted
            if struck:
                # Not to hit the next attempt. Already taken, and swallowed by the task, it is no longer there.
                _take_back(threading.get_ident())
        except JobTimeout:
            return attempt.timed_out(self._clock)
        return outcome

    def _guarded(self, attempt: Attempt, run: Callable[[], T]) -> T | Outcome:
        try:
            return run()
        except JobTimeout:
            raise
        except BaseException as error:
            return attempt.failed(error, self._clock)


def _raise_in(thread_id: int) -> None:
    """Raise JobTimeout in a thread at its next Python instruction (a blocking call in C is not cut short)."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(JobTimeout))


def _take_back(thread_id: int) -> None:
    """Have the JobTimeout that is still on its way to a thread not arrive."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), None)
