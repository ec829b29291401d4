"""Many jobs in one call of their task's bulk function, in the transaction that writes how they ended."""

from collections.abc import Sequence

from personal_assistant.jobs.finish import Finished, still_held, write_outcomes
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.execution import Attempt
from personal_assistant.workers.storable import storable
from personal_assistant.workers.tasks import Registry
from personal_assistant.workers.utils.task_monitoring import settle


def do_together(
    db: Database, clock: Clock, registry: Registry, worker_id: str, attempts: Sequence[Attempt]
) -> list[Finished]:
    """Do those of a task's jobs that this worker still holds. What the bulk function raises takes back all of it.

    Returns how they ended, which is written then. Raises ValueError when it does not return an outcome for each job.
    """
    bulk = attempts[0].task.options.bulk
    assert bulk is not None
    with db.write() as conn:
        now = clock.now()
        held = still_held(conn, worker_id, [attempt.job for attempt in attempts])
        outcomes = bulk(conn, held, now) if held else ()
        if len(outcomes) != len(held):
            raise ValueError(f"The bulk function returned {len(outcomes)} outcomes for {len(held)} jobs.")
        finished = [(job, storable(outcome)) for job, outcome in zip(held, outcomes, strict=True)]
        written = write_outcomes(conn, worker_id, finished, now)
        settle(conn, registry, written)
    return written
