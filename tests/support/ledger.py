"""Short ways to put jobs into a ledger, take them and end them."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.cancel import cancel
from personal_assistant.jobs.claim import claim, ready
from personal_assistant.jobs.due import queue_due
from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.finish import Finished, finish_many
from personal_assistant.jobs.model import ClaimedJob, JobView, NewJob
from personal_assistant.jobs.outcomes import Failed, Outcome, Retry
from personal_assistant.jobs.queries import get_job
from personal_assistant.jobs.recover import recover
from personal_assistant.jobs.replay import replay
from personal_assistant.jobs.turns import Turns
from personal_assistant.store.database import Database
from personal_assistant.store.tables import ai_tasks
from personal_assistant.timing.clock import ManualClock

TASK = "tests.work"
WORKER = "worker-1"


class Ledger:
    """The ledger of one database, seen by a test: each call is a transaction of its own, at the clock's instant."""

    def __init__(self, db: Database, clock: ManualClock) -> None:
        self.db = db
        self.clock = clock

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def add(self, task: str = TASK, **fields: Any) -> str:
        """Write a job; returns its id."""
        with self.db.write() as conn:
            return enqueue(conn, NewJob(task, "tests", **fields), now=self.now)

    def take(self, *ids: str, worker: str = WORKER, limit: int = 100) -> list[ClaimedJob]:
        """Claim these jobs, or whatever is ready."""
        with self.db.write() as conn:
            chosen = ids or [job_id for job_id, _, _ in ready(conn, [TASK], limit, Turns())]
            return claim(conn, worker, chosen, self.now)

    def take_one(self, job_id: str, worker: str = WORKER) -> ClaimedJob:
        """Claim one job, which must be there to be claimed."""
        [job] = self.take(job_id, worker=worker)
        return job

    def end(self, job: ClaimedJob, outcome: Outcome, worker: str = WORKER) -> bool:
        """Write how an attempt ended; whether it was written."""
        with self.db.write() as conn:
            return bool(finish_many(conn, worker, [(job, outcome)], self.now))

    def run(self, job_id: str, outcome: Outcome, worker: str = WORKER) -> JobView:
        """Claim a job and end it so; returns it as it is then."""
        assert self.end(self.take_one(job_id, worker), outcome, worker)
        return self.show(job_id)

    def show(self, job_id: str) -> JobView:
        with self.db.read() as conn:
            return get_job(conn, job_id)

    def state(self, job_id: str) -> str:
        return self.show(job_id).state

    def queue_due(self) -> int:
        with self.db.write() as conn:
            return queue_due(conn, self.now, 100)

    def cancel(self, job_id: str) -> JobView:
        with self.db.write() as conn:
            return cancel(conn, job_id, self.now)

    def replay(self, job_id: str) -> JobView:
        with self.db.write() as conn:
            return replay(conn, job_id, self.now)

    def recover(self, *workers: str) -> list[Finished]:
        """Take back what these dead workers ran."""
        with self.db.write() as conn:
            return recover(conn, workers, self.now)

    def ai_task(self) -> int:
        """The id of an AI task of the owner."""
        task = {"user_id": 1, "title": "Stretch", "task_type": "reminder", "schedule_type": "once"}
        with self.db.write() as conn:
            return int(conn.execute(sa.insert(ai_tasks).values(task).returning(ai_tasks.c.id)).scalar_one())

    def later(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)

    def retry(self, seconds: float = 60) -> Retry:
        return Retry(self.later(seconds), "It did not answer.", "transient")


FAILED = Failed("It is broken.", "permanent")
