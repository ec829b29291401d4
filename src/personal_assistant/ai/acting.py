"""What a person does about a reminder: done, later, not this time. Each is given the connection of one transaction.

One that acts on a message takes the id of any message about the occurrence; one that acts on an AI task means the
newest occurrence of it that has come.
"""

from datetime import datetime

import sqlalchemy as sa

from personal_assistant.ai import formatting, rows
from personal_assistant.ai.model import EXECUTE, QUEUE, AITask, AITaskError
from personal_assistant.ai.pre_notices import NOTICE
from personal_assistant.jobs.cancel import cancel_occurrences
from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.notifications import threads
from personal_assistant.notifications.threads import Thread, snooze
from personal_assistant.store.people import get_person
from personal_assistant.store.tables import deliveries

__all__ = ["done", "done_task", "skip_next", "snooze", "snooze_task", "until_in_words"]

DONE_EARLY = "It was done before its time."
SKIPPED = "Its person skipped it."


def done(conn: sa.Connection, user_id: int, message_id: int, now: datetime, by: str) -> Thread:
    """Note that what a message is about is done; returns it as it was. Doing it again changes nothing.

    Of a notice ahead that is the occurrence to come: it does not come any more. `by` is how it was said, in at most 10
    characters. Raises NotificationNotFoundError.
    """
    thread = threads.done(conn, user_id, message_id, now, by)
    if thread.topic == NOTICE and thread.done_at is None and thread.ai_task_id is not None:
        _done_early(conn, thread, now, by)
    return thread


def _done_early(conn: sa.Connection, notice: Thread, now: datetime, by: str) -> None:
    assert notice.ai_task_id is not None
    task = rows.find(conn, notice.ai_task_id, lock=True)
    if task.next_run_at == notice.due_at and task.status == "active":
        _leave_out(conn, task, DONE_EARLY, now)
        return
    same = sa.and_(deliveries.c.ai_task_id == task.id, deliveries.c.due_at == notice.due_at)
    came = sa.select(deliveries.c.id).where(same, deliveries.c.topic.is_(None), deliveries.c.channel == "in_app")
    for message_id in conn.scalars(came).all():
        threads.done(conn, notice.user_id, message_id, now, by)


def done_task(conn: sa.Connection, user_id: int, ai_task_id: int, now: datetime, by: str) -> AITask:
    """Note that the newest occurrence of an AI task is done, or that one is which happens once and is still to come.

    Raises AITaskError where nothing is open.
    """
    task = rows.find(conn, ai_task_id, user_id, lock=True)
    thread = threads.newest(conn, ai_task_id)
    if thread is not None and thread.done_at is None:
        threads.done(conn, user_id, thread.id, now, by)
    elif thread is None and task.schedule_type == "once" and task.status == "active" and task.next_run_at is not None:
        _leave_out(conn, task, DONE_EARLY, now)
    else:
        what = "is done already" if thread is not None else "has not come yet"
        raise AITaskError(f"«{task.title}» {what}. `assistant skip {task.id}` leaves out the next time.")
    return rows.find(conn, ai_task_id)


def snooze_task(conn: sa.Connection, user_id: int, ai_task_id: int, until: datetime, now: datetime) -> Thread:
    """Put off the newest occurrence of an AI task. Raises AITaskError where none has come, ThreadError."""
    task = rows.find(conn, ai_task_id, user_id)
    thread = threads.newest(conn, ai_task_id)
    if thread is None:
        raise AITaskError(f"«{task.title}» has not come yet. `assistant ai-tasks edit {task.id} --when …` moves it.")
    return snooze(conn, user_id, thread.id, until, now)


def skip_next(conn: sa.Connection, user_id: int, ai_task_id: int, now: datetime) -> AITask:
    """Leave out the next occurrence, which is recorded; returns the AI task with the one after.

    Raises AITaskError for one that is not active, and for one that has no further occurrence.
    """
    task = rows.find(conn, ai_task_id, user_id, lock=True)
    if task.status != "active" or task.next_run_at is None:
        raise AITaskError(f"AI task {task.id} is {task.status}, so there is no next time to skip.")
    if len(task.upcoming(2)) < 2:
        raise AITaskError(f"It is the last time of «{task.title}». `assistant ai-tasks cancel {task.id}` ends it.")
    return _leave_out(conn, task, SKIPPED, now)


def _leave_out(conn: sa.Connection, task: AITask, reason: str, now: datetime) -> AITask:
    """Record why the planned occurrence does not come, and plan the one after it, if there is one."""
    occurrence = task.next_run_at
    missed = NewJob(
        EXECUTE, QUEUE, (task.id,), user_id=task.user_id, ai_task_id=task.id, due_at=occurrence, missed=reason
    )
    enqueue(conn, missed, now=now)
    _, following = (*task.upcoming(2), None)[:2]
    if following is not None:
        return rows.change(conn, task.id, now, next_run_at=following)
    cancel_occurrences(conn, task.id, now)
    return rows.change(conn, task.id, now, next_run_at=None, status="completed")


def until_in_words(conn: sa.Connection, user_id: int, words: str, now: datetime) -> datetime:
    """The instant that words like «for 20 minutes» mean to a person. Raises AITaskError with the reason."""
    from personal_assistant.timing.language import TimeRefused, read_until

    try:
        return read_until(words, now=now, zone=get_person(conn, user_id).zone)
    except TimeRefused as refused:
        raise AITaskError(formatting.refusal(refused)) from refused
