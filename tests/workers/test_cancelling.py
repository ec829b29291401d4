"""Cancelling jobs that wait, and jobs that run on either lane."""

import asyncio
import queue
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from tests.workers.bench import PATIENCE, Bench, Declare, wait

from personal_assistant.jobs.context import current_job
from personal_assistant.jobs.recover import recover
from personal_assistant.store.tables import jobs
from personal_assistant.workers.celery_app import app
from personal_assistant.workers.control import cancel_job, cancel_task_jobs
from personal_assistant.workers.runtime import Runtime

Run = Callable[..., Bench]


def endless(began: threading.Event) -> Callable[[], None]:
    """A task that says when it has begun, and ends at a check only."""

    def endless() -> None:
        began.set()
        while True:
            current_job().check()

    return endless


def test_a_plain_task_stops_at_its_next_check(run: Run, declare: Declare) -> None:
    began = threading.Event()
    task = declare(endless(began))
    bench = run(task)
    job_id = bench.do(task)
    wait(began)
    assert cancel_job(bench.runtime, job_id).state == "running"
    bench.wake()
    assert bench.until(job_id, "cancelled").error is None


def test_a_result_that_is_revoked_cancels_its_job(run: Run, declare: Declare) -> None:
    began = threading.Event()
    task = declare(endless(began))
    bench = run(task)
    running, waits = bench.do(task), task.apply_async(countdown=600)
    wait(began)
    waits.revoke()
    assert bench.job(waits.id).state == "cancelled"
    task.AsyncResult(running).revoke(terminate=True)
    bench.wake()
    bench.until(running, "cancelled")
    # What has ended, and what is not known, changes nothing.
    app.control.revoke([running, waits.id, "unknown"])
    assert (bench.job(running).state, bench.job(waits.id).state) == ("cancelled", "cancelled")


def test_a_coroutine_is_cancelled_once_and_may_clean_up(run: Run, declare: Declare) -> None:
    began, cleaned = threading.Event(), threading.Event()

    async def long() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(20):
                await asyncio.sleep(0.01)
            cleaned.set()

    task = declare(long)
    bench = run(task)
    job_id = bench.do(task)
    wait(began)
    cancel_job(bench.runtime, job_id)
    while not cleaned.is_set():  # a turn that finds it still running must not cancel its cleaning up
        bench.wake()
        cleaned.wait(0.005)
        assert bench.job(job_id).state in ("running", "cancelled")
        if bench.job(job_id).state == "cancelled":
            break
    assert cleaned.is_set()
    bench.until(job_id, "cancelled")


def test_a_coroutine_that_finishes_in_spite_of_it_has_succeeded(run: Run, declare: Declare) -> None:
    began = threading.Event()

    async def nearly_done() -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "done"
        return "unreachable"

    task = declare(nearly_done)
    bench = run(task)
    job_id = bench.do(task)
    wait(began)
    cancel_job(bench.runtime, job_id)
    bench.wake()
    assert bench.until(job_id, "succeeded", "cancelled").result == "done"


def test_a_cancellation_that_nobody_asked_for_is_an_error(run: Run, declare: Declare) -> None:
    async def cancels_itself() -> None:
        raise asyncio.CancelledError

    task = declare(cancels_itself, attempts=1)
    bench = run(task)
    job = bench.until(bench.do(task))
    assert (job.state, job.error) == ("failed", "CancelledError")


def test_a_job_that_waits_is_cancelled_at_once_and_never_runs(
    in_use: Runtime, new_bench: Run, declare: Declare
) -> None:
    ran = threading.Event()

    def never() -> None:
        ran.set()

    task = declare(never)
    waiting, queued = task.apply_async(countdown=60).id, task.delay().id
    assert [job.state for job in cancel_task_jobs(in_use, task.name)] == ["cancelled", "cancelled"]
    with new_bench(task) as bench:
        bench.let_due_start()
    assert {bench.job(waiting).state, bench.job(queued).state} == {"cancelled"}
    assert not ran.is_set()


def test_a_cancelled_job_tells_its_task(in_use: Runtime, declare: Declare) -> None:
    def nothing() -> None: ...

    told: list[str] = []
    task = declare(nothing, settled=lambda conn, job, outcome: told.append(f"{job.id} {type(outcome).__name__}"))
    job_id = task.apply_async(countdown=60).id
    cancel_job(in_use, job_id)
    assert told == [f"{job_id} Cancelled"]


@pytest.mark.parametrize("lane", ["thread", "loop"])
def test_a_job_that_others_took_away_is_stopped_here(run: Run, declare: Declare, lane: str) -> None:
    began: queue.SimpleQueue[int] = queue.SimpleQueue()
    stopped = threading.Event()

    def long() -> str:
        began.put(current_job().attempt)
        try:
            while current_job().attempt == 1:
                current_job().check()
        finally:
            stopped.set()
        return "done elsewhere"

    async def long_on_the_loop() -> str:
        began.put(current_job().attempt)
        try:
            while current_job().attempt == 1:
                await asyncio.sleep(0.01)
        finally:
            stopped.set()
        return "done elsewhere"

    task = declare(long if lane == "thread" else long_on_the_loop)
    here = run(task)
    job_id = here.do(task)
    assert began.get(timeout=PATIENCE) == 1
    with here.runtime.db.write() as conn:
        recover(conn, [here.worker_id], here.runtime.clock.now())
        conn.execute(sa.update(jobs).values(task="tests.nobody_else"))
    here.runner._reconcile_at = 0.0
    here.wake()
    wait(stopped)
    with here.runtime.db.write() as conn:
        conn.execute(sa.update(jobs).values(task=task.name))
    here.wake()
    job = here.until(job_id, "succeeded")
    assert (job.result, job.attempt) == ("done elsewhere", 2)
