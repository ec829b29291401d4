"""Where a runner gets its jobs from: the ledger itself, or what messages tell of it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from personal_assistant.jobs.claim import ready
from personal_assistant.jobs.turns import Turns
from personal_assistant.workers.batching import Batch, Durations, group
from personal_assistant.workers.execution import is_async
from personal_assistant.workers.tasks import Registry

_WINDOW = 2000


@dataclass(frozen=True, slots=True)
class Room:
    """How much a runner can take: batches for idle threads, batches that wait for one, and `async def` jobs."""

    threads: int
    ahead: int
    coroutines: int


class Source(Protocol):
    """Proposes jobs; the runner claims those of them that are still to be had.

    `ahead`: so many batches may be claimed beyond those for which there is a thread.
    `pace`: seconds from one turn of the runner to the next, at least.
    """

    ahead: int
    pace: float

    def batches(self, conn: sa.Connection, durations: Durations, room: Room) -> list[Batch]:
        """Batches of plain jobs and of `async def` jobs, as many as there is room for."""
        ...

    def settled(self, ids: Collection[str]) -> None:
        """These jobs take up no thread any more: ended and written down, given back, not to be had, or on the loop."""
        ...

    def close(self) -> None:
        """The runner takes no more."""
        ...

    def open(self) -> None:
        """The runner takes jobs again."""
        ...


class LedgerSource:
    """Looks for queued jobs: the transport of one process without a broker."""

    ahead = 0
    pace = 0.0

    def __init__(self, registry: Registry) -> None:
        self._tasks = registry.tasks
        self._async = {name for name, task in registry.tasks.items() if is_async(task)}
        self._plain = set(registry.tasks) - self._async
        self._plain_turns, self._async_turns = Turns(), Turns()

    def batches(self, conn: sa.Connection, durations: Durations, room: Room) -> list[Batch]:
        found: list[Batch] = []
        if room.threads:
            waiting = ready(conn, self._plain, _WINDOW, self._plain_turns)
            found += group(waiting, self._tasks, durations, room.threads)
        if self._async and room.coroutines:
            waiting = ready(conn, self._async, room.coroutines, self._async_turns)
            found += group(waiting, self._tasks, durations, room.coroutines)
        return found

    def settled(self, ids: Collection[str]) -> None:
        del ids

    def close(self) -> None:
        pass

    def open(self) -> None:
        pass
