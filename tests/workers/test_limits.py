"""Limits as a task declares them, from the call to the worker."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from socket import gethostname

import pytest
import sqlalchemy as sa
from tests.workers.bench import PATIENCE, Bench, Declare, wait
from tests.workers.test_publishing import Broker, later, publish

from personal_assistant.jobs.queries import get_job
from personal_assistant.store.tables import jobs
from personal_assistant.timing.clock import SystemClock
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.process import WorkerProcess
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.runtime import use as use_runtime
from personal_assistant.workers.schedulers import publish_scheduler
from personal_assistant.workers.schedulers.limit_scheduler import LimitScheduler


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    broker = Broker()
    monkeypatch.setattr(publish_scheduler, "reach", broker.reach)
    monkeypatch.setattr(publish_scheduler, "send", broker.send)
    yield broker


def key_of(runtime: Runtime, job_id: str) -> str | None:
    with runtime.db.read() as conn:
        return get_job(conn, job_id).concurrency_key


def hand_out(runtime: Runtime) -> None:
    scheduler = LimitScheduler(runtime)
    while scheduler.dispatch(runtime.clock.now()):
        with runtime.db.read() as conn:
            due = scheduler.next_due(conn)
        if due is None or due > runtime.clock.now():
            return


def test_a_key_is_told_from_the_arguments(in_use: Runtime, declare: Declare) -> None:
    def fetch(account: int, since: str = "ever") -> None: ...

    def by_both(account: int, since: str = "ever") -> str:
        return f"{account}/{since}"

    by_name = declare(fetch, name="tests.fetch", concurrency=1, key="account")
    by_default = declare(fetch, name="tests.since", rate="1/s", key="since")
    by_function = declare(fetch, name="tests.both", concurrency=1, key=by_both)
    whole = declare(fetch, name="tests.whole", concurrency=1)
    free = declare(fetch, name="tests.free")
    assert key_of(in_use, by_name.delay(7).id) == "tests.fetch:7"
    assert key_of(in_use, by_name.delay(account=7).id) == "tests.fetch:7"
    assert key_of(in_use, by_default.delay(7).id) == "tests.since:ever"
    assert key_of(in_use, by_function.delay(7, since="may").id) == "tests.both:7/may"
    assert key_of(in_use, whole.delay(7).id) == "tests.whole"
    assert key_of(in_use, free.delay(7).id) is None
    assert key_of(in_use, free.apply_async((7,), concurrency_key="account 7").id) == "account 7"
    assert key_of(in_use, by_name.apply_async((7,), concurrency_key="account 7").id) == "account 7"


def test_a_job_whose_key_cannot_be_told_is_accepted_under_the_tasks_own(in_use: Runtime, declare: Declare) -> None:
    def fetch(account: int) -> None: ...

    task = declare(fetch, concurrency=1, key="account")
    assert key_of(in_use, task.delay(unknown=1).id) == task.name


@pytest.mark.parametrize("value", ["x" * 5000, "null \0 byte", "half \ud800"])
def test_a_key_that_the_ledger_cannot_hold_is_shortened(in_use: Runtime, declare: Declare, value: str) -> None:
    def fetch(number: int) -> None: ...

    task = declare(fetch, concurrency=1, key=lambda number: value * number)
    first, same, other = (key_of(in_use, task.delay(number).id) for number in (1, 1, 2))
    assert first == same != other
    assert str(first).startswith(f"{task.name}:")


def test_only_what_has_a_slot_is_told_to_the_broker(in_use: Runtime, declare: Declare, broker: Broker) -> None:
    def work(number: int) -> None: ...

    limited, free = declare(work, concurrency=2), declare(work)
    ids = [limited.delay(number).id for number in range(4)]
    [other] = [free.delay(1).id]
    assert publish(in_use) == 1
    hand_out(in_use)
    publish(in_use)
    hand_out(in_use)
    assert publish(in_use) == 0, "what was told and has not started holds its slot"
    assert {job_id for message in broker.sent for job_id in message.ids} == {other, *ids[:2]}


def test_a_rate_holds_from_one_scheduler_to_the_next(in_use: Runtime, declare: Declare, broker: Broker) -> None:
    def work(number: int) -> None: ...

    limited = declare(work, rate="2/m")
    for number in range(5):
        limited.delay(number)
    hand_out(in_use)
    assert publish(in_use) == 2
    with in_use.db.write() as conn:  # as if a worker had done them
        conn.execute(sa.update(jobs).where(jobs.c.slot == "holds").values(state="cancelled", finished_at=jobs.c.run_at))
    later(in_use, 30)
    hand_out(in_use)
    assert publish(in_use) == 0
    scheduler = LimitScheduler(in_use)
    scheduler.dispatch(in_use.clock.now())
    with in_use.db.read() as conn:
        due = scheduler.next_due(conn)
    assert due is not None and 30 <= (due - in_use.clock.now()).total_seconds() <= 30.6
    later(in_use, 31)
    hand_out(in_use)
    assert publish(in_use) == 2


def test_a_clock_that_was_set_back_does_not_stop_a_rate(in_use: Runtime, declare: Declare, broker: Broker) -> None:
    def work(number: int) -> None: ...

    limited = declare(work, rate="2/m")
    for number in range(5):
        limited.delay(number)
    scheduler = LimitScheduler(in_use)
    started = 0
    for seconds in (0, -3 * 3600, 61):
        later(in_use, seconds)
        for _ in range(10):  # as the loop does
            with in_use.db.read() as conn:
                due = scheduler.next_due(conn)
            if due is None or due > in_use.clock.now():
                break
            scheduler.dispatch(in_use.clock.now())
        started += publish(in_use)
        with in_use.db.write() as conn:  # as if a worker had begun them
            begun = {"state": "running", "worker_id": "one", "started_at": jobs.c.run_at}
            conn.execute(sa.update(jobs).where(jobs.c.slot == "holds", jobs.c.state == "queued").values(begun))
    assert started == 4


def test_a_job_keeps_its_worker_its_host_and_its_queue(declare: Declare, run: Callable[..., Bench]) -> None:
    def work() -> None: ...

    task = declare(work)
    bench = run(task)
    job = bench.until(bench.do(task))
    assert (job.worker_id, job.host, job.queue) == (bench.worker_id, gethostname(), "tests")


class Gate:
    """A task that counts how many of each key run at once, and ends when it is told to."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.done = 0
        self.all_done = threading.Event()
        self.full = threading.Event()
        self.open = threading.Event()

    def work(self, key: str) -> None:
        with self.lock:
            self.running[key] += 1
            self.most[key] = max(self.most[key], self.running[key])
            if self.running["a"] == 2 and self.running["b"] == 2:
                self.full.set()
        wait(self.open)
        with self.lock:
            self.running[key] -= 1
            self.done += 1
            if self.done == 12:
                self.all_done.set()


