"""Running the occurrences of AI tasks: reminders are delivered; work for an agent needs one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.extras import COLUMNS, extras_of
from personal_assistant.ai.follow_ups import first_follow_up
from personal_assistant.jobs.model import OPEN_STATES, ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Succeeded, Waiting
from personal_assistant.notifications import incidents, threads
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.bulk import among
from personal_assistant.store.tables import ai_tasks, jobs, reminders

_PERMANENT = "permanent"
_GREATEST_ID = 2**31 - 1
NO_AGENT = "No agent is set up to do this kind of AI task; it stays scheduled, and each run fails until there is one."

_NEEDED = sa.select(
    ai_tasks.c.id,
    ai_tasks.c.user_id,
    ai_tasks.c.title,
    ai_tasks.c.description,
    ai_tasks.c.task_type,
    ai_tasks.c.notification_channels,
    *COLUMNS,
).outerjoin(reminders, reminders.c.ai_task_id == ai_tasks.c.id)


def run_occurrences(conn: sa.Connection, claimed: Sequence[ClaimedJob], now: datetime) -> list[Outcome]:
    """Do the occurrences of many AI tasks, in the transaction that writes how they ended; returns that, in order.

    A reminder is delivered under a key made of its job's id: run again by a person who retries the job, it finds the
    delivery made and changes nothing.
    """
    ids = [_task_id(job) for job in claimed]
    wanted = {task_id for task_id in ids if task_id is not None}
    found = {row.id: row for row in conn.execute(_NEEDED.where(among(conn, ai_tasks.c.id, wanted))).all()}
    tasks = [found.get(task_id) for task_id in ids]
    outcomes = [_outcome(task) for task in tasks]
    together = zip(claimed, tasks, outcomes, strict=True)
    done = [(job, task) for job, task, outcome in together if task is not None and isinstance(outcome, Succeeded)]
    # The newest message of an AI task is the one that is followed up.
    threads.stop(conn, [task.id for _, task in done if extras_of(task).follows_up], snoozed=False)
    over = incidents.succeeded(conn, {_about(task): task.user_id for _, task in done}, now)
    deliver(conn, [*(_message(job, task, now) for job, task in done), *over], now)
    _mark_done(conn, [task.id for _, task in done], now)
    return outcomes


def _task_id(job: ClaimedJob) -> int | None:
    """The id that the job was given, by place or, from the command line, by name; None for what cannot be one.

    One odd job must not take the others of its batch with it.
    """
    given = job.args[0] if job.args else job.kwargs.get("ai_task_id")
    return given if isinstance(given, int) and abs(given) <= _GREATEST_ID else None


def _outcome(task: Any) -> Outcome:
    if task is None:
        return Cancelled()  # it was removed meanwhile
    return Succeeded() if task.task_type == "reminder" else Failed(NO_AGENT, _PERMANENT)


def _message(job: ClaimedJob, task: Any, now: datetime) -> Message:
    extras = extras_of(task)
    return Message(
        key=job.id,
        user_id=task.user_id,
        kind="reminder",
        title=task.title,
        body=extras.with_text(task.description),
        channels=task.notification_channels or None,  # the person's own order
        job_id=job.id,
        ai_task_id=task.id,
        due_at=job.due_at,
        urgent=extras.priority == "urgent",
        expires_at=extras.expires_after(job.due_at or now),
        follow_at=first_follow_up(extras, now, job.due_at),
        outward=not job.kwargs.get("in_summary", False),
    )


def _mark_done(conn: sa.Connection, task_ids: list[int], now: datetime) -> None:
    """Note the run. A task without a further instant is completed by it, also when it had failed or been missed."""
    if not task_ids:
        return
    ending = ai_tasks.c.status.in_(("processing", "failed", "cancelled", "missed"))
    over = sa.and_(ending, ai_tasks.c.next_run_at.is_(None))
    conn.execute(
        sa.update(ai_tasks)
        .where(among(conn, ai_tasks.c.id, task_ids))
        .values(last_run_at=now, status=sa.case((over, "completed"), else_=ai_tasks.c.status))
    )


def settled(conn: sa.Connection, job: ClaimedJob, outcome: Outcome, now: datetime) -> None:
    """What an occurrence that did not succeed means for its AI task and its person: a state, and an alert."""
    if job.ai_task_id is None:
        return
    if isinstance(outcome, Failed | Cancelled):
        status = "failed" if isinstance(outcome, Failed) else "cancelled"
        conn.execute(
            sa.update(ai_tasks)
            .where(ai_tasks.c.id == job.ai_task_id, ai_tasks.c.status == "processing")
            .values(status=status, updated_at=now)
        )
    task = conn.execute(_NEEDED.where(ai_tasks.c.id == job.ai_task_id)).one_or_none()
    reason = {Failed: getattr(outcome, "error", ""), Waiting: getattr(outcome, "reason", "")}.get(type(outcome))
    if task is None or reason is None:
        return
    kind = getattr(outcome, "kind", "waiting")
    alert = incidents.failed(conn, task.user_id, _about(task), task.title, kind, reason, now)
    if alert is not None:
        title = f"❌ Did not run: {task.title}"
        about = {"job_id": job.id, "ai_task_id": task.id, "due_at": job.due_at}
        deliver(conn, [replace(alert, title=title, outward=not _will_be_summed_up(conn, job), **about)], now)


def _will_be_summed_up(conn: sa.Connection, job: ClaimedJob) -> bool:
    """Whether a summary that is still to be written tells of it, among many."""
    if not job.kwargs.get("in_summary", False):
        return False
    open_summary = sa.and_(jobs.c.id == job.kwargs.get("summary"), jobs.c.state.in_(OPEN_STATES))
    return conn.execute(sa.select(jobs.c.id).where(open_summary)).first() is not None


def _about(task: Any) -> str:
    """What its failures are counted under."""
    return f"ai_task:{task.id}"
