"""What the tests of the command line share: running a command in this process, on a set-up assistant of its own."""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from personal_assistant.cli.main import main
from personal_assistant.cli.remote import remote
from personal_assistant.jobs import leases, signals
from personal_assistant.settings import get_settings
from personal_assistant.timing.clock import utc_now
from personal_assistant.workers import runtime as runtimes
from personal_assistant.workers.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


class CommandLine:
    """Runs `assistant` with arguments, each time as a new process would: nothing is remembered but the data."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Answer:
        self.forget()
        self._monkeypatch.setattr(sys, "argv", ["assistant", *arguments])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Answer(int(ended.value.code or 0), out, err)

    def ok(self, *arguments: str) -> Answer:
        """Run a command that has to succeed."""
        answer = self(*arguments)
        assert answer.code == 0, answer
        return answer

    def document(self, *arguments: str) -> Any:
        """What a command that succeeds prints with --json."""
        return self.ok(*arguments, "--json").document

    @property
    def runtime(self) -> Runtime:
        """The runtime on the same data, for looking behind the scenes."""
        return runtimes.runtime()

    def forget(self) -> None:
        if runtimes._current is not None:
            runtimes._current.db.close()
        runtimes.use(None)
        get_settings.cache_clear()
        remote.cache_clear()
        # `up` has the log written to this test's standard error, which is closed after it.
        structlog.reset_defaults()


@pytest.fixture
def new_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CommandLine]:
    """The command line of a machine on which there is no assistant yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSISTANT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ASSISTANT_ZONE", "UTC")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    line = CommandLine(monkeypatch, capsys)
    yield line
    line.forget()


@pytest.fixture
def cli(new_cli: CommandLine, sqlite_template: Path, tmp_path: Path) -> CommandLine:
    """The command line of an assistant that is set up, and does not run."""
    (tmp_path / "data").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "data" / "assistant.db")
    new_cli.ok("init")
    return new_cli


@pytest.fixture
def alive(cli: CommandLine) -> Iterator[CommandLine]:
    """The command line beside an assistant that runs (to look at; it does nothing)."""
    now = utc_now()
    worker = leases.Worker("alive", "here", 4711, "0", True, True, now, now, None, False)
    listener = signals.listen(cli.runtime.db, worker.id)
    with cli.runtime.db.write() as conn:
        leases.register(conn, worker)
    yield cli
    listener.close()
