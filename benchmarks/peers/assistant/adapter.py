"""This system in one process, with its ledger in SQLite."""

import asyncio
import signal
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from marks import mark
from peer import CONCURRENCY, FOLDER, WAIT_SECONDS, Kind, Peer, call

from personal_assistant.jobs.enqueue import enqueue_many
from personal_assistant.settings import Settings
from personal_assistant.workers.process import WorkerProcess
from personal_assistant.workers.runtime import Runtime, open_database
from personal_assistant.workers.setup import prepare as set_up
from personal_assistant.workers.tasks import load_tasks, task

PEER = Peer(
    name="personal_assistant, embedded",
    package="personal-assistant",
    servers="none (SQLite)",
    durable="yes",
    promise="A job is a row that is committed before it is accepted, held under a lease; another process takes it up "
    "when the lease has run out.",
    at_once="async",
)


@task(queue="bench", name="peers.no_op")
def no_op(number: int) -> None:
    """Nothing."""
    mark(number)


@task(queue="bench", name="peers.wait")
async def wait(number: int) -> None:
    """Nothing, for a while."""
    await asyncio.sleep(WAIT_SECONDS)
    mark(number)


def _runtime() -> Runtime:
    threads = min(CONCURRENCY, 256)  # No more are allowed; what waits runs on the event loop.
    settings = Settings(data_dir=Path(FOLDER), database_url="", zone="UTC", worker_threads=threads)
    return Runtime(settings, open_database(settings))


def run() -> None:
    """The worker: what `assistant up` runs, without the screen. Threads for plain functions, a loop for async ones."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    process = WorkerProcess(_runtime())
    process.start()
    signal.sigwait({signal.SIGTERM})
    process.stop()


def prepare() -> None:
    """The tables and the owner."""
    set_up(_runtime())


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One process."""
    return [call("run")]


def _enqueue(name: str, numbers: list[int], **fields: Any) -> None:
    runtime, options = _runtime(), load_tasks().get(name).options
    for start in range(0, len(numbers), 1000):
        with runtime.db.write() as conn:
            jobs = [options.job(name, args=(number,), **fields) for number in numbers[start : start + 1000]]
            enqueue_many(conn, jobs)
    runtime.db.close()


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """A thousand in one transaction."""
    _enqueue("peers.wait" if kind == "wait" else "peers.no_op", list(numbers))


def schedule(numbers: Iterable[int], due: float) -> None:
    """Rows with an instant."""
    _enqueue("peers.no_op", list(numbers), run_at=datetime.fromtimestamp(due, UTC))
