"""What should have run and has not: it becomes late after its grace, its person is told, and told once when it ran."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.watches import name_of
from personal_assistant.store.bulk import unindexed
from personal_assistant.store.database import Database
from personal_assistant.store.tables import ai_tasks, jobs, schedules, users, watches
from personal_assistant.timing.missed import spoken
from personal_assistant.timing.zones import get_zone

# An occurrence in one of these has not run. A cancelled one is not expected to, a missed one was passed over by a rule.
_NOT_RUN = ("scheduled", "queued", "running", "waiting", "failed")
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Overdue:
    """The first instant of a watched thing for which nothing has succeeded, not even a later run.

    `watch` is a row of a watch, with what is needed of the thing and of its person.
    """

    watch: Any
    due: datetime | None

    def late_since(self, default_grace: float) -> datetime | None:
        """When it began to count as late, though that may be to come; None where nothing is due."""
        return None if self.due is None else self.due + timedelta(seconds=_grace(self.watch, default_grace))


def find_overdue(conn: sa.Connection) -> list[Overdue]:
    """Every watch over an AI task or a schedule, with what it waits for. The planned instant may lie ahead."""
    rows = [row for query in (_AI_TASKS, _SCHEDULES) for row in conn.execute(query)]
    return [Overdue(row, _first(row.unrun_for, row.planned_at)) for row in rows]


def check_lateness(db: Database, now: datetime, default_grace: float) -> int:
    """Note what has become late or is late no longer, and tell its person, once; returns how many were told.

    Any number of processes may do so at once.
    """
    with db.read() as conn:
        changed = [
            it for it in find_overdue(conn) if _is_late(it, now, default_grace) != (it.watch.late_for is not None)
        ]
    if not changed:
        return 0
    with db.write() as conn:
        messages = [
            _late(conn, it, now, default_grace) if it.watch.late_for is None else _over(conn, it) for it in changed
        ]
        told = [message for message in messages if message is not None]
        deliver(conn, told, now)
    return len(told)


def _is_late(it: Overdue, now: datetime, default_grace: float) -> bool:
    since = it.late_since(default_grace)
    return since is not None and since < now


def _grace(watch: Any, default_grace: float) -> float:
    return default_grace if watch.grace_seconds is None else float(watch.grace_seconds)


def _late(conn: sa.Connection, it: Overdue, now: datetime, default_grace: float) -> Message | None:
    watch, due = it.watch, it.due
    assert due is not None, "what is late is late for an instant"
    values = {"late_for": due, "late_since": it.late_since(default_grace), "alerted_at": now}
    mine = sa.and_(watches.c.id == watch.id, watches.c.late_for.is_(None))
    if conn.execute(sa.update(watches).where(mine).values(values)).rowcount == 0:
        return None  # another process was quicker
    grace = spoken(timedelta(seconds=_grace(watch, default_grace)))
    body = f"It was due at {_shown(due, watch.zone)}, and {grace} later it was not done. {_reason(conn, it)}"
    return _message(watch, due, "late", f"⏰ Late: {name_of(watch)}", body)


def _over(conn: sa.Connection, it: Overdue) -> Message | None:
    watch = it.watch
    mine = sa.and_(watches.c.id == watch.id, watches.c.late_for == watch.late_for)
    forgotten = {"late_for": None, "late_since": None, "alerted_at": None}
    if conn.execute(sa.update(watches).where(mine).values(forgotten)).rowcount == 0:
        return None
    due = _shown(watch.late_for, watch.zone)
    if watch.ran_for is not None and watch.ran_for >= watch.late_for:
        body = f"It was late for {due}, and has run."
        return _message(watch, watch.late_for, "ran", f"✅ Runs again: {name_of(watch)}", body)
    job = _job_at(conn, watch, watch.late_for)
    if job is not None and job.state == "missed":
        body = f"Its run of {due} will not be made up for. {job.error or ''}".rstrip()
        return _message(watch, watch.late_for, "passed", f"⏭️ Passed over: {name_of(watch)}", body)
    return None  # somebody paused, cancelled or changed it, and knows


def _message(watch: Any, due: datetime, what: str, title: str, body: str) -> Message:
    key = f"watch:{watch.id}:{due.isoformat()}:{what}"
    topic = "late" if what == "late" else "recovered"
    return Message(key, watch.user_id, "alert", title, body, None, ai_task_id=watch.ai_task_id, topic=topic)


def _reason(conn: sa.Connection, it: Overdue) -> str:
    assert it.due is not None
    job = _job_at(conn, it.watch, it.due)
    if job is None:
        return it.watch.problem or "It was not started: the schedulers do not come to it."
    if job.state == "failed":
        return f"Its job failed: {job.error}"[:_LONGEST_REASON]
    if job.state == "waiting":
        return f"Its job waits: {job.waiting_for}"[:_LONGEST_REASON]
    if job.state == "running":
        return f"Its job runs since {_shown(job.started_at, it.watch.zone)}."
    return (
        f"Its job is to be tried again: {job.error}"[:_LONGEST_REASON] if job.error else "Its job waits for a worker."
    )


def _job_at(conn: sa.Connection, watch: Any, due: datetime) -> Any:
    owner = jobs.c.schedule_id if watch.ai_task_id is None else jobs.c.ai_task_id
    wanted = watch.schedule_id if watch.ai_task_id is None else watch.ai_task_id
    return conn.execute(sa.select(jobs).where(owner == wanted, jobs.c.due_at == due)).one_or_none()


def _first(*instants: datetime | None) -> datetime | None:
    return min((it for it in instants if it is not None), default=None)


def _shown(instant: datetime, zone: str) -> str:
    return instant.astimezone(get_zone(zone)).strftime("%a %d %b %H:%M:%S")


def _query(
    thing: sa.Table,
    name: sa.Column[str],
    link: sa.Column[Any],
    job_link: sa.Column[Any],
    expected: sa.ColumnElement[bool],
) -> "sa.Select[Any]":
    """Each watch over such things: what is planned next, the newest instant that ran, and the first that did not."""
    state = unindexed(jobs.c.state)
    ran_for = (
        sa.select(jobs.c.due_at)
        .where(job_link == thing.c.id, state == "succeeded")
        .order_by(jobs.c.due_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    # Taken out of the plan for a problem, it is due since then.
    planned = sa.func.coalesce(thing.c.next_run_at, sa.case((thing.c.problem.is_not(None), thing.c.updated_at)))
    known = (
        sa.select(
            *watches.c,
            name.label("name"),
            thing.c.problem,
            sa.func.coalesce(users.c.zone, "UTC").label("zone"),
            expected.label("expected"),
            sa.case((expected, planned)).label("planned_at"),
            ran_for.label("ran_for"),
        )
        .select_from(watches.join(thing, link == thing.c.id).join(users, users.c.id == watches.c.user_id))
        .subquery()
    )
    unrun_for = (
        sa.select(sa.func.min(jobs.c.due_at))
        .where(
            job_link == known.c[link.name],
            known.c.expected,
            state.in_(_NOT_RUN),
            sa.or_(known.c.ran_for.is_(None), jobs.c.due_at > known.c.ran_for),
        )
        .scalar_subquery()
    )
    return sa.select(known, unrun_for.label("unrun_for"))


# Paused, cancelled or completed, nothing is expected of it; paused for a problem, it is.
_AI_TASKS = _query(
    ai_tasks,
    ai_tasks.c.title,
    watches.c.ai_task_id,
    jobs.c.ai_task_id,
    ai_tasks.c.status.in_(("active", "processing", "failed")),
)
_SCHEDULES = _query(
    schedules,
    schedules.c.name,
    watches.c.schedule_id,
    jobs.c.schedule_id,
    sa.or_(schedules.c.status == "active", schedules.c.problem.is_not(None)),
)
