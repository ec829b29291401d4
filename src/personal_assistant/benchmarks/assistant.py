"""A real `assistant up` in a process and a data directory of its own, to be measured from outside."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from personal_assistant.errors import AssistantError
from personal_assistant.settings import Settings
from personal_assistant.workers.runtime import Runtime, open_database
from personal_assistant.workers.setup import prepare

_START_SECONDS = 60.0


@contextmanager
def scratch() -> Iterator[Runtime]:
    """A runtime on a new, empty assistant in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="assistant-bench-") as folder:
        settings = Settings(data_dir=Path(folder), database_url="", zone="UTC")
        runtime = Runtime(settings, open_database(settings))
        prepare(runtime)
        yield runtime
        runtime.db.close()


@dataclass(frozen=True, slots=True)
class Running:
    """A started assistant. `ready_seconds` is how long it took from its start to saying that it is ready."""

    process: subprocess.Popen[str]
    output: IO[str]
    ready_seconds: float


@contextmanager
def running(runtime: Runtime) -> Iterator[Running]:
    """Run `assistant up` on this runtime's data until the block ends."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASSISTANT_")}
    environment.pop("DATABASE_URL", None)
    environment |= {"ASSISTANT_DATA_DIR": str(runtime.settings.data_dir), "ASSISTANT_ZONE": "UTC"}
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "personal_assistant.cli.main", "up", "--json"],
        env=environment,
        cwd=runtime.settings.data_dir,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        document = ""
        while not document.endswith("}\n"):
            line = process.stdout.readline()
            if not line or time.monotonic() - started > _START_SECONDS:
                raise AssistantError("The assistant under measurement did not start.")
            document += line
        json.loads(document)
        yield Running(process, process.stdout, time.monotonic() - started)
    finally:
        process.terminate()
        process.communicate()
