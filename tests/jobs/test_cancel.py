"""Cancelling jobs."""

import pytest
from tests.support.databases import START
from tests.support.ledger import FAILED, Ledger

from personal_assistant.jobs.model import JobNotFoundError, JobStateError
from personal_assistant.jobs.outcomes import Cancelled, Outcome, Retry, Succeeded, Waiting

RETRY = Retry(START, "It did not answer.", "transient")


def test_what_does_not_run_ends_at_once(ledger: Ledger) -> None:
    waiting = ledger.add()
    ledger.run(waiting, Waiting("Approve it."))
    for job_id in (ledger.add(), ledger.add(run_at=ledger.later(9)), waiting):
        assert ledger.cancel(job_id).state == "cancelled"
        assert ledger.take(job_id) == []


@pytest.mark.parametrize("outcome", [Cancelled(), RETRY, Waiting("Approve it.")], ids=["cancelled", "retry", "park"])
def test_what_runs_is_asked_to_stop_and_not_tried_again(ledger: Ledger, outcome: Outcome) -> None:
    job = ledger.take_one(ledger.add(max_attempts=9))
    asked = ledger.cancel(job.id)
    assert (asked.state, asked.cancel_requested_at) == ("running", ledger.now)
    ledger.end(job, outcome)
    assert ledger.state(job.id) == "cancelled"


@pytest.mark.parametrize("outcome", [Succeeded(), FAILED], ids=["succeeded", "failed"])
def test_one_that_ends_before_it_notices_keeps_its_outcome(ledger: Ledger, outcome: Outcome) -> None:
    job = ledger.take_one(ledger.add())
    ledger.cancel(job.id)
    ledger.end(job, outcome)
    assert ledger.state(job.id) in ("succeeded", "failed")


def test_what_has_ended_cannot_be_cancelled(ledger: Ledger) -> None:
    job_id = ledger.add()
    ledger.run(job_id, Succeeded())
    with pytest.raises(JobStateError, match="has already succeeded: there is nothing to cancel"):
        ledger.cancel(job_id)
    with pytest.raises(JobNotFoundError):
        ledger.cancel("nonsense")
