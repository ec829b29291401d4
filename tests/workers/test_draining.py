"""Stopping: what runs may finish; what does not is told to stop; what does not listen is given back."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from tests.workers.bench import Bench, Declare, wait

from personal_assistant.jobs.context import current_job
from personal_assistant.workers import runner

Run = Callable[..., Bench]


def test_running_work_is_finished_and_no_more_is_taken(new_bench: Run, declare: Declare) -> None:
    began, release = threading.Event(), threading.Event()

    def work() -> str:
        began.set()
        release.wait()
        return "finished"

    task = declare(work)
    with new_bench(task) as bench:
        running = bench.do(task)
        wait(began)
        bench.tell_to_end()
        wait(bench.draining)
        later = bench.do(task)
        release.set()
    assert bench.job(running).result == "finished"
    assert bench.job(later).state == "queued"


def test_what_does_not_end_in_time_is_told_to_and_given_back(new_bench: Run, declare: Declare) -> None:
    began = [threading.Event(), threading.Event()]
    cleaned = threading.Event()

    def plain() -> None:
        began[0].set()
        while True:
            current_job().check()

    async def coroutine() -> None:
        began[1].set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    tasks = declare(plain, attempts=1), declare(coroutine, attempts=1)
    with new_bench(*tasks, drain_seconds=0) as bench:
        ids = [bench.do(task) for task in tasks]
        for event in began:
            wait(event)
    assert cleaned.is_set()
    for job_id in ids:
        job = bench.job(job_id)
        assert (job.state, job.error_kind) == ("queued", "interrupted")
        assert job.max_attempts > job.attempt or job.attempt == 0  # the attempt that was cut off is made good


def test_what_does_not_listen_is_given_back_all_the_same(
    new_bench: Run, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_CUT_OFF_SECONDS", 0.1)
    began, release = threading.Event(), threading.Event()

    def deaf() -> None:
        began.set()
        release.wait()

    task = declare(deaf)
    with new_bench(task, drain_seconds=0) as bench:
        job_id = bench.do(task)
        wait(began)
    assert (bench.job(job_id).state, bench.job(job_id).error) == ("queued", "It was cut off by a shutdown.")
    release.set()


def test_what_must_not_be_repeated_is_parked(new_bench: Run, declare: Declare) -> None:
    began = threading.Event()

    async def send() -> None:
        began.set()
        await asyncio.Event().wait()

    task = declare(send, at_most_once=True)
    with new_bench(task, drain_seconds=0) as bench:
        job_id = bench.do(task)
        wait(began)
    job = bench.job(job_id)
    assert job.state == "waiting"
    assert job.waiting_for is not None
    assert job.waiting_for.startswith("It was cut off by a shutdown.")
