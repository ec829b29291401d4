"""An AI task as people see it."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.store.tables import ai_tasks, users
from personal_assistant.timing.recurrence import Schedule, parse_schedule

EXECUTE = "personal_assistant.workers.tasks.ai_tasks.execute_ai_task"
QUEUE = "ai_tasks"


class AITaskError(AssistantError):
    """Something about an AI task that cannot be as it was asked for."""


class AITaskNotFoundError(AITaskError):
    """No AI task of that person has that id."""


class AITaskChangedError(AITaskError):
    """It has another revision than the one that was to be changed."""


@dataclass(frozen=True, slots=True)
class AITask:
    """What a person scheduled. Instants are aware UTC; `zone` is the IANA zone in which its clock times are meant."""

    id: int
    user_id: int
    title: str
    description: str | None
    task_type: str
    schedule_type: str
    schedule_config: dict[str, Any]
    next_run_at: datetime | None
    last_run_at: datetime | None
    status: str
    ai_context: str | None
    notification_channels: list[str]
    created_at: datetime
    updated_at: datetime
    zone: str
    missed_policy: str
    max_lateness_seconds: int | None
    revision: int
    problem: str | None

    @property
    def schedule(self) -> Schedule:
        """The rule of its occurrences. Raises ScheduleError for a row that holds an impossible one."""
        return _schedule(self.schedule_type, json.dumps(self.schedule_config), self.zone)

    def upcoming(self, limit: int = 5) -> list[datetime]:
        """The next planned instants, the very next first; none while it is paused or over."""
        if self.next_run_at is None or self.status != "active":
            return []
        try:
            following = self.schedule.upcoming(self.next_run_at, limit - 1)
        except ValueError:  # an odd row of the earlier scheduler fires at its planned instant, and no more
            following = []
        return [self.next_run_at, *following]


# A person's lists are asked for again and again, and reading a schedule takes longer than all else of its row.
@lru_cache(maxsize=4096)
def _schedule(schedule_type: str, config: str, zone: str) -> Schedule:
    return parse_schedule(schedule_type, json.loads(config), zone)


SELECTED = sa.select(ai_tasks, users.c.zone.label("user_zone")).join(users, users.c.id == ai_tasks.c.user_id)


def ai_task_of(row: Any) -> AITask:
    """From a row of `SELECTED`. What the earlier scheduler left empty gets its meaning here."""
    values = {name: row[name] for name in AITask.__dataclass_fields__}
    values["zone"] = row["zone"] or row["user_zone"] or "UTC"
    values["schedule_config"] = row["schedule_config"] or {}
    values["notification_channels"] = row["notification_channels"] or []
    # The earlier scheduler fired active rows only, so one without a state rests.
    values["status"] = row["status"] or "paused"
    return AITask(**values)
