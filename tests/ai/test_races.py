"""An AI task that is changed while an occurrence of it runs: the states fit together whatever comes first."""

import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, dispatch, do, history, run_due, take
from tests.end_to_end.assistants import until

from personal_assistant.ai import AITask, AITaskError, AITaskManager
from personal_assistant.ai.due import dispatch_due
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.queries import get_job
from personal_assistant.notifications.inbox import list_notifications
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

TEN_PAST = {"run_at": "2026-06-02T12:10:00"}


@pytest.fixture
def manager(db: Database, clock: ManualClock) -> AITaskManager:
    return AITaskManager(db, clock)


def running(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock, kind: str, **more: str
) -> tuple[AITask, list[ClaimedJob]]:
    """An AI task whose occurrence is claimed and has not been done yet."""
    config = TEN_PAST if kind == "once" else {"interval_minutes": 10}
    task = manager.create_task(OWNER, "Stretch", kind, config, **more)  # type: ignore[arg-type]
    clock.advance(600)
    dispatch(runtime.db, clock)
    return task, take(runtime.db, clock)


def delivered(db: Database) -> int:
    with db.read() as conn:
        return len(list_notifications(conn, OWNER))


def test_pausing_lets_what_runs_end_and_stays_paused(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task, claimed = running(runtime, manager, clock, "custom")
    manager.pause_task(task.id)
    do(runtime, claimed)
    after = manager.get_task(task.id)
    assert (after.status, after.next_run_at, after.last_run_at) == ("paused", None, clock.now())
    assert [job.state for job in history(runtime.db, task.id)] == ["succeeded"]
    assert delivered(runtime.db) == 1


def test_pausing_and_resuming_meanwhile_changes_nothing_for_what_runs(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task, claimed = running(runtime, manager, clock, "custom")
    manager.pause_task(task.id)
    resumed = manager.resume_task(task.id)
    do(runtime, claimed)
    after = manager.get_task(task.id)
    assert (after.status, after.next_run_at) == ("active", resumed.next_run_at)


def test_the_only_occurrence_cannot_be_paused_while_it_runs(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task, claimed = running(runtime, manager, clock, "once")
    with pytest.raises(AITaskError, match="is processing, not active"):
        manager.pause_task(task.id)
    do(runtime, claimed)
    assert manager.get_task(task.id).status == "completed"


def test_an_occurrence_that_ran_counts_though_its_task_was_cancelled_meanwhile(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task, claimed = running(runtime, manager, clock, "once")
    assert manager.cancel_task(task.id).status == "cancelled"
    do(runtime, claimed)
    assert manager.get_task(task.id).status == "completed"
    assert delivered(runtime.db) == 1


def test_removing_it_cancels_what_runs(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    task, claimed = running(runtime, manager, clock, "custom")
    manager.delete_task(task.id)
    do(runtime, claimed)
    with runtime.db.read() as conn:
        job = get_job(conn, claimed[0].id)
    assert (job.state, job.ai_task_id) == ("cancelled", None)
    assert delivered(runtime.db) == 0


def test_a_new_time_given_meanwhile_is_kept(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    task, claimed = running(runtime, manager, clock, "once")
    manager.update_task(task.id, schedule_config={"run_at": "2026-06-02T13:00:00"})
    do(runtime, claimed)
    after = manager.get_task(task.id)
    assert (after.status, after.next_run_at) == ("active", datetime(2026, 6, 2, 13, 0, tzinfo=UTC))
    clock.advance(3600)
    run_due(runtime)
    assert manager.get_task(task.id).status == "completed"
    assert delivered(runtime.db) == 2


def test_a_failure_of_the_old_time_leaves_the_new_one_active(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task, claimed = running(runtime, manager, clock, "once", task_type="automated_task")
    manager.update_task(task.id, schedule_config={"run_at": "2026-06-02T13:00:00"})
    do(runtime, claimed)
    assert manager.get_task(task.id).status == "active"


def test_a_new_title_given_meanwhile_is_delivered(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    task, claimed = running(runtime, manager, clock, "custom")
    manager.update_task(task.id, title="Walk")
    do(runtime, claimed)
    with runtime.db.read() as conn:
        assert [it.title for it in list_notifications(conn, OWNER)] == ["Walk"]


def test_a_due_one_that_is_paused_before_it_is_dispatched_does_not_come(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "once", TEN_PAST)
    clock.advance(600)
    manager.pause_task(task.id)
    assert run_due(runtime) == []
    assert (manager.get_task(task.id).status, delivered(runtime.db)) == ("paused", 0)


def test_pausing_waits_for_a_scheduler_that_is_at_it_and_cancels_what_that_wrote(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "custom", {"interval_minutes": 10})
    clock.advance(600)
    pausing = threading.Thread(target=manager.pause_task, args=(task.id,))
    with runtime.db.write() as conn:
        assert dispatch_due(conn, clock.now(), 10) == 1
        pausing.start()
        if not runtime.db.is_sqlite:  # there all writers wait for each other anyway
            until(lambda: waits_for_a_lock(runtime.db), 10)
    pausing.join()
    assert manager.get_task(task.id).status == "paused"
    assert [job.state for job in history(runtime.db, task.id)] == ["cancelled"]


def waits_for_a_lock(db: Database) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with db.read() as conn:
        return bool(conn.execute(sa.text(waiting)).scalar_one())
