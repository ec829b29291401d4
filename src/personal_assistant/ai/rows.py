"""Rows of `ai_tasks`: finding one, changing one, planning one anew."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.extras import COLUMNS, Extras, extras_of, replan_notices
from personal_assistant.ai.model import (
    SELECTED,
    AITask,
    AITaskChangedError,
    AITaskError,
    AITaskNotFoundError,
    ai_task_of,
)
from personal_assistant.jobs.cancel import left_out
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import AI_TASK_STATES, ai_tasks, reminders
from personal_assistant.store.types import bounded, fits

_WITH_EXTRAS = SELECTED.add_columns(*COLUMNS).outerjoin(reminders, reminders.c.ai_task_id == ai_tasks.c.id)
_MINE = ai_tasks.c.user_id == sa.bindparam("user_id")
# What is asked for most is put together once: that takes as long as asking the database.
_ONE_WITH_EXTRAS = _WITH_EXTRAS.where(ai_tasks.c.id == sa.bindparam("task_id"), _MINE)


@cache
def _page(of_state: bool, earlier: bool) -> sa.Select[Any]:
    chosen = _WITH_EXTRAS.where(_MINE).order_by(ai_tasks.c.id.desc()).limit(sa.bindparam("most"))
    if of_state:
        chosen = chosen.where(ai_tasks.c.status == sa.bindparam("status"))
    return chosen.where(ai_tasks.c.id < sa.bindparam("before")) if earlier else chosen


def find(conn: sa.Connection, task_id: int, user_id: int | None = None, *, lock: bool = False) -> AITask:
    """One AI task; with `user_id` only that person's. Raises AITaskNotFoundError.

    `lock` keeps the schedulers of other processes away until this transaction ends, so that what it decides from the
    row, and the occurrences that it cancels, belong together.
    """
    chosen = SELECTED.where(ai_tasks.c.id == task_id)
    if user_id is not None:
        chosen = chosen.where(ai_tasks.c.user_id == user_id)
    if lock:
        chosen = chosen.with_for_update(of=ai_tasks)
    row = conn.execute(chosen).mappings().one_or_none() if fits(ai_tasks.c.id, task_id) else None
    if row is None:
        raise _not_found(task_id)
    return ai_task_of(row)


def change(conn: sa.Connection, task_id: int, now: datetime, **values: Any) -> AITask:
    """Write some columns and wake the schedulers; returns the AI task as it is then."""
    conn.execute(sa.update(ai_tasks).where(ai_tasks.c.id == task_id).values(updated_at=now, **values))
    if "next_run_at" in values:
        replan_notices(conn, task_id, now)
    wake_after_commit(conn)
    return find(conn, task_id)


def planned(conn: sa.Connection, task: AITask, now: datetime) -> datetime:
    """The first occurrence after `now` that is not left out. Raises AITaskError when the schedule is over or cannot be
    read.
    """
    skipped = left_out(conn, task.id, now)
    try:
        following = task.schedule.next_after(now)
        while following in skipped:
            following = task.schedule.next_after(following)
        described = task.schedule.describe()
    except ValueError as error:
        raise AITaskError(f"AI task {task.id} cannot fire: {error} Give it a new time first.") from error
    if following is None:
        raise AITaskError(f"AI task {task.id} is over: {described}. Give it a new time first.")
    return following


def check_revision(task: AITask, wanted: int | None) -> None:
    """Raises AITaskChangedError when somebody has changed it meanwhile; None takes any revision."""
    if wanted not in (None, task.revision):
        raise AITaskChangedError(f"AI task {task.id} was changed meanwhile: look at it again, then change it.")


def page(
    conn: sa.Connection, user_id: int, *, status: str | None, before: int | None, limit: int
) -> list[tuple[AITask, Extras | None]]:
    """A person's AI tasks with the extras of those that have some, the newest first.

    Of one state where it is given; those made before the id `before`. Raises AITaskError for a state that there is not.
    """
    if status is not None:
        check_state(status)
    earlier_than = None if before is None else bounded(ai_tasks.c.id, before)
    given = {"user_id": user_id, "status": status, "before": earlier_than, "most": limit}
    found = conn.execute(_page(status is not None, before is not None), given)
    return [_with_extras(row) for row in found]


def find_with_extras(conn: sa.Connection, task_id: int, user_id: int) -> tuple[AITask, Extras | None]:
    """One AI task of a person with its extras, if it has some. Raises AITaskNotFoundError."""
    row = None
    if fits(ai_tasks.c.id, task_id):
        row = conn.execute(_ONE_WITH_EXTRAS, {"task_id": task_id, "user_id": user_id}).one_or_none()
    if row is None:
        raise _not_found(task_id)
    return _with_extras(row)


def check_state(status: str) -> None:
    """Raises AITaskError for a state that does not exist."""
    if status not in AI_TASK_STATES:
        raise AITaskError(f"There is no state {status!r}. The states are {', '.join(AI_TASK_STATES)}.")


def _with_extras(row: sa.Row[Any]) -> tuple[AITask, Extras | None]:
    return ai_task_of(row._mapping), None if row.priority is None else extras_of(row)


def _not_found(task_id: int) -> AITaskNotFoundError:
    return AITaskNotFoundError(f"There is no AI task {task_id}. `assistant ai-tasks list` shows yours.")


def aware(instant: datetime | None) -> datetime | None:
    """An instant from a caller of the earlier scheduler's methods: a naive one means UTC there."""
    return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant
