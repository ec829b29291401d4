"""Rows as the earlier scheduler left them: read, listed, fired or reported, and in nobody's way."""

from datetime import timedelta
from typing import Any

import pytest
from tests.ai.support import OWNER, history, odd_row, run_due

from personal_assistant.ai import AITaskError, AITaskManager
from personal_assistant.notifications.inbox import list_notifications
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime


@pytest.fixture
def manager(db: Database, clock: ManualClock) -> AITaskManager:
    return AITaskManager(db, clock)


@pytest.mark.parametrize(
    "values",
    [
        {"schedule_config": None, "notification_channels": None},
        {"schedule_config": {}},
        {"schedule_config": {"hour": "7", "minute": "30"}},
        {"schedule_type": "weekly", "schedule_config": {"weekdays": [3, 0], "hour": 9}},
        {"schedule_type": "weekly", "schedule_config": {"weekdays": []}},
        {"schedule_type": "monthly", "schedule_config": {"day": 31, "hour": 8, "minute": 0}},
        {"schedule_type": "custom", "schedule_config": None},
        {"title": "x" * 255},
        {"notification_channels": ["pager", "fax"]},
        {"notification_channels": []},
    ],
)
def test_active_ones_fire_at_their_instant_and_follow_their_rule(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock, values: dict[str, Any]
) -> None:
    task_id = odd_row(runtime.db, next_run_at=clock.now(), **values)
    run_due(runtime)
    after = manager.get_task(task_id)
    assert after.status == "active" and after.problem is None
    assert after.next_run_at is not None and after.next_run_at > clock.now()
    assert [job.state for job in history(runtime.db, task_id)] == ["succeeded"]


@pytest.mark.parametrize("config", [None, {}, {"run_at": "2025-09-08 10:00:00"}, {"run_at": "nonsense"}])
def test_one_for_once_fires_at_its_instant_whatever_its_configuration_says(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock, config: dict[str, Any] | None
) -> None:
    task_id = odd_row(runtime.db, schedule_type="once", schedule_config=config, next_run_at=clock.now())
    assert manager.get_task(task_id).upcoming() == [clock.now()]
    run_due(runtime)
    assert manager.get_task(task_id).status == "completed"


@pytest.mark.parametrize(
    "values",
    [
        {"schedule_config": {"hour": 99}},
        {"schedule_config": ["a", "list"]},
        {"schedule_config": "text"},
        {"schedule_config": {"hour": None, "colour": "red"}},
        {"zone": "Mars/Olympus"},
    ],
)
def test_what_cannot_be_read_is_set_aside_with_its_problem_and_stops_no_other(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock, values: dict[str, Any]
) -> None:
    broken = odd_row(runtime.db, next_run_at=clock.now() - timedelta(seconds=1), **values)
    sound = odd_row(runtime.db, next_run_at=clock.now())
    assert manager.get_task(broken).upcoming(1) == [clock.now() - timedelta(seconds=1)]
    run_due(runtime)
    after = manager.get_task(broken)
    assert (after.status, after.next_run_at) == ("active", None)
    assert after.problem is not None and after.problem.startswith("Its schedule cannot be read: ")
    assert [job.state for job in history(runtime.db, sound)] == ["succeeded"]
    with pytest.raises(AITaskError, match="Give it a new time first"):
        manager.resume_task(broken)
    mended = manager.update_task(broken, schedule_type="daily", zone="UTC")
    assert mended.problem is None and mended.next_run_at is not None


def test_one_without_an_instant_stays_as_it_is_and_can_be_resumed(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task_id = odd_row(runtime.db, schedule_config=None, next_run_at=None)
    assert run_due(runtime) == []
    assert manager.get_task(task_id).upcoming() == []
    assert manager.resume_task(task_id).next_run_at is not None


@pytest.mark.parametrize("status", ["paused", "completed", "failed", "processing", None])
def test_those_in_other_states_are_listed_and_do_not_fire(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock, status: str | None
) -> None:
    task_id = odd_row(runtime.db, status=status, next_run_at=clock.now(), created_at=None, updated_at=None)
    assert run_due(runtime) == []
    assert [task.id for task in manager.get_user_tasks(OWNER)] == [task_id]


def test_one_without_a_state_rests_until_it_is_resumed(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task_id = odd_row(runtime.db, status=None, next_run_at=clock.now())
    assert (manager.get_task(task_id).status, manager.get_task(task_id).upcoming()) == ("paused", [])
    assert manager.resume_task(task_id).status == "active"


def test_an_unknown_channel_does_not_keep_the_rest_from_being_edited(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task_id = odd_row(runtime.db, notification_channels=["pager"], next_run_at=clock.now())
    assert manager.update_task(task_id, title="Renew passport").notification_channels == ["pager"]
    run_due(runtime)
    with runtime.db.read() as conn:
        [notification] = list_notifications(conn, OWNER)
    assert notification.title == "Renew passport"
