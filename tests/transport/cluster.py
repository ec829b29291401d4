"""`celery worker` and `celery beat` as processes, on one PostgreSQL database and one broker."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support.brokers import Broker
from tests.support.valkey import Valkey
from tests.support.warm import Warm

from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.leases import Worker, list_workers
from personal_assistant.jobs.model import NewJob
from personal_assistant.jobs.queries import get_job
from personal_assistant.settings import Settings
from personal_assistant.store.tables import job_errors, jobs
from personal_assistant.workers.runtime import Runtime, open_database

BOTH_BROKERS = pytest.mark.parametrize("broker", ["valkey", "rabbitmq"], indirect=True, scope="session")
PATIENCE = 40.0
_APP = ("-A", "personal_assistant.workers.celery_app")
READY = {"worker": "ready.", "beat": "beat: Starting..."}
ENDED = ("succeeded", "failed", "cancelled", "missed")


class Program:
    """One started process of a cluster."""

    def __init__(self, process: "subprocess.Popen[bytes] | Warm", log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def kill(self) -> None:
        """Kill it and its children at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> int:
        """Ask it to end; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(PATIENCE)


class Cluster:
    """Starts processes and looks at the ledger that they share."""

    def __init__(self, folder: Path, database_url: str, broker: Broker, modules: Path) -> None:
        self.folder = folder
        self.prefix = f"{folder.name}:"
        self.broker = broker
        self.environment = {
            **os.environ,
            "ASSISTANT_DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": broker.url,
            "ASSISTANT_BROKER_KEY_PREFIX": self.prefix,
            "ASSISTANT_LEASE_SECONDS": "3",
            "ASSISTANT_REPUBLISH_SECONDS": "1",
            "ASSISTANT_DRAIN_SECONDS": "10",
            "ASSISTANT_ZONE": "UTC",
            "PYTHONPATH": str(modules),
        }
        settings = Settings(_env_file=None, data_dir=folder, database_url=database_url, broker_url=broker.url)  # type: ignore[call-arg]
        self.runtime = Runtime(settings, open_database(settings))
        self.programs: list[Program] = []

    @property
    def valkey(self) -> Valkey:
        """The broker, of a test that looks into it."""
        assert isinstance(self.broker, Valkey)
        return self.broker

    def start(self, *roles: str, slots: int = 4) -> list[Program]:
        """Start `beat`, `threads` and `prefork` (the pools of workers) together, and wait until all are ready."""
        first = len(self.programs)
        started = [self._start(role, slots) for role in roles]
        for number, (role, program) in enumerate(zip(roles, started, strict=True), first):
            said = READY.get(role, READY["worker"])
            self.until(lambda: said in program.log, program)  # noqa: B023
            # The children of a worker begin after it has said so.
            running = {"beat": 0, "prefork": slots}.get(role, 1)
            self.until(lambda: self._running(f"w{number}@") >= running, program)  # noqa: B023
        return started

    def _running(self, name: str) -> int:
        """How many processes of a worker, by the beginning of its name, run jobs."""
        return sum(worker.name.startswith(name) and worker.runs for worker in self.workers())

    def _start(self, role: str, slots: int) -> Program:
        if role == "beat":
            return self._warm("celery", *_APP, "beat", "-l", "INFO")
        name = f"w{len(self.programs)}@%h"
        how = ("-P", role, "-c", str(slots), "-Q", "tests,celery,ai_tasks,maintenance_tasks", "-n", name, "-l", "INFO")
        return self._warm("celery", *_APP, "worker", *how, "--without-mingle", "--without-gossip")

    def _warm(self, *arguments: str) -> Program:
        log = self.folder / f"log-{len(self.programs)}"
        log.touch()
        self.programs.append(Program(Warm(arguments, self.environment, self.folder, log), log))
        return self.programs[-1]

    def launch(self, command: Sequence[str], **environment: str) -> Program:
        """Start any program in the cluster's environment, in a process group of its own."""
        log = self.folder / f"log-{len(self.programs)}"
        guard = ["setpriv", "--pdeathsig", "KILL"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*guard, *command],
                env={**self.environment, **environment},
                cwd=self.folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.programs.append(Program(process, log))
        return self.programs[-1]

    def call(self, *arguments: str) -> Any:
        """Run one `assistant` command to its end; what it prints as JSON."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one `assistant` command to its end."""
        return self._run("personal_assistant.cli.main", *arguments)

    def celery(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one command of Celery's on our application to its end."""
        return self._run("celery", *_APP, *arguments)

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        output, errors = self.folder / "output", self.folder / "errors"
        for place in (output, errors):
            place.write_bytes(b"")
        code = Warm(arguments, self.environment, self.folder, output, errors).wait(60)
        return subprocess.CompletedProcess(arguments, code, output.read_text("utf-8"), errors.read_text("utf-8"))

    def workers(self) -> list[Worker]:
        """The processes on record."""
        with self.runtime.db.read() as conn:
            return list_workers(conn)

    def add(self, task: str, *args: Any, queue: str = "tests", **fields: Any) -> str:
        """Write a job, as `delay` does; its id."""
        with self.runtime.db.write() as conn:
            return enqueue(conn, NewJob(task, queue, args=args, **{"max_attempts": 5, **fields}))

    def job(self, job_id: str) -> Any:
        with self.runtime.db.read() as conn:
            return get_job(conn, job_id)

    def ended(self, *ids: str, seconds: float = PATIENCE) -> list[Any]:
        """Wait until these jobs have ended; the jobs as they are then. One may still be on its way into the ledger."""
        self.until(lambda: self._count(ids, jobs.c.state.in_(ENDED)) == len(set(ids)), seconds=seconds)
        return [self.job(job_id) for job_id in ids]

    def open(self, ids: Sequence[str]) -> int:
        """How many of these jobs have not ended."""
        return self._count(ids, jobs.c.state.not_in(ENDED))

    def told_of(self, ids: Sequence[str], since: float) -> int:
        """How many of these jobs the broker has been told of, and nobody has taken for so many seconds."""
        told = sa.and_(jobs.c.state == "queued", jobs.c.published_at < datetime.now(UTC) - timedelta(seconds=since))
        return self._count(ids, told)

    def _count(self, ids: Sequence[str], which: sa.ColumnElement[bool]) -> int:
        with self.runtime.db.read() as conn:
            return int(conn.execute(sa.select(sa.func.count()).where(jobs.c.id.in_(ids), which)).scalar_one())

    def errors(self) -> list[str]:
        """What has gone wrong with attempts."""
        with self.runtime.db.read() as conn:
            return list(conn.execute(sa.select(job_errors.c.message)).scalars())

    def known(self, job_id: str) -> bool:
        """Whether the ledger has that job."""
        with self.runtime.db.read() as conn:
            return conn.execute(sa.select(jobs.c.id).where(jobs.c.id == job_id)).first() is not None

    def waiting(self) -> int:
        """How many messages wait in the queue `tests`."""
        return self.broker.waiting("tests", self.prefix)

    def marks(self, name: str) -> list[str]:
        """What the test's tasks have written under that name, a line for each run."""
        path = self.folder / name
        return path.read_text().split() if path.exists() else []

    def until(self, met: Callable[[], bool], program: Program | None = None, seconds: float = PATIENCE) -> None:
        """Look again and again until it is so; else fail with what the programs said."""
        end = time.monotonic() + seconds
        while not met():
            dead = program is not None and program.process.poll() is not None
            if dead or time.monotonic() > end:
                said = "\n".join(f"--- {one.process.args!r}\n{one.log[-6000:]}" for one in self.programs)
                raise AssertionError(f"it did not come to pass in time\n{said}")
            time.sleep(0.02)

    def database_process(self) -> int:
        """The process of the PostgreSQL server."""
        folder = Path(str(self.runtime.db.url.query["host"]))
        return int((folder / "data" / "postmaster.pid").read_text().split()[0])

    def close(self) -> None:
        for program in self.programs:
            if program.process.poll() is None:
                program.kill()
        self.runtime.db.close()
