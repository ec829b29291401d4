"""`jobs`, `schedules`, `tasks` and `notifications`: every verb, for people and for programs."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.cli.conftest import CommandLine

from personal_assistant.jobs.log_lines import LogLine
from personal_assistant.jobs.logs import write_lines
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.tables import jobs
from personal_assistant.timing.clock import utc_now


def queue(cli: CommandLine) -> str:
    return str(cli.document("jobs", "run", "system_health_check")["job_id"])


def test_jobs_are_listed_shown_cancelled_and_retried(cli: CommandLine) -> None:
    assert cli.ok("jobs", "list").out == "There are no such jobs.\n"
    job = queue(cli)
    assert job in cli.ok("jobs", "list", "--state", "queued").out
    assert cli.document("jobs", "list", "--task", "nobody.knows") == []
    shown = cli.ok("jobs", "show", job).out
    assert shown.startswith(f"{job}  queued\n") and "attempt:     0 of 5" in shown
    assert cli.document("jobs", "show", job)["errors"] == []
    assert cli.ok("jobs", "cancel", job).out == f"🚫 Cancelled: {job} (system_health_check)\n"
    assert "already been cancelled" in cli("jobs", "cancel", job).err
    assert cli.ok("jobs", "retry", job).out == f"✅ Queued again: job {job}\n"
    assert "only a failed, cancelled, missed or waiting job" in cli("jobs", "retry", job).err
    assert cli.document("jobs", "cancel", job)[0]["state"] == "cancelled"
    assert cli.document("jobs", "retry", job) == {"job_id": job, "scheduler_alive": False}


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({"done": 3, "total": 10.0, "note": "reading"}, "progress:    3 of 10, reading"),
        ({"done": 0.5, "total": None, "note": ""}, "progress:    0.5"),
    ],
)
def test_how_far_a_job_is_can_be_read(cli: CommandLine, told: dict[str, object], line: str) -> None:
    job = queue(cli)
    assert "progress:" not in cli.ok("jobs", "show", job).out
    with cli.runtime.db.write() as conn:
        conn.execute(sa.update(jobs).values(progress=told))
    assert f"  {line}\n" in cli.ok("jobs", "show", job).out


def test_what_a_job_logged_can_be_read(cli: CommandLine) -> None:
    job = queue(cli)
    assert cli.ok("jobs", "logs", job).out.startswith("It has logged nothing that is kept.")
    assert "There is no job none" in cli("jobs", "logs", "none").err
    lines = [
        LogLine(1, number, utc_now(), "warning", f"line {number}") for number in (*range(1, 101), *range(131, 231))
    ]
    with cli.runtime.db.write() as conn:
        write_lines(conn, [(job, lines), (job, [LogLine(2, 1, utc_now(), "error", "the last one")])])
    shown = cli.ok("jobs", "show", job).out
    assert shown.count("\n    ") == 5 and "attempt 2  error     the last one\n" in shown
    whole = cli.ok("jobs", "logs", job).out.splitlines()
    assert (len(whole), whole[100], whole[200].endswith("the last one")) == (202, "… 30 left out", False)
    document = cli.document("jobs", "logs", job)
    assert (len(document), document[-1]["text"]) == (201, "the last one")
    assert cli.document("jobs", "show", job)["log"] == document[-5:]


def test_all_jobs_of_a_task_are_cancelled_at_once(cli: CommandLine) -> None:
    both = {queue(cli), queue(cli)}
    name = cli.document("jobs", "list")[0]["task"]
    assert len(cli.document("jobs", "list", "--task", "system_health_check")) == 2
    assert {job["id"] for job in cli.document("jobs", "cancel", "--task", name)} == both
    assert cli.ok("jobs", "cancel", "--task", name).out == "There are no such jobs.\n"
    last = queue(cli)
    assert [job["id"] for job in cli.document("jobs", "cancel", "--task", "system_health_check")] == [last]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("jobs", "show", "nope"), "There is no job nope. `assistant jobs list` shows those there are."),
        (("jobs", "retry", "nope"), "There is no job nope."),
        (("jobs", "cancel", "nope"), "There is no job nope."),
        (("jobs", "cancel", "--task", "nope"), "There is no task nope. `assistant tasks list` shows"),
        (("jobs", "cancel"), "Give a job's id, or --task"),
        (("jobs", "list", "--state", "lost"), "There is no state 'lost'. The states are scheduled,"),
        (("jobs", "run", "nope"), "There is no task nope. `assistant tasks list` shows those there are."),
        (("jobs", "run", "system_health_check", "--kwargs", "{"), "The arguments are not JSON"),
        (("jobs", "run", "system_health_check", "--kwargs", "[1]"), "The arguments are a JSON object"),
        (("jobs", "run", "execute_ai_task", "--kwargs", '{"id": 1}'), "cannot be called so"),
        (("schedules", "show", "nope"), "There is no schedule nope. `assistant schedules list` shows"),
        (("schedules", "pause", "nope"), "There is no schedule nope."),
        (("schedules", "resume", "nope"), "There is no schedule nope."),
        (("schedules", "run", "nope"), "There is no schedule nope."),
        (("schedules", "edit", "nope", "--default"), "There is no schedule nope."),
        (("schedules", "edit", "cleanup_old_logs"), "Give either a new time ("),
        (("schedules", "edit", "cleanup_old_logs", "--when", "blurb"), "«blurb»"),
        (("tasks", "show", "nope"), "There is no task nope."),
        (("notifications", "read", "99"), "There is no notification 99. `assistant notifications list` shows yours."),
        (("notifications", "show", "99"), "There is no notification 99."),
        (("notifications", "show", str(10**20)), f"There is no notification {10**20}. `assistant notifications list`"),
        (("notifications", "read", "first"), "'first' is not an id: ids are whole numbers."),
        (("ai-tasks", "show", str(10**20)), f"There is no AI task {10**20}. `assistant ai-tasks list` shows yours."),
        (("ai-tasks", "pause", "mom"), "'mom' is not an id: ids are whole numbers. `assistant ai-tasks list` shows"),
        (("jobs", "show", "a\udc80b"), "holds what is no character"),
        (("notifications", "read"), "Give the id of a notification, or --all."),
        (("ai-tasks", "list", "--state", "asleep"), "There is no state 'asleep'. The states are active,"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(
    cli: CommandLine, arguments: tuple[str, ...], sentence: str
) -> None:
    answer = cli(*arguments)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("❌ ") and sentence in answer.err
    with cli.runtime.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(jobs)).scalar_one() == 0


def test_the_timetable_is_shown_paused_resumed_changed_and_run(cli: CommandLine) -> None:
    assert "every day at 04:00" in cli.ok("schedules", "list").out
    names = [entry["name"].rpartition(".")[2] for entry in cli.document("schedules", "list")]
    assert "cleanup_old_logs" in names
    shown = cli.ok("schedules", "show", "cleanup_old_logs").out.splitlines()
    assert shown[1] == "🔁 every day at 04:00" and len(shown) == 7
    assert len(cli.document("schedules", "show", "cleanup_old_logs")["next"]) == 5
    assert cli.ok("schedules", "pause", "cleanup_old_logs").out == "⏸️ Paused: cleanup_old_logs\n"
    assert cli.document("schedules", "show", "cleanup_old_logs")["next"] == []
    assert cli.ok("schedules", "resume", "cleanup_old_logs").out.startswith("✅ Resumed: cleanup_old_logs, every day")
    changed = cli.ok("schedules", "edit", "cleanup_old_logs", "--when", "every day at 5:30am")
    assert "every day at 05:30 (changed by you)" in changed.out and "no scheduler is alive" in changed.err
    back = cli.document("schedules", "edit", "cleanup_old_logs", "--default")
    assert (back["schedule"]["changed_by_owner"], back["scheduler_alive"]) == (False, False)
    assert cli.ok("schedules", "run", "cleanup_old_logs").out.startswith("✅ Queued as job ")


def test_the_next_runs_of_an_interval_count_from_the_planned_one(cli: CommandLine) -> None:
    shown = cli.document("schedules", "show", "system_health_check")
    planned, following = (datetime.fromisoformat(instant) for instant in shown["next"][:2])
    assert shown["next"][0] == shown["schedule"]["next_run_at"]
    assert following - planned == timedelta(minutes=15)


def test_tasks_are_listed_and_shown(cli: CommandLine) -> None:
    assert "execute_ai_task" in cli.ok("tasks", "list").out
    assert {"name", "queue", "stats"} == set(cli.document("tasks", "list")[0])
    assert "guarantee:           at least once" in cli.ok("tasks", "show", "execute_ai_task").out
    assert cli.document("tasks", "show", "create_ai_reminder")["guarantee"] == "at most once"


def test_notifications_are_listed_shown_and_read(cli: CommandLine) -> None:
    assert cli.ok("notifications", "list").out == "Nothing has been delivered yet.\n"
    now = utc_now()
    with cli.runtime.db.write() as conn:
        messages = [Message(key, 1, "reminder", f"Title {key}", f"Text\nof {key}", None, due_at=now) for key in "ab"]
        deliver(conn, messages, now)
    lines = cli.ok("notifications", "list").out.splitlines()
    assert lines[0].split() == ["id", "new", "delivered", "late", "title", "text"]
    assert "Title b" in lines[1] and "0 ms" in lines[1] and "Title a" in lines[2]
    shown = cli.ok("notifications", "show", "1").out
    assert "Title a" in shown and "Text\n" in shown
    assert cli.document("notifications", "show", "1")["body"] == "Text\nof a"
    assert cli.ok("notifications", "read", "1").out == "✅ Marked as read: 1 notification\n"
    assert [it["title"] for it in cli.document("notifications", "list", "--unread")] == ["Title b"]
    assert cli.document("notifications", "read", "--all") == {"marked": 1}
    assert cli.ok("notifications", "read", "--all").out == "Nothing was unread.\n"
