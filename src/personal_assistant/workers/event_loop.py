"""The lane of `async def` tasks: one event loop on one thread, for as many jobs as there is memory for."""

import asyncio
import threading
import time
from collections.abc import Callable

from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Outcome
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.execution import Attempt, run_in_loop


class LoopLane:
    """Runs `async def` tasks. `report` is called from the loop's thread, once for each job."""

    def __init__(self, limit: int, clock: Clock, report: Callable[[ClaimedJob, Outcome, float], None]) -> None:
        self._limit = limit
        self._clock = clock
        self._report = report
        self._running: dict[str, asyncio.Task[None]] = {}
        self._taken = 0
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def free(self) -> int:
        with self._lock:
            return self._limit - self._taken

    def submit(self, attempt: Attempt) -> None:
        """Start one job on the loop."""
        with self._lock:
            self._taken += 1
            loop = self._loop or self._start()
        loop.call_soon_threadsafe(self._spawn, attempt)

    def cancel(self, job_id: str) -> None:
        """Cancel one job's coroutine."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cancel, job_id)

    def close(self) -> None:
        """Stop the loop; what is under way is left where it stands."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _start(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="job-loop", daemon=True).start()
        return self._loop

    def _spawn(self, attempt: Attempt) -> None:
        self._running[attempt.job.id] = asyncio.ensure_future(self._run(attempt))

    def _cancel(self, job_id: str) -> None:
        if job_id in self._running:
            self._running[job_id].cancel()

    async def _run(self, attempt: Attempt) -> None:
        started = time.monotonic()
        outcome = await run_in_loop(attempt, self._clock)
        self._running.pop(attempt.job.id, None)
        with self._lock:
            self._taken -= 1
        self._report(attempt.job, outcome, time.monotonic() - started)
