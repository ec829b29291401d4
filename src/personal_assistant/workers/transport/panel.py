"""What a worker answers to remote control about tasks: what it runs, and that it cancels what is revoked."""

from functools import partial
from typing import Any

import structlog
from celery.utils.functional import maybe_list
from celery.worker.control import Panel
from celery.worker.state import revoked

from personal_assistant.jobs.queries import running_on
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.celery_app import app
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.transport.aside import aside

log = structlog.get_logger(__name__)

_MOST_LISTED = 1_000
_ANSWER_SECONDS = 0.5


def active(state: Any, **options: Any) -> list[dict[str, Any]]:
    """List of tasks currently being executed: the jobs that this worker runs, in Celery's form."""
    del options
    found: list[dict[str, Any]] = []
    reading = aside(partial(_read_running, state.hostname, found))
    reading.join(_ANSWER_SECONDS)
    return list(found)


def _read_running(name: str, found: list[dict[str, Any]]) -> None:
    with runtime().db.read() as conn:
        found += [
            {
                "id": job.id,
                "name": job.task,
                "args": job.args,
                "kwargs": job.kwargs,
                "type": job.task,
                "hostname": name,
                "time_start": job.started_at and job.started_at.timestamp(),
                "acknowledged": True,
                "delivery_info": {"exchange": "", "routing_key": job.queue, "priority": job.priority},
                "worker_pid": pid,
            }
            for job, pid in running_on(conn, name, _MOST_LISTED)
        ]


def revoke(state: Any, task_id: Any, **options: Any) -> dict[str, str]:
    """Revoke task by task id (or list of ids): its job is cancelled, and asked to stop if it runs."""
    del state, options
    ids = [str(it) for it in maybe_list(task_id) or ()]
    # For other programs' messages that have not become a job yet.
    revoked.update(ids)
    # Every worker does so; the first one has an effect.
    aside(partial(_cancel, ids))
    return {"ok": f"jobs are being cancelled: {', '.join(ids)}"}


def terminate(state: Any, signal: str, task_id: Any, **options: Any) -> dict[str, str]:
    """Terminate task by task id (or list of ids): as revoke."""
    del signal
    return revoke(state, task_id, **options)


def _cancel(ids: list[str]) -> None:
    try:
        app.control.revoke(ids)
    except StoreError as error:
        log.error("jobs could not be cancelled; revoke them again", jobs=ids, error=str(error))  # noqa: TRY400


def install() -> None:
    """Have this worker answer so."""
    register: Any = Panel.register
    register(name="active", alias="dump_active", type="inspect")(active)
    signature = "[id1 [id2 [... [idN]]]]"
    register(name="revoke", variadic="task_id", signature=signature)(revoke)
    signature = f"<signal> {signature}"
    register(name="terminate", variadic="task_id", args=[("signal", str)], signature=signature)(terminate)
