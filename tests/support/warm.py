"""Programs in processes that have their imports behind them: these are most of what it costs to start one.

A process that has imported everything, and done nothing, is forked for each.
"""

import atexit
import ctypes
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from personal_assistant.settings import get_settings

_PR_SET_PDEATHSIG = 1
# What `python -m` runs: module to where its `main` is.
_MAINS = {"celery": "celery.__main__", "personal_assistant.cli.main": "personal_assistant.cli.main"}
forks = multiprocessing.get_context("forkserver")
# Without what asks for the settings when it is imported (modules of tasks do): each process has its own.
forks.set_forkserver_preload(
    [
        "personal_assistant.cli.main",
        "personal_assistant.cli.console",
        "personal_assistant.workers.setup",
        "personal_assistant.workers.process",
        "personal_assistant.workers.transport.messages",
        "personal_assistant.store.schema",
        "celery.__main__",
        "celery.apps.beat",
        "celery.apps.worker",
        "celery.bin.celery",
        "kombu.transport.pyamqp",
        "kombu.transport.redis",
        "psycopg",
        "sqlalchemy.dialects.postgresql.psycopg",
        __name__,
    ]
)


class Warm:
    """A process that runs a module as `python -m` does; for the rest like one of `subprocess`.

    It leads a process group, prints to the end of a file (its errors to another, if there is one), and does not outlive
    this process.
    """

    def __init__(
        self,
        args: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        output: Path,
        errors: Path | None = None,
    ) -> None:
        self.args = args
        given = (args, dict(environment), folder, (output, errors or output))
        self._process: ForkServerProcess = forks.Process(target=_run, args=given)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit code, or minus the number of the signal that killed it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code once it has ended. Raises TimeoutExpired when that takes more seconds than that."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _run(args: Sequence[str], environment: Mapping[str, str], folder: Path, outputs: Sequence[Path]) -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for standard, place in enumerate(outputs, 1):
        os.dup2(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND), standard)
    assert not get_settings.cache_info().currsize, "a module of those before asked for the settings"
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:0] = [place for place in environment.get("PYTHONPATH", "").split(os.pathsep) if place]
    name, *rest = args
    module = importlib.import_module(_MAINS[name])
    sys.argv = [str(module.__file__), *rest]
    try:
        module.main()
    finally:
        atexit._run_exitfuncs()
