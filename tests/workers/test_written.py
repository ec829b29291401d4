"""What a task is told when the outcomes of its jobs are written."""

from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa
from tests.support.ledger import Ledger
from tests.workers.bench import Bench, Declare

from personal_assistant.errors import PermanentError, TransientError
from personal_assistant.jobs.finish import Finished
from personal_assistant.jobs.outcomes import Succeeded
from personal_assistant.store.tables import rates
from personal_assistant.workers.recording import record
from personal_assistant.workers.tasks import Registry

Run = Callable[..., Bench]


class Told:
    """Remembers what was written, and keeps a row for each job in the same transaction."""

    def __init__(self) -> None:
        self.calls: list[list[Finished]] = []

    def __call__(self, conn: sa.Connection, finished: Sequence[Finished]) -> None:
        self.calls.append(list(finished))
        for job, _ in finished:
            row = {"key": f"{job.id}:{job.attempt}", "task": job.task, "spent": []}
            conn.execute(sa.insert(rates).values(look_at=sa.func.current_timestamp(), **row))
            if job.args == ["odd"]:
                raise ValueError("odd")

    def outcomes(self) -> list[str]:
        return [type(outcome).__name__ for call in self.calls for _, outcome in call]


def keys(ledger: Ledger) -> list[str]:
    with ledger.db.read() as conn:
        return list(conn.execute(sa.select(rates.c.key)).scalars())


async def work(how: str) -> str:
    if how == "later":
        raise TransientError("It is busy.", retry_after=0)
    if how == "never":
        raise PermanentError("It is closed.")
    return how


@pytest.mark.parametrize(
    ("how", "names", "attempts"),
    [("fine", ["Succeeded"], 1), ("never", ["Failed"], 1), ("later", ["Retry", "Failed"], 2)],
)
def test_it_is_told_of_every_outcome(
    run: Run, declare: Declare, ledger: Ledger, how: str, names: list[str], attempts: int
) -> None:
    told = Told()
    task = declare(work, written=told, attempts=2)
    bench = run(task)
    job = bench.until(bench.do(task, how), "succeeded", "failed")
    assert told.outcomes() == names
    assert keys(ledger) == [f"{job.id}:{attempt}" for attempt in range(1, attempts + 1)]


def test_it_is_told_of_all_that_are_written_together_at_once(ledger: Ledger, declare: Declare) -> None:
    told = Told()
    finish(ledger, declare, told, "a", "b", "c")
    assert [len(call) for call in told.calls] == [3]


def test_what_it_cannot_take_note_of_takes_back_its_own_and_nothing_else(ledger: Ledger, declare: Declare) -> None:
    told = Told()
    fine, odd = finish(ledger, declare, told, "fine", "odd")
    assert keys(ledger) == [f"{fine}:1"]
    assert [ledger.state(job_id) for job_id in (fine, odd)] == ["succeeded", "succeeded"]


def test_an_attempt_that_is_not_its_workers_any_more_is_not_told(ledger: Ledger, declare: Declare) -> None:
    told = Told()
    task = declare(work, written=told)
    [job] = ledger.take(ledger.add(task.name, max_attempts=2))
    with ledger.db.write() as conn:
        record(conn, Registry({task.name: task}, ()), "worker-1", [(job, ledger.retry())], ledger.now)
        # A second outcome of the same attempt is nobody's.
        record(conn, Registry({task.name: task}, ()), "worker-1", [(job, Succeeded())], ledger.now)
    assert told.outcomes() == ["Retry"]


def finish(ledger: Ledger, declare: Declare, told: Told, *args: str) -> list[str]:
    """Have jobs with these arguments succeed in one transaction; returns their ids."""
    task = declare(work, written=told)
    ids = [ledger.add(task.name, args=(arg,)) for arg in args]
    finished = [(job, Succeeded()) for job in ledger.take(*ids)]
    with ledger.db.write() as conn:
        record(conn, Registry({task.name: task}, ()), "worker-1", finished, ledger.now)
    return ids
