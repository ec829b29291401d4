"""A whole process: its lease, its loops, its end, and being woken by another process."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.workers.bench import Declare, wait

from personal_assistant.jobs.leases import list_workers
from personal_assistant.jobs.queries import get_job
from personal_assistant.settings import Settings
from personal_assistant.store.database import Database
from personal_assistant.store.tables import workers
from personal_assistant.timing.clock import SystemClock
from personal_assistant.workers import process as process_module
from personal_assistant.workers import runner, runtime
from personal_assistant.workers.liveness import scheduler_alive
from personal_assistant.workers.process import WorkerProcess
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers import loop

_ENQUEUE = """
import sys
from datetime import UTC, datetime, timedelta
from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.settings import Settings
from personal_assistant.workers.runtime import open_database

folder, url, task, seconds = sys.argv[1:]
db = open_database(Settings(data_dir=folder, database_url=url))
with db.write() as conn:
    enqueue(conn, NewJob(task, "tests", run_at=datetime.now(UTC) + timedelta(seconds=float(seconds))))
"""


@pytest.fixture
def live(settings: Settings, db: Database) -> Iterator[Runtime]:
    """A runtime on the machine's clock."""
    live = Runtime(settings.model_copy(update={"lease_seconds": 2.0}), db, SystemClock())
    runtime.use(live)
    yield live
    runtime.use(None)


def test_it_registers_and_takes_leave(live: Runtime) -> None:
    process = WorkerProcess(live)
    process.start()
    with live.db.read() as conn:
        (registered,) = list_workers(conn)
    assert (registered.id, registered.schedules, registered.runs) == (process.worker.id, True, True)
    assert scheduler_alive(live)
    process.stop()
    with live.db.read() as conn:
        assert list_workers(conn) == []
    assert not scheduler_alive(live)


def test_a_role_that_it_does_not_have_is_not_filled(live: Runtime) -> None:
    process = WorkerProcess(live, schedules=False)
    process.start()
    assert not scheduler_alive(live)
    process.stop()


def test_a_lease_that_was_lost_is_taken_anew(live: Runtime) -> None:
    process = WorkerProcess(live)
    process.start()
    with live.db.write() as conn:
        conn.execute(sa.delete(workers))
    before = live.clock.now()
    process._heartbeat()
    with live.db.read() as conn:
        (registered,) = list_workers(conn)
    assert registered.id == process.worker.id
    assert registered.heartbeat_at >= before
    process.stop()


def test_a_loop_that_fails_is_started_again(live: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "_RESTART_SECONDS", 0.01)
    calls: list[int] = []
    happened = threading.Event()

    def on_signal() -> None:
        calls.append(1)
        if len(calls) < 3:
            process._listener.wake()
            raise ZeroDivisionError
        happened.set()

    process = WorkerProcess(live, on_signal=on_signal)
    process.start()
    process._listener.wake()
    wait(happened)
    process.stop()


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_another_process_wakes_scheduler_and_runner(
    live: Runtime, declare: Declare, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    # Nothing but the signal can make them look before the test's patience is over.
    monkeypatch.setattr(loop, "LOOK_EVERY_SECONDS", 600.0)
    monkeypatch.setattr(runner, "LOOK_EVERY_SECONDS", 600.0)
    live = Runtime(live.settings.model_copy(update={"lease_seconds": 600.0}), live.db, live.clock)
    ran = threading.Event()

    def work() -> None:
        ran.set()

    task = declare(work, name="tests.woken")
    process = WorkerProcess(live)
    process.start()
    words = [str(live.settings.data_dir), live.settings.database_url, task.name, str(seconds)]
    subprocess.run([sys.executable, "-c", _ENQUEUE, *words], check=True, timeout=60)
    wait(ran)
    process.stop()


def test_running_work_is_finished_before_it_ends(live: Runtime, declare: Declare) -> None:
    began, release = threading.Event(), threading.Event()

    def work() -> str:
        began.set()
        release.wait()
        return "finished"

    task = declare(work)
    process = WorkerProcess(live)
    process.start()
    job_id = task.delay().id
    wait(began)
    stopping = threading.Thread(target=process.stop)
    stopping.start()
    release.set()
    stopping.join()
    with live.db.read() as conn:
        assert get_job(conn, job_id).result == "finished"
