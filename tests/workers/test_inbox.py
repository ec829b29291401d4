"""A runner that messages feed."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from tests.workers.bench import PATIENCE, Declare, InProcess, wait

from personal_assistant.jobs.leases import usual_durations
from personal_assistant.jobs.model import JobView
from personal_assistant.jobs.publish import mark_published
from personal_assistant.store.tables import jobs
from personal_assistant.workers import time_limit
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.runner import Runner
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import Registry
from personal_assistant.workers.transport.inbox import Inbox


class Fed(InProcess):
    """A runner with an inbox."""

    def __init__(self, runtime: Runtime, *tasks: LedgerTask, slots: int = 2) -> None:
        super().__init__(runtime, *tasks, worker_threads=slots)
        registry = Registry({task.name: task for task in tasks}, ())
        self.inbox = Inbox(runtime.db, registry, "runner", slots)
        self._run(Runner(self.runtime, registry, "runner", self.inbox))
        self.inbox.wake = self.runner.wake

    def write(self, task: LedgerTask, *args: object) -> str:
        """Write a job and mark it as published."""
        job_id = str(task.apply_async(args).id)
        with self.runtime.db.write() as conn:
            mark_published(conn, [job_id], self.runtime.clock.now())
        return job_id

    def given_back(self, job_id: str) -> JobView:
        """Wait until a job is in the queue again, after an attempt."""
        end = time.monotonic() + PATIENCE
        while (job := self.job(job_id)).state != "queued" or not job.attempt:
            assert time.monotonic() < end, job
            time.sleep(0.01)
        return job

    def published(self, job_id: str) -> bool:
        with self.runtime.db.read() as conn:
            marked = sa.select(jobs.c.published_at).where(jobs.c.id == job_id)
            return conn.execute(marked).scalar_one() is not None


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_only_what_a_message_names_is_done(in_use: Runtime, declare: Declare) -> None:
    def work(number: int) -> int:
        return 2 * number

    task = declare(work)
    with Fed(in_use, task) as bench:
        named, other = bench.write(task, 1), bench.write(task, 2)
        bench.inbox.do(task.name, [named, "unknown-id"])
        assert (bench.job(named).result, bench.job(other).state) == (2, "queued")


def test_a_message_that_comes_twice_is_done_once(in_use: Runtime, declare: Declare, pool: ThreadPoolExecutor) -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)

    task = declare(work)
    with Fed(in_use, task) as bench:
        job_id = bench.write(task)
        list(pool.map(lambda _: bench.inbox.do(task.name, [job_id]), range(6), timeout=PATIENCE))
        bench.until(job_id, "succeeded")
    assert calls == [1]


def test_coroutines_hold_no_slot(in_use: Runtime, declare: Declare) -> None:
    release = threading.Event()

    async def work() -> str:
        import asyncio

        await asyncio.to_thread(release.wait)
        return "done"

    task = declare(work)
    with Fed(in_use, task) as bench:
        ids = [bench.write(task) for _ in range(5)]
        bench.inbox.do(task.name, ids)
        assert {bench.job(job_id).state for job_id in ids} == {"running"}
        release.set()
        assert [bench.until(job_id).result for job_id in ids] == ["done"] * 5


def test_what_has_not_begun_at_the_end_is_given_back(in_use: Runtime, declare: Declare) -> None:
    began, release = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        release.wait(PATIENCE)

    task = declare(work)
    with Fed(in_use, task, slots=1) as bench:
        first, second = bench.write(task), bench.write(task)
        over = [threading.Event(), threading.Event()]
        bench.inbox.offer(task.name, [first], over[0].set)
        wait(began)
        bench.inbox.offer(task.name, [second], over[1].set)
        bench.runner.stop()
        wait(over[1])
        assert (bench.job(second).state, bench.published(second)) == ("queued", False)
        late = bench.write(task)
        bench.inbox.do(task.name, [late])
        assert (bench.job(late).state, bench.published(late)) == ("queued", False)
        release.set()
        wait(over[0])
    assert bench.job(first).state == "succeeded"


def test_jobs_of_a_task_that_is_unknown_here_are_left_for_others(in_use: Runtime, declare: Declare) -> None:
    def work() -> None: ...

    elsewhere = declare(work)
    with Fed(in_use) as bench:
        job_id = bench.write(elsewhere)
        bench.inbox.do(elsewhere.name, [job_id])
        assert (bench.job(job_id).state, bench.published(job_id)) == ("queued", True)


def test_what_is_learnt_of_durations_is_told(in_use: Runtime, declare: Declare) -> None:
    from tests.workers.processes import dead_process

    dead_process(in_use, "runner")

    def work() -> None:
        time.sleep(0.02)

    task = declare(work)
    with Fed(in_use, task) as bench:
        bench.inbox.do(task.name, [bench.write(task)])
        bench.inbox.do(task.name, [bench.write(task)])
    with in_use.db.read() as conn:
        assert usual_durations(conn)[task.name] >= 0.02


def test_a_long_job_gives_those_behind_it_back(
    in_use: Runtime, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_limit, "HOLD_SECONDS", 0.05)
    release = threading.Event()
    ran: list[int] = []

    def work(number: int) -> None:
        ran.append(number)
        if number == 1:
            release.wait(PATIENCE)

    task = declare(work)
    with Fed(in_use, task, slots=1) as bench:
        ids = [bench.write(task, number) for number in range(5)]
        over = threading.Event()
        bench.inbox.offer(task.name, ids, over.set)
        for job_id in ids[2:]:
            behind = bench.given_back(job_id)
            assert behind.max_attempts == 6, "the attempt is made good"
            assert not bench.published(job_id), "it is published again"
        assert ran == [0, 1]
        assert not over.is_set()
        release.set()
        wait(over)
        assert [bench.until(job_id).state for job_id in ids[:2]] == ["succeeded", "succeeded"]
    assert ran == [0, 1], "what was given back is not done here all the same"


def test_a_quick_task_lets_the_next_message_come_at_once(in_use: Runtime, declare: Declare) -> None:
    release = threading.Event()
    release.set()

    def work() -> None:
        release.wait(PATIENCE)

    task = declare(work)
    with Fed(in_use, task, slots=1) as bench:
        bench.inbox.do(task.name, [bench.write(task)])
        release.clear()
        ids = [bench.write(task) for _ in range(bench.inbox.ahead + 1)]
        overs = [threading.Event() for _ in ids]
        for job_id, over in zip(ids, overs, strict=True):
            bench.inbox.offer(task.name, [job_id], over.set)
        assert [over.is_set() for over in overs] == [True] * bench.inbox.ahead + [False], "and not without bounds"
        release.set()
        wait(overs[-1])
        assert {bench.until(job_id, "succeeded", "queued").state for job_id in ids} <= {"succeeded", "queued"}


def test_messages_are_held_until_they_are_over(in_use: Runtime, declare: Declare) -> None:
    def work() -> None: ...

    task = declare(work)
    inbox = Inbox(in_use.db, Registry({task.name: task}, ()), "runner", 2)
    inbox.offer(task.name, ["a", "b", "c"], lambda: None)
    assert inbox.held == 1
    inbox.settled(["a", "b"])
    assert inbox.held == 1
    inbox.settled(["c"])
    assert inbox.held == 0
