"""Processes to be measured and maltreated from outside: started, frozen, killed and started again."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from personal_assistant.errors import AssistantError

PATIENCE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.02


class Program:
    """One program that may be started again and again; what it prints is added to a file.

    The system sends it `death_signal` when the thread that started it ends, so that it does not outlive a benchmark
    which is killed. `user` is the account to run it as; None stands for the caller's.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        death_signal: str = "KILL",
        user: str | None = None,
    ) -> None:
        self.name = name
        self.starts = 0
        self._command = ["setpriv", "--pdeathsig", death_signal, *command]
        self._folder = folder
        self._environment = dict(environment if environment is not None else os.environ)
        self._user = user
        self._log = folder / f"{name}.log"
        self._printed_before = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The newest process. Raises AssistantError for a program that was never started."""
        if self._process is None:
            raise AssistantError(f"{self.name} was not started.")
        return self._process

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has printed since its newest start."""
        with self._log.open("rb") as printed:
            printed.seek(self._printed_before)
            return printed.read().decode("utf-8", "replace")

    def start(self) -> None:
        """Start it, in a session of its own; `until` waits for what it says when it is ready."""
        self._printed_before = self._log.stat().st_size if self._log.exists() else 0
        try:
            with self._log.open("ab") as output:
                self._process = subprocess.Popen(  # noqa: S603 - the programs are our own choice
                    self._command,
                    env=self._environment,
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    user=self._user,
                    group=self._user and group_of(self._user),
                )
        except FileNotFoundError as error:
            raise AssistantError(f"{error.filename} is missing: install the package util-linux.") from error
        self.starts += 1

    def until(self, met: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Look again and again until it is so. Raises AssistantError when the program ends or the time is over."""
        deadline = time.monotonic() + seconds
        while not met():
            if not self.alive or time.monotonic() > deadline:
                raise AssistantError(f"{self.name} did not start. It said:\n{self.log[-6000:]}")
            time.sleep(LOOK_EVERY_SECONDS)

    def family(self) -> list[psutil.Process]:
        """It and all that it has started, as far as they live; itself first."""
        try:
            leader = psutil.Process(self.process.pid)
            return [leader, *leader.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program and all that it has started."""
        for member in self.family():
            try:
                member.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    def kill(self) -> None:
        """SIGKILL to all of it at once, and wait until all of it is gone."""
        # Frozen first: what is killed one after the other could start new members meanwhile.
        self.send(signal.SIGSTOP)
        family = self.family()
        self.send(signal.SIGKILL)
        self.process.wait()
        psutil.wait_procs(family[1:], timeout=PATIENCE_SECONDS)

    def kill_children(self) -> None:
        """SIGKILL to what the program has started, and not to itself."""
        for child in self.family()[1:]:
            child.kill()

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = PATIENCE_SECONDS) -> int:
        """Ask the program itself to end; returns its exit code. Raises AssistantError when it does not."""
        if self.alive:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise AssistantError(f"{self.name} did not end in {seconds:g} s.") from error

    def freeze(self) -> None:
        """Let it do nothing until `thaw`; its connections stay open."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.send(signal.SIGCONT)

    def close(self) -> None:
        """Kill it, if it lives."""
        if self.alive:
            self.kill()


def group_of(user: str) -> int:
    """The id of an account's own group."""
    import pwd

    return pwd.getpwnam(user).pw_gid
