"""`/workers`, `/queues`, `/system`, `/me`: the system for those who look after it, and who is asking."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from personal_assistant import __version__
from personal_assistant.api.v1.callers import Admin, Kept, Running
from personal_assistant.jobs.queries import queue_depths
from personal_assistant.jobs.stats import count_by_state
from personal_assistant.workers.liveness import living
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.health_check import check_health, check_setup
from personal_assistant.workers.utils.resources import samples

router = APIRouter()


class WorkerShape(BaseModel):
    """A process that schedules or runs jobs, as it last said of itself."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    host: str
    pid: int
    version: str
    schedules: bool
    runs: bool
    rests: bool
    draining: bool
    started_at: datetime
    heartbeat_at: datetime
    scheduled_at: datetime | None


class Workers(BaseModel):
    """The processes that are alive, the longest running first."""

    items: list[WorkerShape]


class QueueShape(BaseModel):
    """A queue with open jobs: how many in each state, and since when the longest waiting could have started."""

    model_config = ConfigDict(from_attributes=True)

    queue: str
    states: dict[str, int] = Field(examples=[{"queued": 3, "running": 1}])
    oldest_queued: datetime | None


class Queues(BaseModel):
    """The queues with open jobs, by name."""

    items: list[QueueShape]


class FindingShape(BaseModel):
    """What a check says: `level` is `ok`, `warning` or `error`; `fix` is the remedy."""

    model_config = ConfigDict(from_attributes=True)

    check: str
    level: str
    message: str
    fix: str | None


class Health(BaseModel):
    """What `assistant doctor` finds. `healthy`: nothing is an error."""

    healthy: bool
    findings: list[FindingShape]


class Status(BaseModel):
    """The system at a glance."""

    version: str
    scheduler_alive: bool
    workers: int = Field(description="How many processes run jobs.")
    jobs: dict[str, int] = Field(
        description="How many are open in each state, and how many have ended in each other one, removed ones too.",
        examples=[{"queued": 1, "succeeded": 12}],
    )


class SampleShape(BaseModel):
    """What a machine used and had left at an instant. Sizes are bytes; `cpu_percent` is of all processors together.

    `processes` of the assistant ran on it, and `memory_bytes` is what they held.
    """

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    host: str
    cpu_percent: float
    processes: int
    memory_bytes: int
    memory_available_bytes: int
    disk_free_bytes: int
    database_bytes: int


class Resources(BaseModel):
    """Samples, the earliest first."""

    items: list[SampleShape]


Host = Annotated[str | None, Query(max_length=255, description="Its name; else the one that was measured last.")]
Hours = Annotated[int, Query(ge=1, le=24 * 366, description="How far back.")]


@router.get("/workers", tags=["System"])
def list_processes(caller: Admin, runtime: Running) -> Workers:
    """The processes that are alive."""
    with runtime.db.read() as conn:
        return Workers(items=[WorkerShape.model_validate(it) for it in living(runtime, conn)])


@router.get("/queues", tags=["System"])
def list_queues(caller: Admin, runtime: Running, kept: Kept) -> Queues:
    """How much waits where, some seconds ago at the most."""
    return kept.get("queues", partial(_queues, runtime))


@router.get("/system/health", tags=["System"])
def get_health(caller: Admin, runtime: Running, kept: Kept) -> Health:
    """What every check found some seconds ago at the most, and what to do about it."""
    return kept.get("health", partial(_health, runtime))


@router.get("/system/status", tags=["System"])
def get_status(caller: Admin, runtime: Running, kept: Kept) -> Status:
    """What is running, and how many jobs there were some seconds ago at the most."""
    counts = kept.get("counts", partial(_counts, runtime))
    with runtime.db.read() as conn:
        alive = living(runtime, conn)
    return Status(
        version=__version__,
        scheduler_alive=any(it.schedules for it in alive),
        workers=sum(it.runs for it in alive),
        jobs=counts,
    )


@router.get("/system/resources", tags=["System"])
def list_samples(caller: Admin, runtime: Running, hours: Hours = 24, host: Host = None) -> Resources:
    """What a machine used and had left, as `monitor_resource_usage` measured it: at most 500, evenly chosen."""
    with runtime.db.read() as conn:
        found = samples(conn, runtime.clock.now() - timedelta(hours=hours), host=host)
    return Resources(items=[SampleShape.model_validate(it) for it in found])


def _queues(runtime: Runtime) -> Queues:
    with runtime.db.read() as conn:
        return Queues(items=[QueueShape.model_validate(it) for it in queue_depths(conn)])


def _health(runtime: Runtime) -> Health:
    found = check_health(runtime) + check_setup(runtime)
    shapes = [FindingShape.model_validate(it) for it in found]
    return Health(healthy=all(it.level != "error" for it in found), findings=shapes)


def _counts(runtime: Runtime) -> dict[str, int]:
    with runtime.db.read() as conn:
        return count_by_state(conn)
