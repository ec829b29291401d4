"""What the tests of AI tasks share."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.catching_up import limit_of
from personal_assistant.ai.due import dispatch_due
from personal_assistant.ai.model import EXECUTE
from personal_assistant.jobs.claim import claim, ready
from personal_assistant.jobs.due import queue_due
from personal_assistant.jobs.finish import finish_many
from personal_assistant.jobs.leases import Worker, register
from personal_assistant.jobs.model import ClaimedJob, JobView
from personal_assistant.jobs.outcomes import Outcome
from personal_assistant.jobs.queries import list_jobs
from personal_assistant.jobs.slots import hand_out
from personal_assistant.jobs.turns import Turns
from personal_assistant.store.database import Database
from personal_assistant.store.tables import ai_tasks, users
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.options import BULK_SIZE
from personal_assistant.workers.runtime import Runtime, use
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.tasks.ai_tasks import execute_ai_task, summarize_missed
from personal_assistant.workers.utils.task_monitoring import settle

OWNER = 1
WORKER = "00000000-0000-7000-8000-000000000001"


def dispatch(db: Database, clock: Clock) -> None:
    """Let the scheduler write the jobs of everything that is due."""
    while True:
        with db.write() as conn:
            if dispatch_due(conn, clock.now(), BULK_SIZE) == 0:
                break
    start_late(db, clock, 1_000_000)


def start_late(db: Database, clock: Clock, at_once: int) -> None:
    """Let so many late occurrences start in this second."""
    with db.write() as conn:
        while hand_out(conn, {EXECUTE: limit_of(at_once)}, clock.now(), {}):
            pass


def tell_of_late(runtime: Runtime) -> None:
    """Write the summaries of late occurrences, as a runner does once their instant has come."""
    with runtime.db.write() as conn:
        queue_due(conn, runtime.clock.now(), BULK_SIZE)
    do(runtime, take(runtime.db, runtime.clock, summarize_missed), summarize_missed)


def take(db: Database, clock: Clock, task: LedgerTask = execute_ai_task) -> list[ClaimedJob]:
    """Claim everything that is queued, as a runner does."""
    with db.write() as conn:
        now = clock.now()
        if conn.execute(sa.text("SELECT count(*) FROM workers")).scalar_one() == 0:
            register(conn, Worker(WORKER, "host", 1, "0", True, True, now, now, None, False))
        found = ready(conn, [task.name], BULK_SIZE, Turns())
        return claim(conn, WORKER, [job_id for job_id, _, _ in found], now)


def do(runtime: Runtime, claimed: list[ClaimedJob], task: LedgerTask = execute_ai_task) -> list[Outcome]:
    """Run claimed jobs with their task's bulk function and write down how they ended, as a runner does."""
    bulk = task.options.bulk
    assert bulk is not None
    use(runtime)
    try:
        with runtime.db.write() as conn:
            now = runtime.clock.now()
            outcomes = list(bulk(conn, claimed, now))
            done = list(zip(claimed, outcomes, strict=True))
            settle(conn, load_tasks(), finish_many(conn, WORKER, done, now))
    finally:
        use(None)
    return outcomes


def run_due(runtime: Runtime) -> list[Outcome]:
    """Everything that is due: dispatched, taken, done."""
    dispatch(runtime.db, runtime.clock)
    return do(runtime, take(runtime.db, runtime.clock))


def history(db: Database, task_id: int) -> list[JobView]:
    """The occurrences of an AI task, the earliest due first."""
    with db.read() as conn:
        found = list_jobs(conn, ai_task_id=task_id, limit=10_000)
    return sorted(found, key=lambda job: str(job.due_at))


def odd_row(db: Database, **values: Any) -> int:
    """Write an AI task as the earlier scheduler may have left it; returns its id."""
    row: Mapping[str, Any] = {
        "user_id": OWNER,
        "title": "Odd",
        "task_type": "reminder",
        "schedule_type": "daily",
        "status": "active",
        **values,
    }
    with db.write() as conn:
        inserted = conn.execute(sa.insert(ai_tasks).values(**row)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def another_person(db: Database) -> int:
    """A second person; returns the id."""
    with db.write() as conn:
        row = {"email": "grace@example.org", "hashed_password": "!", "is_active": True, "zone": "America/New_York"}
        inserted = conn.execute(sa.insert(users).values(**row)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])
