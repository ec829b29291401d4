"""Time limits hold, on threads and on the event loop, whatever a task does about them."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import pytest
import sqlalchemy as sa
from tests.workers.bench import Bench, Declare, wait

from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Outcome
from personal_assistant.workers import event_loop, time_limit
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.error_handling import JobTimeout

Run = Callable[..., Bench]
SHORT = 0.1

pytestmark = pytest.mark.over("sqlite", "celery")


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "GRACE_SECONDS", SHORT)
    monkeypatch.setattr(event_loop, "GRACE_SECONDS", SHORT)
    monkeypatch.setattr(event_loop, "_ANSWER_SECONDS", SHORT)


@pytest.fixture(autouse=True)
def no_garbage_callbacks() -> Iterator[None]:
    """An exception that strikes in one of Hypothesis's is swallowed by the interpreter."""
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks.extend(callbacks)


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Set at the end of the test, so that nothing it blocked stays behind."""
    event = threading.Event()
    yield event
    event.set()


def _quick() -> str:
    return "quick"


async def _quick_async() -> str:
    return "quick"


def test_a_plain_task_is_interrupted_and_tried_again(run: Run, declare: Declare, released: threading.Event) -> None:
    def endless() -> None:
        while not released.is_set():
            pass

    task = declare(endless, time_limit=SHORT)
    bench = run(task)
    job = bench.until(bench.do(task), "scheduled")
    assert (job.error_kind, job.attempt) == ("timeout", 1)
    assert job.error == "It took longer than its limit of 0.1 s."


def test_what_goes_wrong_while_an_interrupted_task_cleans_up_is_its_time_limits_doing(
    run: Run, declare: Declare, released: threading.Event
) -> None:
    def endless() -> None:
        try:
            while not released.is_set():
                pass
        finally:
            raise ValueError("half done")

    task = declare(endless, time_limit=SHORT)
    bench = run(task)
    assert bench.until(bench.do(task), "scheduled").error_kind == "timeout"


@pytest.mark.parametrize("bulk", [False, True], ids=["plain", "bulk"])
def test_a_task_is_interrupted_that_keeps_everybody_from_writing(
    run: Run,
    declare: Declare,
    in_use: Runtime,
    released: threading.Event,
    bulk: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The runner itself waits for the write lock then."""
    monkeypatch.setattr(time_limit, "GRACE_SECONDS", 20.0)

    def endless() -> None:
        while not released.is_set():
            pass

    def holding() -> None:
        with in_use.db.write():
            endless()

    def together(conn: sa.Connection, jobs: Sequence[ClaimedJob], now: datetime) -> list[Outcome]:
        endless()
        return []

    task = declare(holding, time_limit=SHORT, attempts=1, bulk=together if bulk else None)
    after = declare(_quick)
    bench = run(task, after)
    job_id = bench.do(task)
    assert bench.until(job_id, "failed").error_kind == "timeout"
    assert bench.until(bench.do(after)).result == "quick"


def test_an_interruption_that_got_lost_is_repeated(run: Run, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "GRACE_SECONDS", 2.0)
    struck: list[int] = []

    def deaf_once() -> str:
        for number in range(2):
            try:
                while True:
                    time.sleep(0.001)
            except JobTimeout:
                struck.append(number)
        return "struck twice"

    task = declare(deaf_once, time_limit=SHORT)
    bench = run(task)
    assert bench.until(bench.do(task)).result == "struck twice"
    assert struck == [0, 1]


def test_interruptions_at_any_moment_leave_the_write_lock_free(
    run: Run, declare: Declare, in_use: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_limit, "GRACE_SECONDS", 20.0)

    def writing() -> None:
        while True:
            with in_use.db.write():
                pass

    tasks = [declare(writing, time_limit=0.02 + number / 1000, attempts=1) for number in range(20)]
    after = declare(_quick)
    bench = run(*tasks, after, worker_threads=2)
    jobs = [bench.do(task) for task in tasks]
    assert {bench.until(job_id).error_kind for job_id in jobs} == {"timeout"}
    assert bench.until(bench.do(after)).result == "quick"


