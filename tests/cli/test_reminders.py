"""From `remind` to `done` on the command line, with a clock that is moved and a real mail server."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime

import pytest
from tests.ai.test_follow_ups import Household
from tests.cli.conftest import CommandLine
from tests.support.smtp import Mailbox, mail_server
from tests.workers.bench import InProcess

from personal_assistant.timing.clock import ManualClock, SystemClock
from personal_assistant.workers import runtime as runtimes
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks.notification_tasks import deliver_message


@pytest.fixture
def noon(cli: CommandLine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """The clock of all that is done in this process; it stands at noon of 2 June 2026."""
    monkeypatch.setattr(SystemClock, "now", lambda self: clock.now())
    return clock


class Running:
    """What `up` does between two commands."""

    def __init__(self, cli: CommandLine, clock: ManualClock, mailbox: Mailbox) -> None:
        self.cli, self.clock, self.mailbox = cli, clock, mailbox

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mailbox.mails]

    def until(self, minutes: float) -> list[str]:
        """Run until so many minutes after noon; returns the subjects of the mails that came meanwhile."""
        before = len(self.mailbox.raw)
        self.cli.forget()
        runtime: Runtime = self.cli.runtime
        with InProcess(runtime, deliver_message) as bench:
            runtimes.use(runtime)
            home = _Sending(runtime, self.clock, bench)
            passed = (self.clock.now() - _NOON).total_seconds() / 60
            home.pass_time(minutes - passed)
        return self.subjects()[before:]


class _Sending(Household):
    """Time passes, and all that is to go out has gone before it goes on."""

    def __init__(self, runtime: Runtime, clock: ManualClock, bench: InProcess) -> None:
        super().__init__(runtime, clock)
        self._bench = bench

    def turn(self) -> None:
        super().turn()
        runtimes.use(self.runtime)
        self._bench.wake()
        for job in self._open():
            self._bench.until(job)

    def _open(self) -> list[str]:
        from personal_assistant.jobs.queries import list_jobs

        with self.runtime.db.read() as conn:
            return [job.id for job in list_jobs(conn, states=("queued", "running"), limit=100)]


_NOON = datetime.fromisoformat("2026-06-02T12:00:00+00:00")


@pytest.fixture
def running(cli: CommandLine, noon: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with ExitStack() as stack:
        mailbox, port = stack.enter_context(mail_server())
        monkeypatch.setenv("ASSISTANT_SMTP_URL", f"smtp://127.0.0.1:{port}?starttls=never")
        monkeypatch.setenv("ASSISTANT_MAIL_FROM", "assistant@example.org")
        monkeypatch.setenv("ASSISTANT_PRIVATE_HOSTS", "127.0.0.1")
        for name in ("ada", "bob"):
            cli.ok("channels", "add", "email", f"{name}@example.org", "--name", name)
        cli.ok("notifications", "route", "reminder", "ada")
        yield Running(cli, noon, mailbox)


def test_from_remind_to_done(cli: CommandLine, running: Running) -> None:
    wishes = (
        "--repeat",
        "10 minutes",
        "--escalate-after",
        "30 minutes",
        "--escalate-to",
        "bob",
        "--before",
        "5 minutes",
    )
    out = cli.ok("remind", "take the pills at 1pm", *wishes, "--note", "the white ones").out
    assert "🔂 again every 10 min until done" in out and "⏫ escalated after 30 min unless done" in out
    assert running.until(75) == [
        "🔜 Tue 02 Jun 13:00: take the pills",
        "take the pills",
        "🔁 take the pills",
    ]
    assert "💤 Until Tue 02 Jun 2026 13:35:00: take the pills" in cli.ok("snooze", "1", "for", "20", "minutes").out
    assert running.until(106) == ["💤 take the pills", "🔁 take the pills"]
    assert set(running.mailbox.recipients) == {"ada@example.org"}
    assert running.until(125) == ["🔁 take the pills", "🔁 take the pills", "⏫ Not done yet: take the pills"]
    assert running.mailbox.recipients[-1] == "bob@example.org"
    assert cli.ok("done", "1").out == "✅ Done: take the pills\n"
    assert running.until(600) == []
    assert "is done already" in cli("done", "1").err
    assert "done already" in cli("snooze", "1", "for 5 minutes").err
    assert cli.document("ai-tasks", "show", "1")["ai_task"]["status"] == "completed"
    for part in running.mailbox.mails[1].walk():
        if not part.is_multipart():
            assert "the white ones" in part.get_content()


def test_a_message_is_acted_on_by_its_id(cli: CommandLine, running: Running) -> None:
    cli.ok("remind", "stretch every day at 1pm", "--before", "1 hour")
    running.until(61)
    [message] = cli.document("notifications", "list")
    answer = cli.document("snooze", "--message", str(message["id"]), "until tomorrow morning")
    assert answer["until"] == "2026-06-03T09:00:00Z"
    assert cli.document("done", "--message", str(message["id"]))["done"] == "stretch"
    assert cli.document("notifications", "list", "--unread") == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("done",), "Give the id of an AI task, or --message"),
        (("done", "1", "--message", "1"), "Give the id of an AI task, or --message"),
        (("done", "x"), "'x' is not an id"),
        (("done", "--message", "99"), "There is no notification 99"),
        (("snooze", "1"), "Say which and until when"),
        (("snooze", "x", "for 5 minutes"), "'x' is not an id"),
        (("snooze", "1", "whenever"), "I do not understand"),
        (("snooze", "1", "every day"), "It has to be one time"),
        (("snooze", "1", "for 20 minutes"), "has not come yet"),
        (("skip", "7"), "There is no AI task 7"),
        (("ai-tasks", "pause", "1", "--until", "yesterday"), "yesterday"),
    ],
)
def test_what_cannot_be_done_is_refused(
    cli: CommandLine, noon: ManualClock, arguments: tuple[str, ...], reason: str
) -> None:
    cli.ok("remind", "stretch every day at 1pm")
    before = cli.document("ai-tasks", "show", "1")
    answer = cli(*arguments)
    assert answer.code == 1
    assert reason in answer.err
    assert cli.document("ai-tasks", "show", "1") == before


def test_it_is_paused_until_a_time_and_told_so(cli: CommandLine, noon: ManualClock) -> None:
    cli.ok("remind", "stretch every day at 1pm")
    assert "⏸️ Paused until Mon 08 Jun 2026 09:00:00" in cli.ok("ai-tasks", "pause", "1", "--until", "next monday").out
    assert "⏸️ paused until Mon 08 Jun 2026 09:00:00" in cli.ok("ai-tasks", "show", "1").out
