"""Lists of AI tasks."""

from datetime import UTC, datetime

import pytest
from tests.ai.support import OWNER, another_person

from personal_assistant.ai import AITaskError, AITaskManager, AITaskNotFoundError
from personal_assistant.store.database import Database
from personal_assistant.store.people import PersonNotFoundError
from personal_assistant.timing.clock import ManualClock


@pytest.fixture
def manager(db: Database, clock: ManualClock) -> AITaskManager:
    return AITaskManager(db, clock)


def test_a_persons_tasks_come_by_their_next_instant_and_resting_ones_last(manager: AITaskManager) -> None:
    late = manager.create_task(OWNER, "Late", "daily", {"hour": 20}).id
    resting = manager.create_task(OWNER, "Resting", "daily", {"hour": 13}).id
    early = manager.create_task(OWNER, "Early", "daily", {"hour": 14}).id
    manager.pause_task(resting)
    assert [task.id for task in manager.get_user_tasks(OWNER)] == [early, late, resting]
    assert [task.id for task in manager.get_user_tasks(OWNER, limit=1)] == [early]
    assert [task.id for task in manager.get_user_tasks(OWNER, "paused")] == [resting]
    with pytest.raises(AITaskError, match="There is no state 'late'"):
        manager.get_user_tasks(OWNER, "late")


def test_due_tasks_are_those_of_everybody_whose_instant_has_come(
    db: Database, manager: AITaskManager, clock: ManualClock
) -> None:
    second = manager.create_task(OWNER, "Second", "once", {"run_at": "2026-06-02T12:20:00"}).id
    first = manager.create_task(another_person(db), "First", "custom", {"interval_minutes": 10}).id
    manager.create_task(OWNER, "Not yet", "daily")
    manager.pause_task(manager.create_task(OWNER, "Resting", "custom", {"interval_minutes": 5}).id)
    assert manager.get_due_tasks() == []
    clock.advance(1200)
    assert [task.id for task in manager.get_due_tasks()] == [first, second]
    assert [task.id for task in manager.get_due_tasks(limit=1)] == [first]


def test_the_next_run_is_counted_from_a_given_instant(manager: AITaskManager) -> None:
    naive = datetime(2026, 7, 1, 12, 0)  # noqa: DTZ001 - the earlier scheduler's instants are naive UTC
    found = manager.calculate_next_run("daily", {"hour": 9}, zone="Europe/Paris", after=naive)
    assert found == datetime(2026, 7, 2, 7, 0, tzinfo=UTC)
    assert manager.calculate_next_run("once", {"run_at": "2020-01-01T00:00:00"}) is None


@pytest.mark.parametrize(("kind", "zone"), [("hourly", "UTC"), ("daily", "Mars/Olympus")])
def test_an_impossible_schedule_has_no_next_run(manager: AITaskManager, kind: str, zone: str) -> None:
    with pytest.raises(AITaskError, match="There is no"):
        manager.calculate_next_run(kind, zone=zone)


@pytest.mark.parametrize("number", [2**31, -(2**70)])
def test_a_number_that_no_id_can_be_is_nobodys(manager: AITaskManager, number: int) -> None:
    with pytest.raises(AITaskNotFoundError, match=f"no AI task {number}"):
        manager.get_task(number)
    with pytest.raises(PersonNotFoundError, match=f"no person {number}"):
        manager.create_task(number, "Stretch", "daily")
