"""The timetable of system tasks."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.enqueue import enqueue_many
from personal_assistant.store.tables import schedules
from personal_assistant.timing.missed import MissedPolicy, plan
from personal_assistant.timing.recurrence import parse_schedule
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import UnknownTaskError, load_tasks

log = get_logger(__name__)

_STEP = 200


class SystemScheduler:
    """Writes a job for each occurrence of each active schedule."""

    name = "system"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def dispatch(self, now: datetime) -> int:
        due = (
            sa.select(schedules)
            .where(schedules.c.status == "active", schedules.c.next_run_at <= now)
            .order_by(schedules.c.next_run_at)
            .limit(_STEP)
            .with_for_update(skip_locked=True)
        )
        with self._runtime.db.write() as conn:
            rows = conn.execute(due).all()
            for row in rows:
                self._fire(conn, row, now)
        return len(rows)

    def next_due(self, conn: sa.Connection) -> datetime | None:
        found: datetime | None = conn.execute(
            sa.select(sa.func.min(schedules.c.next_run_at)).where(schedules.c.status == sa.literal_column("'active'"))
        ).scalar_one()
        return found

    def _fire(self, conn: sa.Connection, row: Any, now: datetime) -> None:
        try:
            rule = parse_schedule(row.schedule_type, row.schedule_config, row.zone)
            declared = load_tasks().get(row.task).options
        except UnknownTaskError as error:
            log.error("a schedule has no task any more and is switched off", schedule=row.name, error=str(error))  # noqa: TRY400
            _update(conn, row.id, now, status="off", next_run_at=None)
            return
        except ValueError as error:
            log.error("a schedule cannot run and is paused", schedule=row.name, error=str(error))  # noqa: TRY400
            _update(conn, row.id, now, status="paused", next_run_at=None, problem=str(error))
            return
        planned = plan(rule, row.next_run_at, now, _policy(row), _STEP)
        fired = [
            declared.job(row.task, schedule_id=row.id, due_at=it.due, run_at=it.due, missed=it.missed)
            for it in planned.occurrences
        ]
        enqueue_many(conn, fired, now=now)
        ran = [job.due_at for job in fired if job.missed is None]
        changes: dict[str, Any] = {"last_run_at": ran[-1]} if ran else {}
        _update(conn, row.id, now, next_run_at=planned.next_due, **changes)


def _update(conn: sa.Connection, schedule_id: int, now: datetime, **values: Any) -> None:
    conn.execute(sa.update(schedules).where(schedules.c.id == schedule_id).values(updated_at=now, **values))


def _policy(row: Any) -> MissedPolicy:
    seconds = row.max_lateness_seconds
    return MissedPolicy(row.missed_policy, None if seconds is None else timedelta(seconds=seconds))
