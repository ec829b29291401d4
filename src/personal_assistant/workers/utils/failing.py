"""Occurrences of the timetable that fail: their owner is told as of any other failure, and once when it is over."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs.finish import Finished
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Failed, Succeeded
from personal_assistant.notifications import incidents
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.store.people import find_owner


def is_scheduled(job: ClaimedJob) -> bool:
    """Whether it is an occurrence of a schedule, not of an AI task."""
    return job.due_at is not None and job.ai_task_id is None


def note(conn: sa.Connection, finished: Sequence[Finished], now: datetime) -> None:
    """Tell the owner what failed for the first time, and what works again."""
    owner = find_owner(conn)
    if owner is None:
        return
    messages = []
    for job, outcome in finished:
        about, name = f"schedule:{job.task}", job.task.rpartition(".")[2]
        if isinstance(outcome, Failed):
            messages.append(incidents.failed(conn, owner.id, about, name, outcome.kind, outcome.error, now))
        elif isinstance(outcome, Succeeded):
            messages += incidents.succeeded(conn, {about: owner.id}, now)
    deliver(conn, [message for message in messages if message is not None], now)
