"""The timetable of system tasks, for who looks after the assistant."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from starlette.responses import Response

from personal_assistant.ai import AITaskManager
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.errors import AssistantError
from personal_assistant.people import audit
from personal_assistant.store.people import get_owner
from personal_assistant.timing.recurrence import ScheduleError, parse_schedule
from personal_assistant.workers.liveness import scheduler_alive
from personal_assistant.workers.schedulers import timetable
from personal_assistant.workers.schedulers.timetable import TimetableEntry

_AHEAD = 5
_BY = "web"


def listed(visit: Visit) -> Response:
    """The whole timetable."""
    with visit.runtime.db.read() as conn:
        found = timetable.list_schedules(conn)
    entries = [(entry, rule_of(entry)) for entry in found]
    return visit.render("schedules.html", entries=entries, alive=scheduler_alive(visit.runtime))


def shown(visit: Visit) -> Response:
    """One schedule with its next runs."""
    with visit.runtime.db.read() as conn:
        entry = timetable.find_schedule(conn, _name(visit))
    return visit.render("schedule.html", entry=entry, rule=rule_of(entry), ahead=_ahead(entry))


def act(visit: Visit) -> Response:
    """Pause, resume, or go back to what the task declares."""
    what = visit.request.path_params["what"]
    if what not in _ACTS:
        return visit.render("missing.html", 404)
    said, change = _ACTS[what]
    with visit.runtime.db.write() as conn:
        entry = change(conn, _name(visit), visit.now)
        _note(conn, visit, f"schedule.{what}", entry.name)
    return visit.go(f"/schedules/{entry.name}", said)


def run(visit: Visit) -> Response:
    """Run it once now, beside its timetable."""
    with visit.runtime.db.write() as conn:
        entry = timetable.find_schedule(conn, _name(visit))
        job_id = timetable.run_now(conn, entry.name, visit.now)
        _note(conn, visit, "schedule.run", entry.name)
    return visit.go(f"/jobs/{job_id}", "It runs now")


def change(visit: Visit) -> Response:
    """A new time in words, which are meant in the owner's zone."""
    with visit.runtime.db.read() as conn:
        entry = timetable.find_schedule(conn, _name(visit))
        zone = get_owner(conn).zone
    words = visit.form.get("words", "")[:1000]
    meant = AITaskManager(visit.runtime.db, visit.runtime.clock).schedule_from_words(words, zone)
    try:
        schedule = parse_schedule(meant["schedule_type"], meant["schedule_config"], meant.get("zone", zone))
    except ScheduleError as error:
        raise AssistantError(str(error)) from error
    with visit.runtime.db.write() as conn:
        changed = timetable.change(conn, entry.name, schedule, visit.now)
        _note(conn, visit, "schedule.changed", entry.name)
    return visit.go(f"/schedules/{entry.name}", f"Changed: {rule_of(changed)}")


def rule_of(entry: TimetableEntry) -> str:
    """When it runs, in words."""
    try:
        return entry.schedule.describe()
    except ValueError as error:
        return f"cannot run: {error}"


def _ahead(entry: TimetableEntry) -> list[datetime]:
    """The next runs; an interval counts from the one that is planned, not from now."""
    if entry.status != "active" or entry.next_run_at is None:
        return []
    try:
        return [entry.next_run_at, *entry.schedule.upcoming(entry.next_run_at, _AHEAD - 1)]
    except ValueError:
        return [entry.next_run_at]


def _name(visit: Visit) -> str:
    """Raises ScheduleNotFoundError for what no name can be: not every database can be asked about it."""
    name: str = visit.request.path_params["name"]
    if not name.isprintable() or len(name) > 200:
        raise timetable.ScheduleNotFoundError("There is no such schedule.")
    return name


def _note(conn: sa.Connection, visit: Visit, action: str, name: str) -> None:
    audit.note(conn, visit.user_id, action, f"schedule:{name}", visit.now, by=_BY)


def _reset(conn: sa.Connection, name: str, now: datetime) -> TimetableEntry:
    return timetable.reset(conn, name, get_owner(conn).zone, now)


_ACTS: dict[str, tuple[str, Callable[[sa.Connection, str, datetime], TimetableEntry]]] = {
    "pause": ("Paused", timetable.pause),
    "resume": ("Resumed", timetable.resume),
    "default": ("Back to its default", _reset),
}

PAGES = [
    Page("/schedules", listed, menu="Schedules", order=50, admin=True),
    Page("/schedules/{name}", shown, admin=True),
    Page("/schedules/{name}/run", run, methods=("POST",), admin=True),
    Page("/schedules/{name}/change", change, methods=("POST",), admin=True),
    Page("/schedules/{name}/{what}", act, methods=("POST",), admin=True),
]
