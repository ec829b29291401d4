"""The answers for people."""

import pytest
from tests.ai.support import OWNER

from personal_assistant.ai import AITaskManager
from personal_assistant.ai.formatting import created, sign
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import ManualClock

# What is checked and said does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def manager(db: Database, clock: ManualClock) -> AITaskManager:
    return AITaskManager(db, clock)


def test_a_reminder_for_once_is_answered_with_id_local_time_and_distance(manager: AITaskManager) -> None:
    answer = manager.create_reminder_with_validation(OWNER, "Call mom", "tomorrow at 9am")
    assert answer.splitlines() == ["✅ Scheduled: Call mom (id 1)", "⏰ Wed 03 Jun 2026 09:00:00 (UTC), in 21 h"]


def test_a_recurring_one_is_answered_with_its_rule_and_the_next_occurrences_in_its_zone(
    manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "weekly", {"weekdays": [1, 3], "hour": 8}, zone="Europe/Paris")
    assert created(task, clock.now()).splitlines() == [
        "✅ Scheduled: Stretch (id 1)",
        "⏰ Thu 04 Jun 2026 08:00:00 (Europe/Paris), in 1 d 18 h",
        "🔁 every Tuesday and Thursday at 08:00",
        "   then Tue 09 Jun 2026 08:00:00",
        "   then Thu 11 Jun 2026 08:00:00",
        "   then Tue 16 Jun 2026 08:00:00",
        "   then Thu 18 Jun 2026 08:00:00",
    ]


def test_a_channel_that_does_not_work_here_is_pointed_out(manager: AITaskManager) -> None:
    answer = manager.create_reminder_with_validation(OWNER, "Call mom", "tomorrow at 9am", None, ["sms", "in_app"])
    assert "⚠️ The channel sms is not set up: it will come in_app." in answer.splitlines()


@pytest.mark.parametrize(
    ("title", "when"),
    [("Call mom", "yesterday"), ("Call mom", "blurb"), ("", "tomorrow at 9am"), ("x" * 300, "tomorrow at 9am")],
)
def test_a_refusal_is_an_answer_too(manager: AITaskManager, title: str, when: str) -> None:
    answer = manager.create_reminder_with_validation(OWNER, title, when)
    assert answer.startswith("❌ ") and answer.endswith((".", "?"))
    assert manager.get_user_tasks(OWNER) == []


def test_each_state_has_its_sign(manager: AITaskManager) -> None:
    del manager
    states = ("active", "paused", "completed", "failed", "missed")
    assert [sign(state) for state in states] == ["⏰", "⏸️", "✅", "❌", "⏭️"]


def test_a_changed_one_that_rests_says_so(manager: AITaskManager, clock: ManualClock) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily")
    paused = manager.pause_task(task.id)
    assert created(paused, clock.now(), "Changed").splitlines() == ["✅ Changed: Stretch (id 1)", "⏸️ It is paused."]
