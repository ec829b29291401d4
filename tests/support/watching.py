"""Watches and what they watch, for tests: each call is a transaction of its own, at the clock's instant."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.notifications import watches as watching
from personal_assistant.notifications.lateness import check_lateness
from personal_assistant.notifications.watches import Watch
from personal_assistant.store.people import get_owner
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import ai_tasks, deliveries, jobs, schedules, watches
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime


class House:
    """An AI task «Stretch» or a schedule «nightly», with jobs in the states that a test gives them."""

    def __init__(self, runtime: Runtime, kind: str = "ai_task") -> None:
        assert isinstance(runtime.clock, ManualClock)
        self.runtime, self.clock, self.kind = runtime, runtime.clock, kind
        self.table = ai_tasks if kind == "ai_task" else schedules
        self.column = jobs.c.ai_task_id if kind == "ai_task" else jobs.c.schedule_id
        with self.write() as conn:
            self.owner = get_owner(conn)
            self.id = int(
                conn.execute(sa.insert(self.table).values(self._row()).returning(self.table.c.id)).scalar_one()
            )

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def thing(self) -> dict[str, Any]:
        """Its id, as watches and jobs are given it."""
        return {f"{self.kind}_id": self.id}

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        with self.runtime.db.write() as conn:
            yield conn

    def _row(self) -> dict[str, Any]:
        rule = {"schedule_type": "daily", "schedule_config": {"hour": 12, "minute": 0}, "status": "active"}
        if self.kind == "ai_task":
            return {**rule, "user_id": self.owner.id, "title": "Stretch", "task_type": "reminder"}
        return {**rule, "name": "tests.nightly", "task": "tests.work", "zone": "UTC"} | dict.fromkeys(
            ("created_at", "updated_at"), self.now
        )

    def change(self, **values: Any) -> None:
        """Change the AI task or schedule."""
        with self.write() as conn:
            conn.execute(sa.update(self.table).where(self.table.c.id == self.id).values(values))

    def watch(self, **more: Any) -> Watch:
        with self.write() as conn:
            vault = vault_of(self.runtime.settings)
            return watching.add_watch(conn, vault, self.owner.id, **self.thing, **more)

    def watch_instance(self, **more: Any) -> Watch:
        with self.write() as conn:
            return watching.add_watch(conn, vault_of(self.runtime.settings), self.owner.id, **more)

    def occurrence(self, seconds_ago: float = 0.0, state: str = "queued", **values: Any) -> str:
        """The job of an instant some seconds ago; returns its id."""
        due = self.now - timedelta(seconds=seconds_ago)
        with self.write() as conn:
            new = NewJob("tests.work", "tests", **self.thing, due_at=due, run_at=due)
            job_id = enqueue(conn, new, now=self.now)
        self.become(job_id, state, **values)
        return job_id

    def become(self, job_id: str, state: str, **values: Any) -> None:
        """Put a job into a state, now."""
        if state == "running" or state in ("succeeded", "failed"):
            values = {"started_at": self.now, "worker_id": "w", **values}
        ends = self.now if state in ("succeeded", "failed", "cancelled", "missed") else None
        values = {"state": state, "finished_at": ends, **values}
        if state == "waiting":
            values.setdefault("waiting_for", "an approval")
        with self.write() as conn:
            conn.execute(sa.update(jobs).where(jobs.c.id == job_id).values(values))

    def check(self) -> int:
        return check_lateness(self.runtime.db, self.now, self.runtime.settings.watch_grace_seconds)

    def told(self) -> list[tuple[str, str]]:
        """Titles and texts of the messages so far."""
        with self.runtime.db.read() as conn:
            rows = conn.execute(sa.select(deliveries).where(deliveries.c.channel == "in_app").order_by(deliveries.c.id))
            return [(row.title, row.body) for row in rows]

    def row(self) -> Any:
        """The one watch, as it is stored."""
        with self.runtime.db.read() as conn:
            return conn.execute(sa.select(watches)).one()
