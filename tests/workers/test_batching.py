"""How many jobs are taken at once."""

import pytest
from tests.workers.bench import Declare

from personal_assistant.workers.batching import MAX_BATCH, Durations, group
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.options import BULK_SIZE


def _nothing() -> None: ...


@pytest.fixture
def task(declare: Declare) -> LedgerTask:
    return declare(_nothing, name="tests.plain")


@pytest.mark.parametrize(
    ("seconds", "size"), [(0.001, 50), (0.01, 5), (0.03, 1), (2.0, 1), (0.0, MAX_BATCH), (1e-5, MAX_BATCH)]
)
def test_a_batch_is_about_50_ms_of_work(task: LedgerTask, seconds: float, size: int) -> None:
    durations = Durations()
    durations.learn(task.name, seconds)
    assert durations.batch_size(task) == size


def test_a_task_of_unknown_duration_goes_alone(task: LedgerTask) -> None:
    assert Durations().batch_size(task) == 1


def test_one_long_job_counts_at_once(task: LedgerTask) -> None:
    durations = Durations()
    for _ in range(50):
        durations.learn(task.name, 0.001)
    durations.learn(task.name, 3.0)
    assert durations.batch_size(task) == 1
    for _ in range(50):
        durations.learn(task.name, 0.001)
    assert durations.batch_size(task) > 10


def test_a_task_that_must_not_repeat_goes_alone_and_a_bulk_function_takes_many(declare: Declare) -> None:
    def nothing() -> None: ...

    once = declare(nothing, at_most_once=True)
    many = declare(nothing, bulk=lambda conn, jobs, now: [])
    durations = Durations()
    durations.learn(once.name, 0.0001)
    assert (durations.batch_size(once), durations.batch_size(many)) == (1, BULK_SIZE)


def test_jobs_are_grouped_by_task_in_the_order_in_which_they_are_due(task: LedgerTask, declare: Declare) -> None:
    def nothing() -> None: ...

    other = declare(nothing, name="tests.other")
    durations = Durations()
    durations.learn(task.name, 0.025)
    ready = [("a", task.name, 0), ("b", other.name, 0), ("c", task.name, 0), ("d", task.name, 0), ("e", other.name, 0)]
    tasks = {task.name: task, other.name: other}
    assert [batch.ids for batch in group(ready, tasks, durations, 10)] == [["a", "c"], ["b"], ["d"], ["e"]]
    assert [batch.ids for batch in group(ready, tasks, durations, 2)] == [["a", "c"], ["b"]]


def test_a_job_that_was_tried_before_goes_alone(task: LedgerTask) -> None:
    durations = Durations()
    durations.learn(task.name, 0.001)
    ready = [("a", task.name, 0), ("b", task.name, 1), ("c", task.name, 0), ("d", task.name, 2)]
    batches = group(ready, {task.name: task}, durations, 10)
    assert [batch.ids for batch in batches] == [["a", "c"], ["b"], ["d"]]
