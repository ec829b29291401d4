"""Starting `assistant up` in processes of their own, to be killed, and reading what they printed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.support.warm import forks

from personal_assistant.settings import Settings
from personal_assistant.workers.runtime import Runtime, open_database


def environment(folder: Path) -> dict[str, str]:
    """The environment of a process that works on a data directory and knows no other settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASSISTANT_")}
    return kept | {"ASSISTANT_DATA_DIR": str(folder), "ASSISTANT_ZONE": "UTC"}


def open_runtime(folder: Path) -> Runtime:
    """A runtime on a data directory, for the test itself."""
    settings = Settings(_env_file=None, data_dir=folder, database_url="", zone="UTC")  # type: ignore[call-arg]
    return Runtime(settings, open_database(settings))


def fork_up(folder: Path, output: Path) -> ForkServerProcess:
    """Start `assistant up --json` in a process that has its imports behind it, so that it is under way in no time."""
    process = forks.Process(target=_up, args=(folder, output))
    process.start()
    return process


def _up(folder: Path, output: Path) -> None:
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.environ.update(environment(folder))
    os.chdir(folder)
    from personal_assistant.cli.up import up

    up(as_json=True)


def start_up(folder: Path, output: Path) -> "subprocess.Popen[bytes]":
    """Start `assistant up --json` from the command line."""
    command = [sys.executable, "-m", "personal_assistant.cli.main", "up", "--json"]
    with output.open("ab") as file:
        return subprocess.Popen(command, env=environment(folder), cwd=folder, stdout=file)


@contextmanager
def running_up(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """`assistant up --json` from the command line, ready; killed at the end of the block if it still runs then."""
    command = [sys.executable, "-m", "personal_assistant.cli.main", "up", "--json"]
    process = subprocess.Popen(command, env=environment(folder), cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["ready"]
        yield process
    finally:
        process.kill()
        process.communicate()


def run_cli(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end."""
    command = [sys.executable, "-m", "personal_assistant.cli.main", *arguments]
    return subprocess.run(command, env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=60)


def printed_ids(output: Path) -> list[int]:
    """The numbers of the notifications that a process printed; a line that a kill cut short does not count."""
    whole = output.read_text("utf-8").split("\n")[:-1] if output.exists() else []
    documents: list[dict[str, Any]] = [json.loads(line) for line in whole]
    return [document["notification"]["id"] for document in documents if "notification" in document]


def until(met: Callable[[], bool], seconds: float, look_every: float = 0.05) -> None:
    """Look again and again until it is so. Raises AssertionError when it is not so in time."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(look_every)
