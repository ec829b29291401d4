"""What an AI task may not look like, when it is created and when it is changed."""

from typing import Any

import pytest
from tests.ai.support import OWNER

from personal_assistant.ai import AITaskError, AITaskManager
from personal_assistant.errors import AssistantError
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import ManualClock

# What is checked and said does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

VALID: dict[str, Any] = {"title": "Stretch", "schedule_type": "daily", "schedule_config": {"hour": 9}}

REFUSED = [
    ({"title": "x" * 256}, "256 characters; at most 255"),
    ({"title": "x" * 300}, "300 characters; at most 255"),
    ({"title": ""}, "needs a title"),
    ({"title": " \n\t "}, "needs a title"),
    ({"title": "a\x00b"}, "control characters"),
    ({"title": "a\x1b[31mb"}, "control characters"),
    ({"title": "a\udcffb"}, "control characters"),
    ({"description": "x" * 10_001}, "at most 10000"),
    ({"description": "bell\x07"}, "description holds control characters"),
    ({"ai_context": "x" * 50_001}, "at most 50000"),
    ({"task_type": "alarm"}, "no type of AI task 'alarm'"),
    ({"notification_channels": ["pager"]}, "no channel 'pager'"),
    ({"missed_policy": "twice"}, "no missed-run policy 'twice'"),
    ({"max_lateness_seconds": -1}, "greatest lateness"),
    ({"max_lateness_seconds": 10**12}, "greatest lateness"),
    ({"zone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
    ({"zone": "Europe/Pari"}, "Did you mean Europe/Paris"),
    ({"schedule_type": "hourly"}, "no schedule type 'hourly'"),
    ({"schedule_config": {"hour": 24}}, "hour is a whole number from 0 to 23"),
    ({"schedule_config": {"colour": 3}}, "has no colour"),
    ({"schedule_type": "once", "schedule_config": {}}, "needs run_at"),
    ({"schedule_type": "once", "schedule_config": {"run_at": "soon"}}, "not 'soon'"),
    ({"schedule_type": "once", "schedule_config": {"run_at": "2026-06-02T12:00:00"}}, "in the past"),
    ({"schedule_type": "once", "schedule_config": {"run_at": "2020-01-01T09:00:00"}}, "in the past"),
    ({"schedule_type": "daily", "schedule_config": {"until": "2026-06-01"}}, "in the past"),
    ({"schedule_type": "custom", "schedule_config": {"interval_minutes": 0}}, "at least 1"),
]


@pytest.fixture
def manager(db: Database, clock: ManualClock) -> AITaskManager:
    return AITaskManager(db, clock)


@pytest.mark.parametrize(("given", "reason"), REFUSED)
def test_nothing_is_stored_of_what_is_refused(manager: AITaskManager, given: dict[str, Any], reason: str) -> None:
    with pytest.raises(AssistantError, match=reason):
        manager.create_task(OWNER, **{**VALID, **given})
    assert manager.get_user_tasks(OWNER) == []


@pytest.mark.parametrize(("given", "reason"), REFUSED)
def test_nothing_changes_by_an_edit_that_is_refused(manager: AITaskManager, given: dict[str, Any], reason: str) -> None:
    task = manager.create_task(OWNER, **VALID)
    with pytest.raises(AssistantError, match=reason):
        manager.update_task(task.id, OWNER, **given)
    assert manager.get_task(task.id) == task


@pytest.mark.parametrize(
    "title", ["x" * 255, "日本語のタイトル", "👩‍👩‍👧 family dinner ⏰", "' OR 1=1; --", "<script>alert(1)</script>"]
)
def test_titles_are_kept_as_they_are(manager: AITaskManager, title: str) -> None:
    assert manager.create_task(OWNER, **{**VALID, "title": title}).title == title


@pytest.mark.parametrize("field", ["status", "next_run_at", "id", "revision", "problem"])
def test_fields_that_follow_from_others_cannot_be_set(manager: AITaskManager, field: str) -> None:
    changes: dict[str, Any] = {field: 1}
    task = manager.create_task(OWNER, **VALID)
    with pytest.raises(AITaskError, match=f"{field} cannot be changed"):
        manager.update_task(task.id, OWNER, **changes)
