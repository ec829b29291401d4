"""Jobs of processes that died are taken back; those of processes that only seem dead are not."""

from datetime import timedelta

import pytest
from tests.workers.bench import Declare
from tests.workers.processes import dead_process, heartbeat, living_process

from personal_assistant.jobs.claim import claim
from personal_assistant.jobs.leases import list_workers
from personal_assistant.jobs.model import JobView
from personal_assistant.jobs.queries import get_job
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers.rescue_scheduler import LOOKS, RescueScheduler


@pytest.fixture
def task(declare: Declare) -> LedgerTask:
    def work() -> None: ...

    return declare(work, attempts=2)


def _running(runtime: Runtime, task: LedgerTask, worker_id: str) -> str:
    job_id = str(task.delay().id)
    with runtime.db.write() as conn:
        claim(conn, worker_id, [job_id], runtime.clock.now())
    return job_id


def _job(runtime: Runtime, job_id: str) -> JobView:
    with runtime.db.read() as conn:
        return get_job(conn, job_id)


def _look(rescue: RescueScheduler, clock: ManualClock, times: int = LOOKS) -> int:
    """Let it look some times, ten seconds apart; returns how many jobs it took back."""
    count = 0
    for _ in range(times):
        count += rescue.dispatch(clock.now())
        clock.advance(10)
    return count


def test_a_dead_processes_job_is_tried_again_and_its_attempt_counts(
    in_use: Runtime, clock: ManualClock, task: LedgerTask
) -> None:
    dead_process(in_use)
    job_id = _running(in_use, task, "dead")
    clock.advance(60)
    assert _look(RescueScheduler(in_use), clock) == 1
    job = _job(in_use, job_id)
    assert (job.state, job.attempt, job.error_kind) == ("queued", 1, "interrupted")
    with in_use.db.read() as conn:
        assert list_workers(conn) == []


@pytest.mark.parametrize("seconds", [0, 0.1, 2.5, 4.9])
def test_a_dead_processes_job_is_taken_back_within_its_lease(
    in_use: Runtime, clock: ManualClock, task: LedgerTask, seconds: float
) -> None:
    rescue = RescueScheduler(in_use)
    rescue.dispatch(clock.now())
    clock.advance(seconds)  # it dies at any point between two looks, just after its heartbeat
    dead_process(in_use)
    job_id, died = _running(in_use, task, "dead"), clock.now()
    while _job(in_use, job_id).state == "running":
        with in_use.db.read() as conn:
            due = rescue.next_due(conn)
        assert due is not None
        clock.advance((due - clock.now()).total_seconds())
        rescue.dispatch(clock.now())
    assert clock.now() - died <= timedelta(seconds=in_use.settings.lease_seconds)


def test_a_job_that_kills_its_workers_ends_in_failure(in_use: Runtime, clock: ManualClock, task: LedgerTask) -> None:
    told: list[str] = []
    object.__setattr__(task.options, "settled", lambda conn, job, outcome: told.append(job.id))
    job_id = str(task.delay().id)
    for life in ("first", "second"):
        dead_process(in_use, life)
        with in_use.db.write() as conn:
            claim(conn, life, [job_id], clock.now())
        clock.advance(60)
        _look(RescueScheduler(in_use), clock)
    assert (_job(in_use, job_id).state, told) == ("failed", [job_id])


def test_a_job_that_must_not_be_repeated_is_parked(in_use: Runtime, clock: ManualClock, declare: Declare) -> None:
    def send() -> None: ...

    dead_process(in_use)
    job_id = _running(in_use, declare(send, at_most_once=True), "dead")
    clock.advance(60)
    _look(RescueScheduler(in_use), clock)
    assert _job(in_use, job_id).state == "waiting"


@pytest.mark.parametrize("jump", [3600, -3600])
def test_a_jump_of_the_clock_does_not_make_a_living_process_dead(
    in_use: Runtime, clock: ManualClock, task: LedgerTask, jump: float
) -> None:
    with living_process(in_use):
        job_id = _running(in_use, task, "alive")
        rescue = RescueScheduler(in_use)
        rescue.dispatch(clock.now())
        clock.advance(jump)
        assert rescue.dispatch(clock.now()) == 0  # looks before the other one has renewed its lease
        for _ in range(2 * LOOKS):
            clock.advance(10)
            heartbeat(in_use, "alive")
            assert rescue.dispatch(clock.now()) == 0
    assert _job(in_use, job_id).state == "running"


def test_a_process_that_was_forgotten_has_time_to_register_again(
    in_use: Runtime, clock: ManualClock, task: LedgerTask
) -> None:
    with living_process(in_use):
        job_id = _running(in_use, task, "alive")
        with in_use.db.write() as conn:
            conn.exec_driver_sql("DELETE FROM workers")
        rescue = RescueScheduler(in_use)
        assert _look(rescue, clock, times=2) == 0
        dead_process(in_use, "alive")
        heartbeat(in_use, "alive")
        assert _look(rescue, clock, times=2) == 0
    assert _job(in_use, job_id).state == "running"


def test_a_job_of_a_process_that_nobody_knows_is_taken_back(
    in_use: Runtime, clock: ManualClock, task: LedgerTask
) -> None:
    job_id = _running(in_use, task, "nobody")
    assert _look(RescueScheduler(in_use), clock) == 1
    assert _job(in_use, job_id).state == "queued"


def test_it_looks_six_times_a_lease_also_after_the_clock_was_set_back(in_use: Runtime, clock: ManualClock) -> None:
    rescue = RescueScheduler(in_use)
    with in_use.db.read() as conn:
        assert rescue.next_due(conn) == clock.now()
        rescue.dispatch(clock.now())
        assert rescue.next_due(conn) == clock.now() + timedelta(seconds=5)
        clock.advance(-3600)
        due = rescue.next_due(conn)
    assert due is not None
    assert due <= clock.now()
