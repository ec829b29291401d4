"""What happened to a job, in the order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from personal_assistant.jobs.model import JobError, JobView


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `what` is `accepted`, `due`, `attempt failed`, `started`, `cancel requested` or the
    state in which the job ended.
    """

    at: datetime
    what: str
    note: str | None = None


def timeline(job: JobView, errors: Sequence[JobError]) -> list[Step]:
    """The steps of a job with these failed attempts, the earliest first. Only the last start is known."""
    steps = [Step(job.created_at, "accepted"), Step(job.run_at, "due")]
    steps += [Step(it.at, "attempt failed", f"attempt {it.attempt}: {it.message}") for it in errors]
    if job.started_at is not None:
        steps.append(Step(job.started_at, "started", f"attempt {job.attempt}"))
    if job.cancel_requested_at is not None:
        steps.append(Step(job.cancel_requested_at, "cancel requested"))
    if job.finished_at is not None:
        steps.append(Step(job.finished_at, job.state, job.error))
    return sorted(steps, key=lambda step: step.at)
