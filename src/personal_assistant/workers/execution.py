"""Running one attempt of one job, and saying how it ended."""

import asyncio
import inspect
from dataclasses import dataclass

from personal_assistant.jobs.context import JobContext, enter_job
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Outcome, Retry, Succeeded, Waiting
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.utils.error_handling import JobTimeout, outcome_of


@dataclass(frozen=True, slots=True)
class Attempt:
    """A claimed job together with its task and its context."""

    job: ClaimedJob
    task: LedgerTask
    context: JobContext

    @property
    def is_async(self) -> bool:
        return is_async(self.task)

    def failed(self, error: BaseException, clock: Clock) -> Outcome:
        """What becomes of the job after `error`."""
        options = self.task.options
        return outcome_of(
            error,
            attempt=self.job.attempt,
            max_attempts=self.job.max_attempts,
            at_most_once=self.job.at_most_once,
            backoff=options.backoff,
            now=clock.now(),
        )

    def timed_out(self, clock: Clock) -> Outcome:
        """What becomes of the job once its time limit is over."""
        return self.failed(JobTimeout(f"It took longer than its limit of {self.task.options.time_limit:g} s."), clock)


def is_async(task: LedgerTask) -> bool:
    """Whether the task is an `async def`."""
    return inspect.iscoroutinefunction(task.run)


def run_in_thread(attempt: Attempt, clock: Clock) -> Outcome:
    """Run a plain task here and now. Lets JobTimeout through: the caller raised it and knows what it means."""
    enter_job(attempt.context)
    try:
        result = attempt.task.run(*attempt.job.args, **attempt.job.kwargs)
    except JobTimeout:
        raise
    except BaseException as error:  # SystemExit too: a task cannot end the thread that others run on
        return attempt.failed(error, clock)
    return Succeeded(result)


async def run_in_loop(attempt: Attempt, clock: Clock) -> Outcome:
    """Run an `async def` task within its time limit; cancelling this coroutine cancels the job."""
    enter_job(attempt.context)
    try:
        async with asyncio.timeout(attempt.task.options.time_limit) as limit:
            result = await attempt.task.run(*attempt.job.args, **attempt.job.kwargs)
    except TimeoutError as error:
        return attempt.timed_out(clock) if limit.expired() else attempt.failed(error, clock)
    except asyncio.CancelledError as error:
        return Cancelled() if attempt.context.cancel_requested else attempt.failed(error, clock)
    except BaseException as error:  # SystemExit too: a task cannot end the loop that others run on
        return attempt.failed(error, clock)
    return Succeeded(result)


def interrupted(job: ClaimedJob, clock: Clock, reason: str) -> Outcome:
    """What becomes of a job that was cut off through no fault of its own: its attempt does not count."""
    if job.at_most_once:
        return Waiting(
            f"{reason} So it may or may not have happened, and it is not repeated unasked: "
            "retry it if it did not happen, cancel it if it did."
        )
    return Retry(clock.now(), reason, "interrupted", counted=False)
