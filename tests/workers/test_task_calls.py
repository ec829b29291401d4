"""Calling a task: `delay` and `apply_async` write jobs, a direct call runs the function."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.workers.bench import Bench, Declare

from personal_assistant.errors import AssistantError
from personal_assistant.jobs.queries import get_job
from personal_assistant.jobs.stats import count_by_state
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.runtime import Runtime


def _join(*words: str, by: str = " ") -> str:
    return by.join(words)


@pytest.fixture
def join(declare: Declare) -> LedgerTask:
    return declare(_join, attempts=4, priority=3)


def test_a_direct_call_runs_the_function_and_writes_nothing(in_use: Runtime, join: LedgerTask) -> None:
    assert join("a", "b", by="-") == "a-b"
    with in_use.db.read() as conn:
        assert count_by_state(conn) == {}


def test_delay_writes_a_job_with_what_the_task_declares(in_use: Runtime, join: LedgerTask) -> None:
    job_id = join.delay("a", by="-").id
    with in_use.db.read() as conn:
        job = get_job(conn, job_id)
    assert (job.task, job.queue, job.args, job.kwargs) == (join.name, "tests", ["a"], {"by": "-"})
    assert (job.state, job.max_attempts, job.priority, job.attempt) == ("queued", 4, 3, 0)


def test_apply_async_takes_what_celery_takes(in_use: Runtime, join: LedgerTask) -> None:
    job_id = join.apply_async(("a",), {"by": "-"}, task_id="chosen", priority=9, queue="ignored", expires=5).id
    assert job_id == "chosen"
    with in_use.db.read() as conn:
        assert get_job(conn, "chosen").priority == 9


def test_waiting_is_done_in_the_ledger(in_use: Runtime, join: LedgerTask) -> None:
    now = in_use.clock.now()
    later = now + timedelta(hours=1)
    with_countdown = join.apply_async(("a",), countdown=90).id
    with_naive_utc = join.apply_async(("a",), eta=later.replace(tzinfo=None)).id
    with in_use.db.read() as conn:
        first, second = get_job(conn, with_countdown), get_job(conn, with_naive_utc)
    assert (first.state, first.run_at) == ("scheduled", now + timedelta(seconds=90))
    assert (second.state, second.run_at) == ("scheduled", later)


def test_while_a_job_is_open_its_unique_key_gives_its_id(in_use: Runtime, join: LedgerTask) -> None:
    first = join.apply_async(("a",), unique_key="one").id
    assert join.apply_async(("b",), unique_key="one").id == first
    assert join.apply_async(("b",), unique_key="other").id != first


def test_arguments_that_a_task_does_not_take_are_named(join: LedgerTask) -> None:
    with pytest.raises(AssistantError, match="unexpected keyword argument 'with'"):
        join.checked({"with": 1})


def test_plain_and_async_tasks_run_with_their_arguments(run: Callable[..., Bench], declare: Declare) -> None:
    async def double(number: int) -> dict[str, int]:
        return {"twice": 2 * number}

    join, twice = declare(_join), declare(double)
    bench = run(join, twice)
    joined, doubled = bench.do(join, "a", "b", kwargs={"by": "-"}), bench.do(twice, 21)
    assert bench.until(joined).result == "a-b"
    assert bench.until(doubled).result == {"twice": 42}


@pytest.mark.parametrize("result", [None, "text", 0, 1.5, True, [], [1, [2]], {"a": None}], ids=repr)
def test_a_result_comes_back_as_it_was(run: Callable[..., Bench], declare: Declare, result: object) -> None:
    def given() -> object:
        return result

    give = declare(given)
    bench = run(give)
    job = bench.until(bench.do(give))
    assert job.state == "succeeded"
    assert job.result == result
    assert type(job.result) is type(result)
