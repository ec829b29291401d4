"""What a used assistant has beside ended jobs: open ones, messages with their tries, an audit, and more people."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.model import EXECUTE, QUEUE
from personal_assistant.jobs.ids import new_job_id
from personal_assistant.people.accounts import create_account
from personal_assistant.people.audit import Actor
from personal_assistant.store.database import Database
from personal_assistant.store.people import get_owner
from personal_assistant.store.planner import refresh_planner
from personal_assistant.store.sequences import go_on_above
from personal_assistant.store.tables import ai_tasks, audit, deliveries, job_errors, job_stats, jobs

OPEN, MESSAGES, AUDITED, PEOPLE = 10_000, 50_000, 20_000, 60
_HOURS = 7 * 24
_STEP = 10_000


def add_rest(db: Database, ended: int, tasks: int, now: datetime) -> int:
    """Write it beside `ended` jobs of the owner's AI tasks 1 to `tasks`; returns the id of a member, who has a
    thousandth of both, of the jobs the oldest.
    """
    with db.write() as conn:
        owner = get_owner(conn)
        actor = Actor(owner.id, "cli")
        people = [
            create_account(conn, f"person{number}@example.org", now, zone="UTC", actor=actor).id
            for number in range(PEOPLE)
        ]
    member = people[-1]
    _insert(db, job_stats, _statistics(ended, now))
    _insert(db, jobs, (_open_job(number, owner.id, tasks, now) for number in range(OPEN)))
    _insert(db, deliveries, (_message(number, owner.id, tasks, now) for number in range(MESSAGES)))
    _insert(db, deliveries, (_try(number, owner.id, tasks, now) for number in range(0, MESSAGES, 2)))
    _insert(db, audit, (_audited(number, owner.id, now) for number in range(AUDITED)))
    with db.write() as conn:
        go_on_above(conn, deliveries, 2 * MESSAGES)
        _add_errors(conn, now)
        # The statistics count every quarter of an hour.
        conn.execute(sa.update(jobs).where(jobs.c.finished_at > now - timedelta(minutes=15)).values(counted=False))
        oldest = sa.select(jobs.c.id).order_by(jobs.c.id).limit(ended // 1000)
        conn.execute(sa.update(jobs).where(jobs.c.id.in_(oldest)).values(user_id=member, ai_task_id=None))
        middle = sa.and_(ai_tasks.c.id > tasks // 2, ai_tasks.c.id <= tasks // 2 + tasks // 1000)
        conn.execute(sa.update(ai_tasks).where(middle).values(user_id=member))
    if not db.is_sqlite:
        with db.write() as conn:
            conn.execute(sa.text("ANALYZE"))  # as autovacuum does a minute later
    refresh_planner(db)
    return member


def _insert(db: Database, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    waiting = list(rows)
    for start in range(0, len(waiting), _STEP):
        with db.write() as conn:
            conn.execute(sa.insert(table), waiting[start : start + _STEP])


def _statistics(ended: int, now: datetime) -> Iterator[dict[str, Any]]:
    """The ended jobs, counted by hour, as `filling` has spread them over a week."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    shares = (("succeeded", "", 0.98), ("failed", "permanent", 0.01), ("missed", "", 0.01))
    for back in range(_HOURS):
        for state, kind, share in shares:
            yield {
                "hour": this_hour - timedelta(hours=back),
                "task": EXECUTE,
                "state": state,
                "error_kind": kind,
                "count": round(ended * share / _HOURS),
                "run_seconds": 40.0,
                "longest_run_seconds": 0.4,
                "wait_seconds": 100.0,
                "longest_wait_seconds": 0.9,
            }


def _open_job(number: int, user_id: int, tasks: int, now: datetime) -> dict[str, Any]:
    """Seven of ten are for later, among them some that failed before; two wait, one is queued where nobody takes it."""
    state = ("waiting", "queued", "waiting")[number % 10] if number % 10 < 3 else "scheduled"
    retries = state == "scheduled" and number % 20 == 3
    elsewhere = state == "queued"
    return {
        "id": new_job_id(),
        "task": "bench.elsewhere" if elsewhere else EXECUTE,
        "queue": "bench" if elsewhere else QUEUE,
        "args": [[], {}],
        "state": state,
        "priority": 0,
        "run_at": now + timedelta(days=0 if elsewhere else 30, seconds=number),
        "attempt": 3 if retries else 0,
        "max_attempts": 20,
        "at_most_once": False,
        "user_id": user_id,
        "ai_task_id": None if elsewhere else 1 + number % tasks,
        "due_at": now + timedelta(days=30, seconds=number),
        "created_at": now,
        "waiting_for": "approval" if state == "waiting" else None,
        "error_kind": "temporary" if retries else None,
        "error": "The service did not answer" if retries else None,
    }


def _message(number: int, user_id: int, tasks: int, now: datetime) -> dict[str, Any]:
    """One message an AI task and day, all but the newest read."""
    at = now - timedelta(minutes=MESSAGES - number)
    return {
        "id": 1 + 2 * number,
        "key": f"bench:{number}",
        "user_id": user_id,
        "ai_task_id": 1 + number % tasks,
        "kind": ("reminder", "reminder", "reminder", "alert", "result")[number % 5],
        "channel": "in_app",
        "state": "sent",
        "title": f"Reminder {number}",
        "body": "Water the plants, and those of the neighbours too.",
        "due_at": at,
        "created_at": at,
        "sent_at": at,
        "shown_at": at,
        "read_at": at if number < MESSAGES - 300 else None,
        "done_at": at if number % 10 == 0 else None,
        "done_by": "web" if number % 10 == 0 else None,
        "follow_at": now + timedelta(days=1) if number > MESSAGES - 50 and number % 10 else None,
    }


def _try(number: int, user_id: int, tasks: int, now: datetime) -> dict[str, Any]:
    """A message's way out by mail; one of fifty did not come."""
    at = now - timedelta(minutes=MESSAGES - number)
    failed = number % 100 == 0
    return {
        "id": 2 + 2 * number,
        "key": f"bench-mail:{number}",
        "user_id": user_id,
        "ai_task_id": 1 + number % tasks,
        "kind": "reminder",
        "channel": "email",
        "state": "failed" if failed else "sent",
        "title": "",
        "error": "The mailbox does not exist" if failed else None,
        "created_at": at,
        "sent_at": None if failed else at,
        "message_id": 1 + 2 * number,
        "position": 0,
        "attempts": 1,
    }


def _add_errors(conn: sa.Connection, now: datetime) -> None:
    """The attempts of those that are to be tried again."""
    columns: dict[str, sa.ColumnElement[Any]] = {
        "job_id": jobs.c.id,
        "attempt": sa.literal(1),
        "at": sa.literal(now, job_errors.c.at.type),
        "kind": sa.literal("temporary"),
        "message": sa.literal("The service did not answer"),
        "traceback": sa.literal("Traceback (most recent call last):\n" + '  File "service.py", line 1, in ask\n' * 20),
    }
    chosen = sa.select(*columns.values()).where(jobs.c.state == "scheduled", jobs.c.attempt > 0)
    conn.execute(sa.insert(job_errors).from_select(list(columns), chosen))


def _audited(number: int, user_id: int, now: datetime) -> dict[str, Any]:
    return {
        "at": now - timedelta(minutes=AUDITED - number),
        "user_id": user_id,
        "action": ("session.began", "token.made", "user.paused", "jobs.replayed")[number % 4],
        "about": f"user:{number}",
        "by": "web",
        "details": {"count": number},
    }
