"""What a worker answers when another program broadcasts that tasks are revoked: it cancels their jobs in the ledger."""

from functools import partial
from typing import Any

from celery.utils.functional import maybe_list
from celery.worker.control import Panel
from celery.worker.state import revoked

from personal_assistant.store.errors import StoreError
from personal_assistant.workers.celery_app import app
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.transport.aside import aside

log = get_logger(__name__)


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
    signature = "[id1 [id2 [... [idN]]]]"
    register(name="revoke", variadic="task_id", signature=signature)(revoke)
    signature = f"<signal> {signature}"
    register(name="terminate", variadic="task_id", args=[("signal", str)], signature=signature)(terminate)
