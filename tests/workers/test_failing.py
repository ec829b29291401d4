"""A schedule that fails: its owner is told once, daily while it goes on, and once when it works again."""

from collections.abc import Iterator

import pytest
from tests.support.ledger import WORKER, Ledger

from personal_assistant.jobs.finish import finish_many
from personal_assistant.jobs.outcomes import Failed, Outcome, Succeeded
from personal_assistant.notifications.inbox import list_notifications
from personal_assistant.workers.runtime import Runtime, use
from personal_assistant.workers.schedulers import timetable
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.tasks.incident_tasks import tell_incidents
from personal_assistant.workers.utils.task_monitoring import settle

BROKEN = Failed("The disk is full.", "permanent")
NAME = "cleanup_old_logs"


@pytest.fixture
def used(runtime: Runtime) -> Iterator[Runtime]:
    use(runtime)
    timetable.sync_timetable(runtime, "UTC")
    yield runtime
    use(None)


def end(ledger: Ledger, outcome: Outcome) -> None:
    """One occurrence of the schedule that ends so, as a runner writes it."""
    ledger.clock.advance(3600)
    with ledger.db.write() as conn:
        job_id = timetable.run_now(conn, NAME, ledger.now)
    claimed = ledger.take_one(job_id)
    with ledger.db.write() as conn:
        settle(conn, load_tasks(), finish_many(conn, WORKER, [(claimed, outcome)], ledger.now))


def told(ledger: Ledger) -> list[str]:
    with ledger.db.read() as conn:
        return [it.title for it in reversed(list_notifications(conn, 1))]


def test_its_owner_hears_of_it_once_a_day_and_when_it_is_over(used: Runtime, ledger: Ledger) -> None:
    del used
    for outcome in (Succeeded(), BROKEN, BROKEN, BROKEN):
        end(ledger, outcome)
    assert told(ledger) == [f"❌ Failed: {NAME}"]
    assert tell_incidents.run() == {"told": 1} and tell_incidents.run() == {"told": 0}
    end(ledger, Succeeded())
    end(ledger, Succeeded())
    assert told(ledger) == [f"❌ Failed: {NAME}", f"❌ Failed again: {NAME}", f"✅ Works again: {NAME}"]


def test_other_jobs_are_nobodys_business(used: Runtime, ledger: Ledger) -> None:
    job = ledger.take_one(ledger.add())
    with used.db.write() as conn:
        settle(conn, load_tasks(), finish_many(conn, WORKER, [(job, BROKEN)], ledger.now))
    assert told(ledger) == []
