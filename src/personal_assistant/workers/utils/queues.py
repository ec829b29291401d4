"""Whether somebody takes each queue in which jobs wait."""

from collections.abc import Collection, Iterator
from datetime import timedelta

from personal_assistant.jobs.queries import waiting_queues
from personal_assistant.workers.liveness import all_rest, living
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.findings import Finding

_LATE = timedelta(seconds=15)
_ANSWER_SECONDS = 2.0


def check_queues(runtime: Runtime) -> Iterator[Finding]:
    """Name each queue in which jobs wait and that no worker takes.

    The workers are asked through the broker. Says nothing where one of them does not answer, for it might take them.
    """
    with runtime.db.read() as conn:
        waiting = waiting_queues(conn, runtime.clock.now() - _LATE)
        runners = [worker for worker in living(runtime, conn) if worker.runs]
    # A process that listens to no broker takes every queue from the ledger.
    if not waiting or not runners or all_rest(runners) or any(worker.heard_at is None for worker in runners):
        return
    taken = _taken({worker.name for worker in runners})
    if taken is None:
        return
    for queue in sorted(waiting.keys() - taken):
        message = f"No worker takes the queue {queue} ({waiting[queue]} job(s))."
        yield Finding("queues", "warning", message, f"Start one with `assistant worker --queues {queue}`.")


def _taken(names: Collection[str]) -> set[str] | None:
    """The queues that these workers take; None where not all of them answer."""
    from personal_assistant.workers.celery_app import app

    if not app.conf.broker_url:
        return None
    try:
        answers = app.control.inspect(destination=list(names), timeout=_ANSWER_SECONDS).active_queues() or {}
    except Exception:  # each transport has errors of its own; that the broker is away is another check's to say
        return None
    if answers.keys() != set(names):
        return None
    return {queue["name"] for queues in answers.values() for queue in queues}
