"""The `schedules` table: brought in line with what tasks declare, and changed by its owner."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.store.database import insert_new, wake_after_commit
from personal_assistant.store.tables import schedules
from personal_assistant.timing.clock import Clock
from personal_assistant.timing.recurrence import Schedule, ScheduleError, parse_schedule
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.options import Timetable
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import load_tasks

log = get_logger(__name__)


class ScheduleNotFoundError(AssistantError):
    """No schedule has that name."""


@dataclass(frozen=True, slots=True)
class TimetableEntry:
    """A system task's line in the timetable. `name` is its task's name; instants are aware UTC.

    `problem` is why the scheduler had to pause it.
    """

    id: int
    name: str
    task: str
    schedule_type: str
    schedule_config: dict[str, Any] | None
    zone: str
    status: str
    changed_by_owner: bool
    next_run_at: datetime | None
    last_run_at: datetime | None
    problem: str | None

    @property
    def schedule(self) -> Schedule:
        """Its rule. Raises ScheduleError."""
        return parse_schedule(self.schedule_type, self.schedule_config, self.zone)


_LISTED = tuple(schedules.c[name] for name in TimetableEntry.__dataclass_fields__)


def list_schedules(conn: sa.Connection) -> list[TimetableEntry]:
    """The whole timetable, by name."""
    return [TimetableEntry(*row) for row in conn.execute(sa.select(*_LISTED).order_by(schedules.c.name))]


def find_schedule(conn: sa.Connection, name: str) -> TimetableEntry:
    """By its whole name or by the last part of it, where that is one schedule only. Raises ScheduleNotFoundError."""
    found = [it for it in list_schedules(conn) if name == it.name or it.name.endswith(f".{name}")]
    if len(found) != 1:
        raise ScheduleNotFoundError(f"There is no schedule {name}. `assistant schedules list` shows those there are.")
    return found[0]


def pause(conn: sa.Connection, name: str, now: datetime) -> TimetableEntry:
    """Let it rest until it is resumed. Raises AssistantError for one that does not run."""
    entry = find_schedule(conn, name)
    if entry.status != "active":
        raise AssistantError(f"The schedule {entry.name} is {entry.status}, so there is nothing to pause.")
    return _change(conn, entry, now, status="paused", next_run_at=None)


def resume(conn: sa.Connection, name: str, now: datetime) -> TimetableEntry:
    """Go on with the first instant after now. Raises AssistantError for one that runs, or that no task declares."""
    entry = find_schedule(conn, name)
    if entry.status == "active":
        raise AssistantError(f"The schedule {entry.name} is active already.")
    if entry.status == "off":
        raise AssistantError(f"The schedule {entry.name} is off: no installed task declares it any more.")
    return _change(conn, entry, now, status="active", next_run_at=_first(entry.schedule, now), problem=None)


def change(conn: sa.Connection, name: str, schedule: Schedule, now: datetime) -> TimetableEntry:
    """Give it another rule; what its task declares no longer counts.

    Raises AssistantError for a rule without a future, and for a single time.
    """
    entry = find_schedule(conn, name)
    schedule_type, config = schedule.to_config()
    if schedule_type == "once":
        raise AssistantError(
            f"{entry.name} runs by a timetable, so give it a time that repeats. To run it once, now, use "
            f"`assistant schedules run {name}`."
        )
    first = _first(schedule, now)
    rule = {"schedule_type": schedule_type, "schedule_config": config, "zone": schedule.zone}
    status = "active" if entry.problem else entry.status
    planned = None if status == "paused" else first
    return _change(conn, entry, now, **rule, status=status, next_run_at=planned, changed_by_owner=True, problem=None)


def reset(conn: sa.Connection, name: str, zone: str, now: datetime) -> TimetableEntry:
    """Go back to what its task declares."""
    entry = find_schedule(conn, name)
    declared = load_tasks().get(entry.task).options.timetable
    if declared is None:
        raise AssistantError(f"The task {entry.task} declares no timetable to go back to.")
    values = _declared(declared, zone)
    first = parse_schedule(declared.schedule_type, declared.config, zone).next_after(now)
    _write(conn, entry.id, now, **values, status="active", next_run_at=first, changed_by_owner=False, problem=None)
    return find_schedule(conn, entry.name)


def run_now(conn: sa.Connection, name: str, now: datetime) -> str:
    """Run its task once, now, beside its timetable; returns the job's id."""
    entry = find_schedule(conn, name)
    declared = load_tasks().get(entry.task).options
    return enqueue(conn, declared.job(entry.task, schedule_id=entry.id, due_at=now, run_at=now), now=now)


