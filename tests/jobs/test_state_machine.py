"""From one state to the next: what each step of the ledger does, and what it refuses to do."""

import pytest
from tests.support.ledger import FAILED, WORKER, Ledger

from personal_assistant.jobs.enqueue import enqueue, enqueue_many
from personal_assistant.jobs.finish import finish_many
from personal_assistant.jobs.model import JobNotFoundError, NewJob
from personal_assistant.jobs.outcomes import Cancelled, Outcome, Retry, Succeeded, Waiting
from personal_assistant.jobs.queries import errors_of
from personal_assistant.jobs.stats import count_by_state


def test_a_job_for_now_is_queued_and_a_later_one_scheduled(ledger: Ledger) -> None:
    assert ledger.state(ledger.add()) == "queued"
    assert ledger.state(ledger.add(run_at=ledger.later(-5))) == "queued"
    assert ledger.state(ledger.add(run_at=ledger.later(0.001))) == "scheduled"


def test_a_scheduled_job_is_queued_at_its_instant_and_not_before(ledger: Ledger) -> None:
    job_id = ledger.add(run_at=ledger.later(10))
    ledger.clock.advance(9.999999)
    assert (ledger.queue_due(), ledger.state(job_id)) == (0, "scheduled")
    ledger.clock.advance(0.000001)
    assert (ledger.queue_due(), ledger.state(job_id)) == (1, "queued")


def test_only_queued_jobs_are_taken(ledger: Ledger) -> None:
    scheduled, done, waiting = ledger.add(run_at=ledger.later(10)), ledger.add(), ledger.add()
    ledger.run(done, Succeeded())
    ledger.run(waiting, Waiting("Approve it."))
    running = ledger.take_one(ledger.add())
    assert ledger.take(scheduled, done, waiting, running.id, "no-such-job") == []


def test_jobs_are_taken_by_priority_then_by_instant(ledger: Ledger) -> None:
    late, early = ledger.add(run_at=ledger.later(-1)), ledger.add(run_at=ledger.later(-2))
    urgent = ledger.add(priority=5)
    assert [job.id for job in ledger.take()] == [urgent, early, late]


def test_taking_a_job_counts_an_attempt_and_says_who_runs_it(ledger: Ledger) -> None:
    job = ledger.take_one(ledger.add(args=(1, "a"), kwargs={"b": None}), worker="w")
    assert (job.attempt, job.args, job.kwargs) == (1, [1, "a"], {"b": None})
    seen = ledger.show(job.id)
    assert (seen.state, seen.worker_id, seen.started_at) == ("running", "w", ledger.now)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Succeeded(3), "succeeded"), (FAILED, "failed"), (Cancelled(), "cancelled"), (Waiting("Approve it."), "waiting")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_outcome_leads_to_its_state(ledger: Ledger, outcome: Outcome, state: str) -> None:
    job_id = ledger.add()
    job = ledger.run(job_id, outcome)
    assert (job.state, job.finished_at) == (state, None if state == "waiting" else ledger.now)


def test_success_after_a_failed_attempt_leaves_no_error_but_a_history(ledger: Ledger) -> None:
    job_id = ledger.add(max_attempts=2)
    assert ledger.run(job_id, ledger.retry(0)).error == "It did not answer."
    assert ledger.run(job_id, Succeeded()).error is None
    with ledger.db.read() as conn:
        [error] = errors_of(conn, job_id)
    assert (error.attempt, error.kind, error.message) == (1, "transient", "It did not answer.")


def test_a_retry_waits_in_the_ledger(ledger: Ledger) -> None:
    job = ledger.run(ledger.add(max_attempts=2), ledger.retry(60))
    assert (job.state, job.run_at, job.attempt) == ("scheduled", ledger.later(60), 1)


def test_a_retry_beyond_the_last_attempt_is_a_failure(ledger: Ledger) -> None:
    job = ledger.run(ledger.add(max_attempts=1), ledger.retry())
    assert (job.state, job.error) == ("failed", "It did not answer.")


def test_an_attempt_that_does_not_count_is_made_good_and_its_token_not_reused(ledger: Ledger) -> None:
    job_id = ledger.add(max_attempts=1)
    first = ledger.take_one(job_id)
    ledger.end(first, Retry(ledger.now, "It was shut down.", "interrupted", counted=False))
    second = ledger.take_one(job_id)
    assert second.attempt > first.attempt
    assert not ledger.end(first, Succeeded())
    assert ledger.end(second, ledger.retry())
    assert ledger.state(job_id) == "failed"


@pytest.mark.parametrize("worker", ["worker-1", "worker-2"])
def test_an_old_token_changes_nothing(ledger: Ledger, worker: str) -> None:
    job_id = ledger.add(max_attempts=3)
    old = ledger.take_one(job_id, worker="worker-1")
    ledger.end(old, ledger.retry(0), worker="worker-1")
    new = ledger.take_one(job_id, worker=worker)
    before = ledger.show(job_id)
    assert not ledger.end(old, FAILED, worker="worker-1")
    assert ledger.show(job_id) == before
    assert ledger.end(new, Succeeded(), worker=worker)
    assert not ledger.end(new, FAILED, worker=worker)
    assert ledger.state(job_id) == "succeeded"


def test_of_two_outcomes_of_one_attempt_the_first_is_written(ledger: Ledger) -> None:
    job = ledger.take_one(ledger.add())
    with ledger.db.write() as conn:
        written = finish_many(conn, WORKER, [(job, FAILED), (job, Succeeded())], ledger.now)
    assert written == [(job, FAILED)]
    assert ledger.state(job.id) == "failed"


def test_a_transaction_that_fails_writes_nothing(ledger: Ledger) -> None:
    job = ledger.take_one(ledger.add())
    woken: list[bool] = []
    ledger.db.on_wake = lambda: woken.append(True)
    with pytest.raises(RuntimeError), ledger.db.write() as conn:
        enqueue(conn, NewJob("tests.work", "tests"), now=ledger.now)
        enqueue_many(conn, [NewJob("tests.work", "tests")] * 3, now=ledger.now)
        finish_many(conn, WORKER, [(job, Succeeded())], ledger.now)
        raise RuntimeError
    with ledger.db.read() as conn:
        assert count_by_state(conn) == {"running": 1}
    assert not woken


def test_a_job_that_does_not_exist_is_named(ledger: Ledger) -> None:
    with pytest.raises(JobNotFoundError, match="There is no job nonsense"):
        ledger.show("nonsense")
