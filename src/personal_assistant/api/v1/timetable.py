"""`/schedules` and `/tasks`: the timetable of system tasks, and what the workers can do."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from personal_assistant.ai import AITaskManager
from personal_assistant.api.v1.callers import Admin, Reader, Running
from personal_assistant.api.v1.once import Key, once
from personal_assistant.api.v1.problems import responses
from personal_assistant.api.v1.shapes import Given, Queued
from personal_assistant.errors import AssistantError
from personal_assistant.people.tokens import ADMIN
from personal_assistant.store.people import get_owner
from personal_assistant.timing.recurrence import ScheduleError, parse_schedule
from personal_assistant.timing.zones import UnknownZoneError, get_zone
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.liveness import scheduler_alive
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers import timetable
from personal_assistant.workers.schedulers.timetable import TimetableEntry, find_schedule, list_schedules
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.utils.task_monitoring import recent_stats

router = APIRouter()

_Name = Annotated[str, Path(max_length=200, description="The whole name, or the last part of it.")]


class ScheduleShape(BaseModel):
    """A system task's line in the timetable; `understood` is its rule in words, `next` are its next runs."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    task: str
    schedule_type: str
    schedule_config: dict[str, Any] | None
    zone: str
    status: str = Field(description="`active`, `paused`, or `off` where no installed task declares it.")
    changed_by_owner: bool
    next_run_at: datetime | None
    last_run_at: datetime | None
    problem: str | None
    understood: str = ""
    next: list[datetime] = []

    @classmethod
    def of(cls, entry: TimetableEntry) -> "ScheduleShape":
        """As it is answered. An interval counts from the run that is planned, not from now."""
        values = {name: getattr(entry, name) for name in TimetableEntry.__dataclass_fields__ if name != "id"}
        try:
            ahead = entry.schedule.upcoming(entry.next_run_at, 4) if entry.next_run_at is not None else []
            following = [entry.next_run_at, *ahead] if entry.next_run_at is not None else []
            return cls(**values, understood=entry.schedule.describe(), next=following)
        except ValueError as error:
            return cls(**values, understood=f"cannot run: {error}")


class Schedules(BaseModel):
    """The whole timetable, by name."""

    items: list[ScheduleShape]


class ChangedSchedule(Given):
    """A time in words (`when`), or a schedule, or `default` for what its task declares."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"when": "every day at 4"}]})

    when: str | None = Field(None, max_length=1000)
    schedule_type: str | None = Field(None, max_length=20)
    schedule_config: dict[str, Any] | None = None
    zone: str | None = Field(None, max_length=64, description="The IANA zone of its times; the owner's by default.")
    default: bool = False


class TaskFigures(BaseModel):
    """What became of a task's jobs in the last 24 hours."""

    model_config = ConfigDict(from_attributes=True)

    succeeded: int
    failed: int
    other: int
    errors: dict[str, int]
    mean_run_seconds: float
    longest_run_seconds: float
    mean_wait_seconds: float
    longest_wait_seconds: float


class TaskShape(BaseModel):
    """A task that the workers know. `figures` are of everybody's jobs: they are told to the scope admin only."""

    name: str
    queue: str
    about: str
    attempts: int
    time_limit_seconds: float | None
    guarantee: str = Field(examples=["at least once"])
    timetable: str | None
    figures: TaskFigures | None


class Tasks(BaseModel):
    """The tasks that the workers know, by name."""

    items: list[TaskShape]


@router.get("/schedules", tags=["Schedules"])
def list_timetable(caller: Admin, runtime: Running) -> Schedules:
    """Every schedule with its next runs."""
    with runtime.db.read() as conn:
        return Schedules(items=[ScheduleShape.of(it) for it in list_schedules(conn)])


@router.get("/schedules/{name}", tags=["Schedules"], responses=responses(404))
def get_schedule(caller: Admin, runtime: Running, name: _Name) -> ScheduleShape:
    """One schedule."""
    with runtime.db.read() as conn:
        return ScheduleShape.of(find_schedule(conn, name))


