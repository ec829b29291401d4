"""Dramatiq over Valkey."""

import asyncio
import time
from collections.abc import Iterable

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware.asyncio import AsyncIO
from marks import mark
from peer import VALKEY, WAIT_SECONDS, Kind, Peer, script

PEER = Peer(
    name="Dramatiq",
    package="dramatiq",
    servers="Valkey",
    durable="yes",
    promise="Messages are acknowledged once they have been processed; those of a worker that stops its heartbeat are "
    "put back after 60 s. Holds as far as Valkey keeps its data: its append-only file is on.",
    at_once="async, a thread waits for each",
)

broker = RedisBroker(url=VALKEY)
broker.add_middleware(AsyncIO())
dramatiq.set_broker(broker)


@dramatiq.actor
def no_op(number: int) -> None:
    """Nothing."""
    mark(number)


@dramatiq.actor
async def wait(number: int) -> None:
    """Nothing, for a while."""
    await asyncio.sleep(WAIT_SECONDS)
    mark(number)


def prepare() -> None:
    """Dramatiq makes what it needs."""


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One worker process under Dramatiq's main one."""
    return [[script("dramatiq"), "adapter", "--processes", "1", "--threads", str(concurrency)]]


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """One message a job."""
    actor = wait if kind == "wait" else no_op
    for number in numbers:
        actor.send(number)


def schedule(numbers: Iterable[int], due: float) -> None:
    """By delay: the worker takes the messages at once and holds them until then."""
    for number in numbers:
        no_op.send_with_options(args=(number,), delay=round((due - time.time()) * 1000))
