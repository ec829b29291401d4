"""Jobs whose worker is gone, and the leases that tell."""

from datetime import timedelta

import pytest
from tests.support.ledger import Ledger

from personal_assistant.jobs import leases
from personal_assistant.jobs.outcomes import Cancelled, Failed, Retry, Succeeded, Waiting
from personal_assistant.jobs.queries import errors_of
from personal_assistant.jobs.recover import abandoned_by_nobody


def register(ledger: Ledger, worker_id: str) -> leases.Worker:
    worker = leases.Worker(worker_id, "host", 1, "1", True, True, ledger.now, ledger.now, None, False)
    with ledger.db.write() as conn:
        leases.register(conn, worker)
    return worker


def test_the_lost_attempt_counts_and_the_job_runs_again(ledger: Ledger) -> None:
    job = ledger.take_one(ledger.add(max_attempts=2), worker="dead")
    [(_, outcome)] = ledger.recover("dead")
    assert isinstance(outcome, Retry)
    again = ledger.take_one(job.id)
    assert again.attempt == 2
    assert not ledger.end(job, Succeeded(), worker="dead")
    with ledger.db.read() as conn:
        assert [error.kind for error in errors_of(conn, job.id)] == ["interrupted"]


def test_a_job_that_kills_its_workers_ends_in_failed(ledger: Ledger) -> None:
    job_id = ledger.add(max_attempts=3)
    for number in range(3):
        ledger.take_one(job_id, worker=f"victim-{number}")
        ledger.recover(f"victim-{number}")
    job = ledger.show(job_id)
    assert (job.state, job.error) == ("failed", "Its worker died during attempt 3 of 3.")


def test_what_must_not_be_repeated_is_parked_and_asks(ledger: Ledger) -> None:
    job = ledger.take_one(ledger.add(at_most_once=True), worker="dead")
    [(_, outcome)] = ledger.recover("dead")
    assert isinstance(outcome, Waiting)
    assert ledger.state(job.id) == "waiting"
    assert ledger.replay(job.id).state == "queued"


def test_what_was_to_stop_is_cancelled(ledger: Ledger) -> None:
    job = ledger.take_one(ledger.add(max_attempts=2), worker="dead")
    ledger.cancel(job.id)
    assert ledger.recover("dead") == [(job, Cancelled())]


def test_only_the_dead_workers_jobs_are_taken_back(ledger: Ledger) -> None:
    lost, kept = ledger.take_one(ledger.add(), worker="dead"), ledger.take_one(ledger.add(), worker="alive")
    register(ledger, "dead")
    register(ledger, "alive")
    [(job, outcome)] = ledger.recover("dead")
    assert (job, type(outcome)) == (lost, Failed)
    assert ledger.state(kept.id) == "running"
    with ledger.db.read() as conn:
        assert [worker.id for worker in leases.list_workers(conn)] == ["alive"]


def test_recovering_twice_takes_back_once(ledger: Ledger) -> None:
    ledger.take_one(ledger.add(max_attempts=9), worker="dead")
    assert len(ledger.recover("dead", "dead")) == 1
    assert ledger.recover("dead") == []


def test_jobs_of_workers_without_a_row_are_found(ledger: Ledger) -> None:
    register(ledger, "known")
    for worker in ("known", "forgotten", "forgotten"):
        ledger.take_one(ledger.add(), worker=worker)
    with ledger.db.read() as conn:
        assert abandoned_by_nobody(conn) == ["forgotten"]


def test_a_heartbeat_renews_the_lease_and_says_when_it_is_lost(ledger: Ledger) -> None:
    register(ledger, "w")
    ledger.clock.advance(10)
    with ledger.db.write() as conn:
        assert leases.heartbeat(conn, "w", ledger.now, scheduled_at=ledger.now, draining=True)
        [worker] = leases.list_workers(conn)
        assert (worker.heartbeat_at, worker.scheduled_at, worker.draining) == (ledger.now, ledger.now, True)
        assert leases.last_heartbeat(conn) == ledger.now
        leases.unregister(conn, "w")
        assert not leases.heartbeat(conn, "w", ledger.now, scheduled_at=None, draining=False)


@pytest.mark.parametrize(("silent", "ended"), [(0, False), (30, False), (30.001, True), (-30, False), (-3600, True)])
def test_a_lease_ends_after_its_time_and_when_the_clock_was_set_back(
    ledger: Ledger, silent: float, ended: bool
) -> None:
    worker = register(ledger, "w")
    assert worker.lease_ended(ledger.now + timedelta(seconds=silent), 30) is ended
