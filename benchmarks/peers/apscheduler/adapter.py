"""APScheduler 3 with its jobs in PostgreSQL."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from marks import mark
from peer import CONCURRENCY, POSTGRES, WAIT_SECONDS, Kind, Peer, call

PEER = Peer(
    name="APScheduler",
    package="apscheduler",
    servers="PostgreSQL",
    durable="in part",
    promise="Jobs in a persistent store survive a restart; one leaves the store when it is handed to the executor, so "
    "what a killed process was at, or had waiting in its pool, is lost. Two processes cannot share a store.",
    at_once="async",
    before=True,
)


def no_op(number: int) -> None:
    """Nothing."""
    mark(number)


async def wait(number: int) -> None:
    """Nothing, for a while."""
    await asyncio.sleep(WAIT_SECONDS)
    mark(number)


def _scheduler() -> AsyncIOScheduler:
    return AsyncIOScheduler(
        jobstores={"default": SQLAlchemyJobStore(url=POSTGRES.replace("postgresql:", "postgresql+psycopg:"))},
        executors={"default": ThreadPoolExecutor(CONCURRENCY), "loop": AsyncIOExecutor()},
        job_defaults={"misfire_grace_time": None},
        timezone=UTC,
    )


async def _run() -> None:
    _scheduler().start()
    await asyncio.Event().wait()


def run() -> None:
    """The worker: a scheduler in a process of its own."""
    asyncio.run(_run())


def prepare() -> None:
    """APScheduler makes its table."""


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One process."""
    return [call("run")]


async def _add(kind: Kind, numbers: Iterable[int], due: datetime) -> None:
    scheduler = _scheduler()
    scheduler.start(paused=True)
    function, executor = (wait, "loop") if kind == "wait" else (no_op, "default")
    for number in numbers:
        scheduler.add_job(function, "date", run_date=due, args=(number,), executor=executor)
    scheduler.shutdown()


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """Jobs that are due now: there is no queue."""
    asyncio.run(_add(kind, numbers, datetime.now(UTC)))


def schedule(numbers: Iterable[int], due: float) -> None:
    """Jobs with a date."""
    asyncio.run(_add("burst", numbers, datetime.fromtimestamp(due, UTC)))
