"""AI tasks: what is due, single occurrences, reminders, and the connection test."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai import AITaskManager
from personal_assistant.ai.catching_up import SUMMARY_ATTEMPTS
from personal_assistant.ai.due import ATTEMPTS, dispatch_due
from personal_assistant.ai.missed_summary import summarize
from personal_assistant.ai.occurrences import run_occurrences, settled
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Outcome
from personal_assistant.workers.options import Timetable
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.tasks import maintenance_tasks, task
from personal_assistant.workers.utils.health_check import check_health

QUEUE = "ai_tasks"
_STEP = 1000


def _settled(conn: sa.Connection, job: ClaimedJob, outcome: Outcome) -> None:
    settled(conn, job, outcome, runtime().clock.now())


@task(queue=QUEUE, attempts=ATTEMPTS, bulk=run_occurrences, settled=_settled, time_limit=60)
def execute_ai_task(ai_task_id: int) -> str:
    """Run an AI task once, beside its schedule; returns the id of the job that does it."""
    return AITaskManager(runtime().db, runtime().clock).run_now(ai_task_id)


@task(queue=QUEUE)
def process_due_ai_tasks() -> dict[str, int]:
    """Queue the jobs of every AI task that is due. The scheduler does this at each second by itself."""
    count = 0
    while True:
        with runtime().db.write() as conn:
            step = dispatch_due(conn, runtime().clock.now(), _STEP, runtime().settings.catch_up_at_once)
        count += step
        if step < _STEP:
            return {"dispatched": count}


def _summarize(conn: sa.Connection, claimed: Sequence[ClaimedJob], now: datetime) -> list[Outcome]:
    return summarize(conn, claimed, now, runtime().settings.catch_up_at_once)


@task(queue=QUEUE, attempts=SUMMARY_ATTEMPTS, bulk=_summarize, time_limit=60)
def summarize_missed(user_id: int) -> None:
    """Tell a person once what became of what was due while nothing was running. Written by the scheduler."""
    del user_id  # done in bulk, with the transaction that ends the job


@task(queue=QUEUE, at_most_once=True)
def create_ai_reminder(
    user_id: int,
    title: str,
    remind_at: str,
    description: str | None = None,
    notification_channels: list[str] | None = None,
) -> str:
    """Schedule a reminder at a time in words or in ISO 8601; returns the answer for the person, for a refusal too."""
    manager = AITaskManager(runtime().db, runtime().clock)
    return manager.create_reminder_with_validation(
        int(user_id), title, str(remind_at), description, notification_channels
    )


@task(queue=QUEUE, timetable=Timetable("custom", {"interval_minutes": 30}, missed_policy="skip"))
def test_scheduler_connection() -> dict[str, Any]:
    """Say whether database, scheduler and runner work together: that this ran as a job is most of the proof."""
    findings = check_health(runtime())
    return {"ok": not any(finding.level == "error" for finding in findings), "at": runtime().clock.now().isoformat()}


@task(
    queue=maintenance_tasks.cleanup_old_logs.options.queue,
    time_limit=maintenance_tasks.cleanup_old_logs.options.time_limit,
    alias_of=maintenance_tasks.cleanup_old_logs.name,
)
def cleanup_old_logs() -> dict[str, int]:
    """The maintenance task of that name, which the earlier scheduler had here."""
    report: dict[str, int] = maintenance_tasks.cleanup_old_logs.run()
    return report