def _first(schedule: Schedule, now: datetime) -> datetime:
    first = schedule.next_after(now)
    if first is None:
        raise AssistantError(f"This lies in the past: {schedule.describe()}.")
    return first


def _change(conn: sa.Connection, entry: TimetableEntry, now: datetime, **values: Any) -> TimetableEntry:
    _write(conn, entry.id, now, **values)
    return find_schedule(conn, entry.name)


def _write(conn: sa.Connection, schedule_id: int, now: datetime, **values: Any) -> None:
    conn.execute(sa.update(schedules).where(schedules.c.id == schedule_id).values(updated_at=now, **values))
    wake_after_commit(conn)


def _declared(timetable: Timetable, zone: str) -> dict[str, Any]:
    return {
        "schedule_type": timetable.schedule_type,
        # As the table gives it back (lists for tuples), so that what has not changed compares equal.
        "schedule_config": json.loads(json.dumps(dict(timetable.config))),
        "zone": zone,
        "missed_policy": timetable.missed_policy,
        "max_lateness_seconds": timetable.max_lateness_seconds,
    }


def sync_timetable(runtime: Runtime, zone: str) -> None:
    """Bring the table in line with the timetables that tasks declare, in the owner's zone.

    What the owner changed or paused stays as it is. A schedule that is no longer declared is switched off and kept; it
    comes back with its task.
    """
    now = runtime.clock.now()
    tasks = load_tasks().tasks
    declared = {name: task.options.timetable for name, task in tasks.items() if task.options.timetable is not None}
    with runtime.db.write() as conn:
        rows = {row.name: row for row in conn.execute(sa.select(schedules))}
        for name, timetable in declared.items():
            _sync_one(conn, name, _declared(timetable, zone), rows.get(name), runtime.clock)
        for row in rows.values():
            kept = row.name in declared or (row.task in tasks and row.changed_by_owner)
            if not kept and row.status == "active":
                _write(conn, row.id, now, status="off", next_run_at=None)


def _sync_one(conn: sa.Connection, name: str, wanted: dict[str, Any], row: Any, clock: Clock) -> None:
    now = clock.now()
    if row is not None and row.status != "off":
        same = all(getattr(row, column) == value for column, value in wanted.items())
        if row.changed_by_owner or same:
            return
    if row is not None and row.changed_by_owner:
        wanted = {column: getattr(row, column) for column in wanted}
    try:
        first = parse_schedule(wanted["schedule_type"], wanted["schedule_config"], wanted["zone"]).next_after(now)
    except ScheduleError as error:
        log.error("a timetable cannot be read; its task does not run by it", task=name, error=str(error))  # noqa: TRY400
        return
    if row is not None:
        # An instant that has passed meanwhile gets its row from the scheduler before the new rule counts.
        passed = row.next_run_at if row.next_run_at is not None and row.next_run_at <= now else None
        paused = row.status == "paused" and row.problem is None
        planned = None if paused else passed or first
        _write(conn, row.id, now, **wanted, next_run_at=planned, status="paused" if paused else "active", problem=None)
        return
    new = {"name": name, "task": name, "created_at": now, "updated_at": now, "next_run_at": first}
    # Another process that starts for the first time may have written it meanwhile.
    conn.execute(insert_new(conn, schedules).values(**wanted, **new))
