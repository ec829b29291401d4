"""Attempts of a real runner: what is tried again, when, and how often."""

from collections.abc import Callable
from datetime import timedelta

from tests.workers.bench import Bench, Declare

from personal_assistant.errors import PermanentError, TransientError
from personal_assistant.jobs.retry import Backoff
from personal_assistant.timing.clock import ManualClock

Run = Callable[..., Bench]


def test_a_transient_error_is_tried_again_after_its_backoff(run: Run, declare: Declare, clock: ManualClock) -> None:
    tries: list[int] = []

    def fetch() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise TransientError("The server is away.")
        return "fetched"

    task = declare(fetch, attempts=3, backoff=Backoff(first=10, longest=900))
    bench = run(task)
    job_id = bench.do(task)
    for number, longest in ((1, 10), (2, 20)):
        job = bench.until(job_id, "scheduled")
        assert job.attempt == number
        assert timedelta(seconds=longest / 2) <= job.run_at - clock.now() <= timedelta(seconds=longest)
        clock.set(job.run_at)
        bench.let_due_start()
    done = bench.until(job_id, "succeeded")
    assert (done.result, done.attempt, len(tries)) == ("fetched", 3, 3)
    assert [error.kind for error in bench.errors(job_id)] == ["transient", "transient"]


def test_attempts_used_up_end_in_failure(run: Run, declare: Declare, clock: ManualClock) -> None:
    def fetch() -> None:
        raise ConnectionResetError("gone")

    task = declare(fetch, attempts=2)
    bench = run(task)
    job_id = bench.do(task)
    clock.set(bench.until(job_id, "scheduled").run_at)
    bench.let_due_start()
    job = bench.until(job_id, "failed")
    assert (job.attempt, job.error_kind, job.error) == (2, "transient", "ConnectionResetError: gone")


def test_what_cannot_succeed_fails_at_its_first_attempt(run: Run, declare: Declare) -> None:
    def refused() -> None:
        raise PermanentError("The address does not exist.")

    def wrong() -> None:
        raise KeyError("missing")

    async def wrong_too() -> None:
        raise KeyError("missing")

    permanent, bug, async_bug = declare(refused), declare(wrong), declare(wrong_too)
    bench = run(permanent, bug, async_bug)
    ids = [bench.do(task) for task in (permanent, bug, async_bug)]
    jobs = [bench.until(job_id, "failed") for job_id in ids]
    assert [(job.error_kind, job.attempt) for job in jobs] == [("permanent", 1), ("bug", 1), ("bug", 1)]
    assert jobs[0].error == "The address does not exist."
    trace = bench.errors(ids[1])[0].traceback
    assert trace is not None
    assert "in wrong" in trace


def test_a_task_that_runs_at_most_once_is_not_tried_again(run: Run, declare: Declare) -> None:
    def send() -> None:
        raise TransientError("It may have been sent.")

    task = declare(send, at_most_once=True)
    bench = run(task)
    job = bench.until(bench.do(task))
    assert (job.state, job.attempt, job.at_most_once) == ("failed", 1, True)


def test_arguments_that_do_not_fit_are_a_bug_and_no_crash(run: Run, declare: Declare) -> None:
    async def nothing() -> None: ...

    def nothing_too() -> None: ...

    tasks = declare(nothing), declare(nothing_too)
    bench = run(*tasks)
    for task in tasks:
        job = bench.until(bench.do(task, 1, 2, 3))
        assert (job.state, job.error_kind) == ("failed", "bug")
