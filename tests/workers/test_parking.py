"""Tasks that have their own job wait."""

from collections.abc import Callable

import pytest
from tests.workers.bench import Bench, Declare

from personal_assistant.jobs.context import current_job
from personal_assistant.jobs.replay import replay

Run = Callable[..., Bench]


@pytest.mark.parametrize("lane", ["thread", "loop"])
def test_a_task_parks_its_job_until_a_person_has_decided(run: Run, declare: Declare, lane: str) -> None:
    agreed: list[bool] = []

    def ask() -> str:
        if not agreed:
            current_job().park("It would send a letter.")
        return "sent"

    async def ask_on_the_loop() -> str:
        return ask()

    task = declare(ask if lane == "thread" else ask_on_the_loop, attempts=1)
    bench = run(task)
    job = bench.until(bench.do(task), "waiting")
    assert (job.waiting_for, job.error) == ("It would send a letter.", None)
    agreed.append(True)
    with bench.runtime.db.write() as conn:
        replay(conn, job.id, bench.runtime.clock.now())
    assert bench.until(job.id, "succeeded").result == "sent"
    assert bench.errors(job.id) == []


def test_a_task_parks_its_job_until_another_one_has_ended(run: Run, declare: Declare) -> None:
    def first() -> str:
        return "first"

    def second(other: str) -> str:
        if bench.job(other).finished_at is None:
            current_job().park("The first comes first.", for_job=other)
        return "second"

    one, two = declare(first), declare(second)
    bench = run(one, two)
    other = one.apply_async((), countdown=60).id
    waiting = bench.until(bench.do(two, other), "waiting")
    bench.runtime.clock.advance(60)  # type: ignore[attr-defined]
    bench.let_due_start()
    assert bench.until(waiting.id, "succeeded").result == "second"
