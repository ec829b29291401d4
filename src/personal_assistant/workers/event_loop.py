"""The lane of `async def` tasks: one event loop on one thread, for as many jobs as there is memory for."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.execution import Attempt, interrupted, run_in_loop
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.loop_thread import LoopThread

log = get_logger(__name__)

# How long after its time limit a job that ignores its cancellation, or cannot be reached, is given up.
GRACE_SECONDS = 5.0
_ANSWER_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class _Job:
    attempt: Attempt
    submitted: float
    given_up_at: float
    coroutine: asyncio.Task[Outcome] | None = None


class LoopLane:
    """Runs `async def` tasks. `report` is called once for each job.

    `expect` is told by when each job that is submitted will be given up; whoever it tells calls `enforce` then.

    A coroutine that ignores its cancellation loses its slot; a loop that a coroutine blocks is left to itself, and a
    new one takes its place.
    """

    def __init__(
        self,
        limit: int,
        clock: Clock,
        report: Callable[[ClaimedJob, Outcome, float], None],
        expect: Callable[[float], None],
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._report = report
        self._expect = expect
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()
        self._loop: LoopThread | None = None

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
            loop = self._loop = self._loop or LoopThread()
            self._jobs[attempt.job.id] = job
        self._expect(job.given_up_at)
        loop.call(self._spawn, job)

    def cancel(self, job_id: str) -> None:
        """Cancel one job's coroutine."""
        with self._lock:
            job, loop = self._jobs.get(job_id), self._loop
        if job is not None and loop is not None:
            loop.call(_cancel, job)

    def next_deadline(self) -> float | None:
        """The monotonic instant at which `enforce` has something to do."""
        with self._lock:
            return min((job.given_up_at for job in self._jobs.values()), default=None)

    def enforce(self) -> None:
        """Give up jobs that are past their limit and did not let themselves be cancelled."""
        now = time.monotonic()
        with self._lock:
            late = [job for job in self._jobs.values() if job.given_up_at <= now]
            loop = self._loop
        if late and loop is not None and not loop.answers(_ANSWER_SECONDS):
            self._replace(loop, late)
            return
        for job in late:
            log.error("a job ignores its cancellation and is given up", job=job.attempt.job.id)
            self._settle(job, job.attempt.timed_out(self._clock))

    def close(self) -> None:
        """Cancel what is left and stop the loop."""
        if self._loop is not None:
            self._loop.stop()
            self._loop.join()

    def _spawn(self, job: _Job) -> None:
        if self._jobs.get(job.attempt.job.id) is not job:
            return  # given back before it began
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

    def _replace(self, loop: LoopThread, late: list[_Job]) -> None:
        """Leave a blocked loop to itself. The job that blocks it has failed; the others are given back."""
        with self._lock:
            self._loop = None
            jobs = list(self._jobs.values())
        blocking = asyncio.current_task(loop.loop)
        stack = loop.stack()
        loop.stop()
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
