"""Bare Celery over Valkey, messages acknowledged as Celery does by default."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime

from celery import Celery
from marks import mark
from peer import VALKEY, WAIT_SECONDS, Kind, Peer, script

PEER = Peer(
    name="Celery",
    package="celery",
    servers="Valkey",
    durable="no",
    promise="By default a message is acknowledged just before its task runs, so that a task never runs twice: what a "
    "killed worker had begun is gone, what it had prefetched comes back after the visibility timeout of 1 h.",
    at_once="threads",
)

app = Celery("adapter", broker=VALKEY)
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)


@app.task
def no_op(number: int) -> None:
    """Nothing."""
    mark(number)


@app.task
def wait(number: int) -> None:
    """Nothing, for a while."""
    time.sleep(WAIT_SECONDS)
    mark(number)


def prepare() -> None:
    """Celery makes what it needs."""


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One process: the thread pool, which is also what can wait for many things at once without another library."""
    return [[script("celery"), "-A", "adapter", "worker", "-P", "threads", "-c", str(concurrency), "-l", "WARNING"]]


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """One message a job."""
    task = wait if kind == "wait" else no_op
    for number in numbers:
        task.delay(number)


def schedule(numbers: Iterable[int], due: float) -> None:
    """By ETA: the worker takes the messages at once and holds them until then."""
    eta = datetime.fromtimestamp(due, UTC)
    for number in numbers:
        no_op.apply_async((number,), eta=eta)
