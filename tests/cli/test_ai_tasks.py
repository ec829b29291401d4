"""`assistant ai-tasks`: every verb, for people and for programs."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.cli.conftest import CommandLine

from personal_assistant.ai.due import dispatch_due
from personal_assistant.store.tables import ai_tasks, jobs
from personal_assistant.timing.clock import utc_now


def add(cli: CommandLine, title: str = "Stretch", *more: str) -> str:
    return str(cli.document("ai-tasks", "add", title, "--when", "every day at 9am", *more)["ai_task"]["id"])


def miss_a_run(cli: CommandLine, task_id: str) -> None:
    """Let an occurrence of it have come and be cancelled."""
    now = utc_now()
    with cli.runtime.db.write() as conn:
        conn.execute(sa.update(ai_tasks).values(next_run_at=now - timedelta(seconds=5)))
        dispatch_due(conn, now, 10)
    cli.ok("ai-tasks", "pause", task_id)


def test_the_list_shows_the_next_due_first(cli: CommandLine) -> None:
    assert "Nothing is scheduled. Try: assistant remind" in cli.ok("ai-tasks", "list").out
    add(cli, "Later", "--zone", "UTC")
    cli.ok("remind", "Sooner in 5 minutes")
    lines = cli.ok("ai-tasks", "list").out.splitlines()
    assert lines[0].split() == ["id", "state", "next", "title", "when"]
    assert ["Sooner" in lines[1], "Later" in lines[2]] == [True, True]
    assert "⏰ active" in lines[1] and "every day at 09:00" in lines[2]
    assert [task["title"] for task in cli.document("ai-tasks", "list")] == ["Sooner", "Later"]
    assert len(cli.document("ai-tasks", "list", "--limit", "1")) == 1
    assert cli.document("ai-tasks", "list", "--state", "paused") == []


def test_one_is_shown_with_its_schedule_and_history(cli: CommandLine) -> None:
    task_id = add(cli, "Stretch", "--description", "Slowly", "--channel", "email", "--missed", "skip")
    out = cli.ok("ai-tasks", "show", task_id).out
    assert out.startswith(f"⏰ Stretch (id {task_id}, active, reminder)\n   Slowly\n🔁 every day at 09:00;")
    assert "if missed: skip; by email" in out and "It has not been due yet." in out
    miss_a_run(cli, task_id)
    document = cli.document("ai-tasks", "show", task_id)
    assert [job["state"] for job in document["occurrences"]] == ["cancelled"]
    assert document["next"] == [] and document["ai_task"]["status"] == "paused"
    assert "cancelled" in cli.ok("ai-tasks", "show", task_id).out


def test_editing_changes_what_is_given_and_says_what_follows(cli: CommandLine) -> None:
    task_id = add(cli)
    answer = cli.ok("ai-tasks", "edit", task_id, "--title", "Walk", "--when", "every monday at 7am")
    assert answer.out.startswith(f"✅ Changed: Walk (id {task_id})") and "every Monday at 07:00" in answer.out
    options = ("--type", "automated_task", "--context", "Short", "--zone", "Asia/Tokyo", "--channel", "sms")
    task = cli.document("ai-tasks", "edit", task_id, *options, "--missed", "all", "--max-late", "5")["ai_task"]
    assert (task["title"], task["task_type"], task["ai_context"]) == ("Walk", "automated_task", "Short")
    assert (task["zone"], task["notification_channels"]) == ("Asia/Tokyo", ["sms"])
    assert (task["missed_policy"], task["max_lateness_seconds"], task["revision"]) == ("all", 5, 3)
    assert cli.document("ai-tasks", "edit", task_id, "--description", "")["ai_task"]["description"] is None


def test_nothing_to_edit_is_a_mistake(cli: CommandLine) -> None:
    answer = cli("ai-tasks", "edit", add(cli))
    assert (answer.code, answer.out) == (1, "") and "Say what to change" in answer.err


def test_it_can_be_paused_and_resumed(cli: CommandLine) -> None:
    task_id = add(cli)
    assert cli.ok("ai-tasks", "pause", task_id).out == f"⏸️ Paused: Stretch (id {task_id})\n"
    assert cli("ai-tasks", "pause", task_id).code == 1
    resumed = cli.ok("ai-tasks", "resume", task_id)
    assert resumed.out.startswith(f"✅ Resumed: Stretch (id {task_id})\n⏰ ")
    assert "no scheduler is alive" in resumed.err
    assert cli.document("ai-tasks", "pause", task_id)["ai_task"]["status"] == "paused"
    assert cli.document("ai-tasks", "resume", task_id)["scheduler_alive"] is False


def test_it_can_be_cancelled(cli: CommandLine) -> None:
    task_id = add(cli)
    assert cli.document("ai-tasks", "cancel", task_id)["ai_task"]["status"] == "cancelled"
    assert "cancelled already" in cli("ai-tasks", "cancel", task_id).err
    other = add(cli)
    assert cli.ok("ai-tasks", "cancel", other).out == f"🚫 Cancelled: Stretch (id {other})\n"


def test_it_can_be_run_now(cli: CommandLine) -> None:
    task_id = add(cli)
    assert cli.ok("ai-tasks", "run", task_id).out.startswith("✅ Queued as job ")
    job = cli.document("ai-tasks", "run", task_id)
    assert job["scheduler_alive"] is False
    assert cli.document("jobs", "show", job["job_id"])["job"]["ai_task_id"] == int(task_id)


def test_an_occurrence_that_did_not_succeed_can_be_retried(cli: CommandLine) -> None:
    task_id = add(cli)
    assert "has no occurrence that failed" in cli("ai-tasks", "retry", task_id).err
    miss_a_run(cli, task_id)
    assert cli.ok("ai-tasks", "retry", task_id).out.startswith("✅ Queued again: job ")
    with cli.runtime.db.read() as conn:
        assert conn.execute(sa.select(jobs.c.state)).scalar_one() == "queued"


def test_it_can_be_removed(cli: CommandLine) -> None:
    task_id = add(cli)
    assert cli.ok("ai-tasks", "remove", task_id).out == f"❌ Removed: Stretch (id {task_id})\n"
    assert cli("ai-tasks", "show", task_id).code == 1


@pytest.mark.parametrize("verb", ["show", "edit", "pause", "resume", "cancel", "run", "retry", "remove"])
def test_an_unknown_one_is_named_and_the_list_pointed_to(cli: CommandLine, verb: str) -> None:
    answer = cli("ai-tasks", verb, "99", *(["--title", "x"] if verb == "edit" else []))
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "❌ There is no AI task 99. `assistant ai-tasks list` shows yours.\n"


def test_a_task_in_another_zone_names_it(cli: CommandLine) -> None:
    task_id = add(cli, "Call Tokyo", "--zone", "Asia/Tokyo")
    add(cli, "Call mom")
    far, here = sorted(cli.ok("ai-tasks", "list").out.splitlines()[1:], key=lambda line: "mom" in line)
    assert "every day at 09:00 (Asia/Tokyo)" in far and "(" not in here
    assert " 09:00:00 (Asia/Tokyo), in " in cli.ok("ai-tasks", "show", task_id).out


def test_work_that_only_an_agent_can_do_is_warned_of(cli: CommandLine) -> None:
    added = cli.ok("ai-tasks", "add", "Brief me", "--when", "every day at 9am", "--type", "automated_task").out
    assert "⚠️ No agent is set up" in added
