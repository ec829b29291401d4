"""What a running task can ask and say about its own job."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

from personal_assistant.errors import AssistantError

if TYPE_CHECKING:
    from personal_assistant.jobs.log_lines import LogLines

_PROGRESS_EVERY_SECONDS = 0.5


class JobCancelled(Exception):  # noqa: N818 - an order, not an error
    """Raised inside a task by `check()` when somebody wants its job stopped."""


class JobParked(Exception):  # noqa: N818 - an order, not an error
    """Raised inside a task by `park()`: its job waits. `reason` and `for_job` are those of `Waiting`."""

    def __init__(self, reason: str, for_job: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_job = for_job


class JobContext:
    """The job that the calling task runs as.

    `report` is told how far it is; `open_log` makes what keeps its lines, once it logs one.
    """

    def __init__(
        self,
        job_id: str,
        attempt: int,
        *,
        report: Callable[[str, Any], None] = lambda job_id, value: None,
        open_log: Callable[[str, int], "LogLines"] | None = None,
    ) -> None:
        self.job_id = job_id
        self.attempt = attempt
        self._report = report
        self._open_log = open_log
        self._lines: LogLines | None = None
        self._cancel = False
        self._reported_at = 0.0

    def request_cancel(self) -> None:
        """Ask the task to stop; called by the runner."""
        self._cancel = True

    @property
    def cancel_requested(self) -> bool:
        return self._cancel

    def check(self) -> None:
        """Raise JobCancelled when the job is to stop. Long tasks call this between steps."""
        if self._cancel:
            raise JobCancelled

    def park(self, reason: str, *, for_job: str | None = None) -> NoReturn:
        """End this attempt and have the job wait: for a person, who is told the reason, or for the end of `for_job`.

        It then runs again from its beginning. Raises JobParked.
        """
        raise JobParked(reason, for_job)

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Tell how far the job is, in units of the task's choice; written at most twice a second.

        Raises TypeError here for what is no number, not where it is written together with other jobs' outcomes.
        """
        self.check()
        if not isinstance(done, int | float) or not isinstance(total, int | float | None):
            raise TypeError(f"progress is told in numbers, not {type(done).__name__} of {type(total).__name__}")
        now = time.monotonic()
        if now - self._reported_at < _PROGRESS_EVERY_SECONDS and done != total:
            return
        self._reported_at = now
        self._report(self.job_id, {"done": done, "total": total, "note": note[:200]})

    def log(self, level: str, text: str) -> None:
        """Keep a line with the job. Called for what is logged in the usual ways; tasks need not call it."""
        if self._lines is None:
            if self._open_log is None:
                return
            self._lines = self._open_log(self.job_id, self.attempt)
        self._lines.add(level, text)


_current: ContextVar[JobContext | None] = ContextVar("assistant_job", default=None)


def current_job() -> JobContext:
    """The job that this code runs as. Raises AssistantError outside a job."""
    context = _current.get()
    if context is None:
        raise AssistantError("This code is not running as a job.")
    return context


def running_job() -> JobContext | None:
    """The job that this code runs as, if any."""
    return _current.get()


def enter_job(context: JobContext) -> None:
    """Make `context` the current job of this thread or coroutine."""
    _current.set(context)
