"""What goes into the ledger and what comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.store.tables import jobs

OPEN_STATES = ("scheduled", "queued", "running", "waiting")


class JobNotFoundError(AssistantError):
    """No job has that id."""


class InvalidJobError(AssistantError):
    """The ledger cannot hold such a job."""


class JobStateError(AssistantError):
    """The job is in a state in which this cannot be done."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be written.

    `run_at` is the earliest instant to start (None: now). `due_at` is the occurrence's instant, and needs an
    `ai_task_id` or a `schedule_id`. While an open job holds `unique_key`, no second one is accepted.
    Jobs with the same `concurrency_key` share the limits of their tasks.
    `missed` writes the row of an occurrence that its policy says not to run.
    """

    task: str
    queue: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    run_at: datetime | None = None
    priority: int = 0
    max_attempts: int = 1
    at_most_once: bool = False
    unique_key: str | None = None
    concurrency_key: str | None = None
    user_id: int | None = None
    ai_task_id: int | None = None
    schedule_id: int | None = None
    due_at: datetime | None = None
    missed: str | None = None
    id: str | None = None


CLAIMED_COLUMNS = (
    jobs.c.id,
    jobs.c.attempt,
    jobs.c.task,
    jobs.c.args,
    jobs.c.max_attempts,
    jobs.c.at_most_once,
    jobs.c.user_id,
    jobs.c.ai_task_id,
    jobs.c.due_at,
    jobs.c.concurrency_key,
)


class ClaimedJob(NamedTuple):
    """A job that this worker has to run. `attempt` is the fencing token: it tells this claim from later ones."""

    id: str
    attempt: int
    task: str
    args: list[Any]
    kwargs: dict[str, Any]
    max_attempts: int
    at_most_once: bool
    user_id: int | None
    ai_task_id: int | None
    due_at: datetime | None
    concurrency_key: str | None = None

    @classmethod
    def of(cls, row: Any) -> "ClaimedJob":
        """From a row that begins with CLAIMED_COLUMNS."""
        job_id, attempt, task, (args, kwargs), *rest = row[: len(CLAIMED_COLUMNS)]
        return cls(job_id, attempt, task, args, kwargs, *rest)


@dataclass(frozen=True, slots=True)
class JobError:
    """One failed attempt of a job."""

    attempt: int
    at: datetime
    kind: str
    message: str
    traceback: str | None


_INTERNAL = ("counted", "published_at")


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as people see it. Instants are aware UTC."""

    id: str
    task: str
    queue: str
    args: list[Any]
    kwargs: dict[str, Any]
    state: str
    priority: int
    run_at: datetime
    attempt: int
    max_attempts: int
    at_most_once: bool
    unique_key: str | None
    concurrency_key: str | None
    slot: str | None
    user_id: int | None
    ai_task_id: int | None
    schedule_id: int | None
    due_at: datetime | None
    worker_id: str | None
    host: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    waiting_for: str | None
    waits_for_job_id: str | None
    error_kind: str | None
    error: str | None
    result: Any
    progress: Any

    @classmethod
    def of(cls, row: sa.RowMapping) -> "JobView":
        """From a row that holds every column of `jobs`."""
        values = {column.name: row[column.name] for column in jobs.columns if column.name not in _INTERNAL}
        args, kwargs = values.pop("args")
        return cls(args=args, kwargs=kwargs, **values)
