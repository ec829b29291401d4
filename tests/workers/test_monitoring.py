"""Progress while a job runs, and the figures per task afterwards."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from tests.workers.bench import Bench, Declare

from personal_assistant.errors import PermanentError
from personal_assistant.jobs.context import current_job
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.utils.task_monitoring import recent_stats

Run = Callable[..., Bench]


def test_progress_can_be_seen_while_a_job_runs(run: Run, declare: Declare) -> None:
    noted, seen = threading.Event(), threading.Event()

    def long() -> None:
        current_job().progress(3, 10, "three \0 of ten")
        noted.set()
        seen.wait()

    task = declare(long)
    bench = run(task)
    job_id = bench.do(task)
    bench.until(job_id, "running")
    noted.wait()
    bench.wake()
    while bench.job(job_id).progress is None:
        bench.until(job_id, "running")
    assert bench.job(job_id).progress == {"done": 3, "total": 10, "note": "three � of ten"}
    seen.set()
    assert bench.until(job_id, "succeeded").progress is not None


def test_progress_that_is_no_number_fails_its_own_job_only(run: Run, declare: Declare) -> None:
    def wrong() -> None:
        current_job().progress(Decimal(3), 10)  # type: ignore[arg-type]

    task = declare(wrong)
    bench = run(task)
    job = bench.until(bench.do(task), "failed")
    assert (job.error_kind, job.error) == ("bug", "TypeError: progress is told in numbers, not Decimal of int")


def test_the_figures_of_a_task(run: Run, declare: Declare, clock: ManualClock) -> None:
    def work(outcome: str) -> None:
        clock.advance(2.0)
        if outcome == "bug":
            raise KeyError
        if outcome == "permanent":
            raise PermanentError("no")

    task = declare(work)
    bench = run(task)
    for outcome in ("fine", "fine", "bug", "permanent"):
        bench.until(bench.do(task, outcome))
    with bench.runtime.db.read() as conn:
        (figures,) = recent_stats(conn, clock.now())
    assert figures.task == task.name
    assert (figures.succeeded, figures.failed, figures.errors) == (2, 2, {"bug": 1, "permanent": 1})
    assert figures.mean_run_seconds == pytest.approx(2.0, abs=0.001)
    assert figures.longest_run_seconds == pytest.approx(2.0, abs=0.001)
    assert figures.mean_wait_seconds == 0.0


def test_older_jobs_are_not_among_the_recent_figures(run: Run, declare: Declare, clock: ManualClock) -> None:
    def work() -> None: ...

    task = declare(work)
    bench = run(task)
    bench.until(bench.do(task))
    clock.advance(26 * 3600)
    with bench.runtime.db.read() as conn:
        assert recent_stats(conn, clock.now()) == []