@pytest.fixture
def processes(in_use: Runtime) -> Iterator[Callable[[int], list[WorkerProcess]]]:
    """Starts processes that schedule and run, all on one database."""
    with ExitStack() as stack:

        def start(count: int) -> list[WorkerProcess]:
            live = Runtime(in_use.settings.model_copy(update={"worker_threads": 4}), in_use.db, SystemClock())
            use_runtime(live)
            started = [WorkerProcess(live) for _ in range(count)]
            for process in started:
                process.start()
                stack.callback(process.stop)
            return started

        yield start


def test_processes_together_keep_to_a_limit_and_use_all_of_it(
    declare: Declare, processes: Callable[[int], list[WorkerProcess]]
) -> None:
    gate = Gate()

    def work(key: str) -> None:
        gate.work(key)

    task: LedgerTask = declare(work, concurrency=2, key="key")
    processes(2)
    for number in range(12):
        task.apply_async(("ab"[number % 2],))
    assert gate.full.wait(PATIENCE), "both keys are used to the full"
    gate.open.set()
    assert gate.all_done.wait(PATIENCE), "a slot that is free is used at once"
    assert gate.most == {"a": 2, "b": 2}


def test_a_free_slot_is_used_at_once(declare: Declare, processes: Callable[[int], list[WorkerProcess]]) -> None:
    done = threading.Event()

    def work(number: int) -> None:
        if number == 19:
            done.set()

    task = declare(work, concurrency=1)
    processes(1)
    for number in range(20):
        task.apply_async((number,))
    assert done.wait(PATIENCE), "twenty, one after the other: not one of them waits for a look at the clock"
