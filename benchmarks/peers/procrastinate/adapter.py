"""Procrastinate on PostgreSQL."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

from marks import mark
from peer import POSTGRES, WAIT_SECONDS, Kind, Peer, script
from procrastinate import App, PsycopgConnector
from procrastinate.tasks import Task

PEER = Peer(
    name="Procrastinate",
    package="procrastinate",
    servers="PostgreSQL",
    durable="in part",
    promise="Jobs are rows of PostgreSQL, so an accepted one is there after any crash. One that a killed worker was "
    "at stays in `doing` until a periodic task that the application writes itself retries stalled jobs.",
    at_once="async",
)

app = App(connector=PsycopgConnector(conninfo=POSTGRES))


@app.task
async def no_op(number: int) -> None:
    """Nothing."""
    mark(number)


@app.task
async def wait(number: int) -> None:
    """Nothing, for a while."""
    await asyncio.sleep(WAIT_SECONDS)
    mark(number)


async def _apply_schema() -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


def prepare() -> None:
    """The tables."""
    asyncio.run(_apply_schema())


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One process that listens for new jobs."""
    command = [script("procrastinate"), "--app", "adapter.app", "--log-level", "warning"]
    return [[*command, "worker", "--concurrency", str(concurrency)]]


async def _defer(task: Task, numbers: list[int], at: datetime | None) -> None:
    async with app.open_async():
        for start in range(0, len(numbers), 1000):
            jobs = [{"number": number} for number in numbers[start : start + 1000]]
            await task.configure(schedule_at=at).batch_defer_async(*jobs)


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """A thousand in one statement."""
    asyncio.run(_defer(wait if kind == "wait" else no_op, list(numbers), None))


def schedule(numbers: Iterable[int], due: float) -> None:
    """Rows with an instant, which the worker looks for at every poll."""
    asyncio.run(_defer(no_op, list(numbers), datetime.fromtimestamp(due, UTC)))
