"""`up` on a terminal: what it shows there, and what happens when the terminal is closed."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select

import pytest
from tests.end_to_end.assistants import environment, open_runtime, run_cli

from personal_assistant.jobs.leases import list_workers

_UP = [sys.executable, "-m", "personal_assistant.cli.main", "up"]
_SECONDS = 30.0


@pytest.fixture(autouse=True)
def hangups_count() -> Iterator[None]:
    """What is started inherits an ignored SIGHUP, and the tests themselves may run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


class Terminal:
    """`up` as the leader of a terminal's session."""

    def __init__(self, folder: Path) -> None:
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(sys.executable, _UP, environment(folder))
        self.text = ""

    def until(self, text: str) -> None:
        """Read what it shows until that is among it."""
        end = time.monotonic() + _SECONDS
        while text not in self.text:
            ready, _, _ = select([self._screen], [], [], end - time.monotonic())
            assert ready, self.text
            self.text += os.read(self._screen, 65536).decode("utf-8", "replace")

    def close(self) -> None:
        """Close the terminal: the system sends SIGHUP, and nothing can be written any more."""
        os.close(self._screen)

    def ended(self) -> int:
        """Wait for the end; returns the exit code."""
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("it did not end in time")


@contextmanager
def up_on_a_terminal(folder: Path) -> Iterator[Terminal]:
    terminal = Terminal(folder)
    terminal.until("Ctrl-C stops it.")
    yield terminal
    terminal.close()
    assert terminal.ended() == 0


def test_a_failure_is_shown_once_and_a_closed_terminal_ends_it_properly(tmp_path: Path) -> None:
    with up_on_a_terminal(tmp_path) as terminal:
        assert run_cli(tmp_path, "ai-tasks", "add", "brief", "--when", "in 1 second", "--type", "automated_task")
        terminal.until("Did not run: brief")
        terminal.until("  #1")
    assert terminal.text.count("No agent is set up") == 1
    runtime = open_runtime(tmp_path)
    with runtime.db.read() as conn:
        assert list_workers(conn) == []
    runtime.db.close()


@pytest.mark.parametrize("ignored", [False, True])
def test_a_hangup_drains_unless_it_is_ignored(tmp_path: Path, ignored: bool) -> None:
    command = ["nohup", *_UP, "--json"] if ignored else [*_UP, "--json"]
    process = subprocess.Popen(command, env=environment(tmp_path), cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and json.loads(process.stdout.readline())["ready"]
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGHUP)
        if ignored:
            assert run_cli(tmp_path, "remind", "stretch in 1 second").returncode == 0
            assert json.loads(process.stdout.readline())["notification"]["title"] == "stretch"
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=_SECONDS) == 0
    finally:
        process.kill()
        process.communicate()
