"""What a task says about itself where it is declared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.model import ClaimedJob, NewJob
from personal_assistant.jobs.outcomes import Outcome
from personal_assistant.jobs.retry import Backoff
from personal_assistant.store.tables import MISSED_POLICIES
from personal_assistant.timing.recurrence import parse_schedule

Bulk = Callable[[sa.Connection, Sequence[ClaimedJob], datetime], Sequence[Outcome]]
Settled = Callable[[sa.Connection, ClaimedJob, Outcome], None]

BULK_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a system task runs: a schedule type and its configuration, in the owner's zone.

    `missed_policy` and `max_lateness_seconds` say what happens to runs that fell into a time when nothing ran.
    Raises ScheduleError (a ValueError) for a configuration that cannot be read.
    """

    schedule_type: str
    config: Mapping[str, Any] = field(default_factory=dict)
    missed_policy: str = "once"
    max_lateness_seconds: int | None = None

    def __post_init__(self) -> None:
        parse_schedule(self.schedule_type, self.config, "UTC")
        if self.missed_policy not in MISSED_POLICIES:
            raise ValueError(f"a missed policy is one of {', '.join(MISSED_POLICIES)}")
        if self.max_lateness_seconds is not None and self.max_lateness_seconds < 0:
            raise ValueError("the greatest lateness is zero seconds or more")


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """Declared with the task.

    attempts: how often it is tried when its errors are transient or its worker dies.
    time_limit: seconds for one attempt, held on threads and on the event loop.
    at_most_once: an attempt that was cut off is not repeated but asks; errors are not retried.
    bulk: does many jobs of this task in one call and returns their outcomes, in order. It works in the transaction
        that writes these outcomes too (given to it with the present instant), so both are kept or neither.
    alias_of: the whole name of the task that this one is another name of; lists leave it out.
    settled: called in the transaction that writes a failed, cancelled or parked outcome.
    """

    queue: str
    attempts: int = 5
    time_limit: float = 300.0
    at_most_once: bool = False
    backoff: Backoff = field(default_factory=Backoff)
    timetable: Timetable | None = None
    bulk: Bulk | None = None
    settled: Settled | None = None
    priority: int = 0
    alias_of: str | None = None

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.time_limit <= 0:
            raise ValueError("a task has at least one attempt and a time limit above zero seconds")
        if self.at_most_once and self.bulk is not None:
            raise ValueError("a task that runs at most once cannot have a bulk function")

    def job(self, name: str, **fields: Any) -> NewJob:
        """A new job of the task `name` with what is declared here; `fields` are NewJob's."""
        defaults: dict[str, Any] = {
            "queue": self.queue,
            "priority": self.priority,
            "max_attempts": 1 if self.at_most_once else self.attempts,
            "at_most_once": self.at_most_once,
        }
        return NewJob(name, **{**defaults, **fields})
