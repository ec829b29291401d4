"""The distributed assistant as processes on one machine: servers, a worker for each group of queues, schedulers.

PostgreSQL and Valkey are those that DATABASE_URL and CELERY_BROKER_URL name, in a database and under a key prefix of
the topology's own; else servers started for it, from the system's programs or from the packages that tests use. Workers
and schedulers reach servers of its own through relays, so that the network between them can be cut.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from personal_assistant.benchmarks.programs import Program
from personal_assistant.benchmarks.relay import Relay
from personal_assistant.benchmarks.servers import Servers, given_or_own
from personal_assistant.settings import Settings
from personal_assistant.workers.runtime import Runtime, open_database
from personal_assistant.workers.setup import prepare
from personal_assistant.workers.transport.config import CPU_QUEUES, DEFAULT_QUEUE, IO_QUEUES

APP = "personal_assistant.workers.celery_app"
_WORKER_READY = "ready."
_SCHEDULER_READY = "beat: Starting"


@dataclass(frozen=True, slots=True)
class Group:
    """A worker's queues, the pool that suits them, and how many plain jobs it does at once."""

    queues: Sequence[str]
    pool: str
    slots: int


GROUPS = {
    "worker-io": Group(IO_QUEUES, "threads", 8),
    "worker-cpu": Group(CPU_QUEUES, "prefork", 2),
    "worker-default": Group((DEFAULT_QUEUE,), "threads", 4),
}


class Topology:
    """Starts, maltreats and watches the processes. `runtime` looks at the database past the relays."""

    def __init__(self, folder: Path, servers: Servers, settings: Settings, relays: Sequence[Relay], app: str) -> None:
        self.folder = folder
        self.servers = servers
        self.relays = relays
        self.runtime = Runtime(settings, open_database(settings))
        self.programs: dict[str, Program] = {}
        self.environment: dict[str, str] = {}
        self._command = [sys.executable, "-m", "celery", "-A", app]

    @property
    def workers(self) -> list[Program]:
        return [program for name, program in self.programs.items() if name.startswith("worker")]

    @property
    def schedulers(self) -> list[Program]:
        return [program for name, program in self.programs.items() if name.startswith("scheduler")]

    def add_worker(self, name: str, group: Group) -> Program:
        """A worker that is not started yet."""
        how = ("-Q", ",".join(group.queues), "-P", group.pool, "-c", str(group.slots), "-n", f"{name}@%h")
        command = [*self._command, "worker", *how, "--without-gossip", "--without-mingle", "-l", "INFO"]
        return self.add(name, command)

    def add_scheduler(self, name: str) -> Program:
        """A scheduler that is not started yet."""
        return self.add(name, [*self._command, "beat", "-l", "INFO"])

    def command(self, name: str, *arguments: str) -> Program:
        """One `assistant` command, not started yet."""
        return self.add(name, [sys.executable, "-m", "personal_assistant.cli.main", *arguments])

    def add(self, name: str, command: Sequence[str]) -> Program:
        """Any other program in the environment of the topology, not started yet."""
        self.programs[name] = Program(name, command, self.folder, self.environment)
        return self.programs[name]

    def start(self, *programs: Program) -> None:
        """Start these together (all that there are unless named) and wait until all are ready."""
        chosen = programs or (*self.schedulers, *self.workers)
        for program in chosen:
            program.start()
        for program in chosen:
            said = _SCHEDULER_READY if program in self.schedulers else _WORKER_READY
            program.until(lambda: said in program.log)  # noqa: B023 - called in this very turn

    def stop(self) -> None:
        """Kill every program that lives."""
        for program in self.programs.values():
            program.close()


@contextmanager
def topology(
    *,
    app: str = APP,
    groups: Mapping[str, Group] = GROUPS,
    schedulers: int = 2,
    environment: Mapping[str, str] | None = None,
    postgres_options: Sequence[str] = (),
    keep_in: Path | None = None,
) -> Iterator[Topology]:
    """The topology, with its servers running, its database migrated and its programs not started yet.

    `app` is the Celery application that workers and schedulers load, `environment` settings of theirs beyond the usual
    ones. Logs are in its folder, which is removed at the end unless it is given as `keep_in`. Raises AssistantError
    where a server is missing.
    """
    with ExitStack() as stack:
        folder = keep_in or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="assistant-topology-")))
        servers = stack.enter_context(given_or_own(postgres_options))
        relays = [Relay(("127.0.0.1", port)) for port in servers.ports]
        for relay in relays:
            stack.callback(relay.close)
        direct = Settings(data_dir=folder, database_url=servers.database_url, broker_url=servers.broker_url, zone="UTC")
        made = Topology(folder, servers, direct, relays, app)
        stack.callback(made.runtime.db.close)
        stack.callback(made.stop)
        prepare(made.runtime)
        made.environment = {**_environment(made), **(environment or {})}
        for number in range(schedulers):
            made.add_scheduler(f"scheduler-{number + 1}")
        for name, group in groups.items():
            made.add_worker(name, group)
        yield made


def _environment(made: Topology) -> dict[str, str]:
    """That of its processes: the caller's without its settings of the assistant, and with those of the topology."""
    theirs = {name: value for name, value in os.environ.items() if not name.startswith("ASSISTANT_")}
    database, broker = made.servers.urls_by_ports(*(relay.port for relay in made.relays))
    return {
        **theirs,
        "XDG_CONFIG_HOME": str(made.folder),
        "ASSISTANT_DATA_DIR": str(made.folder),
        "ASSISTANT_ZONE": "UTC",
        "ASSISTANT_BROKER_KEY_PREFIX": made.servers.key_prefix,
        "DATABASE_URL": database,
        "CELERY_BROKER_URL": broker,
    }
