"""Running again what has ended or is parked."""

import pytest
from tests.support.ledger import FAILED, Ledger

from personal_assistant.jobs.model import JobStateError
from personal_assistant.jobs.outcomes import Cancelled, Outcome, Succeeded, Waiting


@pytest.mark.parametrize("outcome", [FAILED, Cancelled(), Waiting("Approve it.")], ids=["failed", "cancelled", "park"])
def test_it_runs_once_more_than_it_has(ledger: Ledger, outcome: Outcome) -> None:
    job_id = ledger.add(max_attempts=1)
    ledger.run(job_id, outcome)
    again = ledger.replay(job_id)
    assert (again.state, again.max_attempts, again.finished_at, again.waiting_for) == ("queued", 2, None, None)
    assert ledger.run(job_id, Succeeded()).state == "succeeded"


def test_unused_attempts_are_kept(ledger: Ledger) -> None:
    job_id = ledger.add(max_attempts=5)
    ledger.run(job_id, FAILED)
    assert ledger.replay(job_id).max_attempts == 5


def test_a_job_that_was_to_stop_is_not_stopped_again(ledger: Ledger) -> None:
    job = ledger.take_one(ledger.add())
    ledger.cancel(job.id)
    ledger.end(job, Cancelled())
    assert ledger.replay(job.id).cancel_requested_at is None


@pytest.mark.parametrize("state", ["scheduled", "queued", "running", "succeeded"])
def test_others_cannot_be_replayed(ledger: Ledger, state: str) -> None:
    job_id = ledger.add(run_at=ledger.later(9) if state == "scheduled" else None)
    if state in ("running", "succeeded"):
        job = ledger.take_one(job_id)
        if state == "succeeded":
            ledger.end(job, Succeeded())
    with pytest.raises(JobStateError, match=f"is {state}: only"):
        ledger.replay(job_id)


def test_not_while_another_open_job_holds_its_unique_key(ledger: Ledger) -> None:
    job_id = ledger.add(unique_key="k")
    ledger.run(job_id, FAILED)
    ledger.add(unique_key="k")
    with pytest.raises(JobStateError, match="an open job has the same unique key"):
        ledger.replay(job_id)
    assert ledger.state(job_id) == "failed"
