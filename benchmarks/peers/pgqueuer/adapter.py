"""PgQueuer on PostgreSQL."""

import asyncio
import subprocess
import time
from collections.abc import Iterable
from datetime import timedelta

import asyncpg
from marks import mark
from peer import CONCURRENCY, POSTGRES, WAIT_SECONDS, Kind, Peer, call, script
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

PEER = Peer(
    name="PgQueuer",
    package="pgqueuer",
    servers="PostgreSQL",
    durable="yes",
    promise="Jobs are rows of logged tables (the default, level `durable`), taken again by another worker when the "
    "heartbeat of theirs has stopped for 30 s; delivery is at least once.",
    at_once="async",
)


async def _run() -> None:
    queuer = PgQueuer(AsyncpgDriver(await asyncpg.connect(POSTGRES)))

    @queuer.entrypoint("no_op")
    async def no_op(job: Job) -> None:
        mark(int(job.payload or b""))

    @queuer.entrypoint("wait")
    async def wait(job: Job) -> None:
        await asyncio.sleep(WAIT_SECONDS)
        mark(int(job.payload or b""))

    batch = max(100, CONCURRENCY // 2)
    await queuer.run(batch_size=batch, max_concurrent_tasks=2 * batch)


def run() -> None:
    """The worker: one direct connection, as the documentation advises.

    Its figures are the batch, to be raised for short jobs, and a ceiling of at least two batches. It is started from
    Python, which is documented as well, for `pgq run` fails with the present release of typer.
    """
    asyncio.run(_run())


def prepare() -> None:
    """The tables, with the settings for autovacuum that are advised after installation."""
    for action in ("install", "autovac"):
        subprocess.run([script("pgq"), "--pg-dsn", POSTGRES, action], check=True, capture_output=True)


def workers(kind: Kind, concurrency: int) -> list[list[str]]:
    """One process."""
    return [call("run")]


async def _enqueue(name: str, numbers: list[int], after: timedelta | None) -> None:
    connection = await asyncpg.connect(POSTGRES)
    queries = Queries(AsyncpgDriver(connection))
    for start in range(0, len(numbers), 1000):
        payloads: list[bytes | None] = [str(number).encode() for number in numbers[start : start + 1000]]
        count = len(payloads)
        await queries.enqueue([name] * count, payloads, [0] * count, [after] * count)
    await connection.close()


def fill(kind: Kind, numbers: Iterable[int]) -> None:
    """A thousand in one statement."""
    asyncio.run(_enqueue("wait" if kind == "wait" else "no_op", list(numbers), None))


def schedule(numbers: Iterable[int], due: float) -> None:
    """Rows with an instant; the wake-up comes from the worker's own timer."""
    asyncio.run(_enqueue("no_op", list(numbers), timedelta(seconds=due - time.time())))
