"""RQ over Valkey."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime

from marks import mark
from peer import VALKEY, WAIT_SECONDS, Kind, Peer, script
from redis import Redis
from rq import Queue

PEER = Peer(
    name="RQ",
    package="rq",
    servers="Valkey",
    durable="in part",
    promise="What is queued survives with Valkey; a job whose worker was killed is put into the registry of failed "
    "jobs at the next maintenance and runs again only if it was enqueued with a retry.",
    at_once="one at a time, each in a process that is forked for it",
)

queue = Queue(connection=Redis.from_url(VALKEY))


def no_op(number: int) -> None:
    """Nothing."""
    mark(number)


def wait(number: int) -> None:
    """Nothing, for a while."""
    time.sleep(WAIT_SECONDS)
    mark(number)


def prepare() -> None:
    """RQ makes what it needs."""


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One worker, which has no figure for concurrency; with the scheduler in it."""
    return [[script("rq"), "worker", "--with-scheduler", "--quiet", "--url", VALKEY]]


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """All in one pipeline."""
    function = wait if kind == "wait" else no_op
    queue.enqueue_many([Queue.prepare_data(function, (number,)) for number in numbers])


def schedule(numbers: Iterable[int], due: float) -> None:
    """Into the registry of scheduled jobs, which the worker's scheduler looks at every second."""
    at = datetime.fromtimestamp(due, UTC)
    for number in numbers:
        queue.enqueue_at(at, no_op, number)
