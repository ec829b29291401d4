"""Looking up what became of a call, the way Celery does it."""

from collections.abc import Callable

import pytest
from celery.exceptions import TaskRevokedError, TimeoutError
from tests.workers.bench import Bench, Declare

from personal_assistant.errors import PermanentError, TransientError
from personal_assistant.workers.control import cancel_job
from personal_assistant.workers.results import JobFailedError
from personal_assistant.workers.runtime import Runtime

Run = Callable[..., Bench]


def _add(one: int, two: int) -> int:
    return one + two


def test_the_result_of_a_call_can_be_waited_for(run: Run, declare: Declare) -> None:
    add = declare(_add)
    bench = run(add)
    result = add.delay(1, 2)
    bench.wake()
    assert result.get(timeout=20, interval=0.01) == 3
    assert (result.state, result.successful()) == ("SUCCESS", True)


def test_a_failed_call_raises_its_sentence(run: Run, declare: Declare) -> None:
    def refuse() -> None:
        raise PermanentError("The address does not exist.")

    refuses = declare(refuse)
    bench = run(refuses)
    result = refuses.delay()
    bench.wake()
    with pytest.raises(JobFailedError, match=r"The address does not exist\."):
        result.get(timeout=20, interval=0.01)
    assert (result.state, result.failed()) == ("FAILURE", True)


def test_states_on_the_way(in_use: Runtime, declare: Declare) -> None:
    add = declare(_add)
    result = add.apply_async((1, 2), countdown=60)
    assert (result.state, result.ready()) == ("PENDING", False)
    with pytest.raises(TimeoutError):
        result.get(timeout=0.01, interval=0.005)
    cancel_job(in_use, result.id)
    assert str(result.state) == "REVOKED"
    with pytest.raises(TaskRevokedError):
        result.get(timeout=1)
    assert add.AsyncResult("never heard of").state == "PENDING"


def test_a_job_that_is_tried_again_says_so(run: Run, declare: Declare) -> None:
    def fetch() -> None:
        raise TransientError("The server is away.")

    task = declare(fetch)
    bench = run(task)
    result = task.delay()
    bench.wake()
    bench.until(result.id, "scheduled")
    assert result.state == "RETRY"
