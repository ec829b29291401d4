"""What the tests of this room work with: a runner on its thread, whose jobs can be waited for."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self

from personal_assistant.jobs.model import JobError, JobView
from personal_assistant.jobs.queries import errors_of, get_job
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.runner import Runner
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers.job_scheduler import JobScheduler
from personal_assistant.workers.tasks import Registry

PATIENCE = 20.0

Declare = Callable[..., LedgerTask]


class Bench(ABC):
    """A runner with some tasks. Start it with `with`; leaving the block stops it, and it drains."""

    runner: Runner
    # Under which the ledger knows whose jobs these are.
    worker_id: str

    def __init__(self, runtime: Runtime, **settings: Any) -> None:
        self.runtime = Runtime(runtime.settings.model_copy(update=settings), runtime.db, runtime.clock)
        self._turned = threading.Condition()
        self.draining = threading.Event()

    @abstractmethod
    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None:
        self.stop()

    @abstractmethod
    def tell_to_end(self) -> None:
        """Have it take no more jobs; does not wait."""

    @abstractmethod
    def stop(self) -> None:
        """Stop and wait until it has drained."""

    def wake(self) -> None:
        """Have it look at the ledger now."""
        self.runner.wake()

    def do(self, task: LedgerTask, *args: Any, **options: Any) -> str:
        """Write a job and have the runner look; returns its id."""
        job_id = task.apply_async(args, **options).id
        self.wake()
        return str(job_id)

    def until(self, job_id: str, *states: str) -> JobView:
        """Wait until a job is in one of these states (an ended one unless given)."""
        wanted = states or ("succeeded", "failed", "cancelled", "waiting", "scheduled")
        end = time.monotonic() + PATIENCE
        with self._turned:
            while (job := self.job(job_id)).state not in wanted:
                left = end - time.monotonic()
                assert left > 0, f"{job.state} instead of {wanted}: {job.error}"
                self._turned.wait(min(left, 1.0))
        return job

    def job(self, job_id: str) -> JobView:
        """The job as the ledger has it."""
        with self.runtime.db.read() as conn:
            return get_job(conn, job_id)

    def errors(self, job_id: str) -> list[JobError]:
        """Its failed attempts."""
        with self.runtime.db.read() as conn:
            return errors_of(conn, job_id)

    def let_due_start(self) -> None:
        """Queue the jobs whose waiting time is over by the test's clock."""
        JobScheduler(self.runtime).dispatch(self.runtime.clock.now())
        self.wake()

    def _watch(self, runner: Runner) -> None:
        """Make it this bench's, and hear of each of its turns."""
        self.runner = runner
        turn = runner.turn

        def told(**options: Any) -> int:
            try:
                return turn(**options)
            finally:
                if not options.get("claiming", True):
                    self.draining.set()
                with self._turned:
                    self._turned.notify_all()

        runner.turn = told  # type: ignore[method-assign]


class InProcess(Bench):
    """The runner looks for jobs itself."""

    def __init__(self, runtime: Runtime, *tasks: LedgerTask, worker_id: str = "runner", **settings: Any) -> None:
        super().__init__(runtime, **settings)
        self.worker_id = worker_id
        self._run(Runner(self.runtime, Registry({task.name: task for task in tasks}, ()), worker_id))

    def _run(self, runner: Runner) -> None:
        self._watch(runner)
        self._thread = threading.Thread(target=runner.run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def tell_to_end(self) -> None:
        self.runner.stop()

    def stop(self) -> None:
        self.tell_to_end()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the runner did not drain"


def wait(event: threading.Event) -> None:
    """Wait for an event that has to come."""
    assert event.wait(PATIENCE), "it did not happen"
