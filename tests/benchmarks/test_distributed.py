"""The script that runs the processes of compose.yaml without containers."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.support.databases import new_postgres
from tests.support.valkey import valkey_server

PATIENCE = 60.0


class Started:
    """The running script, and what it has printed so far."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "personal_assistant.benchmarks.distributed"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                with self._more:
                    self.lines.append(line)
                    self._more.notify_all()

    def until(self, pattern: str, times: int = 1) -> None:
        """Wait until so many lines match."""

        def met() -> bool:
            return sum(bool(re.search(pattern, line)) for line in self.lines) >= times

        with self._more:
            assert self._more.wait_for(met, PATIENCE), "".join(self.lines)

    def until_new_worker(self, queues: str, before: int) -> None:
        """Wait until a process takes these queues that is not the one before."""
        end = time.monotonic() + PATIENCE
        while not any(
            queues in child.cmdline() and child.pid != before for child in psutil.Process(self.process.pid).children()
        ):
            assert time.monotonic() < end, "".join(self.lines)
            time.sleep(0.05)

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)


@pytest.fixture
def started(postgres: str, tmp_path: Path) -> Iterator[Started]:
    with new_postgres(postgres) as url, valkey_server() as valkey:
        settings = {"DATABASE_URL": url, "CELERY_BROKER_URL": valkey.url, "ASSISTANT_DATA_DIR": str(tmp_path)}
        script = Started({**os.environ, **settings})
        yield script
        script.close()


def test_it_starts_all_restarts_what_dies_and_ends_all(started: Started) -> None:
    started.until(r"^ready .*: scheduler-1, scheduler-2, worker-io, worker-cpu$")
    started.until(r"^ready .*/environment && .*/assistant remind")
    started.until(r"^ready .*/assistant notifications list$")
    children = psutil.Process(started.process.pid).children()
    assert len(children) == 4
    [worker] = [child for child in children if "ai_tasks,email_tasks,sync_tasks,celery" in child.cmdline()]
    worker.kill()
    started.until(r"^worker-io +│ ended \(SIGKILL\); it is started again$")
    started.until_new_worker("ai_tasks,email_tasks,sync_tasks,celery", worker.pid)
    family = psutil.Process(started.process.pid).children(recursive=True)
    started.close()
    assert started.process.returncode == 0
    assert [member for member in family if member.is_running() and member.status() != psutil.STATUS_ZOMBIE] == []
    said = "".join(started.lines)
    assert "killed" not in said
    assert ".> transport" not in said and "superuser" not in said  # Celery's banner and its word on root


def test_without_a_server_to_reach_it_says_what_is_wrong(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "CELERY_BROKER_URL": "redis://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-m", "personal_assistant.benchmarks.distributed"],
        env={**os.environ, **settings, "ASSISTANT_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("❌ ") and "Traceback" not in done.stderr
