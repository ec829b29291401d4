"""Occurrences that run: reminders are delivered once, other types fail with a reason and an alert."""

from datetime import timedelta

import pytest
from tests.ai.support import OWNER, another_person, dispatch, do, history, run_due, take

from personal_assistant.ai import AITaskManager
from personal_assistant.jobs import enqueue
from personal_assistant.jobs.outcomes import Cancelled, Failed, Succeeded
from personal_assistant.notifications.inbox import list_notifications
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks.ai_tasks import execute_ai_task


@pytest.fixture
def manager(db: Database, clock: ManualClock) -> AITaskManager:
    return AITaskManager(db, clock)


def told(db: Database, user_id: int = OWNER) -> list[tuple[str, str, str | None]]:
    """Kind, title and text of what a person was told, the oldest first."""
    with db.read() as conn:
        return [(it.kind, it.title, it.body) for it in reversed(list_notifications(conn, user_id))]


def test_a_reminder_comes_at_its_second_and_is_over(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Call mom", "once", {"run_at": "2026-06-02T12:00:10"}, description="Party")
    clock.advance(9.999999)
    assert run_due(runtime) == []
    clock.advance(0.000001)
    assert len(run_due(runtime)) == 1
    assert told(runtime.db) == [("reminder", "Call mom", "Party")]
    with runtime.db.read() as conn:
        assert [it.late_seconds for it in list_notifications(conn, OWNER)] == [0.0]
    after = manager.get_task(task.id)
    assert (after.status, after.next_run_at, after.last_run_at) == ("completed", None, clock.now())


def test_a_recurring_one_goes_on(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    task = manager.create_task(OWNER, "Stretch", "custom", {"interval_minutes": 10})
    for _ in range(3):
        clock.advance(600)
        run_due(runtime)
    after = manager.get_task(task.id)
    assert (after.status, after.next_run_at) == ("active", clock.now() + timedelta(minutes=10))
    assert len(told(runtime.db)) == 3


def test_one_that_counts_its_occurrences_is_over_after_the_last(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    config = {"hour": 13, "start": "2026-06-02", "count": 2}
    task = manager.create_task(OWNER, "Pills", "daily", config)
    for _ in range(3):
        clock.advance(86_400)
        run_due(runtime)
    assert (manager.get_task(task.id).status, len(told(runtime.db))) == ("completed", 2)


def test_a_person_is_told_their_own_things_only(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    grace = another_person(runtime.db)
    manager.create_task(OWNER, "Ada's", "custom", {"interval_minutes": 10})
    manager.create_task(grace, "Grace's", "custom", {"interval_minutes": 10})
    clock.advance(600)
    run_due(runtime)
    assert [title for _, title, _ in told(runtime.db)] == ["Ada's"]
    assert [title for _, title, _ in told(runtime.db, grace)] == ["Grace's"]


def test_an_occurrence_that_was_delivered_before_is_not_delivered_again(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "once", {"run_at": "2026-06-02T12:10:00"})
    clock.advance(600)
    dispatch(runtime.db, clock)
    claimed = take(runtime.db, clock)
    assert do(runtime, claimed) == do(runtime, claimed)
    assert len(told(runtime.db)) == 1
    assert [job.state for job in history(runtime.db, task.id)] == ["succeeded"]


def test_dispatching_twice_writes_one_row_for_an_occurrence(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13})
    clock.advance(3600)
    dispatch(runtime.db, clock)
    manager.update_task_status(task.id, "active", next_run_at=clock.now())
    dispatch(runtime.db, clock)
    assert len(history(runtime.db, task.id)) == 1


@pytest.mark.parametrize("task_type", ["automated_task", "periodic_task"])
def test_work_for_an_agent_fails_with_a_reason_and_an_alert(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock, task_type: str
) -> None:
    once = manager.create_task(OWNER, "Sum up", "once", {"run_at": "2026-06-02T12:10:00"}, task_type=task_type)
    often = manager.create_task(OWNER, "Watch", "custom", {"interval_minutes": 10}, task_type=task_type)
    clock.advance(600)
    outcomes = run_due(runtime)
    assert all(isinstance(outcome, Failed) and "No agent is set up" in outcome.error for outcome in outcomes)
    assert (manager.get_task(once.id).status, manager.get_task(often.id).status) == ("failed", "active")
    assert [(job.state, job.error_kind) for job in history(runtime.db, once.id)] == [("failed", "permanent")]
    alerts = told(runtime.db)
    assert sorted(title for _, title, _ in alerts) == ["❌ Did not run: Sum up", "❌ Did not run: Watch"]
    assert all(kind == "alert" and "No agent is set up" in str(body) for kind, _, body in alerts)


def test_a_failed_one_that_is_retried_as_a_reminder_is_completed(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    config = {"run_at": "2026-06-02T12:10:00"}
    task = manager.create_task(OWNER, "Sum up", "once", config, task_type="automated_task")
    clock.advance(600)
    run_due(runtime)
    manager.update_task(task.id, task_type="reminder")
    manager.retry_task(task.id)
    run_due(runtime)
    assert manager.get_task(task.id).status == "completed"
    titles = [title for _, title, _ in told(runtime.db)]
    assert titles == ["❌ Did not run: Sum up", "Sum up", "✅ Works again: Sum up"]


@pytest.mark.parametrize("odd", [{"ai_task_id": 10**20}, {"ai_task_id": "1"}, {"ai_task_id": 99}, {}])
def test_a_job_that_names_no_ai_task_does_not_take_the_others_with_it(
    runtime: Runtime, manager: AITaskManager, odd: dict[str, object]
) -> None:
    task = manager.create_task(OWNER, "Call mom", "daily", {"hour": 13})
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        for kwargs in (odd, {"ai_task_id": task.id}):
            job = execute_ai_task.options.job(execute_ai_task.name, kwargs=kwargs, user_id=OWNER)
            enqueue(conn, job, now=now)
    outcomes = run_due(runtime)
    assert {type(outcome) for outcome in outcomes} == {Cancelled, Succeeded} and len(outcomes) == 2
    assert told(runtime.db) == [("reminder", "Call mom", None)]
