"""With --json there is one document on standard output, whatever happens."""

import pytest
from tests.cli.conftest import CommandLine

from personal_assistant import __version__


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("ai-tasks", "show", "99"), 1, "There is no AI task 99."),
        (("ai-tasks", "show"), 2, "Missing argument"),
        (("ai-tasks", "show", "abc"), 1, "'abc' is not an id"),
        (("ai-tasks", "list", "--limit", "0"), 2, "Invalid value for '--limit'"),
        (("ai-tasks", "list", "--colour"), 2, "No such option: --colour"),
        (("ai-tasks", "dance"), 2, "No such command 'dance'"),
        (("dance",), 2, "No such command 'dance'"),
        (("remind", "x" * 300, "--at", "tomorrow at 9am"), 1, "The title has 300 characters"),
        (("remind", "call mom yesterday at 9am"), 1, "is over"),
        (("remind", "call mom at 25:00"), 1, "There is no time 25:00"),
        (("remind", "call mom"), 1, ""),
        (("remind", "call mom tomorrow at 9am", "--zone", "Mars/Olympus"), 1, "There is no time zone 'Mars/Olympus'"),
        (("remind", "call mom tomorrow at 9am", "--channel", "pager"), 1, "There is no channel 'pager'"),
        (("remind", "call mom tomorrow at 9am", "--missed", "never"), 1, "There is no missed-run policy 'never'"),
        (("remind", "call mom tomorrow at 9am", "--max-late", "-1"), 1, "The greatest lateness"),
        (("ai-tasks", "add", "x", "--when", "tomorrow at 9am", "--type", "alarm"), 1, "no type of AI task 'alarm'"),
        (("jobs", "cancel", "nope"), 1, "There is no job nope."),
        (("notifications", "read"), 1, "Give the id"),
        (("time",), 1, "Give a time text"),
        (("time", "noon", "--now", "soon"), 1, "not an ISO 8601 instant"),
        (("time", "noon", "--now", "2026-06-02T12:00:00"), 1, "has no offset"),
        (("time", "noon", "--zone", "Mars/Olympus"), 1, "There is no time zone"),
        (("time", "--check", "missing.jsonl"), 1, "missing.jsonl cannot be read: No such file or directory."),
    ],
)
def test_a_failure_is_a_document_too(cli: CommandLine, arguments: tuple[str, ...], code: int, error: str) -> None:
    answer = cli(*arguments, "--json")
    assert answer.code == code
    assert set(answer.document) == {"error"} and error in answer.document["error"]
    assert answer.err.startswith("❌ ")
    assert cli.document("ai-tasks", "list") == []


def test_a_refused_time_is_explained_to_a_program(cli: CommandLine) -> None:
    answer = cli("time", "yesterday at 9am", "--json")
    assert (answer.code, answer.document["kind"], answer.document["reason"]) == (1, "refuse", "past")
    assert "is over" in answer.document["error"] and "Did you mean" in answer.document["error"]


def test_the_version_is_told(cli: CommandLine) -> None:
    assert cli.ok("--version").out == f"personal_assistant {__version__}\n"


def test_wrong_usage_without_json_shows_the_usage(cli: CommandLine) -> None:
    answer = cli("ai-tasks", "show")
    assert (answer.code, answer.out) == (2, "") and "Usage: assistant ai-tasks show" in answer.err


def test_wrong_usage_points_to_the_command_as_it_was_typed(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_LAUNCHER", "./scripts/assistant")
    assert "Try './scripts/assistant ai-tasks show --help' for help." in cli("ai-tasks", "show").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("init",),
        ("migrate",),
        ("migrate", "--dry-run"),
        ("status",),
        ("ai-tasks", "list"),
        ("jobs", "list"),
        ("schedules", "list"),
        ("tasks", "list"),
        ("notifications", "list"),
        ("time", "every other tuesday at 7pm", "--zone", "Europe/Paris", "--now", "2026-06-02T12:00:00Z"),
    ],
)
def test_every_command_has_one_for_programs_and_a_text_for_people(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    assert cli.document(*arguments) is not None
    assert cli.ok(*arguments).out.strip()
