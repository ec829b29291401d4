"""SAQ over Valkey."""

import asyncio
from collections.abc import Iterable
from typing import Any

from marks import mark
from peer import VALKEY, WAIT_SECONDS, Kind, Peer, script
from saq import Queue

PEER = Peer(
    name="SAQ",
    package="saq",
    servers="Valkey",
    durable="in part",
    promise="Jobs move to a list of active ones when they are taken and are swept after their timeout, but they are "
    "run again only where retries are above the default of 1. What is still queued survives with Valkey.",
    at_once="async",
)

queue = Queue.from_url(VALKEY)


async def no_op(context: Any, *, number: int) -> None:
    """Nothing."""
    mark(number)


async def wait(context: Any, *, number: int) -> None:
    """Nothing, for a while."""
    await asyncio.sleep(WAIT_SECONDS)
    mark(number)


def __getattr__(name: str) -> dict[str, Any]:
    """`settings_COUNT` for the worker: the concurrency is part of SAQ's settings, not of its command line."""
    if not name.startswith("settings_"):
        raise AttributeError(name)
    return {"queue": queue, "functions": [no_op, wait], "concurrency": int(name.removeprefix("settings_"))}


def prepare() -> None:
    """SAQ makes what it needs."""


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One process."""
    return [[script("saq"), f"adapter.settings_{concurrency}"]]


async def _enqueue(name: str, numbers: Iterable[int], **options: Any) -> None:
    await queue.connect()
    for number in numbers:
        await queue.enqueue(name, number=number, **options)
    await queue.disconnect()


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """One message a job."""
    asyncio.run(_enqueue("wait" if kind == "wait" else "no_op", numbers))


def schedule(numbers: Iterable[int], due: float) -> None:
    """Into SAQ's schedule, which the worker looks at every second."""
    asyncio.run(_enqueue("no_op", numbers, scheduled=int(due)))
