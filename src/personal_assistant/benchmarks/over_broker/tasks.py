"""The measured jobs: nothing, one to a message, with a bulk function, and a wait on the event loop."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.benchmarks.over_broker.marks import mark
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Outcome, Succeeded
from personal_assistant.workers.tasks import task

QUEUE = "bench"


@task(queue=QUEUE, name="bench.plain")
def plain() -> None:
    """Nothing: as many to a message as make 50 ms of work."""
    mark()


@task(queue=QUEUE, name="bench.single", at_most_once=True)
def single() -> None:
    """Nothing, alone in its message, as all that must not run twice."""
    mark()


def _together(conn: sa.Connection, claimed: Sequence[ClaimedJob], now: datetime) -> Sequence[Outcome]:
    del conn, now
    for _ in claimed:
        mark()
    return [Succeeded(None)] * len(claimed)


@task(queue=QUEUE, name="bench.bulk", bulk=_together)
def bulk() -> None:
    """Nothing, many in one call."""
    mark()


@task(queue=QUEUE, name="bench.second")
async def second() -> None:
    """A second's wait, on the event loop."""
    await asyncio.sleep(1.0)
    mark()
