"""Taskiq over Valkey streams."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

from marks import mark
from peer import VALKEY, WAIT_SECONDS, Kind, Peer, script
from taskiq import TaskiqScheduler
from taskiq_redis import ListRedisScheduleSource, RedisStreamBroker

PEER = Peer(
    name="Taskiq",
    package="taskiq",
    servers="Valkey",
    durable="yes",
    promise="The stream broker acknowledges after execution and is the one advised where durability is required; "
    "messages that stay unacknowledged for 10 min are claimed by another worker. Valkey's append-only file is on.",
    at_once="async",
)

broker = RedisStreamBroker(url=VALKEY)
source = ListRedisScheduleSource(url=VALKEY)
scheduler = TaskiqScheduler(broker, [source])


@broker.task
async def no_op(number: int) -> None:
    """Nothing."""
    mark(number)


@broker.task
async def wait(number: int) -> None:
    """Nothing, for a while."""
    await asyncio.sleep(WAIT_SECONDS)
    mark(number)


def prepare() -> None:
    """Taskiq makes what it needs."""


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One worker process under Taskiq's main one; what is scheduled needs the scheduler beside it.

    That one looks for new schedules once a minute unless told otherwise: too seldom for what is due in seconds.
    """
    worker = ["worker", "adapter:broker", "--workers", "1", "--max-async-tasks", str(concurrency)]
    scheduler = ["scheduler", "adapter:scheduler", "--update-interval", "1"]
    return [
        [script("taskiq"), *command, "--log-level", "WARNING"]
        for command in (worker, scheduler)
        if command is worker or kind == "burst"
    ]


async def _fill(kind: Kind, numbers: Iterable[int]) -> None:
    await broker.startup()
    task = wait if kind == "wait" else no_op
    for number in numbers:
        await task.kiq(number)
    await broker.shutdown()


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """One message a job."""
    asyncio.run(_fill(kind, numbers))


async def _schedule(numbers: Iterable[int], due: float) -> None:
    await source.startup()
    for number in numbers:
        await no_op.schedule_by_time(source, datetime.fromtimestamp(due, UTC), number)
    await source.shutdown()


def schedule(numbers: Iterable[int], due: float) -> None:
    """Into the schedule source, which the scheduler reads."""
    asyncio.run(_schedule(numbers, due))
