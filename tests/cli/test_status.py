"""`assistant status`, `doctor`, `init`, `migrate`, `time`."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.cli.conftest import CommandLine
from tests.workers.processes import living_process

from personal_assistant.cli.up import _warn_of_clock
from personal_assistant.jobs import leases
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.tables import workers
from personal_assistant.timing.clock import utc_now


def test_status_says_what_is_planned_and_what_needs_the_person(cli: CommandLine) -> None:
    cli.ok("remind", "call mom tomorrow at 9am")
    cli.ok("jobs", "run", "system_health_check")
    out = cli.ok("status").out
    assert "📋 Jobs: 1 queued" in out and "📬 Unread notifications: 0" in out and "call mom (id 1)" in out
    assert "❌ No scheduler is alive: nothing fires. Run `assistant up`, and leave it running." in out


def test_status_names_the_processes_that_are_alive(alive: CommandLine) -> None:
    assert "✅ Process 4711 on here schedules and runs jobs" in alive.ok("status").out
    assert [process["pid"] for process in alive.document("status")["processes"]] == [4711]


def test_with_a_broker_the_processes_of_a_distributed_assistant_are_named(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1")
    fixes = {it["check"]: it["fix"] for it in cli("doctor", "--json").document}
    assert fixes["scheduler"] == "Run `assistant scheduler`, and leave it running."
    assert fixes["runner"] == "Run `assistant worker`, and leave it running."
    assert "Start one with `assistant scheduler`." in cli.ok("remind", "call mom tomorrow at 9am").err


def test_with_a_broker_a_missing_file_may_mean_a_missing_setting(
    new_cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "DATABASE_URL" not in new_cli("status").err
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1")
    assert "run `assistant init` or `assistant up` first, or set DATABASE_URL." in new_cli("status").err


def test_several_processes_with_a_broker_on_a_file_are_a_contradiction(
    alive: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settings() -> list[str]:
        return [it["message"] for it in alive("doctor", "--json").document if it["check"] == "settings"]

    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1")
    assert settings() == []
    with living_process(alive.runtime, "second"):
        [message] = settings()
    assert "the database is an SQLite file" in message


def test_who_never_rested_has_nothing_to_undo(alive: CommandLine) -> None:
    assert "here was not resting" in alive.ok("drain", "here", "--undo").out


def test_reminding_while_all_workers_rest_is_said_loudly(alive: CommandLine) -> None:
    with alive.runtime.db.write() as conn:
        conn.execute(sa.update(workers).values(told="rest", draining=True))
    assert "all workers rest. `assistant drain --all --undo`" in alive.ok("remind", "call mom tomorrow at 9am").err
    [resting] = [it for it in alive("doctor", "--json").document if it["level"] == "warning"]
    assert (resting["check"], resting["message"]) == ("runner", "All workers rest: no job runs.")
    assert "here is alive and rests; it takes no new jobs." in alive.ok("status", "--worker", "here").out


def test_doctor_fails_while_something_is_wrong(cli: CommandLine) -> None:
    answer = cli("doctor")
    assert answer.code == 1 and "No scheduler is alive" in answer.out
    assert {"error"} == {it["level"] for it in cli("doctor", "--json").document if it["check"] == "scheduler"}


def test_doctor_is_content_with_a_sound_assistant(alive: CommandLine) -> None:
    answer = alive("doctor", "--json")
    assert [it for it in answer.document if it["level"] == "error"] == []
    assert answer.code == 0


def test_a_clock_that_was_set_back_an_hour_is_told_and_nothing_is_lost(
    cli: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    later = utc_now() + timedelta(hours=1)
    with cli.runtime.db.write() as conn:
        leases.register(conn, leases.Worker("w", "here", 1, "0", True, True, later, later, None, False))
    answer = cli("doctor")
    assert answer.code == 1 and "behind the last recorded activity" in answer.out
    _warn_of_clock(cli.runtime)
    assert "The system clock is" in capsys.readouterr().err
    assert cli.document("remind", "call mom in 5 minutes")["ai_task"]["status"] == "active"


def test_a_clock_that_was_set_back_after_a_proper_end_is_told_too(cli: CommandLine) -> None:
    later = utc_now() + timedelta(hours=1)
    with cli.runtime.db.write() as conn:
        deliver(conn, [Message("key", 1, "reminder", "Call mom", None, None)], later)
    answer = cli("doctor")
    assert answer.code == 1 and "behind the last recorded activity" in answer.out


def test_a_first_run_asks_nothing_and_a_second_changes_nothing(new_cli: CommandLine) -> None:
    first = new_cli.document("init")
    assert (first["owner"]["zone"], first["owner"]["is_owner"]) == ("UTC", True)
    assert new_cli.document("init") == first
    assert new_cli.ok("init").out.startswith("✅ Ready.")
    assert "is up to date" in new_cli.ok("migrate").out


@pytest.mark.parametrize("command", [("ai-tasks", "list"), ("remind", "call mom tomorrow at 9am"), ("status",)])
def test_before_the_first_run_every_command_says_what_to_do(
    new_cli: CommandLine, command: tuple[str, ...], tmp_path: Path
) -> None:
    answer = new_cli(*command)
    assert list((tmp_path / "data").iterdir()) == []
    assert (answer.code, answer.out) == (1, "")
    assert "run `assistant init` or `assistant up` first" in answer.err


def test_tables_can_be_made_apart(new_cli: CommandLine) -> None:
    assert "Would be done" in new_cli.ok("migrate", "--dry-run").out
    assert new_cli.document("migrate")["before"] is None
    assert new_cli.document("migrate", "--dry-run")["steps"] == []


def test_a_time_text_is_meant_in_the_zone_of_the_owner(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_ZONE", "Asia/Tokyo")
    assert cli.document("time", "noon")["zone"] == "UTC"


def test_before_the_first_run_it_is_meant_in_the_zone_that_the_owner_will_have(
    new_cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASSISTANT_ZONE", "Asia/Tokyo")
    assert new_cli.document("time", "noon")["zone"] == "Asia/Tokyo"
    assert not (tmp_path / "data").exists()


def test_a_time_text_is_shown_as_it_is_understood(new_cli: CommandLine) -> None:
    now = ("--now", "2026-06-02T12:00:00Z", "--zone", "Europe/Paris")
    lines = new_cli.ok("time", "every other tuesday at 7pm", *now).out.splitlines()
    assert lines[0].startswith("✅ every 2 weeks on Tuesday at 19:00") and len(lines) == 6
    document = new_cli.document("time", "--sentence", "call mom tomorrow at 9am", *now)
    assert (document["title"], document["next"]) == ("call mom", ["2026-06-03T07:00:00Z"])
