"""The processes that schedule and run jobs. A process's heartbeat is the lease on every job it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.store.tables import workers

# From one heartbeat to the next, in leases.
HEARTBEAT = 1 / 6


@dataclass(frozen=True, slots=True)
class Worker:
    """A process as it last said of itself. `scheduled_at` is when its scheduler last went round.

    `name` is the worker's, `heard_at` when a message last came to it (None where it listens to no broker), `told`
    what somebody wants of it (`draining.Told`).
    """

    id: str
    host: str
    pid: int
    version: str
    schedules: bool
    runs: bool
    started_at: datetime
    heartbeat_at: datetime
    scheduled_at: datetime | None
    draining: bool
    name: str = ""
    heard_at: datetime | None = None
    told: str | None = None

    @property
    def rests(self) -> bool:
        """Whether it takes no jobs until somebody has it go on."""
        return self.draining and self.told == "rest"

    @property
    def label(self) -> str:
        """How people are told of it."""
        return self.name or f"process {self.pid} on {self.host}"

    def lease_ended(self, now: datetime, lease_seconds: float) -> bool:
        """Whether it was silent for a whole lease. A heartbeat from the future means the clock was set back."""
        return not -lease_seconds <= (now - self.heartbeat_at).total_seconds() <= lease_seconds


def register(conn: sa.Connection, worker: Worker) -> None:
    """Write down a process that starts."""
    conn.execute(sa.insert(workers).values({name: getattr(worker, name) for name in Worker.__dataclass_fields__}))


def heartbeat(
    conn: sa.Connection,
    worker_id: str,
    now: datetime,
    *,
    scheduled_at: datetime | None,
    draining: bool,
    heard_at: datetime | None = None,
) -> bool:
    """Renew the lease. False when the row is gone: others took this process for dead and took its jobs."""
    renewed = (
        sa.update(workers)
        .where(workers.c.id == worker_id)
        .values(heartbeat_at=now, scheduled_at=scheduled_at, draining=draining, heard_at=heard_at)
    )
    return conn.execute(renewed).rowcount == 1


def unregister(conn: sa.Connection, worker_id: str) -> None:
    """Forget a process that stops."""
    conn.execute(sa.delete(workers).where(workers.c.id == worker_id))


def list_workers(conn: sa.Connection) -> list[Worker]:
    """Every process on record, the longest running first."""
    listed = sa.select(*(workers.c[name] for name in Worker.__dataclass_fields__)).order_by(workers.c.started_at)
    return [Worker(**row) for row in conn.execute(listed).mappings()]


def last_heartbeat(conn: sa.Connection) -> datetime | None:
    """The newest instant that any process wrote: the clock has been there."""
    found: datetime | None = conn.execute(sa.select(sa.func.max(workers.c.heartbeat_at))).scalar_one()
    return found


def report_durations(conn: sa.Connection, worker_id: str, usual: Mapping[str, float]) -> None:
    """Write how many seconds each task's jobs usually take in this process."""
    conn.execute(sa.update(workers).where(workers.c.id == worker_id).values(durations=dict(usual)))


def usual_durations(conn: sa.Connection) -> dict[str, float]:
    """Task name to usual seconds, the longest that any process on record reports."""
    longest: dict[str, float] = {}
    for reported in conn.execute(sa.select(workers.c.durations).where(workers.c.durations.is_not(None))).scalars():
        for task, seconds in reported.items():
            longest[task] = max(seconds, longest.get(task, 0.0))
    return longest
