"""Creating AI tasks: what is stored, what is planned, what is said."""

from datetime import UTC, datetime

import pytest
from tests.ai.support import OWNER, another_person

from personal_assistant.ai import AITaskError, AITaskManager
from personal_assistant.store.database import Database
from personal_assistant.store.people import PersonNotFoundError
from personal_assistant.timing.clock import ManualClock


@pytest.fixture
def manager(db: Database, clock: ManualClock) -> AITaskManager:
    return AITaskManager(db, clock)


def test_a_created_task_holds_what_was_given(manager: AITaskManager, clock: ManualClock) -> None:
    task = manager.create_task(
        OWNER,
        "  Call \n mom ",
        "once",
        {"run_at": "2026-06-03T09:00:00"},
        description="About the\nparty",
        ai_context="Be kind.",
        notification_channels=["email", "in_app", "email"],
        zone="europe/paris",
        missed_policy="skip",
        max_lateness_seconds=60,
    )
    assert (task.title, task.description, task.ai_context) == ("Call mom", "About the\nparty", "Be kind.")
    assert task.notification_channels == ["email", "in_app"]
    assert (task.zone, task.missed_policy, task.max_lateness_seconds) == ("Europe/Paris", "skip", 60)
    assert task.next_run_at == datetime(2026, 6, 3, 7, 0, tzinfo=UTC)
    assert (task.status, task.task_type, task.revision, task.problem) == ("active", "reminder", 1, None)
    assert task.created_at == task.updated_at == clock.now()
    assert manager.get_task(task.id, OWNER) == task


@pytest.mark.parametrize(
    ("schedule_type", "config", "first"),
    [
        ("once", {"run_at": "2026-06-02T12:00:01"}, datetime(2026, 6, 2, 12, 0, 1, tzinfo=UTC)),
        ("daily", None, datetime(2026, 6, 3, 9, 0, tzinfo=UTC)),
        ("daily", {"hour": "14", "minute": "30"}, datetime(2026, 6, 2, 14, 30, tzinfo=UTC)),
        ("weekly", {}, datetime(2026, 6, 8, 9, 0, tzinfo=UTC)),
        ("weekly", {"weekdays": [4, 2], "hour": 8}, datetime(2026, 6, 3, 8, 0, tzinfo=UTC)),
        ("monthly", {"day": 31}, datetime(2026, 6, 30, 9, 0, tzinfo=UTC)),
        ("yearly", {"month": 2, "day": 1}, datetime(2027, 2, 1, 9, 0, tzinfo=UTC)),
        ("custom", {"interval_minutes": 90}, datetime(2026, 6, 2, 13, 30, tzinfo=UTC)),
        ("cron", {"expression": "*/5 * * * *"}, datetime(2026, 6, 2, 12, 5, tzinfo=UTC)),
        ("rrule", {"rule": "FREQ=DAILY", "start": "2026-06-01T10:00"}, datetime(2026, 6, 3, 10, 0, tzinfo=UTC)),
    ],
)
def test_every_schedule_type_is_stored_and_planned(
    manager: AITaskManager, schedule_type: str, config: dict[str, object] | None, first: datetime
) -> None:
    task = manager.create_task(OWNER, "Stretch", schedule_type, config)
    assert task.next_run_at == first == manager.calculate_next_run(schedule_type, config)
    assert task.upcoming(1) == [first]
    assert task.schedule_type == schedule_type


def test_a_persons_own_zone_counts_where_none_is_given(db: Database, manager: AITaskManager) -> None:
    task = manager.create_task(another_person(db), "Lunch", "daily", {"hour": 12})
    assert task.zone == "America/New_York"
    assert task.next_run_at == datetime(2026, 6, 2, 16, 0, tzinfo=UTC)


def test_nobody_can_schedule_for_a_person_who_does_not_exist(manager: AITaskManager) -> None:
    with pytest.raises(PersonNotFoundError, match="no person 77"):
        manager.create_task(77, "Stretch", "daily")


def test_periodic_tasks_are_created_with_their_type(manager: AITaskManager) -> None:
    task = manager.create_periodic_task(OWNER, "Morning brief", "daily", {"hour": 7}, ai_context="Short.")
    assert (task.task_type, task.ai_context) == ("periodic_task", "Short.")


def test_a_sentence_becomes_a_reminder(manager: AITaskManager) -> None:
    task = manager.create_from_words(OWNER, "call mom tomorrow at 9am")
    assert (task.title, task.next_run_at) == ("call mom", datetime(2026, 6, 3, 9, 0, tzinfo=UTC))


def test_a_title_and_a_time_text_become_a_reminder(manager: AITaskManager) -> None:
    task = manager.create_from_words(OWNER, "Call mom at 5", when="every weekday at 8am", zone="Europe/Paris")
    assert (task.title, task.schedule.describe()) == ("Call mom at 5", "every weekday at 08:00")
    assert task.next_run_at == datetime(2026, 6, 3, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize("when", ["yesterday at 9am", "whenever", "", "30 february at 9am"])
def test_what_is_past_or_not_understood_is_refused_and_nothing_is_stored(manager: AITaskManager, when: str) -> None:
    with pytest.raises(AITaskError):
        manager.create_from_words(OWNER, "Call mom", when=when)
    assert manager.get_user_tasks(OWNER) == []


def test_an_unknown_zone_is_refused_for_words_too(manager: AITaskManager) -> None:
    with pytest.raises(AITaskError, match="no time zone 'Mars/Olympus'"):
        manager.create_from_words(OWNER, "call mom tomorrow at 9am", zone="Mars/Olympus")