@router.patch("/schedules/{name}", tags=["Schedules"], responses=responses(404))
def change_schedule(caller: Admin, runtime: Running, name: _Name, body: ChangedSchedule) -> ScheduleShape:
    """Change when it runs."""
    by_schedule = body.schedule_type is not None
    if [body.default, body.when is not None, by_schedule].count(True) != 1 or (
        body.schedule_config and not by_schedule
    ):
        raise AssistantError("Give one of `when`, a `schedule_type` with its `schedule_config`, and `default`.")
    now = runtime.clock.now()
    with runtime.db.read() as conn:
        find_schedule(conn, name)
        zone = body.zone or get_owner(conn).zone
    try:
        get_zone(zone)
    except UnknownZoneError as error:
        raise AssistantError(str(error)) from error
    if body.default:
        with runtime.db.write() as conn:
            return ScheduleShape.of(timetable.reset(conn, name, zone, now))
    kind, config = body.schedule_type, body.schedule_config
    if body.when is not None:
        meant = AITaskManager(runtime.db, runtime.clock).schedule_from_words(body.when, zone)
        kind, config, zone = meant["schedule_type"], meant["schedule_config"], meant.get("zone", zone)
    try:
        schedule = parse_schedule(str(kind), config, zone)
    except ScheduleError as error:
        raise AssistantError(str(error)) from error
    with runtime.db.write() as conn:
        return ScheduleShape.of(timetable.change(conn, name, schedule, now))


@router.post("/schedules/{name}/pause", tags=["Schedules"], responses=responses(404))
def pause_schedule(caller: Admin, runtime: Running, name: _Name) -> ScheduleShape:
    """Let it rest until it is resumed."""
    with runtime.db.write() as conn:
        return ScheduleShape.of(timetable.pause(conn, name, runtime.clock.now()))


@router.post("/schedules/{name}/resume", tags=["Schedules"], responses=responses(404))
def resume_schedule(caller: Admin, runtime: Running, name: _Name) -> ScheduleShape:
    """Go on with the first run after now."""
    with runtime.db.write() as conn:
        return ScheduleShape.of(timetable.resume(conn, name, runtime.clock.now()))


@router.post(
    "/schedules/{name}/run",
    tags=["Schedules"],
    status_code=202,
    response_model=Queued,
    responses=responses(404, 409),
)
def run_schedule(caller: Admin, runtime: Running, request: Request, name: _Name, key: Key = None) -> Response:
    """Run it once now, beside its timetable."""

    def act() -> Response:
        with runtime.db.write() as conn:
            job_id = timetable.run_now(conn, name, runtime.clock.now())
        return JSONResponse({"job_id": job_id, "scheduler_alive": scheduler_alive(runtime)}, 202)

    return once(runtime, caller.user_id, key, request, "", act)


@router.get("/tasks", tags=["Tasks"])
def list_tasks(caller: Reader, runtime: Running) -> Tasks:
    """What the workers can do."""
    figures = _figures(runtime) if ADMIN in caller.scopes else {}
    own = load_tasks().own
    return Tasks(items=[_task(it, figures.get(name)) for name, it in sorted(own.items())])


@router.get("/tasks/{name}", tags=["Tasks"], responses=responses(404))
def get_task(caller: Reader, runtime: Running, name: _Name) -> TaskShape:
    """One task."""
    found = load_tasks().find(name)
    figures = _figures(runtime) if ADMIN in caller.scopes else {}
    return _task(found, figures.get(str(found.name)))


def _figures(runtime: Runtime) -> dict[str, TaskFigures]:
    with runtime.db.read() as conn:
        return {it.task: TaskFigures.model_validate(it) for it in recent_stats(conn, runtime.clock.now())}


def _task(task: LedgerTask, figures: TaskFigures | None) -> TaskShape:
    options, rule = task.options, task.options.timetable
    return TaskShape(
        name=str(task.name),
        queue=options.queue,
        about=(task.run.__doc__ or "").strip(),
        attempts=1 if options.at_most_once else options.attempts,
        time_limit_seconds=options.time_limit,
        guarantee="at most once" if options.at_most_once else "at least once",
        timetable=None if rule is None else parse_schedule(rule.schedule_type, rule.config, "UTC").describe(),
        figures=figures,
    )
