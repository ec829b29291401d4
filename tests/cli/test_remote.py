"""Commands on an assistant on another machine print what they print there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from tests.api.rest import token_of
from tests.api.support import server
from tests.api.test_links import told
from tests.cli.conftest import Answer, CommandLine

from personal_assistant.client import Client, ClientError
from personal_assistant.jobs.log_lines import LogLine
from personal_assistant.jobs.logs import write_lines
from personal_assistant.settings import load_settings
from personal_assistant.workers.process import WorkerProcess
from personal_assistant.workers.runtime import Runtime, open_database


@dataclass(frozen=True)
class Both:
    """One assistant, from its own machine and from another one."""

    cli: CommandLine
    monkeypatch: pytest.MonkeyPatch
    url: str
    token: str

    def here(self, *arguments: str) -> Answer:
        self.monkeypatch.delenv("ASSISTANT_URL", raising=False)
        return self.cli(*arguments)

    def there(self, *arguments: str) -> Answer:
        self.monkeypatch.setenv("ASSISTANT_URL", self.url)
        self.monkeypatch.setenv("ASSISTANT_TOKEN", self.token)
        return self.cli(*arguments)

    def ok(self, *arguments: str) -> str:
        """What a command prints there, which has to succeed."""
        answer = self.there(*arguments)
        assert answer.code == 0, answer
        return answer.out


@contextmanager
def served(cli: CommandLine) -> Iterator[tuple[Runtime, str, str]]:
    """A runtime on the same data, the URL at which it is served, and an administrator's token."""
    settings = load_settings()
    db = open_database(settings)
    try:
        runtime = Runtime(settings, db)
        with server(runtime) as client:
            yield runtime, f"http://127.0.0.1:{client.port}", token_of(runtime, 1, "admin")
    finally:
        db.close()


@pytest.fixture
def both(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Both, Runtime]]:
    cli.ok("ai-tasks", "list")
    with served(cli) as (runtime, url, token):
        yield Both(cli, monkeypatch, url, token), runtime


def test_lists_and_single_things_look_the_same(both: tuple[Both, Runtime]) -> None:
    two, runtime = both
    two.here("remind", "tea", "every day at 9am", "--tag", "drink", "--repeat", "every 10 minutes")
    two.here("remind", "call mom tomorrow at 9am", "--description", "About the cat")
    two.here("ai-tasks", "run", "1")
    message = told(runtime, "Water the plants")
    job = two.here("jobs", "list", "--json").document[0]["id"]
    with runtime.db.write() as conn:
        write_lines(conn, [(job, [LogLine(1, 3, runtime.clock.now(), "info", "three")])])
    for command in (
        ("ai-tasks", "list"),
        ("ai-tasks", "list", "--state", "paused"),
        ("ai-tasks", "show", "1"),
        ("ai-tasks", "show", "2"),
        ("ai-tasks", "show", "9"),
        ("notifications", "list"),
        ("notifications", "list", "--unread", "--limit", "1"),
        ("notifications", "show", str(message)),
        ("jobs", "list"),
        ("jobs", "list", "--state", "failed"),
        ("jobs", "list", "--task", "execute_ai_task"),
        ("jobs", "show", job),
        ("jobs", "logs", job),
        ("jobs", "logs", "none"),
    ):
        for how in ((), ("--json",)):
            here, there = two.here(*command, *how), two.there(*command, *how)
            assert here.code == there.code, there
            if here.code == 0:
                assert here.out == there.out
            else:
                assert here.err.partition(".")[0] == there.err.partition(".")[0]


def test_what_is_said_there_is_done_there(both: tuple[Both, Runtime]) -> None:
    two, runtime = both
    said = two.there("remind", "stretch", "every day at 9am", "--priority", "high")
    assert said.out.startswith("✅ Scheduled: stretch (id 1)\n⏰ ")
    assert "priority high" in said.out
    assert "no scheduler is alive there" in said.err
    two.ok("remind", "tea", "--at", "tomorrow at 9am", "--zone", "Europe/Paris")
    assert two.there("remind", "tea", "--at", "yesterday at 9am").code == 1
    assert two.ok("ai-tasks", "pause", "1") == "⏸️ Paused: stretch (id 1)\n"
    assert two.ok("ai-tasks", "resume", "1").startswith("✅ Resumed: stretch (id 1)\n")
    assert two.ok("ai-tasks", "pause", "1", "--until", "next monday").startswith("⏸️ Paused until Mon ")
    two.ok("ai-tasks", "resume", "1")
    assert two.ok("skip", "1").startswith("✅ Skipped once: stretch (id 1)\n")
    assert two.ok("ai-tasks", "run", "1").startswith("✅ Queued as job ")
    assert two.ok("done", "2") == "✅ Done: tea\n"
    assert two.ok("ai-tasks", "cancel", "1") == "🚫 Cancelled: stretch (id 1)\n"
    message = told(runtime, "Water the plants")
    assert two.ok("snooze", "--message", str(message), "for 20 minutes").startswith("💤 Until ")
    assert two.ok("done", "--message", str(message)) == "✅ Done: Water the plants\n"
    assert two.there("done").code == 1
    assert two.there("snooze", "1", "for 20 minutes").code == 1
    other = told(runtime, "Feed the cat", key="other")
    assert two.ok("notifications", "read", str(other)) == "✅ Marked as read: 1 notification\n"
    assert two.ok("notifications", "read", "--all") == "Nothing was unread.\n"
    states = {it["id"]: it["status"] for it in two.here("ai-tasks", "list", "--json").document}
    assert states == {1: "cancelled", 2: "completed"}


