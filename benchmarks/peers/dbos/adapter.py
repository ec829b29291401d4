"""DBOS on PostgreSQL."""

import asyncio
import threading
import time
from collections.abc import Iterable

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, EnqueueOptions
from marks import mark
from peer import POSTGRES, WAIT_SECONDS, Kind, Peer, call

PEER = Peer(
    name="DBOS",
    package="dbos",
    servers="PostgreSQL",
    durable="yes",
    promise="Workflows are rows of PostgreSQL and are recovered from their last step when the process starts again.",
    at_once="async",
)

QUEUE = "peer"


@DBOS.workflow(name="no_op")
def no_op(number: int) -> None:
    """Nothing."""
    mark(number)


@DBOS.workflow(name="wait")
async def wait(number: int) -> None:
    """Nothing, for a while."""
    await asyncio.sleep(WAIT_SECONDS)
    mark(number)


def _launch() -> None:
    DBOS(config={"name": "peer", "system_database_url": POSTGRES, "application_version": "1", "log_level": "WARNING"})
    DBOS.launch()
    DBOS.register_queue(QUEUE)


def run() -> None:
    """The worker: a process of the application, with a queue that is polled every second, which is the default."""
    _launch()
    threading.Event().wait()


def prepare() -> None:
    """The tables and the queue."""
    _launch()
    DBOS.destroy()


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One process. No limit on the queue: with one, DBOS takes no more than that many jobs at each poll."""
    return [call("run")]


def _enqueue(options: EnqueueOptions, numbers: Iterable[int], due: float | None = None) -> None:
    client = DBOSClient(system_database_url=POSTGRES)
    engine = sa.create_engine(POSTGRES.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for number in numbers:
            delay: EnqueueOptions = {**options, "delay_seconds": max(0.0, due - time.time())} if due else options
            client.enqueue_in_transaction(connection, delay, number)
    client.destroy()


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """One workflow a job, all in one transaction."""
    _enqueue({"workflow_name": "wait" if kind == "wait" else "no_op", "queue_name": QUEUE}, numbers)


def schedule(numbers: Iterable[int], due: float) -> None:
    """Workflows with a delay."""
    _enqueue({"workflow_name": "no_op", "queue_name": QUEUE}, numbers, due)
