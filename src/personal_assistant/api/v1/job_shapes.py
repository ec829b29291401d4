"""Jobs as they are asked for and answered."""

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from personal_assistant.api.v1.shapes import Given

State = Literal["scheduled", "queued", "running", "waiting", "succeeded", "failed", "cancelled", "missed"]
Replayable = Literal["failed", "cancelled", "missed", "waiting"]
MOST_REPLAYED = 500


class JobShape(BaseModel):
    """A piece of work. `run_at` is the earliest instant of its next or last start, `due_at` its occurrence's."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    task: str
    queue: str
    args: list[Any]
    kwargs: dict[str, Any]
    state: State
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
    progress: Any = Field(description="What it last told: `done`, `total`, `note`; null before that.")


class AttemptShape(BaseModel):
    """An attempt that failed. `traceback` is told to the scope admin only."""

    model_config = ConfigDict(from_attributes=True)

    attempt: int
    at: datetime
    kind: str
    message: str
    traceback: str | None


class StepShape(BaseModel):
    """One thing that happened to a job."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    what: str = Field(examples=["started"])
    note: str | None


class JobDetail(JobShape):
    """A job with its failed attempts and its timeline, both the earliest first."""

    attempts: list[AttemptShape] = []
    timeline: list[StepShape] = []


class LogLineShape(BaseModel):
    """A line that a job logged. Those of an attempt are numbered from 1. Where numbers are missing, lines were left
    out: of an attempt that logs much, the first and the last ones are kept.
    """

    model_config = ConfigDict(from_attributes=True)

    attempt: int
    number: int
    at: datetime
    level: Literal["debug", "info", "warning", "error", "critical"]
    text: str

    @property
    def place(self) -> str:
        """Where it stands in the log."""
        return f"{self.attempt}-{self.number}"


class Replay(Given):
    """Which jobs to queue again: these `ids`; or, without them, the newest that the other fields match."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"state": "failed", "since": "2026-06-01T00:00:00Z", "limit": 100}]},
    )

    ids: list[str] | None = Field(None, min_length=1, max_length=MOST_REPLAYED)
    state: Replayable | None = None
    task: str | None = Field(None, max_length=200, description="The task's whole name.")
    ai_task_id: int | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(100, ge=1, le=MOST_REPLAYED)


class Refused(BaseModel):
    """A job that was not queued again, and why."""

    id: str
    why: str


class Replayed(BaseModel):
    """How many jobs are queued again. `more`: others match, so ask again."""

    replayed: int
    ids: list[str]
    refused: list[Refused]
    more: bool
    scheduler_alive: bool