@pytest.mark.parametrize("command", [("up",), ("status",), ("ai-tasks", "edit", "1"), ("jobs", "retry", "x"), ("web",)])
def test_other_commands_say_that_they_need_the_machine_itself(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ASSISTANT_URL", "http://127.0.0.1:1")
    answer = cli(*command)
    assert answer.code == 1
    assert "needs the machine itself" in answer.err
    assert cli("jobs", "retry", "--help").code == 0


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        ("http://127.0.0.1:1", "pat_x", "does not answer"),
        ("http://127.0.0.1:1", "", "ASSISTANT_TOKEN is not"),
        ("http://example.org", "pat_x", "unencrypted"),
        ("ftp://example.org", "pat_x", "like https://assistant.example.org"),
        ("https://me:secretword@example.org", "pat_x", "like https://assistant.example.org"),
        ("http://127.0.0.1:1", "pat\r\nX: y", "is what `assistant tokens add` printed"),
    ],
)
def test_a_place_that_cannot_be_reached_is_told_in_a_sentence(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, url: str, token: str, said: str
) -> None:
    monkeypatch.setenv("ASSISTANT_URL", url)
    monkeypatch.setenv("ASSISTANT_TOKEN", token)
    answer = cli("ai-tasks", "list")
    assert (answer.code, answer.out) == (1, "")
    assert said in answer.err
    assert "secretword" not in answer.err


def test_a_wrong_token_and_another_scope_are_told(both: tuple[Both, Runtime]) -> None:
    two, runtime = both
    with pytest.raises(ClientError, match="not known") as unknown:
        Client(two.url, "pat_wrong").me()
    assert unknown.value.status == 401
    reader = Client(two.url, token_of(runtime, 1, "read"))
    assert reader.me()["scopes"] == ["read"]
    with pytest.raises(ClientError, match="lacks the scope write") as lacking:
        reader.create_ai_task(words="tea tomorrow at 9am")
    assert lacking.value.status == 403
    assert "pat_" not in repr(reader)


def test_a_long_list_is_read_page_by_page(both: tuple[Both, Runtime]) -> None:
    two, runtime = both
    for number in range(205):
        told(runtime, f"Number {number}", key=f"k{number}")
    client = Client(two.url, two.token)
    assert [len(client.list_notifications(limit=limit)) for limit in (3, 201, 1000)] == [3, 201, 205]


def test_channels_and_wishes_look_and_change_there_as_here(both: tuple[Both, Runtime]) -> None:
    two, _ = both
    assert two.ok("channels", "add", "email", "ada@example.org") == (
        "✅ Added: email (a…@example.org)\n   Try it: `assistant channels test email`\n"
    )
    assert "🔑 It signs with whsec_" in two.ok("channels", "add", "webhook", "https://h.example.org/s3cret")
    assert two.ok("channels", "move", "webhook", "1") == "✅ The order is now: webhook, email\n"
    assert two.ok("channels", "pause", "1") == "⏸️ Paused: email\n"
    assert two.ok("channels", "edit", "webhook", "--name", "work") == "✅ Changed: work (https://h…)\n"
    assert two.ok("notifications", "quiet-hours", "22:00", "07:00").startswith("🌙 Quiet hours: from 22:00 to 07:00")
    two.ok("notifications", "route", "result", "work")
    two.ok("notifications", "route", "alert", "in_app")
    two.ok("notifications", "cap", "sms", "5")
    for command in (
        ("channels", "list"),
        ("channels", "list", "--json"),
        ("notifications", "settings"),
        ("notifications", "settings", "--json"),
        ("channels", "remove", "nothing"),
        ("channels", "add", "pager", "x"),
        ("channels", "add", "webhook", "http://127.0.0.1/"),
        ("channels", "edit", "work", "--name", "email"),
        ("channels", "move", "work", "9"),
        ("notifications", "route", "alert", "nothing"),
        ("notifications", "route", "gossip", "work"),
        ("notifications", "cap", "pigeon", "1"),
        ("notifications", "quiet-hours", "22:00"),
    ):
        here, there = two.here(*command), two.there(*command)
        assert (here.code, here.out, here.err) == (there.code, there.out, there.err)
    assert two.ok("channels", "remove", "work") == "🗑️ Removed: work\n"
    assert "s3cret" not in two.ok("channels", "list", "--json")


def test_a_test_message_is_sent_by_the_workers_there(both: tuple[Both, Runtime]) -> None:
    two, runtime = both
    two.ok("channels", "add", "webhook", "https://hooks.invalid/s3cret", "--name", "bad")
    waits = two.there("channels", "test", "bad")
    assert waits.code == 1 and "No scheduler is alive there" in waits.err
    process = WorkerProcess(runtime)
    process.start()
    try:
        tried = two.there("channels", "test", "bad", "--json")
    finally:
        process.stop()
    assert (tried.code, [(it["name"], it["outcome"]) for it in tried.document]) == (1, [("bad", "failed")])
    assert "s3cret" not in tried.out
