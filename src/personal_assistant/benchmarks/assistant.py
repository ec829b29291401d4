"""A real `assistant up` in a process and a data directory of its own, to be measured from outside."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from personal_assistant.errors import AssistantError
from personal_assistant.settings import Settings
from personal_assistant.workers.runtime import Runtime, open_database
from personal_assistant.workers.setup import prepare

_START_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.01


@contextmanager
def scratch(database_url: str = "") -> Iterator[Runtime]:
    """A runtime on a new, empty assistant in a temporary directory; its database is there too, or at that URL."""
    with tempfile.TemporaryDirectory(prefix="assistant-bench-") as folder:
        settings = Settings(data_dir=Path(folder), database_url=database_url, zone="UTC")
        runtime = Runtime(settings, open_database(settings))
        prepare(runtime)
        yield runtime
        runtime.db.close()


@dataclass(frozen=True, slots=True)
class Running:
    """A started assistant. `ready_seconds` is how long it took from its start to saying that it is ready."""

    process: subprocess.Popen[bytes]
    ready_seconds: float


@contextmanager
def running(
    runtime: Runtime, settings: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
) -> Iterator[Running]:
    """Run `assistant up` on this runtime's data until the block ends. What it prints goes to a file there.

    `settings` are environment variables beyond the usual ones, `arguments` further ones of the command.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASSISTANT_")}
    environment.pop("DATABASE_URL", None)
    folder = runtime.settings.data_dir
    if runtime.settings.database_url:
        environment["DATABASE_URL"] = runtime.settings.database_url
    environment |= {"ASSISTANT_DATA_DIR": str(folder), "ASSISTANT_ZONE": "UTC", **(settings or {})}
    command = [sys.executable, "-m", "personal_assistant.cli.main", "up", "--json", *arguments]
    printed = folder / "printed"
    started = time.monotonic()
    with printed.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output)  # noqa: S603 - our own program
    try:
        while b"\n" not in printed.read_bytes():
            if process.poll() is not None or time.monotonic() - started > _START_SECONDS:
                raise AssistantError("The assistant under measurement did not start: what it said stands above.")
            time.sleep(_LOOK_EVERY_SECONDS)
        yield Running(process, time.monotonic() - started)
    finally:
        process.terminate()
        process.wait()
