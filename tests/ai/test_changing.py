"""Editing, pausing, resuming, cancelling, retrying and removing AI tasks."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.ai.support import OWNER, another_person, dispatch, history, run_due

from personal_assistant.ai import AITaskError, AITaskManager, AITaskNotFoundError
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime


@pytest.fixture
def manager(db: Database, clock: ManualClock) -> AITaskManager:
    return AITaskManager(db, clock)


def test_a_new_title_leaves_the_plan_alone(manager: AITaskManager, clock: ManualClock) -> None:
    task = manager.create_task(OWNER, "Stretch", "custom", {"interval_minutes": 60})
    clock.advance(600)
    changed = manager.update_task(task.id, OWNER, title="Walk", description=None)
    assert (changed.title, changed.next_run_at, changed.revision) == ("Walk", task.next_run_at, 2)
    assert changed.updated_at == clock.now()


def test_a_new_schedule_plans_anew_and_cancels_what_was_open(
    db: Database, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13})
    clock.advance(3600)
    dispatch(db, clock)
    changed = manager.update_task(task.id, schedule_config={"hour": 15})
    assert changed.next_run_at == datetime(2026, 6, 2, 15, 0, tzinfo=UTC)
    assert [job.state for job in history(db, task.id)] == ["cancelled"]


def test_a_new_type_starts_from_its_defaults(manager: AITaskManager) -> None:
    task = manager.create_task(OWNER, "Stretch", "once", {"run_at": "2026-06-03T10:00:00"})
    changed = manager.update_task(task.id, schedule_type="daily")
    assert changed.next_run_at == datetime(2026, 6, 3, 9, 0, tzinfo=UTC)


def test_a_new_zone_keeps_the_wall_clock_time(manager: AITaskManager) -> None:
    task = manager.create_task(OWNER, "Lunch", "daily", {"hour": 13})
    changed = manager.update_task(task.id, zone="America/New_York")
    assert changed.next_run_at == datetime(2026, 6, 2, 17, 0, tzinfo=UTC)


def test_a_paused_one_stays_paused_with_its_new_schedule(manager: AITaskManager) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily")
    manager.pause_task(task.id)
    changed = manager.update_task(task.id, schedule_config={"hour": 18})
    assert (changed.status, changed.next_run_at) == ("paused", None)
    assert manager.resume_task(task.id).next_run_at == datetime(2026, 6, 2, 18, 0, tzinfo=UTC)


def test_a_completed_one_becomes_active_by_a_new_time(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "once", {"run_at": "2026-06-02T12:00:10"})
    clock.advance(10)
    run_due(runtime)
    assert manager.get_task(task.id).status == "completed"
    changed = manager.update_task(task.id, schedule_config={"run_at": "2026-06-02T13:00:00"})
    assert (changed.status, changed.upcoming()) == ("active", [datetime(2026, 6, 2, 13, 0, tzinfo=UTC)])


def test_pausing_cancels_what_is_open_and_nothing_comes_until_it_is_resumed(
    db: Database, runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "custom", {"interval_minutes": 10})
    clock.advance(600)
    dispatch(db, clock)
    assert manager.pause_task(task.id).status == "paused"
    clock.advance(3600)
    assert run_due(runtime) == []
    resumed = manager.resume_task(task.id, OWNER)
    assert (resumed.status, resumed.next_run_at) == ("active", clock.now() + timedelta(minutes=10))
    assert [job.state for job in history(db, task.id)] == ["cancelled"]


def test_only_an_active_one_can_be_paused_and_only_a_resting_one_resumed(manager: AITaskManager) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily")
    with pytest.raises(AITaskError, match="active already"):
        manager.resume_task(task.id)
    manager.pause_task(task.id)
    with pytest.raises(AITaskError, match="is paused, not active"):
        manager.pause_task(task.id)


def test_one_whose_time_passed_while_it_rested_cannot_be_resumed(manager: AITaskManager, clock: ManualClock) -> None:
    task = manager.create_task(OWNER, "Stretch", "once", {"run_at": "2026-06-02T12:10:00"})
    manager.pause_task(task.id)
    clock.advance(3600)
    with pytest.raises(AITaskError, match="is over: Tue 2 Jun 2026 at 12:10"):
        manager.resume_task(task.id)
    assert manager.get_task(task.id).status == "paused"


def test_a_cancelled_one_stays_in_the_list_and_does_not_happen(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13})
    assert manager.cancel_task(task.id, OWNER).status == "cancelled"
    clock.advance(7200)
    assert run_due(runtime) == []
    assert [it.id for it in manager.get_user_tasks(OWNER, "cancelled")] == [task.id]
    with pytest.raises(AITaskError, match="cancelled already"):
        manager.cancel_task(task.id)


def test_a_cancelled_occurrence_can_be_retried(
    db: Database, runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13})
    with pytest.raises(AITaskError, match="no occurrence"):
        manager.retry_task(task.id)
    clock.advance(3600)
    dispatch(db, clock)
    manager.pause_task(task.id)
    job = manager.retry_task(task.id, OWNER)
    assert job.state == "queued"
    run_due(runtime)
    assert [it.state for it in history(db, task.id)] == ["succeeded"]
    assert manager.get_task(task.id).status == "paused"


def test_running_it_now_leaves_its_plan_alone(
    db: Database, runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "once", {"run_at": "2026-06-03T10:00:00"})
    manager.run_now(task.id, OWNER)
    assert len(run_due(runtime)) == 1
    after = manager.get_task(task.id)
    assert (after.status, after.next_run_at, after.last_run_at) == ("active", task.next_run_at, clock.now())


def test_removing_cancels_what_is_open_and_keeps_the_history(
    db: Database, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13})
    clock.advance(3600)
    dispatch(db, clock)
    job = history(db, task.id)[0]
    assert manager.delete_task(task.id, OWNER).title == "Stretch"
    with pytest.raises(AITaskNotFoundError):
        manager.get_task(task.id)
    from personal_assistant.jobs.queries import get_job

    with db.read() as conn:
        kept = get_job(conn, job.id)
    assert (kept.state, kept.ai_task_id) == ("cancelled", None)


def test_other_peoples_things_cannot_be_seen_or_touched(db: Database, manager: AITaskManager) -> None:
    theirs = manager.create_task(another_person(db), "Secret", "daily")
    assert manager.get_user_tasks(OWNER) == []
    attempts = (
        manager.get_task,
        manager.update_task,
        manager.pause_task,
        manager.resume_task,
        manager.cancel_task,
        manager.run_now,
        manager.retry_task,
        manager.delete_task,
    )
    for attempt in attempts:
        with pytest.raises(AITaskNotFoundError, match=f"no AI task {theirs.id}"):
            attempt(theirs.id, OWNER)
    with pytest.raises(AITaskNotFoundError):
        manager.update_task_status(theirs.id, "paused", user_id=OWNER)
    assert manager.get_task(theirs.id) == theirs


def test_states_are_set_as_the_earlier_scheduler_did(db: Database, manager: AITaskManager, clock: ManualClock) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13})
    clock.advance(3600)
    dispatch(db, clock)
    naive = datetime(2026, 6, 4, 13, 0)  # noqa: DTZ001 - the earlier scheduler's instants are naive UTC
    again = manager.update_task_status(task.id, "active", last_run_at=clock.now(), next_run_at=naive)
    assert (again.next_run_at, again.last_run_at) == (naive.replace(tzinfo=UTC), clock.now())
    assert [job.state for job in history(db, task.id)] == ["queued"], "an active one keeps what is open"
    assert manager.update_task_status(task.id, "completed").upcoming() == []
    assert [job.state for job in history(db, task.id)] == ["cancelled"]
    with pytest.raises(AITaskError, match="There is no state 'asleep'"):
        manager.update_task_status(task.id, "asleep")
