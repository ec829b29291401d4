"""Whether processes are at work, not only alive: whether schedulers go round, and workers hear from the broker."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from personal_assistant.errors import AssistantError
from personal_assistant.jobs.leases import Worker, list_workers
from personal_assistant.timing.missed import spoken
from personal_assistant.workers.liveness import all_rest, is_gone, living
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.findings import Finding

_RESTART = "Restart it, and look into its log for the cause."


class NoSuchWorkerError(AssistantError):
    """No process has that name."""


def check_processes(runtime: Runtime) -> Iterator[Finding]:
    """Whether there is somebody for each part of the work, and whether each of them does it."""
    with runtime.db.read() as conn:
        alive = living(runtime, conn)
    for role, command, does, those in (
        ("scheduler", "scheduler", "nothing fires", [worker for worker in alive if worker.schedules]),
        ("runner", "worker", "no job runs", [worker for worker in alive if worker.runs]),
    ):
        if those:
            yield Finding(role, "ok", f"Alive: {_names(those)}.")
        else:
            start = command if runtime.settings.broker_url else "up"
            fix = f"Run `assistant {start}`, and leave it running."
            yield Finding(role, "error", f"No {role} is alive: {does}.", fix)
    if all_rest(alive):
        yield Finding(
            "runner", "warning", "All workers rest: no job runs.", "`assistant drain --all --undo` has them go on."
        )
    yield from _at_work(runtime, alive)


def _names(those: Sequence[Worker]) -> str:
    """Each worker once, with the number of its processes where it has several."""
    counted = Counter(worker.label for worker in those)
    return ", ".join(label if number == 1 else f"{label} ({number} processes)" for label, number in counted.items())


def check_worker(runtime: Runtime, name: str) -> list[Finding]:
    """Whether the worker or scheduler of this name, or each on the machine of this name, is alive and at work.

    Raises NoSuchWorkerError when there are none.
    """
    by_label: dict[str, list[Worker]] = defaultdict(list)
    for worker in find_workers(runtime, name):
        by_label[worker.label].append(worker)
    found = [finding for label, those in by_label.items() for finding in _check_one(runtime, label, those)]
    return list(dict.fromkeys(found))  # a broker that is away is named once


def _check_one(runtime: Runtime, label: str, those: Sequence[Worker]) -> list[Finding]:
    """What is to be said of one worker, whose processes these are."""
    now = runtime.clock.now()
    # Of a prefork worker one child may have died: its place is taken.
    alive = [worker for worker in those if not is_gone(runtime, worker, now)]
    if not alive:
        heard = max(worker.heartbeat_at for worker in those)
        message = f"{label} is not alive: it was last heard of {spoken(now - heard)} ago."
        return [Finding("worker", "error", message, "Restart it.")]
    findings = list(_at_work(runtime, alive))
    if any(finding.check != "broker" for finding in findings):
        return findings
    if all_rest(alive):
        return [*findings, Finding("worker", "ok", f"{label} is alive and rests; it takes no new jobs.")]
    ends = " It takes no new jobs." if all(worker.draining for worker in alive) else ""
    return [*findings, Finding("worker", "ok", f"{label} is alive and at work.{ends}")]


def find_workers(runtime: Runtime, name: str) -> list[Worker]:
    """The processes on record of this name, or on the machine of this name. Raises NoSuchWorkerError."""
    with runtime.db.read() as conn:
        known = list_workers(conn)
    found = [worker for worker in known if name in (worker.name, worker.host, worker.name.partition("@")[0])]
    if not found:
        names = ", ".join(sorted({worker.name for worker in known})) or "none"
        raise NoSuchWorkerError(f"There is no process of the name {name}. On record: {names}.")
    return found


def _at_work(runtime: Runtime, alive: Sequence[Worker]) -> Iterator[Finding]:
    now = runtime.clock.now()
    longest = timedelta(seconds=2 * runtime.settings.lease_seconds)
    for worker in alive:
        still = now - (worker.scheduled_at or worker.started_at)
        if worker.schedules and still > longest:
            message = f"The scheduler {worker.label} has not gone round for {spoken(still)}."
            yield Finding("scheduler", "error", message, _RESTART)
    # The children of a prefork worker hear by their parent.
    heard = {worker.name: worker.heard_at for worker in alive if worker.heard_at is not None}
    silent = {name: now - at for name, at in heard.items() if now - at > longest}
    if silent and (problem := _broker_problem()):
        yield Finding("broker", "error", problem, "Start it, or correct its URL. No job is lost, they wait.")
        return
    for name, span in silent.items():
        message = f"The worker {name} is alive and has not received anything from the broker for {spoken(span)}."
        yield Finding("worker", "error", message, _RESTART)


def _broker_problem() -> str | None:
    """Why the broker cannot be reached from here; None when it can."""
    from personal_assistant.workers.celery_app import app
    from personal_assistant.workers.transport.config import DEFAULT_QUEUE
    from personal_assistant.workers.transport.messages import BrokerError, empty_queues

    if not app.conf.broker_url:
        return None
    try:
        empty_queues([DEFAULT_QUEUE])
    except BrokerError:
        return f"The broker {app.connection_for_read().as_uri()} does not answer."
    return None
