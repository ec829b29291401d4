"""Due AI tasks: a job for each occurrence, and the next instant of each task."""

import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.catching_up import AT_ONCE, catch_up
from personal_assistant.ai.model import EXECUTE, QUEUE
from personal_assistant.jobs.enqueue import enqueue_many
from personal_assistant.jobs.model import NewJob
from personal_assistant.store.bulk import among, update_rows
from personal_assistant.store.tables import ai_tasks, users
from personal_assistant.timing.missed import MissedPolicy, Plan, Rule, plan
from personal_assistant.timing.recurrence import parse_schedule

# A reminder that was under way when its process was killed is run again; so many kills in a row are not chance.
ATTEMPTS = 20
_MOST_INSTANTS_OF_ONE = 100

_ACTIVE = ai_tasks.c.status == sa.literal_column("'active'")
_CONFIG = sa.cast(ai_tasks.c.schedule_config, sa.Text)
_DUE = sa.select(
    ai_tasks.c.id,
    ai_tasks.c.user_id,
    ai_tasks.c.title,
    # From here on what its plan depends on: in a burst many tasks agree in all of it.
    ai_tasks.c.schedule_type,
    _CONFIG.label("config"),
    ai_tasks.c.next_run_at,
    ai_tasks.c.missed_policy,
    ai_tasks.c.max_lateness_seconds,
    sa.func.coalesce(ai_tasks.c.zone, users.c.zone, "UTC").label("zone"),
).join(users, users.c.id == ai_tasks.c.user_id)
_RULE_FROM = 3


class _Once:
    def next_after(self, after: datetime) -> datetime | None:
        del after
        return None


@lru_cache(maxsize=4096)
def _rule(schedule_type: str, config: str | None, zone: str) -> Rule:
    if schedule_type == "once":
        return _Once()
    return parse_schedule(schedule_type, json.loads(config) if config else None, zone)


def next_due(conn: sa.Connection) -> datetime | None:
    """The earliest planned instant of an active AI task."""
    earliest: datetime | None = conn.execute(
        sa.select(sa.func.min(ai_tasks.c.next_run_at)).where(_ACTIVE, ai_tasks.c.next_run_at.is_not(None))
    ).scalar_one()
    return earliest


def dispatch_due(conn: sa.Connection, now: datetime, limit: int, catch_up_at_once: int = AT_ONCE) -> int:
    """Write the jobs of at most `limit` due AI tasks, and plan those tasks' next instants; returns how many tasks.

    Every passed instant gets its row: one to run, or a missed one with the reason, by the task's policy. Of those that
    are late `catch_up_at_once` start in a second, and their persons are told once. A task whose rule cannot be read is
    taken out of the plan with its problem noted, and does not stop the others.
    """
    due = _DUE.where(_ACTIVE, ai_tasks.c.next_run_at <= now).order_by(ai_tasks.c.next_run_at).limit(limit)
    rows = conn.execute(due.with_for_update(skip_locked=True, of=ai_tasks)).all()
    jobs: list[NewJob] = []
    planned: list[tuple[int, datetime, datetime]] = []
    over: dict[str, list[int]] = {"processing": [], "missed": []}
    plans: dict[Any, Plan] = {}
    for row in rows:
        alike = row[_RULE_FROM:]
        try:
            steps = plans.get(alike) or plans.setdefault(alike, _steps(row, now))
        except (ValueError, ArithmeticError, RecursionError) as error:
            _set_aside(conn, row.id, str(error), now)
            continue
        jobs += [_job(row, it.due, it.missed) for it in steps.occurrences]
        if steps.next_due is not None:
            planned.append((row.id, steps.next_due, now))
        elif any(it.missed is None for it in steps.occurrences):
            over["processing"].append(row.id)
        else:
            over["missed"].append(row.id)
    enqueue_many(conn, catch_up(conn, jobs, now, catch_up_at_once), now=now)
    update_rows(conn, ai_tasks, "id", ("next_run_at", "updated_at"), planned)
    for status, ids in over.items():
        if ids:
            changes = {"status": status, "next_run_at": None, "updated_at": now}
            conn.execute(sa.update(ai_tasks).where(among(conn, ai_tasks.c.id, ids)).values(changes))
    return len(rows)


def _steps(row: Any, now: datetime) -> Plan:
    rule = _rule(row.schedule_type, row.config, row.zone)
    lateness = None if row.max_lateness_seconds is None else timedelta(seconds=row.max_lateness_seconds)
    return plan(rule, row.next_run_at, now, MissedPolicy(row.missed_policy, lateness), _MOST_INSTANTS_OF_ONE)


def _job(row: Any, due: datetime, missed: str | None) -> NewJob:
    return NewJob(
        EXECUTE,
        QUEUE,
        args=(row.id,),
        run_at=due,
        max_attempts=ATTEMPTS,
        user_id=row.user_id,
        ai_task_id=row.id,
        due_at=due,
        missed=missed,
    )


def _set_aside(conn: sa.Connection, task_id: int, problem: str, now: datetime) -> None:
    conn.execute(
        sa.update(ai_tasks)
        .where(ai_tasks.c.id == task_id)
        .values(next_run_at=None, problem=f"Its schedule cannot be read: {problem}", updated_at=now)
    )
