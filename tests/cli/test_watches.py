"""`watches`: what is watched, shown with its URL in part only, tried on a real socket."""

import io
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.cli.conftest import CommandLine
from tests.support.hostile_http import HostileServer, answers

from personal_assistant.store.tables import watches
from personal_assistant.timing.clock import utc_now

URL = "https://hc-ping.example.org/s3cret"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("ASSISTANT_PRIVATE_HOSTS", "127.0.0.1")
    with HostileServer() as server:
        yield server


def test_a_watch_is_added_shown_changed_and_removed(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Nothing is watched" in cli.ok("watches", "list").out
    task = cli.document("remind", "stretch every day at 9")["ai_task"]["id"]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{URL}\n"))
    said = cli.ok("watches", "add", "--ai-task", str(task), "--grace", "1h 30m", "--url", "-").out
    assert said.startswith("✅ Watched: stretch (watch 1), with a grace of 1 h 30 min\n")
    assert cli.document("watches", "add", "--schedule", "cleanup_old_logs")["watch"]["grace_seconds"] is None
    cli.ok("watches", "add", "--instance")
    shown = cli.ok("watches", "list").out + cli.ok("watches", "show", "1").out + cli.ok("watches", "list", "--json").out
    assert "https://hc-pi…" in shown and "cleanup_old_logs" in shown and "s3cret" not in shown
    assert cli.document("watches", "edit", "1", "--default-grace", "--no-url")["watch"]["masked"] is None
    assert cli.document("watches", "edit", "1", "--grace", "0s")["watch"]["grace_seconds"] == 0
    assert cli.ok("watches", "remove", "1").out == "🗑️ Removed: watch 1, stretch\n"
    assert [it["id"] for it in cli.document("watches", "list")] == [2, 3]


def test_what_is_late_is_shown_by_watches_and_status(cli: CommandLine) -> None:
    cli.ok("watches", "add", "--schedule", "cleanup_old_logs")
    with cli.runtime.db.write() as conn:
        late = {"late_for": utc_now(), "late_since": utc_now(), "ping_error": "it answered 404"}
        conn.execute(sa.update(watches).values(late))
    assert " late " in cli.ok("watches", "list").out
    assert "late since" in cli.ok("watches", "show", "1").out
    assert "cleanup_old_logs is late: it was due" in cli.ok("status").out
    found = [it for it in cli("doctor", "--json").document if it["check"] == "watches"]
    assert [it["level"] for it in found] == ["warning", "warning"]


def test_a_heartbeat_is_tried(cli: CommandLine, server: HostileServer) -> None:
    cli.ok("watches", "add", "--instance", "--url", server.url)
    assert cli.ok("watches", "test", "1").out == "✅ http://127… has taken it.\n"
    assert server.received[0].body == b"the assistant itself: a test"
    server.behave(answers(404))
    answer = cli("watches", "test", "1", "--json")
    assert (answer.code, answer.document["error"]) == (1, "it answered 404")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("add",), "Say what to watch"),
        (("add", "--instance", "--ai-task", "1"), "Say what to watch"),
        (("add", "--ai-task", "77"), "There is no AI task 77"),
        (("add", "--schedule", "nothing"), "There is no schedule nothing"),
        (("add", "--instance", "--grace", "soon"), "'soon' is no length of time"),
        (("add", "--instance", "--grace", "9000 days"), "The grace is a length of 0 to 366 days"),
        (("add", "--instance", "--url", "s3cret"), "has to look like https://"),
        (("add", "--instance", "--url", "-"), "The heartbeat URL is missing"),
        (("show", "5"), "There is no watch 5"),
        (("show", "x"), "'x' is not an id"),
        (("edit", "5"), "Give what to change"),
        (("edit", "5", "--url", URL, "--no-url"), "Either give a new one"),
        (("test", "5"), "There is no watch 5"),
    ],
)
def test_a_mistake_changes_nothing_and_says_what_to_do(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], reason: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    answer = cli("watches", *arguments)
    assert answer.code == 1
    assert reason in answer.err and "s3cret" not in answer.err
    assert cli.document("watches", "list") == []


def test_a_watch_without_a_url_cannot_be_tried(cli: CommandLine) -> None:
    cli.ok("watches", "add", "--instance")
    answer = cli("watches", "test", "1")
    assert answer.code == 1 and "has no heartbeat URL" in answer.err
