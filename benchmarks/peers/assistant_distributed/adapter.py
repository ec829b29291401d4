"""This system on Celery, Valkey and PostgreSQL."""

import asyncio
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from marks import mark
from peer import FOLDER, POSTGRES, VALKEY, WAIT_SECONDS, Kind, Peer, script

DATABASE = POSTGRES.replace("postgresql:", "postgresql+psycopg:")
# Read by the worker and by beat when they import what follows.
os.environ |= {"DATABASE_URL": DATABASE, "CELERY_BROKER_URL": VALKEY, "ASSISTANT_DATA_DIR": FOLDER}

from personal_assistant.jobs.enqueue import enqueue_many  # noqa: E402
from personal_assistant.settings import Settings  # noqa: E402
from personal_assistant.workers.celery_app import app  # noqa: E402, F401
from personal_assistant.workers.runtime import Runtime, open_database  # noqa: E402
from personal_assistant.workers.setup import prepare as set_up  # noqa: E402
from personal_assistant.workers.tasks import load_tasks, task  # noqa: E402

PEER = Peer(
    name="personal_assistant, distributed",
    package="personal-assistant",
    servers="PostgreSQL, Valkey",
    durable="yes",
    promise="A job is a row that is committed before it is accepted, held under a lease; a message only points to it, "
    "and is sent again when it was lost.",
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
    settings = Settings(data_dir=Path(FOLDER), database_url=DATABASE, broker_url=VALKEY, zone="UTC")
    return Runtime(settings, open_database(settings))


def prepare() -> None:
    """The tables and the owner."""
    set_up(_runtime())


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One worker process with the thread pool, as for bare Celery, and beat, which sends the messages."""
    pool = ["-P", "threads", "-c", str(concurrency), "-Q", "bench"]
    celery = [script("celery"), "-A", "adapter"]
    return [[*celery, "worker", *pool, "-l", "WARNING"], [*celery, "beat", "-l", "WARNING"]]


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
