"""Whether the processes of this machine are at work: what a container's health check asks, where a container is one."""

import socket
from collections.abc import Iterator, Sequence
from datetime import timedelta

from personal_assistant.jobs.leases import Worker
from personal_assistant.store.errors import StoreError
from personal_assistant.timing.missed import spoken
from personal_assistant.workers.liveness import living
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.health_check import Finding

# How long a worker may take to answer over the broker.
_ANSWER_SECONDS = 4.0
_LOG = "Look into its log for the cause, and restart it."


def check_here(runtime: Runtime) -> list[Finding]:
    """One finding for what this machine's processes do: schedule, run jobs, take messages."""
    host = socket.gethostname()
    try:
        with runtime.db.read() as conn:
            ours = [worker for worker in living(runtime, conn) if worker.host == host]
    except StoreError as error:
        return [Finding("database", "error", str(error), "See the message; nothing works without it.")]
    if not ours:
        message = f"No process of {host} is alive, or has told the database so for a whole lease."
        return [Finding("processes", "error", message, "Start one, or look into the log of the one that runs.")]
    return [*_schedulers(runtime, ours), *_workers(runtime, ours, host)]


def _schedulers(runtime: Runtime, ours: Sequence[Worker]) -> Iterator[Finding]:
    longest = timedelta(seconds=2 * runtime.settings.lease_seconds)
    for worker in (worker for worker in ours if worker.schedules):
        still = runtime.clock.now() - (worker.scheduled_at or worker.started_at)
        if still > longest:
            message = f"The scheduler of process {worker.pid} has not gone round for {spoken(still)}."
            yield Finding("scheduler", "error", message, _LOG)
        else:
            yield Finding("scheduler", "ok", f"Process {worker.pid} schedules.")


def _workers(runtime: Runtime, ours: Sequence[Worker], host: str) -> Iterator[Finding]:
    # One that schedules too is `up`, which listens to no broker; one that drains takes no messages, and rightly so.
    fed = [worker for worker in ours if worker.runs and not worker.schedules]
    for worker in (worker for worker in ours if worker.runs and worker.schedules):
        yield Finding("runner", "ok", f"Process {worker.pid} runs jobs.")
    if not fed:
        return
    if all(worker.draining for worker in fed):
        yield Finding("worker", "ok", f"The worker on {host} is ending.")
    elif names := _answering(host):
        yield Finding("worker", "ok", f"Takes messages: {', '.join(names)}.")
    else:
        message = f"No worker on {host} answers over the broker: it takes no messages."
        yield Finding("worker", "error", message, f"If the broker is well: {_LOG[0].lower()}{_LOG[1:]}")


def _answering(host: str) -> list[str]:
    """The names of this machine's workers that answer, or as many as did in time."""
    from kombu.exceptions import OperationalError

    from personal_assistant.workers.celery_app import app

    options = {"pattern": f"*@{host}", "matcher": "glob", "reply": True, "limit": 1, "timeout": _ANSWER_SECONDS}
    try:
        answers = app.control.broadcast("ping", **options) or []
    except (OperationalError, OSError):
        return []
    return [name for answer in answers for name in answer]
