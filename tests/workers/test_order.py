"""In which order a backlog is done, and that an open unique key stands for one job only."""

from collections.abc import Callable

import pytest
from tests.workers.bench import Bench, Declare

from personal_assistant.workers.runtime import Runtime

Run = Callable[..., Bench]


@pytest.mark.parametrize("at_most_once", [False, True])
def test_a_backlog_is_done_by_priority_and_then_by_instant(
    in_use: Runtime, new_bench: Run, declare: Declare, at_most_once: bool
) -> None:
    done: list[str] = []

    def work(name: str) -> None:
        done.append(name)

    task = declare(work, at_most_once=at_most_once)
    waiting = [("low", -1), ("first", 0), ("second", 0), ("high", 5), ("highest", 9)]
    ids = []
    for name, priority in waiting:
        ids.append(task.apply_async((name,), priority=priority).id)
        in_use.clock.advance(1)  # type: ignore[attr-defined]
    with new_bench(task, worker_threads=1) as bench:
        assert {bench.until(job_id).state for job_id in ids} == {"succeeded"}
    assert done == ["highest", "high", "first", "second", "low"]


def test_a_unique_key_stands_for_one_job_until_that_has_ended(run: Run, declare: Declare) -> None:
    done: list[int] = []

    def work(number: int) -> None:
        done.append(number)

    task = declare(work)
    bench = run(task)
    for number in range(3):
        job_id = bench.do(task, number, unique_key="one", countdown=60)
        assert bench.do(task, 99, unique_key="one") == job_id
        bench.runtime.clock.advance(60)  # type: ignore[attr-defined]
        bench.let_due_start()
        bench.until(job_id, "succeeded")
    assert done == [0, 1, 2]
