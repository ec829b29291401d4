"""The processes of compose.yaml on this machine, without containers: what scripts/distributed runs until Ctrl-C.

PostgreSQL and Valkey are those that DATABASE_URL and CELERY_BROKER_URL name; where one is not set, a server is started
for it, and what it holds is gone at the end.
"""

import os
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from personal_assistant.benchmarks.servers import own_postgres, own_valkey
from personal_assistant.benchmarks.supervised import Supervised
from personal_assistant.errors import AssistantError
from personal_assistant.settings import get_settings

SCHEDULERS = 2
_LOOK_SECONDS = 0.2
_KILL_AFTER_SECONDS = 15.0
_printing = threading.Lock()


def main() -> int:
    """Run all of it until SIGINT or SIGTERM; the exit code. A failure is one sentence on standard error."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: ended.set())
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="assistant-distributed-")))
            environment = _servers(stack, folder)
            os.environ.update(environment)
            get_settings.cache_clear()
            _migrate()
            _run(_note(folder, environment), ended)
    except AssistantError as error:
        print(f"❌ {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _servers(stack: ExitStack, folder: Path) -> dict[str, str]:
    """Start what is not given; the environment in which all programs meet."""
    settings = get_settings()
    data = os.environ.get("ASSISTANT_DATA_DIR") or str(folder / "data")
    database, broker = settings.database_url, settings.broker_url
    if not database:
        _tell("postgres", "starts; what it holds is gone at the end")
        database = stack.enter_context(own_postgres()).url("postgres")
    if not broker:
        _tell("valkey", "starts; what it holds is gone at the end")
        broker = stack.enter_context(own_valkey()).url
    return {"DATABASE_URL": database, "CELERY_BROKER_URL": broker, "ASSISTANT_DATA_DIR": data}


def _migrate() -> None:
    from personal_assistant.store.adoption import adopt
    from personal_assistant.store.schema import revisions, upgrade
    from personal_assistant.workers.runtime import runtime

    current = runtime()
    if adopt(current.db, current.clock.now()) is None:
        upgrade(current.db)
    _tell("migrate", f"{current.db.where} is at revision {revisions(current.db).current}")


def _note(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Write down how other terminals come in; the lines to type there."""
    file = folder / "environment"
    file.touch(mode=0o600)
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()))
    command = shlex.quote(str(Path(sys.executable).with_name("assistant")))
    return [
        f'. {shlex.quote(str(file))} && {command} remind "stretch in 10 seconds"',
        f"{command} notifications list",
    ]


def _run(lines: Sequence[str], ended: threading.Event) -> None:
    from personal_assistant.workers.transport.roles import ROLES

    started = time.monotonic()
    numbers = {name: SCHEDULERS if name == "scheduler" else 1 for name in ROLES}
    processes = [
        Supervised(f"{name}-{number}" if count > 1 else name, ROLES[name], _tell)
        for name, count in numbers.items()
        for number in range(1, count + 1)
    ]
    try:
        ready = False
        while not ended.wait(_LOOK_SECONDS):
            for process in processes:
                process.look()
            if not ready and _ready(processes):
                ready = True
                _tell("ready", f"after {time.monotonic() - started:.1f} s: {', '.join(it.name for it in processes)}")
                for line in lines:
                    _tell("ready", f"in another terminal:  {line}")
        _tell("ending", "what runs is brought to its end")
    finally:
        seconds = get_settings().drain_seconds + _KILL_AFTER_SECONDS
        for process in processes:
            process.ask_to_end()
        for process in processes:
            process.end(seconds)


def _ready(processes: list[Supervised]) -> bool:
    """Whether each scheduler goes round and each worker answers over the broker."""
    from personal_assistant.workers.celery_app import app
    from personal_assistant.workers.liveness import living
    from personal_assistant.workers.runtime import runtime

    with runtime().db.read() as conn:
        alive = {worker.pid for worker in living(runtime(), conn)}
    # What a scheduler's process keeps is its child.
    if not all(process.family & alive for process in processes if process.name.startswith("scheduler")):
        return False
    answers = app.control.ping(timeout=1.0, limit=len(processes)) or []
    names = {name.partition("@")[0] for answer in answers for name in answer}
    workers = [process for process in processes if process.name.startswith("worker")]
    return all(any(name.endswith(f"-{process.pid}") for name in names) for process in workers)


def _tell(name: str, text: str) -> None:
    with _printing:
        print(f"{name:<12} │ {text}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
