"""What this machine uses and has left, measured now and then, and read again for plots."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psutil
import sqlalchemy as sa

from personal_assistant.store.database import Database
from personal_assistant.store.plain import plain_text
from personal_assistant.store.tables import resource_samples
from personal_assistant.workers.liveness import living
from personal_assistant.workers.runtime import Runtime

_FIRST_SECONDS = 0.2
_has_measured = False


@dataclass(frozen=True, slots=True)
class Sample:
    """One machine at an instant (UTC). Bytes; `cpu_percent` is of all its processors together, 0 to 100.

    `processes` are those of the assistant on that machine: each that schedules or runs jobs, and what it has started.
    `memory_bytes` is what they hold; what several share is counted for each.
    """

    at: datetime
    host: str
    cpu_percent: float
    processes: int
    memory_bytes: int
    memory_available_bytes: int
    disk_free_bytes: int
    database_bytes: int


_NEWEST = (resource_samples.c.at.desc(), resource_samples.c.id.desc())
_COLUMNS = tuple(resource_samples.c[name] for name in Sample.__dataclass_fields__)


def measure(runtime: Runtime) -> Sample:
    """This machine now; its CPU since this process measured last, or for a moment where it never did."""
    host = socket.gethostname()
    with runtime.db.read() as conn:
        pids = [worker.pid for worker in living(runtime, conn) if worker.host == host]
    held = [size for process in _families(pids) if (size := _resident(process))]
    return Sample(
        at=runtime.clock.now(),
        host=host,
        cpu_percent=_cpu_percent(),
        processes=len(held),
        memory_bytes=sum(held),
        memory_available_bytes=psutil.virtual_memory().available,
        disk_free_bytes=shutil.disk_usage(runtime.settings.data_dir).free,
        database_bytes=database_bytes(runtime.db),
    )


def database_bytes(db: Database) -> int:
    """How much room the database takes: its files, or what the server says."""
    if db.is_sqlite:
        files = [Path(f"{db.url.database}{ending}") for ending in ("", "-wal", "-shm")]
        return sum(file.stat().st_size for file in files if file.exists())
    with db.read() as conn:
        return int(conn.execute(sa.select(sa.func.pg_database_size(sa.func.current_database()))).scalar_one())


def add_sample(conn: sa.Connection, sample: Sample) -> None:
    """Keep a sample."""
    conn.execute(sa.insert(resource_samples).values(**asdict(sample)))


def samples(conn: sa.Connection, since: datetime, most: int = 500, *, host: str | None = None) -> list[Sample]:
    """What was measured of a machine since an instant, the earliest first: at most `most`, the newest among them.

    They are chosen evenly. Without a `host` it is the machine that was measured last.
    """
    last = sa.select(resource_samples.c.host).order_by(*_NEWEST).limit(1).scalar_subquery()
    recent = sa.and_(resource_samples.c.at >= since, resource_samples.c.host == (plain_text(host) if host else last))
    count = conn.execute(sa.select(sa.func.count()).where(recent)).scalar_one()
    step = max(1, -(-count // most))
    backwards = sa.func.row_number().over(order_by=_NEWEST)
    numbered = sa.select(*_COLUMNS, (backwards - 1).label("number")).where(recent).subquery()
    chosen = sa.select(*(numbered.c[column.name] for column in _COLUMNS)).where(numbered.c.number % step == 0)
    return [Sample(*row) for row in conn.execute(chosen.order_by(numbered.c.number.desc()))]


def remove_samples(conn: sa.Connection, before: datetime, limit: int) -> int:
    """Remove at most `limit` of those that were measured before an instant; returns how many."""
    old = sa.select(resource_samples.c.id).where(resource_samples.c.at < before).limit(limit)
    return conn.execute(sa.delete(resource_samples).where(resource_samples.c.id.in_(old))).rowcount


def _cpu_percent() -> float:
    global _has_measured
    interval = None if _has_measured else _FIRST_SECONDS
    _has_measured = True
    return psutil.cpu_percent(interval)


def _families(pids: list[int]) -> Iterator[psutil.Process]:
    """These processes and all that they have started, each once."""
    seen: set[int] = set()
    for pid in pids:
        with suppress(psutil.Error):  # it has just ended
            leader = psutil.Process(pid)
            for process in (leader, *leader.children(recursive=True)):
                if process.pid not in seen:
                    seen.add(process.pid)
                    yield process


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0
