"""Huey over Valkey."""

import sys

if "greenlet" in sys.argv:  # The consumer's own program leaves this to the application.
    from gevent import monkey

    monkey.patch_all()

import time
from collections.abc import Iterable
from datetime import datetime

from huey import RedisHuey
from marks import mark
from peer import VALKEY, WAIT_SECONDS, Kind, Peer, script

PEER = Peer(
    name="Huey",
    package="huey",
    servers="Valkey",
    durable="no",
    promise="A task leaves the queue when a worker takes it, and its signal for interrupted tasks is for orderly ends: "
    "what a killed consumer was at is lost, what is still queued survives with Valkey.",
    at_once="greenlets",
)

huey = RedisHuey("peer", url=VALKEY)


@huey.task()
def no_op(number: int) -> None:
    """Nothing."""
    mark(number)


@huey.task()
def wait(number: int) -> None:
    """Nothing, for a while."""
    time.sleep(WAIT_SECONDS)
    mark(number)


def prepare() -> None:
    """Huey makes what it needs."""


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One consumer: threads as by default, greenlets for what waits, as the documentation advises."""
    worker_type = "greenlet" if kind == "wait" else "thread"
    return [[script("huey_consumer"), "adapter.huey", "-k", worker_type, "-w", str(concurrency), "-q"]]


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """One message a job."""
    task = wait if kind == "wait" else no_op
    for number in numbers:
        task(number)


def schedule(numbers: Iterable[int], due: float) -> None:
    """Into Huey's schedule, which the consumer looks at every second."""
    eta = datetime.fromtimestamp(due)  # noqa: DTZ006 - Huey's own notion of a time is the local one
    for number in numbers:
        no_op.schedule((number,), eta=eta)
