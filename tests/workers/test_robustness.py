"""One task's mistake stays its own: the runner, its threads and its loop go on."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import sqlalchemy as sa
from tests.workers.bench import Bench, Declare

from personal_assistant.jobs.context import current_job
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Outcome
from personal_assistant.store.database import Database
from personal_assistant.store.errors import StoreError
from personal_assistant.workers import outage, runner
from personal_assistant.workers.storable import MAX_RESULT_BYTES

Run = Callable[..., Bench]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_AFTER_ERROR_SECONDS", 0.01)
    monkeypatch.setattr(outage, "SHORTEST_SECONDS", 0.01)


def _deep(level: int = 0) -> int:
    return _deep(level + 1)


class _SpeechlessError(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), _SpeechlessError()], ids=repr)
def test_a_task_cannot_end_what_others_run_on(run: Run, declare: Declare, error: BaseException) -> None:
    def plain() -> None:
        raise error

    async def coroutine() -> None:
        raise error

    async def in_a_coroutine_of_its_own() -> None:
        await asyncio.gather(coroutine())

    async def fine() -> str:
        return "fine"

    tasks = [declare(function, attempts=1) for function in (plain, coroutine, in_a_coroutine_of_its_own)]
    after = declare(fine)
    bench = run(*tasks, after, worker_threads=1)
    for task in tasks[:2]:
        job = bench.until(bench.do(task))
        assert job.state == "failed"
        assert job.error is not None
        assert job.error.startswith(type(error).__name__)
    bench.do(tasks[2])
    assert bench.until(bench.do(after)).result == "fine"


def test_a_task_cannot_stop_the_event_loop(run: Run, declare: Declare) -> None:
    async def stops() -> str:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0)
        return "goes on"

    task = declare(stops)
    bench = run(task)
    for _ in range(2):
        assert bench.until(bench.do(task)).result == "goes on"


def test_endless_recursion_is_a_bug(run: Run, declare: Declare) -> None:
    task = declare(_deep)
    bench = run(task)
    job = bench.until(bench.do(task))
    assert (job.state, job.error_kind) == ("failed", "bug")


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (object(), "not JSON"),
        ({1, 2}, "not JSON"),
        ("x" * (MAX_RESULT_BYTES + 1), f"at most {MAX_RESULT_BYTES} are kept"),
    ],
    ids=["object", "set", "too long"],
)
def test_a_result_that_cannot_be_kept_is_a_bug(run: Run, declare: Declare, result: object, reason: str) -> None:
    def give() -> object:
        return result

    task = declare(give)
    bench = run(task)
    job = bench.until(bench.do(task))
    assert (job.state, job.error_kind) == ("failed", "bug")
    assert job.error is not None
    assert reason in job.error


class _Changing(dict[str, int]):
    """As one looks that another thread is still writing to."""

    def items(self) -> Any:
        raise RuntimeError("dictionary changed size during iteration")


@pytest.mark.parametrize("lane", ["thread", "loop"])
def test_a_result_that_cannot_be_looked_at_holds_nothing_up(run: Run, declare: Declare, lane: str) -> None:
    def plain() -> object:
        return _Changing(a=1)

    async def coroutine() -> object:
        return _Changing(a=1)

    task = declare(plain if lane == "thread" else coroutine)
    bench = run(task, worker_threads=1, async_jobs=1)
    for _ in range(2):
        job = bench.until(bench.do(task))
        assert (job.state, job.error_kind) == ("failed", "bug")
        assert job.error is not None
        assert "changed size" in job.error


def test_text_that_a_database_cannot_hold_is_made_plain(run: Run, declare: Declare) -> None:
    def report() -> list[str]:
        return ["nul \0", "half \udcff", "whole 😀"]

    def fail() -> None:
        raise ValueError("nul \0 and half \udcff")

    reports, fails = declare(report), declare(fail)
    bench = run(reports, fails)
    assert bench.until(bench.do(reports)).result == ["nul �", "half �", "whole 😀"]
    assert bench.until(bench.do(fails)).error == "ValueError: nul � and half �"


def test_a_mistake_in_what_a_task_does_with_outcomes_does_not_undo_them(run: Run, declare: Declare) -> None:
    def settled(conn: sa.Connection, job: ClaimedJob, outcome: Outcome) -> None:
        conn.execute(sa.text("UPDATE users SET email = 'spoilt'"))
        raise RuntimeError("a mistake")

    def fail() -> None:
        raise ValueError

    def fine() -> str:
        return "fine"

    fails, works = declare(fail, settled=settled), declare(fine)
    bench = run(fails, works)
    assert bench.until(bench.do(fails)).state == "failed"
    assert bench.until(bench.do(works)).result == "fine"
    with bench.runtime.db.read() as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM users WHERE email = 'spoilt'")).scalar_one() == 0


def test_outcomes_outlive_a_database_that_is_away(run: Run, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    failures = iter(range(2))

    def work() -> str:
        runs.append(current_job().job_id)
        monkeypatch.setattr(Database, "write", away)
        return "done"

    write = Database.write

    def away(db: Database) -> AbstractContextManager[Any]:
        if next(failures, None) is None:
            monkeypatch.setattr(Database, "write", write)
        raise StoreError("The database is away.")

    task = declare(work)
    bench = run(task)
    job_id = bench.do(task)
    job = bench.until(job_id, "succeeded")
    assert (job.result, job.attempt, runs) == ("done", 1, [job_id])


def test_a_claim_whose_answer_was_lost_is_given_back_and_done(
    run: Run, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> str:
        return "done"

    task = declare(work)
    bench = run(task, lease_seconds=2)
    start = bench.runner._start

    def lost(batches: list[Any]) -> None:
        if batches:
            monkeypatch.setattr(bench.runner, "_start", start)
            raise StoreError("The connection broke at the commit.")
        start(batches)

    monkeypatch.setattr(bench.runner, "_start", lost)
    job_id = bench.do(task)
    bench.runner._reconcile_at = 0.0
    assert bench.until(job_id, "succeeded").result == "done"


def test_what_one_task_leaves_in_its_context_is_not_the_next_ones(run: Run, declare: Declare) -> None:
    def job_id() -> str:
        return current_job().job_id

    task = declare(job_id)
    bench = run(task, worker_threads=1)
    first, second = bench.do(task), bench.do(task)
    assert bench.until(first).result == first
    assert bench.until(second).result == second
