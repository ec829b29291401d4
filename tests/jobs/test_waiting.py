"""Jobs that are parked until another job has ended."""

import threading

import pytest
from tests.support.ledger import FAILED, WORKER, Ledger

from personal_assistant.jobs.cancel import cancel_occurrences
from personal_assistant.jobs.finish import finish_many
from personal_assistant.jobs.model import JobStateError
from personal_assistant.jobs.outcomes import Cancelled, Outcome, Succeeded, Waiting


def park(ledger: Ledger, job_id: str, max_attempts: int = 1) -> str:
    """A job that waits for another one."""
    parked = ledger.add(max_attempts=max_attempts)
    ledger.run(parked, Waiting("The other one comes first.", job_id))
    return parked


@pytest.mark.parametrize("outcome", [Succeeded(), FAILED, Cancelled()], ids=["succeeded", "failed", "cancelled"])
def test_it_is_queued_in_the_transaction_that_ends_the_other(ledger: Ledger, outcome: Outcome) -> None:
    other = ledger.take_one(ledger.add())
    parked, unconcerned = park(ledger, other.id), park(ledger, ledger.add())
    seen = ledger.show(parked)
    assert (seen.state, seen.waits_for_job_id, seen.waiting_for) == ("waiting", other.id, "The other one comes first.")
    ledger.end(other, outcome)
    seen = ledger.show(parked)
    assert (seen.state, seen.waits_for_job_id, seen.waiting_for) == ("queued", None, None)
    assert ledger.state(unconcerned) == "waiting"


def test_waiting_uses_no_attempt_up(ledger: Ledger) -> None:
    other = ledger.take_one(ledger.add())
    parked = park(ledger, other.id, max_attempts=1)
    ledger.end(other, Succeeded())
    assert ledger.run(parked, Succeeded()).state == "succeeded"


def test_a_retry_of_the_other_is_no_end(ledger: Ledger) -> None:
    other = ledger.take_one(ledger.add(max_attempts=2))
    parked = park(ledger, other.id)
    ledger.end(other, ledger.retry())
    assert ledger.state(parked) == "waiting"


def test_cancelling_the_other_ends_the_wait(ledger: Ledger) -> None:
    other = ledger.add()
    parked = park(ledger, other)
    ledger.cancel(other)
    assert ledger.state(parked) == "queued"


def test_cancelling_the_occurrences_of_an_ai_task_ends_the_wait(ledger: Ledger) -> None:
    other = ledger.add(ai_task_id=ledger.ai_task(), due_at=ledger.now)
    parked = park(ledger, other)
    with ledger.db.write() as conn:
        assert cancel_occurrences(conn, 1, ledger.now) == 1
    assert ledger.state(parked) == "queued"


def test_the_death_of_the_others_worker_ends_the_wait(ledger: Ledger) -> None:
    other = ledger.take_one(ledger.add(max_attempts=1), worker="dead")
    parked = park(ledger, other.id)
    ledger.recover("dead")
    assert (ledger.state(other.id), ledger.state(parked)) == ("failed", "queued")


def test_there_is_no_waiting_for_what_has_ended_or_is_unknown(ledger: Ledger) -> None:
    other = ledger.add()
    ledger.run(other, Succeeded())
    assert ledger.state(park(ledger, other)) == "queued"
    assert ledger.state(park(ledger, "no-such-job")) == "queued"


def test_both_ending_in_one_transaction_leaves_nobody_waiting(ledger: Ledger) -> None:
    other, parked = ledger.take(ledger.add(), ledger.add())
    with ledger.db.write() as conn:
        finish_many(conn, WORKER, [(other, Succeeded()), (parked, Waiting("First that.", other.id))], ledger.now)
    assert ledger.state(parked.id) == "queued"


def test_waiting_for_itself_is_a_mistake(ledger: Ledger) -> None:
    job_id = ledger.add()
    job = ledger.run(job_id, Waiting("Myself.", job_id))
    assert (job.state, job.error_kind) == ("failed", "bug")


def test_it_can_be_cancelled_or_set_off_by_hand(ledger: Ledger) -> None:
    other = ledger.take_one(ledger.add())
    cancelled, set_off = park(ledger, other.id), park(ledger, other.id)
    ledger.cancel(cancelled)
    assert ledger.replay(set_off).waits_for_job_id is None
    ledger.end(other, Succeeded())
    assert (ledger.state(cancelled), ledger.state(set_off)) == ("cancelled", "queued")
    with pytest.raises(JobStateError):
        ledger.cancel(other.id)


def test_parking_while_the_other_ends_leaves_nobody_waiting(ledger: Ledger) -> None:
    for _ in range(20):
        other, parked = ledger.take(ledger.add(), ledger.add())
        together = threading.Barrier(2)

        def end(job: object, outcome: Outcome, together: threading.Barrier = together) -> None:
            together.wait()
            assert ledger.end(job, outcome)  # type: ignore[arg-type]

        threads = [
            threading.Thread(target=end, args=(other, Succeeded())),
            threading.Thread(target=end, args=(parked, Waiting("First that.", other.id))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ledger.state(parked.id) == "queued"
        ledger.cancel(parked.id)
