"""How many jobs a second over a broker, and how many times that of bare Celery?"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from personal_assistant.benchmarks.figures import Figure
from personal_assistant.benchmarks.over_broker import bare, tasks
from personal_assistant.benchmarks.over_broker.marks import VARIABLE, marks
from personal_assistant.benchmarks.programs import Program
from personal_assistant.benchmarks.topology import Topology, topology
from personal_assistant.errors import AssistantError
from personal_assistant.jobs.enqueue import enqueue_many
from personal_assistant.workers.celery_app import LedgerTask

_APP = "personal_assistant.benchmarks.over_broker.app"
_SLOTS = 10
_STEP = 1000
# The first tenth warms up: connections, durations, the sizes of messages.
_WARM_UP = 0.1
_LOOK_EVERY_SECONDS = 0.002
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class _Run:
    """How a backlog was done, after its warm-up, and the most memory that its worker held."""

    per_second: float
    seconds: float
    megabytes: float


def measure(count: int, waiting: int, say: Callable[[str], None]) -> list[Figure]:
    """`count` no-op jobs from a backlog, twice as many in bulk, a fifth of them one by one and through bare Celery.

    Each in one worker process with ten threads, and one scheduler, which sends the messages.
    """
    few = max(10, count // 5)
    say("starting PostgreSQL and Valkey")
    with topology(app=_APP, groups={}, schedulers=1, relayed=False) as made:
        made.environment[VARIABLE] = str(made.folder / "marks")
        say(f"{few:,} jobs through bare Celery")
        celery = _bare(made, few)
        say(f"{count:,} jobs, in messages of 50 ms of work")
        plain = _ours(made, tasks.plain, count)
        say(f"{few:,} jobs, one to a message")
        single = _ours(made, tasks.single, few)
        say(f"{2 * count:,} jobs of a task with a bulk function")
        bulk = _ours(made, tasks.bulk, 2 * count)
        say(f"{waiting:,} jobs that wait 1 s")
        waits = _ours(made, tasks.second, waiting, backlog=False)
    return [
        Figure("bare_per_second", "bare Celery", round(celery.per_second), "jobs a second"),
        Figure("plain_per_second", "no-op jobs", round(plain.per_second), "jobs a second"),
        Figure("plain_times_bare", "that is", _times(plain, celery), "times bare Celery", at_least=5),
        Figure("single_per_second", "one job to a message", round(single.per_second), "jobs a second"),
        Figure("single_times_bare", "that is", _times(single, celery), "times bare Celery", at_least=0.8),
        Figure("bulk_per_second", "with a bulk function", round(bulk.per_second), "jobs a second"),
        Figure("bulk_times_bare", "that is", _times(bulk, celery), "times bare Celery", at_least=15),
        Figure("waiting", "jobs that wait 1 s each, at once", waiting),
        Figure("waiting_seconds", "until the last of them was done", round(waits.seconds, 3), "s", 3.0),
        Figure("waiting_megabytes", "the worker's memory then", round(waits.megabytes), "MB", 250),
    ]


def _times(ours: _Run, others: _Run) -> float:
    return round(ours.per_second / others.per_second, 2)


def _bare(made: Topology, count: int) -> _Run:
    bare.app.conf.update(broker_url=made.servers.broker_url)
    for _ in range(count):
        bare.plain.delay()
    bare.app.close()
    worker = made.add("worker-bare", _command(bare.__name__, bare.QUEUE))
    made.start(worker)
    return _watched(made, worker, count)


def _ours(made: Topology, task: LedgerTask, count: int, *, backlog: bool = True) -> _Run:
    """With the jobs written before the worker starts, or once it is there."""
    worker = made.add("worker-ours", _command(_APP, tasks.QUEUE))
    if not backlog:
        made.start(worker, *made.schedulers)
    for start in range(0, count, _STEP):
        with made.runtime.db.write() as conn:
            enqueue_many(conn, [task.options.job(task.name) for _ in range(start, min(start + _STEP, count))])
    if backlog:
        made.start(worker, *made.schedulers)
    return _watched(made, worker, count, warm_up=_WARM_UP if backlog else 0.0)


def _command(app: str, queue: str) -> list[str]:
    how = ("-P", "threads", "-c", str(_SLOTS), "-Q", queue, "-l", "INFO")
    return [sys.executable, "-m", "celery", "-A", app, "worker", *how]


def _watched(made: Topology, worker: Program, count: int, warm_up: float = _WARM_UP) -> _Run:
    """Watch the marks until all are there; then end worker and schedulers, and forget the marks."""
    path = Path(made.environment[VARIABLE])
    first = int(count * warm_up)
    _reach(path, first)
    begun, started = marks(path), time.monotonic()
    if begun == count:
        raise AssistantError("All jobs were done before they could be counted: give a larger --count.")
    megabytes = _reach(path, count, psutil.Process(worker.process.pid))
    seconds = time.monotonic() - started
    for program in (worker, *made.schedulers):
        if program.alive:
            program.end()
    path.unlink()
    return _Run((count - begun) / seconds, seconds, megabytes)


def _reach(path: Path, number: int, watched: psutil.Process | None = None) -> float:
    """Wait for so many marks; returns the most resident memory (MB) that the process had meanwhile."""
    most, deadline = 0.0, time.monotonic() + _PATIENCE_SECONDS
    while marks(path) < number:
        if time.monotonic() > deadline:
            raise AssistantError(f"Only {marks(path):,} of {number:,} jobs were done in {_PATIENCE_SECONDS:g} s.")
        if watched is not None:
            most = max(most, watched.memory_info().rss / 1_048_576)
        time.sleep(_LOOK_EVERY_SECONDS)
    return most
