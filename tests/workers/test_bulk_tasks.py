"""Tasks that do many jobs in one call, in the transaction that writes how they ended."""

from collections.abc import Callable, Sequence
from datetime import datetime

import pytest
import sqlalchemy as sa
from tests.workers.bench import Bench, Declare

from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Failed, Outcome, Retry, Succeeded
from personal_assistant.workers.runtime import Runtime

Run = Callable[..., Bench]
Jobs = Sequence[ClaimedJob]


def _single(number: int) -> None: ...


def test_many_jobs_are_done_in_one_call(new_bench: Run, declare: Declare) -> None:
    sizes: list[int] = []

    def bulk(conn: sa.Connection, jobs: Jobs, now: datetime) -> list[Outcome]:
        sizes.append(len(jobs))
        return [Succeeded(job.args[0] * 2) for job in jobs]

    task = declare(_single, bulk=bulk)
    ids = [task.delay(number).id for number in range(20)]
    with new_bench(task) as bench:
        assert [bench.until(job_id).result for job_id in ids] == list(range(0, 40, 2))
    assert sizes == [20]


def test_each_job_of_a_call_has_its_own_outcome(new_bench: Run, declare: Declare) -> None:
    def bulk(conn: sa.Connection, jobs: Jobs, now: datetime) -> list[Outcome]:
        by_number: list[Outcome] = [Succeeded(), Failed("No.", "permanent"), Retry(now, "Later.", "transient")]
        return [by_number[job.args[0]] if job.attempt == 1 else Succeeded("again") for job in jobs]

    task = declare(_single, bulk=bulk)
    ids = [task.delay(number).id for number in range(3)]
    with new_bench(task) as bench:
        assert bench.until(ids[2], "succeeded").result == "again"
        assert [bench.job(job_id).state for job_id in ids] == ["succeeded", "failed", "succeeded"]
        assert bench.job(ids[1]).error == "No."


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_wrong_number_of_outcomes_is_a_bug(new_bench: Run, declare: Declare, count: int) -> None:
    task = declare(_single, bulk=lambda conn, jobs, now: [Succeeded()] * (len(jobs) + count - 1) if count != 1 else [])
    ids = [task.delay(number).id for number in range(3)]
    with new_bench(task) as bench:
        jobs = [bench.until(job_id) for job_id in ids]
    assert {(job.state, job.error_kind) for job in jobs} == {("failed", "bug")}
    assert all(job.error is not None and "outcomes for 1 jobs" in job.error for job in jobs)


def test_what_is_no_outcome_is_a_bug(new_bench: Run, declare: Declare) -> None:
    task = declare(_single, bulk=lambda conn, jobs, now: [None for _ in jobs])
    job_id = task.delay(1).id
    with new_bench(task) as bench:
        assert bench.until(job_id).error == "The bulk function returned NoneType where an outcome belongs."


def test_a_job_that_breaks_the_call_fails_alone_and_leaves_nothing_half_done(
    in_use: Runtime, new_bench: Run, declare: Declare
) -> None:
    def bulk(conn: sa.Connection, jobs: Jobs, now: datetime) -> list[Outcome]:
        for job in jobs:
            conn.execute(sa.text("UPDATE users SET failed_login_attempts = coalesce(failed_login_attempts, 0) + 1"))
            if job.args[0] == 2:
                raise ValueError("two")
        return [Succeeded() for _ in jobs]

    task = declare(_single, bulk=bulk)
    ids = [task.delay(number).id for number in range(4)]
    with new_bench(task) as bench:
        jobs = [bench.until(job_id) for job_id in ids]
    assert [job.state for job in jobs] == ["succeeded", "succeeded", "failed", "succeeded"]
    assert jobs[2].error == "ValueError: two"
    with in_use.db.read() as conn:
        assert conn.execute(sa.text("SELECT max(failed_login_attempts) FROM users")).scalar_one() == 3


def test_a_bulk_function_does_not_see_the_job_that_ran_before_on_its_thread(run: Run, declare: Declare) -> None:
    from personal_assistant.errors import AssistantError
    from personal_assistant.jobs.context import current_job

    def single() -> None:
        current_job().check()

    def bulk(conn: sa.Connection, jobs: Jobs, now: datetime) -> list[Outcome]:
        with pytest.raises(AssistantError):
            current_job()
        return [Succeeded("none") for _ in jobs]

    first, second = declare(single), declare(_single, bulk=bulk)
    bench = run(first, second, worker_threads=1)
    bench.until(bench.do(first))
    assert bench.until(bench.do(second, 1)).result == "none"
