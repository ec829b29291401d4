"""What a reminder may have beyond its time and its text, and what is refused with a reason."""

from typing import Any

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person

from personal_assistant.ai import AITaskManager
from personal_assistant.ai.extras import Extras
from personal_assistant.ai.model import AITaskError
from personal_assistant.notifications.addresses import add_address
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import ai_tasks, reminders
from personal_assistant.workers.runtime import Runtime


@pytest.fixture
def manager(runtime: Runtime) -> AITaskManager:
    return AITaskManager(runtime.db, runtime.clock)


def made(manager: AITaskManager, **extras: Any) -> Extras:
    task = manager.create_from_words(OWNER, "Pills", when="every day at 9pm", extras=extras)
    return manager.extras_of(task.id)


def test_lengths_are_understood_in_words(manager: AITaskManager) -> None:
    words = {"repeat_minutes": "every 10 minutes", "escalate_minutes": "after 1 hour", "expire_minutes": "2 days"}
    assert made(manager, **words) == Extras(repeat_minutes=10, escalate_minutes=60, expire_minutes=2880)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("1 day and 1 hour before", [86_400, 3600]),
        (["1 hour", "2 days ahead"], [172_800, 3600]),
        ("1 week, 1 day and 90 minutes", [604_800, 86_400, 5400]),
        ("1h30m", [5400]),
        ([3600, 3600], [3600]),
    ],
)
def test_notices_ahead_are_several_lengths(manager: AITaskManager, given: Any, seconds: list[int]) -> None:
    assert made(manager, pre_notices=given).pre_notices == seconds


def test_tags_are_tidied(manager: AITaskManager) -> None:
    assert made(manager, tags=["#health", "health", "  in   town ", ""]).tags == ["health", "in town"]


def test_without_wishes_there_are_the_defaults_and_no_row(manager: AITaskManager, runtime: Runtime) -> None:
    assert made(manager) == Extras()
    with runtime.db.read() as conn:
        assert conn.execute(sa.select(reminders)).all() == []


def test_what_is_named_is_changed_and_nothing_takes_it_away(manager: AITaskManager) -> None:
    task = manager.create_from_words(OWNER, "Pills", when="every day at 9pm", extras={"notes": "white", "tags": ["a"]})
    manager.update_task(task.id, OWNER, extras={"notes": "blue", "repeat_minutes": 5})
    assert manager.extras_of(task.id) == Extras(notes="blue", tags=["a"], repeat_minutes=5)
    manager.update_task(task.id, OWNER, extras={"notes": None, "repeat_minutes": None, "tags": None})
    assert manager.extras_of(task.id) == Extras()


def test_it_is_escalated_to_an_address_a_channel_or_a_person(manager: AITaskManager, runtime: Runtime) -> None:
    other = another_person(runtime.db)
    with runtime.db.write() as conn:
        vault, now = vault_of(runtime.settings), runtime.clock.now()
        mail, _ = add_address(conn, vault, OWNER, "email", "ada@example.org", name="Home", now=now)
        add_address(conn, vault, other, "email", "grace@example.org", name="Hers", now=now)
    after = {"escalate_minutes": 5}
    assert made(manager, escalate_to="home", **after).escalate_address_id == mail.id
    assert made(manager, escalate_to="EMAIL", **after).escalate_address_id == mail.id
    assert made(manager, escalate_to="grace@EXAMPLE.org", **after).escalate_user_id == other
    for nobody in ("hers", "ada", "webhook", "x" * 300, "' OR 1=1 --", "owner@localhost"):
        with pytest.raises(AITaskError, match="nobody to escalate to"):
            made(manager, escalate_to=nobody, **after)


@pytest.mark.parametrize(
    ("extras", "reason"),
    [
        ({"colour": "red"}, "A reminder has no colour; it has attachments, "),
        ({"resume_at": "2030-01-01"}, "A reminder has no resume_at"),
        ({"priority": "huge"}, "There is no priority 'huge'. There are low, normal, high, urgent."),
        ({"repeat_minutes": "sometimes"}, "«sometimes» is no length of time"),
        ({"repeat_minutes": "30 seconds"}, "It can be told again every minute at the soonest"),
        ({"repeat_minutes": 0}, "It can be told again every minute at the soonest"),
        ({"repeat_minutes": "2 years"}, "«2 years» is no length of time"),
        ({"expire_minutes": 366 * 1440 + 1}, "a year at the latest"),
        ({"escalate_minutes": -5}, "It can be escalated after a minute at the soonest"),
        ({"repeat_limit": 0}, "1 to 1000 times, not 0"),
        ({"repeat_limit": 1001}, "1 to 1000 times, not 1001"),
        ({"pre_notices": ["59 seconds"]}, "a minute to a year ahead"),
        ({"pre_notices": [f"{number} minutes" for number in range(1, 12)]}, "At most 10 notices"),
        ({"pre_notices": "soon"}, "«soon» is no length of time"),
        ({"pre_notices": "1 day and"}, "is no length of time"),
        ({"tags": ["a,b"]}, "without commas"),
        ({"tags": ["a" * 41]}, "at most 40 characters"),
        ({"tags": ["a\x00b"]}, "A tag is a word"),
        ({"tags": [str(number) for number in range(21)]}, "At most 20 tags"),
        ({"notes": "x" * 1_000_000}, "The note has 1000000 characters"),
        ({"notes": "a\x1b[31mb"}, "control characters"),
        ({"attachments": ["../etc/passwd"]}, "is no file's id"),
        ({"attachments": [str(number) for number in range(21)]}, "At most 20 files"),
        ({"escalate_to": "nobody"}, "nobody to escalate to"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    manager: AITaskManager, runtime: Runtime, extras: dict[str, Any], reason: str
) -> None:
    with pytest.raises(AITaskError) as refused:
        made(manager, **extras)
    assert reason in str(refused.value)
    assert len(str(refused.value)) < 400
    with runtime.db.read() as conn:
        assert conn.execute(sa.select(ai_tasks.c.id)).all() == []


def test_somebody_to_escalate_to_needs_a_time(manager: AITaskManager, runtime: Runtime) -> None:
    another_person(runtime.db)
    with pytest.raises(AITaskError, match="Say after how long"):
        made(manager, escalate_to="grace@example.org")
