"""A package outside the project brings a task with a timetable, and the assistant runs it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from personal_assistant.jobs.queries import list_jobs
from personal_assistant.store.database import Database
from personal_assistant.store.tables import schedules

PATIENCE = 40.0
_PROJECT = """
[build-system]
requires = ["flit_core>=3.12"]
build-backend = "flit_core.buildapi"

[project]
name = "bird-feeder"
version = "1.0"
description = "Tasks of somebody else."

[project.entry-points."personal_assistant.tasks"]
feeder = "bird_feeder"
broken = "bird_feeder_broken"
"""

_TASKS = '''
"""Feeds the birds."""
import asyncio
import threading

from personal_assistant.workers.options import Timetable
from personal_assistant.workers.tasks import task


@task(queue="birds", timetable=Timetable("daily", {"hour": 3, "minute": 0}))
def feed() -> str:
    """Fill the feeder."""
    return "fed"


@task(queue="birds")
async def watch() -> None:
    """Wait for a bird in a way that nothing can interrupt."""
    await asyncio.to_thread(threading.Event().wait)
'''


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, built and installed into a folder of its own."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (source / "pyproject.toml").write_text(_PROJECT)
    (source / "bird_feeder.py").write_text(_TASKS)
    build = "import flit_core.buildapi as build, sys; print(build.build_wheel(sys.argv[1]))"
    wheel = subprocess.run(
        [sys.executable, "-c", build, str(target)], cwd=source, check=True, capture_output=True, text=True
    ).stdout.strip()
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(target / wheel), str(target)], check=True)
    return target


@pytest.fixture
def environment(installed: Path, tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(installed), "ASSISTANT_DATA_DIR": str(tmp_path), "ASSISTANT_ZONE": "UTC"}


def _assistant(environment: dict[str, str], *words: str, fails: bool = False) -> Any:
    command = [sys.executable, "-m", "personal_assistant.cli.main", *words, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode != 0) == fails, done.stderr
    return json.loads(done.stdout)


def test_a_task_of_another_package_runs_at_its_time(environment: dict[str, str]) -> None:
    _assistant(environment, "init")
    _let_it_be_due(environment)
    with _up(environment):
        schedule = next(it for it in _assistant(environment, "schedules", "list") if it["name"] == "bird_feeder.feed")
        assert (schedule["status"], schedule["changed_by_owner"]) == ("active", False)
        _until(environment, "bird_feeder.feed", "succeeded")
        done, *_ = [job for job in _assistant(environment, "jobs", "list") if job["task"] == "bird_feeder.feed"]
        assert (done["state"], done["queue"], done["result"]) == ("succeeded", "birds", "fed")
        assert done["schedule_id"] == schedule["id"]
        assert "bird_feeder.feed" in [it["name"] for it in _assistant(environment, "tasks", "list")]
        findings = _assistant(environment, "doctor", fails=True)
        (broken,) = [it for it in findings if it["check"] == "tasks"]
        assert "broken (bird_feeder_broken) cannot be loaded" in broken["message"]


def test_a_job_that_nothing_can_interrupt_does_not_keep_the_process_alive(environment: dict[str, str]) -> None:
    environment["ASSISTANT_DRAIN_SECONDS"] = "0"
    with _up(environment):
        _assistant(environment, "jobs", "run", "watch")
        _until(environment, "bird_feeder.watch", "running")
    _until(environment, "bird_feeder.watch", "queued")


def _let_it_be_due(environment: dict[str, str]) -> None:
    """As if nothing had run for a minute."""
    db = _database(environment)
    with db.write() as conn:
        passed = sa.update(schedules).values(next_run_at=datetime.now(UTC) - timedelta(minutes=1))
        assert conn.execute(passed.where(schedules.c.name == "bird_feeder.feed")).rowcount == 1
    db.close()


@contextmanager
def _up(environment: dict[str, str]) -> Iterator[None]:
    """An assistant that runs, and ends well when it is told to."""
    command = [sys.executable, "-m", "personal_assistant.cli.main", "up", "--json"]
    up = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert up.stdout is not None
        assert json.loads(up.stdout.readline())["ready"]
        yield
        up.send_signal(signal.SIGTERM)
        up.communicate(timeout=PATIENCE)
        assert up.returncode == 0
    finally:
        up.kill()
        up.communicate()


def _until(environment: dict[str, str], task: str, state: str) -> None:
    """Wait until the ledger holds a job of that task in that state."""
    end = time.monotonic() + PATIENCE
    db = _database(environment)
    found: set[str] = set()
    pause = threading.Event()  # leaves the processor to the process that is waited for
    while state not in found:
        assert time.monotonic() < end, f"{found} instead of {state}"
        pause.wait(0.05)
        with db.read() as conn:
            found = {job.state for job in list_jobs(conn, task=task)}
    db.close()


def _database(environment: dict[str, str]) -> Database:
    return Database(f"sqlite:///{environment['ASSISTANT_DATA_DIR']}/assistant.db")
