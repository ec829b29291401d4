"""A whole assistant on an adopted database, whose clock stands still until it is moved."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from personal_assistant.settings import Settings
from personal_assistant.store.adoption import adopt
from personal_assistant.store.database import Database
from personal_assistant.store.tables import ai_tasks, deliveries
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers import runtime as runtimes
from personal_assistant.workers.process import WorkerProcess
from personal_assistant.workers.runtime import Runtime, open_database
from personal_assistant.workers.setup import prepare

_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.05


class Assistant:
    """Scheduler and runner in this process."""

    def __init__(self, runtime: Runtime, clock: ManualClock) -> None:
        self.runtime = runtime
        self.clock = clock
        self._news = threading.Event()
        self._process = WorkerProcess(runtime, on_signal=self._news.set)

    def start(self) -> None:
        self._process.start()

    def stop(self) -> None:
        self._process.stop()

    def at(self, instant: datetime) -> None:
        """Move the clock, as time would."""
        self.clock.set(instant)
        assert self._process.scheduler is not None
        self._process.scheduler.wake()

    def until(self, happened: Callable[[], bool]) -> None:
        """Wait for something that comes with a commit. Not every commit gives a signal, so look again now and then."""
        ends = time.monotonic() + _PATIENCE_SECONDS
        while not happened():
            assert time.monotonic() < ends, "nothing happened for too long"
            self._news.wait(_LOOK_SECONDS)
            self._news.clear()

    def task(self, task_id: int) -> Any:
        """A row of `ai_tasks`."""
        with self.runtime.db.read() as conn:
            return conn.execute(sa.select(ai_tasks).where(ai_tasks.c.id == task_id)).one()

    def delivered(self, task_id: int) -> list[datetime | None]:
        """The instants of an AI task for which its person has been told, in order."""
        told = sa.select(deliveries.c.due_at).where(
            deliveries.c.ai_task_id == task_id, deliveries.c.channel == "in_app", deliveries.c.kind == "reminder"
        )
        with self.runtime.db.read() as conn:
            return list(conn.execute(told.order_by(deliveries.c.due_at)).scalars())


@contextmanager
def adopted_assistant(url: str, folder: Path, start: datetime, **settings: Any) -> Iterator[Assistant]:
    """Adopt a database and run an assistant on it, from an instant on."""
    chosen = Settings(_env_file=None, data_dir=folder, database_url=url, lease_seconds=3600, **settings)  # type: ignore[call-arg]
    clock = ManualClock(start)
    runtime = Runtime(chosen, open_database(chosen), clock)
    runtimes.use(runtime)
    assistant: Assistant | None = None
    try:
        assert adopt(runtime.db, start) is not None
        prepare(runtime)
        assistant = Assistant(runtime, clock)
        assistant.start()
        yield assistant
    finally:
        if assistant is not None:
            assistant.stop()
        runtimes.use(None)
        runtime.db.close()


def is_open(db: Database, task: str) -> bool:
    """Whether a job of that task has not come to its end."""
    with db.read() as conn:
        found = conn.execute(sa.text("SELECT 1 FROM jobs WHERE task = :task AND finished_at IS NULL"), {"task": task})
        return found.first() is not None
