"""A process that is kept running, with what it prints told line by line."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

import psutil

_PAUSE_SECONDS = 1.0
# Celery's, of accounts whose rights matter on a server. Here it is whoever tries it out.
_NOT_TOLD = "ignore:You're running the worker with superuser privileges"


class Supervised:
    """One command of this program, started again a second after it has ended by itself.

    `tell` is given each line that it prints, from a thread. The system ends it with the thread that started it, so
    that it does not outlive a supervisor which is killed.
    """

    def __init__(self, name: str, command: Sequence[str], tell: Callable[[str, str], None]) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "personal_assistant.cli.main", *command]
        self._tell = tell
        self._start_at = 0.0
        self._process = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def family(self) -> set[int]:
        """The ids of the process and of all that it has started; none once it has ended."""
        try:
            children = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return set()
        return {self.pid, *(child.pid for child in children)}

    def look(self) -> None:
        """Start it again if it has ended, after a pause. To be called by the thread that made it."""
        code = self._process.poll()
        if code is None:
            return
        if not self._start_at:
            self._tell(self.name, f"ended ({_said(code)}); it is started again")
            self._start_at = time.monotonic() + _PAUSE_SECONDS
        elif time.monotonic() >= self._start_at:
            self._start_at = 0.0
            self._process = self._start()

    def ask_to_end(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self, seconds: float) -> None:
        """Wait for its end for so long, then kill it with all that it has started."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._tell(self.name, "did not end in time and is killed")
            for child in psutil.Process(self.pid).children(recursive=True):
                child.kill()
            self._process.kill()
            self._process.wait()

    def _start(self) -> "subprocess.Popen[str]":
        command = ["setpriv", "--pdeathsig", "TERM", *self._command]
        process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": _NOT_TOLD},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the supervisor, which ends the others in order
        )
        threading.Thread(target=self._listen, args=(process,), name=self.name, daemon=True).start()
        return process

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                if line.strip():
                    self._tell(self.name, line.rstrip())


def _said(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
