"""The names and arguments with which programs written for the earlier scheduler call its tasks."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.adoption.support import Assistant, adopted_assistant, is_open
from tests.support.databases import START

from personal_assistant.ai import AITaskManager
from personal_assistant.jobs import NewJob, enqueue
from personal_assistant.jobs.queries import get_job
from personal_assistant.store.tables import ai_tasks
from personal_assistant.workers.tasks import ai_tasks as legacy_module
from personal_assistant.workers.tasks import load_tasks

_MODULE = "personal_assistant.workers.tasks.ai_tasks"


def run(assistant: Assistant, name: str, *args: Any, **kwargs: Any) -> Any:
    """Write a job under a name of the earlier scheduler, and give what its task returned."""
    with assistant.runtime.db.write() as conn:
        job_id = enqueue(conn, NewJob(f"{_MODULE}.{name}", "ai_tasks", args=args, kwargs=kwargs), now=START)
    assistant.until(lambda: not is_open(assistant.runtime.db, f"{_MODULE}.{name}"))
    with assistant.runtime.db.read() as conn:
        job = get_job(conn, job_id)
    assert job.state == "succeeded", job.error
    return job.result


def test_those_without_arguments_answer(legacy_url: str, tmp_path: Path) -> None:
    with adopted_assistant(legacy_url, tmp_path, START) as assistant:
        assert run(assistant, "test_scheduler_connection")["at"] == START.isoformat()
        assert run(assistant, "process_due_ai_tasks").keys() == {"dispatched"}
        assert run(assistant, "cleanup_old_logs").keys() == {
            "jobs_counted",
            "jobs_removed",
            "answers_removed",
            "undos_removed",
            "samples_removed",
        }


@pytest.mark.parametrize(
    ("remind_at", "instant"),
    [
        ("2099-06-01T06:00:00", datetime(2099, 6, 1, 6, tzinfo=UTC)),
        ("2099-06-01 06:00:00", datetime(2099, 6, 1, 6, tzinfo=UTC)),
        ("2099-06-01T06:00:00.250000", datetime(2099, 6, 1, 6, tzinfo=UTC)),
        ("2099-06-01T06:00:00+02:00", datetime(2099, 6, 1, 4, tzinfo=UTC)),
        ("2099-06-01T06:00:00Z", datetime(2099, 6, 1, 6, tzinfo=UTC)),
        ("in 2 hours", datetime(2026, 6, 2, 14, tzinfo=UTC)),
        ("tomorrow at 9am", datetime(2026, 6, 3, 9, tzinfo=UTC)),
    ],
)
def test_a_reminder_is_made_at_an_iso_time_or_at_one_in_words(
    legacy_url: str, tmp_path: Path, remind_at: str, instant: datetime
) -> None:
    with adopted_assistant(legacy_url, tmp_path, START) as assistant:
        answer = run(assistant, "create_ai_reminder", 3, "Call mom", remind_at, "About Sunday", ["sms"])
        assert answer.startswith("✅ Scheduled: Call mom")
        made = _newest(assistant)
    assert (made.user_id, made.title, made.description) == (3, "Call mom", "About Sunday")
    assert (made.next_run_at, made.notification_channels, made.status) == (instant, ["sms"], "active")


def test_arguments_may_be_named_and_left_out(legacy_url: str, tmp_path: Path) -> None:
    with adopted_assistant(legacy_url, tmp_path, START) as assistant:
        run(assistant, "create_ai_reminder", user_id="3", title="Stretch", remind_at="in 5 minutes")
        assert (_newest(assistant).title, _newest(assistant).description) == ("Stretch", None)


def test_a_time_that_is_over_is_refused_in_the_answer(legacy_url: str, tmp_path: Path) -> None:
    with adopted_assistant(legacy_url, tmp_path, START) as assistant:
        before = len(AITaskManager(assistant.runtime.db, assistant.clock).get_user_tasks(3))
        assert run(assistant, "create_ai_reminder", 3, "Late", "2020-01-01T09:00:00").startswith("❌ ")
        assert len(AITaskManager(assistant.runtime.db, assistant.clock).get_user_tasks(3)) == before


def test_the_module_still_has_what_programs_import_from_it() -> None:
    names = ("process_due_ai_tasks", "create_ai_reminder", "test_scheduler_connection", "cleanup_old_logs")
    for name in names:
        assert getattr(legacy_module, name).name == f"{_MODULE}.{name}"
        assert load_tasks().get(f"{_MODULE}.{name}").options.queue


def test_another_name_is_no_task_of_its_own() -> None:
    registry = load_tasks()
    assert (
        registry.find("cleanup_old_logs").name == "personal_assistant.workers.tasks.maintenance_tasks.cleanup_old_logs"
    )
    assert f"{_MODULE}.cleanup_old_logs" not in registry.own
    assert registry.tasks[f"{_MODULE}.cleanup_old_logs"].options.timetable is None


def _newest(assistant: Assistant) -> Any:
    with assistant.runtime.db.read() as conn:
        return conn.execute(sa.select(ai_tasks).order_by(ai_tasks.c.id.desc()).limit(1)).one()