@pytest.mark.parametrize("way", ["read", "write"])
def test_a_task_that_is_never_found_in_its_own_code_is_interrupted_at_the_database(
    run: Run,
    declare: Declare,
    in_use: Runtime,
    released: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    monkeypatch.setattr(time_limit, "GRACE_SECONDS", 20.0)
    monkeypatch.setattr(time_limit, "_is_in_its_own_code", lambda thread_id: False)

    def at_it() -> None:
        while not released.is_set():
            with getattr(in_use.db, way)():
                pass

    task = declare(at_it, time_limit=SHORT, attempts=1)
    bench = run(task)
    assert bench.until(bench.do(task), "failed").error_kind == "timeout"


def test_an_async_task_is_interrupted(run: Run, declare: Declare) -> None:
    async def endless() -> None:
        await asyncio.Event().wait()

    task = declare(endless, time_limit=SHORT, attempts=1)
    bench = run(task)
    job = bench.until(bench.do(task), "failed")
    assert (job.error_kind, job.error) == ("timeout", "It took longer than its limit of 0.1 s.")


def test_a_time_out_of_the_task_itself_is_not_taken_for_its_limit(run: Run, declare: Declare) -> None:
    async def impatient() -> None:
        raise TimeoutError("The server is slow.")

    task = declare(impatient, attempts=1)
    bench = run(task)
    job = bench.until(bench.do(task), "failed")
    assert (job.error_kind, job.error) == ("transient", "TimeoutError: The server is slow.")


def test_a_task_that_swallows_its_interruption_does_not_hand_it_on(
    run: Run, declare: Declare, released: threading.Event
) -> None:
    def stubborn() -> str:
        try:
            while not released.is_set():
                time.sleep(0.001)
        except BaseException:
            return "finished all the same"
        return "released"

    first, second = declare(stubborn, time_limit=1.0), declare(_quick)
    bench = run(first, second, worker_threads=1)
    job_id = bench.do(first)
    assert bench.until(job_id).result == "finished all the same"
    assert bench.until(bench.do(second)).result == "quick"


def test_a_thread_that_cannot_be_interrupted_is_given_up(run: Run, declare: Declare, released: threading.Event) -> None:
    ended = threading.Event()

    def blocked() -> str:
        try:
            released.wait()
        finally:
            ended.set()
        return "much too late"

    first, second = declare(blocked, time_limit=SHORT, attempts=1), declare(_quick)
    bench = run(first, second, worker_threads=1)
    job_id = bench.do(first)
    assert bench.until(job_id, "failed").error_kind == "timeout"
    assert bench.until(bench.do(second)).result == "quick"
    released.set()
    wait(ended)
    assert bench.until(bench.do(second)).result == "quick"
    assert bench.job(job_id).state == "failed"
    assert len(bench.errors(job_id)) == 1


def test_a_coroutine_that_ignores_its_cancellation_loses_its_place(run: Run, declare: Declare) -> None:
    stop = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def stubborn() -> str:
        loops.append(asyncio.get_running_loop())
        while True:
            try:
                await stop.wait()
            except asyncio.CancelledError:
                continue
            return "much too late"

    first, second = declare(stubborn, time_limit=SHORT, attempts=1), declare(_quick_async)
    bench = run(first, second, async_jobs=1)
    job_id = bench.do(first)
    assert bench.until(job_id, "failed").error_kind == "timeout"
    loops[0].call_soon_threadsafe(stop.set)
    assert bench.until(bench.do(second)).result == "quick"
    assert bench.job(job_id).state == "failed"


def test_a_blocked_event_loop_is_replaced(run: Run, declare: Declare, released: threading.Event) -> None:
    began = threading.Event()

    async def blocks() -> None:
        began.set()
        released.wait()

    first, second = declare(blocks, time_limit=600), declare(_quick_async, time_limit=SHORT)
    bench = run(first, second)
    blocking = bench.do(first)
    wait(began)
    stuck_behind_it = bench.do(second)
    job = bench.until(blocking, "failed")
    assert (job.error_kind, job.error) == (
        "bug",
        "It blocked the event loop; call what blocks through asyncio.to_thread.",
    )
    trace = bench.errors(blocking)[0].traceback
    assert trace is not None
    assert "released.wait()" in trace
    other = bench.until(stuck_behind_it, "succeeded")
    assert other.result == "quick"


def test_what_was_started_on_a_blocked_loop_and_must_not_be_repeated_is_parked(
    run: Run, declare: Declare, released: threading.Event
) -> None:
    began = threading.Event()

    async def sends() -> None:
        began.set()
        await asyncio.Event().wait()

    async def blocks() -> None:
        released.wait()

    first, second = declare(sends, at_most_once=True), declare(blocks, time_limit=SHORT)
    bench = run(first, second)
    sending = bench.do(first)
    wait(began)
    bench.until(bench.do(second), "failed")
    job = bench.until(sending, "waiting")
    assert job.waiting_for is not None
    assert "it may or may not have happened" in job.waiting_for
