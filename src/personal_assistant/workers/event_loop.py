"""The lane of `async def` tasks: one event loop on one thread, for as many jobs as there is memory for."""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.execution import Attempt, interrupted, run_in_loop

log = structlog.get_logger(__name__)

# How long after its time limit a job that ignores its cancellation, or cannot be reached, is given up.
GRACE_SECONDS = 5.0
_ANSWER_SECONDS = 1.0
_CLOSE_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class _Job:
    attempt: Attempt
    submitted: float
    given_up_at: float
    coroutine: asyncio.Task[Outcome] | None = None


class LoopLane:
    """Runs `async def` tasks. `report` is called once for each job.

    A coroutine that ignores its cancellation loses its slot; a loop that a coroutine blocks is left to itself, and a
    new one takes its place.
    """

    def __init__(self, limit: int, clock: Clock, report: Callable[[ClaimedJob, Outcome, float], None]) -> None:
        self._limit = limit
        self._clock = clock
        self._report = report
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def free(self) -> int:
        """How many jobs could start at once."""
        with self._lock:
            return self._limit - len(self._jobs)

    def submit(self, attempt: Attempt) -> None:
        """Start one job on the loop."""
        now = time.monotonic()
        job = _Job(attempt, now, now + attempt.task.options.time_limit + GRACE_SECONDS)
        with self._lock:
            loop = self._loop or self._start()
            self._jobs[attempt.job.id] = job
        loop.call_soon_threadsafe(self._spawn, job)

    def cancel(self, job_id: str) -> None:
        """Cancel one job's coroutine."""
        with self._lock:
            job, loop = self._jobs.get(job_id), self._loop
        if job is not None and loop is not None:
            loop.call_soon_threadsafe(_cancel, job)

    def next_deadline(self) -> float | None:
        """The monotonic instant at which `enforce` has something to do."""
        with self._lock:
            return min((job.given_up_at for job in self._jobs.values()), default=None)

    def enforce(self) -> None:
        """Give up jobs that are past their limit and did not let themselves be cancelled."""
        now = time.monotonic()
        with self._lock:
            late = [job for job in self._jobs.values() if job.given_up_at <= now]
        if late and not self._answers():
            self._replace_loop(late)
            return
        for job in late:
            log.error("a job ignores its cancellation and is given up", job=job.attempt.job.id)
            self._settle(job, job.attempt.timed_out(self._clock))

    def close(self) -> None:
        """Cancel what is left and stop the loop."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CLOSE_SECONDS)

    def _start(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_serve, args=(loop,), name="job-loop", daemon=True)
        thread.start()
        self._loop, self._thread = loop, thread
        return loop

    def _spawn(self, job: _Job) -> None:
        job.coroutine = asyncio.get_running_loop().create_task(run_in_loop(job.attempt, self._clock))
        job.coroutine.add_done_callback(partial(self._ended, job))

    def _ended(self, job: _Job, coroutine: asyncio.Task[Outcome]) -> None:
        # Cancelled before its first step, it had no chance to say so itself.
        self._settle(job, Cancelled() if coroutine.cancelled() else coroutine.result())

    def _settle(self, job: _Job, outcome: Outcome) -> None:
        with self._lock:
            if self._jobs.get(job.attempt.job.id) is not job:
                return  # given up and reported already
            del self._jobs[job.attempt.job.id]
        self._report(job.attempt.job, outcome, time.monotonic() - job.submitted)

    def _answers(self) -> bool:
        answered = threading.Event()
        assert self._loop is not None
        self._loop.call_soon_threadsafe(answered.set)
        return answered.wait(_ANSWER_SECONDS)

    def _replace_loop(self, late: list[_Job]) -> None:
        """Leave a blocked loop to itself. The job that blocks it has failed; the others are given back."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
            jobs = list(self._jobs.values())
        assert loop is not None and thread is not None
        blocking = asyncio.current_task(loop)
        frame = sys._current_frames().get(thread.ident or 0)
        stack = "".join(traceback.format_stack(frame))
        loop.call_soon_threadsafe(loop.stop)
        log.error("the event loop is blocked; a new one takes its place", jobs=len(jobs), at=stack[-2000:])
        for job in jobs:
            if job.coroutine is not None and job.coroutine is blocking:
                reason = "It blocked the event loop; call what blocks through asyncio.to_thread."
                self._settle(job, Failed(reason, "bug", stack))
            elif blocking is None and job in late:
                self._settle(job, job.attempt.timed_out(self._clock))
            else:
                self._settle(job, interrupted(job.attempt.job, self._clock, "Another job blocked the event loop."))


def _cancel(job: _Job) -> None:
    if job.coroutine is not None:
        job.coroutine.cancel()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop until it is stopped, then let its coroutines clean up."""
    while True:
        try:
            loop.run_forever()
            break
        except BaseException:  # SystemExit in a coroutine that a job spawned comes through here
            log.exception("something tried to end the event loop; it goes on")
    left = asyncio.all_tasks(loop)
    for coroutine in left:
        coroutine.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=_CLOSE_SECONDS))
    loop.close()
