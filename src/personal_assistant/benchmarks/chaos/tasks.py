"""What the jobs of this benchmark do. Each run leaves a line behind, outside of every database."""

import asyncio
import hashlib
import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from personal_assistant.errors import AssistantError, TransientError
from personal_assistant.jobs.context import current_job
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Outcome, Succeeded
from personal_assistant.jobs.queries import get_job
from personal_assistant.jobs.retry import Backoff
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.tasks import task

RUNS_FILE = "runs"
# Of a job that dies with its worker again and again; nothing here is to be given up for that.
_ATTEMPTS = 50
_STEP_SECONDS = 0.05


def mark(*job_ids: str) -> None:
    """Add a line for each of these jobs to the file of runs, in one write."""
    lines = "".join(f"{job_id} {time.time():.6f}\n" for job_id in job_ids).encode()
    descriptor = os.open(runtime().settings.data_dir / RUNS_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, lines)
    finally:
        os.close(descriptor)


def read_runs(folder: Path) -> dict[str, list[float]]:
    """Job id to the instants (seconds since the epoch) at which it ran."""
    runs: dict[str, list[float]] = {}
    path = folder / RUNS_FILE
    for line in path.read_text().splitlines() if path.exists() else ():
        job_id, at = line.split()
        runs.setdefault(job_id, []).append(float(at))
    return runs


def payload_of(number: int) -> dict[str, Any]:
    """The result that the job of that number has."""
    return {"number": number, "text": f"{number} ü " * 20, "list": [number] * 10}


@task(queue="email_tasks", name="bench.chaos.plain", attempts=_ATTEMPTS)
def plain() -> None:
    """Nothing."""
    mark(current_job().job_id)


@task(queue="sync_tasks", name="bench.chaos.payload", attempts=_ATTEMPTS)
def payload(number: int) -> dict[str, Any]:
    """Return something."""
    mark(current_job().job_id)
    return payload_of(number)


@task(queue="ai_tasks", name="bench.chaos.coroutine", attempts=_ATTEMPTS)
async def coroutine(seconds: float) -> None:
    """Wait, on the event loop."""
    mark(current_job().job_id)
    await asyncio.sleep(seconds)


def _together(conn: sa.Connection, jobs: Sequence[ClaimedJob], now: datetime) -> Sequence[Outcome]:
    del conn, now
    mark(*(job.id for job in jobs))
    return [Succeeded()] * len(jobs)


@task(queue="email_tasks", name="bench.chaos.bulk", attempts=_ATTEMPTS, bulk=_together)
def bulk() -> None:
    """Nothing, many at once."""
    mark(current_job().job_id)


@task(queue="file_tasks", name="bench.chaos.cpu", attempts=_ATTEMPTS)
def cpu(rounds: int) -> str:
    """Keep a processor busy."""
    mark(current_job().job_id)
    digest = b""
    for _ in range(rounds):
        digest = hashlib.sha256(digest * 100).digest()
    return digest.hex()


@task(queue="sync_tasks", name="bench.chaos.once", at_most_once=True)
def once(seconds: float) -> None:
    """What must not happen twice."""
    mark(current_job().job_id)
    time.sleep(seconds)


@task(queue="celery", name="bench.chaos.retrying", attempts=_ATTEMPTS, backoff=Backoff(first=0.5, longest=4.0))
def retrying(failures: int) -> None:
    """Succeed only after so many attempts have failed."""
    if current_job().attempt <= failures:
        raise TransientError("Not yet.")
    mark(current_job().job_id)


@task(queue="maintenance_tasks", name="bench.chaos.failing", attempts=_ATTEMPTS)
def failing() -> None:
    """Fail for good."""
    mark(current_job().job_id)
    raise AssistantError("This job is to fail.")


@task(queue="celery", name="bench.chaos.long", attempts=_ATTEMPTS)
def long(seconds: float) -> None:
    """Take long, in small steps."""
    mark(current_job().job_id)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        current_job().check()
        time.sleep(_STEP_SECONDS)


@task(queue="sync_tasks", name="bench.chaos.waiting", attempts=_ATTEMPTS)
def waiting(other: str) -> None:
    """Do nothing before another job has ended."""
    with runtime().db.read() as conn:
        ended = get_job(conn, other).finished_at is not None
    if not ended:
        current_job().park("It waits for another job.", for_job=other)
    mark(current_job().job_id)
