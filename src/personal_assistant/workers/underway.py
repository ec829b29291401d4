"""The attempts that a worker has begun, and how those ended that are not written down yet."""

import queue
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from personal_assistant.jobs.finish import Finished
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Outcome
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.execution import Attempt, interrupted

T = TypeVar("T")


class Observer(Protocol):
    """Is told what has been committed about attempts; it must not wait for anything."""

    def began(self, attempts: Iterable[Attempt]) -> None: ...

    def ended(self, finished: Iterable[Finished]) -> None: ...


class Underway:
    """What the runner has in hand. `ended` and `written` are called from any thread, all else from the runner's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attempts: dict[str, Attempt] = {}
        self._ended: queue.SimpleQueue[Finished] = queue.SimpleQueue()
        self._written: queue.SimpleQueue[Sequence[Attempt]] = queue.SimpleQueue()
        self._cut_off: set[str] = set()
        self.unwritten: list[Finished] = []
        self._known_written: list[str] = []

    def __bool__(self) -> bool:
        """Whether anything runs."""
        return bool(self._attempts)

    def __iter__(self) -> Iterator[Attempt]:
        """What runs."""
        return iter(self._attempts.values())

    def knows(self, job_id: str) -> bool:
        """Whether a job runs or waits to be written down."""
        return job_id in self._attempts or any(job.id == job_id for job, _ in self.unwritten)

    def get(self, job_id: str) -> Attempt | None:
        """The attempt at that job that runs."""
        return self._attempts.get(job_id)

    def begin(self, attempts: Sequence[Attempt]) -> None:
        """These are handed to a lane."""
        self._attempts.update((attempt.job.id, attempt) for attempt in attempts)

    def ended(self, job: ClaimedJob, outcome: Outcome) -> None:
        """An attempt came to its end, which is to be written down."""
        self._ended.put((job, outcome))

    def written(self, attempts: Sequence[Attempt]) -> None:
        """Attempts came to their end, which is written down already."""
        self._written.put(attempts)

    def take_written(self) -> list[str]:
        """The jobs of the attempts in `written`, each once."""
        taken, self._known_written = self._known_written, []
        return taken

    def cut_off(self, job_ids: Collection[str]) -> None:
        """These are told to stop by a shutdown: nobody wants them cancelled."""
        self._cut_off.update(job_ids)

    def collect(self) -> None:
        """Take over what has ended: once for each attempt, whatever is said of it later."""
        for attempts in _drained(self._written):
            for attempt in attempts:
                if self._attempts.get(attempt.job.id) is attempt:
                    del self._attempts[attempt.job.id]
                    self._known_written.append(attempt.job.id)
        for job, outcome in _drained(self._ended):
            attempt_of_job = self._attempts.get(job.id)
            if attempt_of_job is None or attempt_of_job.job is not job:
                continue
            del self._attempts[job.id]
            if isinstance(outcome, Cancelled) and job.id in self._cut_off:
                outcome = interrupted(job, self._clock, "It was cut off by a shutdown.")
            self.unwritten.append((job, outcome))


def _drained(ended: "queue.SimpleQueue[T]") -> Iterator[T]:
    while True:
        try:
            yield ended.get_nowait()
        except queue.Empty:
            return
