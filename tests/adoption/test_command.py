"""`assistant migrate` on a database of the earlier scheduler, and with --from and --to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adoption import legacy
from tests.cli.conftest import CommandLine


@pytest.fixture
def on_legacy(
    legacy_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CommandLine]:
    """The command line with DATABASE_URL set to a database of the earlier scheduler."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSISTANT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", legacy_url)
    line = CommandLine(monkeypatch, capsys)
    yield line
    line.forget()


def test_it_is_adopted_by_migrate_and_by_nothing_else(on_legacy: CommandLine) -> None:
    for command in ("init", "status", "up"):
        refused = on_legacy(command)
        assert refused.code == 1
        assert "is a database of the earlier scheduler" in refused.err
    assert "Adopted" in on_legacy.ok("migrate").out
    assert "is up to date" in on_legacy.ok("migrate").out
    assert "times are meant in UTC" in on_legacy.ok("init").out


def test_a_dry_run_says_in_the_future_what_the_real_one_says_in_the_past(on_legacy: CommandLine) -> None:
    planned = on_legacy.ok("migrate", "--dry-run").out
    done = on_legacy.ok("migrate").out
    for line in (
        "users.zone, users.is_owner, users.language, users.revision, users.removed_at, ai_tasks.zone",
        "⏰ Due again: AI task 20 (Water the plants), cut off while it ran.",
        "❌ Cannot fire: AI task 24 (Water the plants). It has no state, so it rests.",
        "Person 5 (shut@example.org) is switched off and has 1 active AI task(s).",
        "👤 Owner: admin@example.org (id 8). Times are UTC until `init --zone` sets a zone.",
    ):
        assert line in planned, planned
        assert line in done, done
    assert "Would be adopted" in planned
    assert "Adopted" in done


def test_as_json(on_legacy: CommandLine) -> None:
    planned = on_legacy.document("migrate", "--dry-run")
    assert (planned["before"], planned["after"], planned["dry_run"]) == (None, None, True)
    assert {task["id"] for task in planned["adoption"]["cannot_fire"]} == legacy.CANNOT_FIRE
    done = on_legacy.document("migrate")
    assert done["adoption"] == planned["adoption"]
    assert done["after"] == done["steps"][-1]
    assert on_legacy.document("migrate")["adoption"] is None


def test_doctor_reports_what_cannot_fire_with_id_and_reason(on_legacy: CommandLine) -> None:
    on_legacy.ok("migrate")
    report = on_legacy("doctor")
    assert report.code == 1
    assert "AI task 24 (Water the plants) cannot fire. It has no state, so it rests." in report.out
    assert "AI task 25 (Water the plants) cannot fire. It is active and has no next instant." in report.out


def test_long_lists_are_cut(on_legacy: CommandLine, legacy_url: str) -> None:
    with legacy.connect(legacy_url) as conn:
        conn.execute(
            "INSERT INTO ai_tasks (id, user_id, title, task_type, schedule_type, status) "
            "SELECT number, 3, 'Many', 'reminder', 'daily', 'active' FROM generate_series(100, 199) AS number"
        )
    out = on_legacy.ok("migrate").out
    assert "more; --json lists all." in out
    assert out.count("❌") == 50


def test_an_assistant_is_copied_and_goes_on_there(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.ok("remind", "stretch every day at 9am")
    source, target = f"sqlite:///{tmp_path / 'data' / 'assistant.db'}", f"sqlite:///{tmp_path / 'copy.db'}"
    planned = cli.ok("migrate", "--from", source, "--to", target, "--dry-run").out
    assert "Would be copied" in planned
    answer = cli("migrate", "--from", source, "--to", target)
    assert answer.code == 0, answer
    assert "Every table was read back and compared" in answer.out
    assert "… copying ai_tasks: 1 of 1 rows" in answer.err
    monkeypatch.setenv("DATABASE_URL", target)
    assert [task["title"] for task in cli.document("ai-tasks", "list")] == ["stretch"]


def test_copying_as_json_is_one_document_and_progress_goes_elsewhere(cli: CommandLine, tmp_path: Path) -> None:
    source, target = f"sqlite:///{tmp_path / 'data' / 'assistant.db'}", f"sqlite:///{tmp_path / 'copy.db'}"
    answer = cli.ok("migrate", "--from", source, "--to", target, "--json")
    tables = {table["name"]: table for table in answer.document["tables"]}
    assert tables["users"]["rows"] == 1
    assert len(tables["users"]["checksum"]) == 64
    assert "comparing users" in answer.err


def test_one_without_the_other_is_refused(cli: CommandLine) -> None:
    for option in ("--from", "--to"):
        answer = cli("migrate", option, "sqlite:///some.db")
        assert answer.code == 1
        assert "Copying needs both --from and --to" in answer.err
