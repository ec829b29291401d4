"""Messages that were not sent by this system: a task's name and arguments, as any Celery program sends them."""

from typing import Any

import structlog

from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.workers.runtime import runtime

log = structlog.get_logger(__name__)

_ATTEMPTS = 5


def keep_unknown(name: str, id: str, message: Any, **given: Any) -> None:
    """Write a job for a message with an unknown task's name: it waits in the ledger for the module that declares it.

    `assistant doctor` tells of it. Celery itself drops such a message with a line in the log.
    """
    del given
    try:
        args, kwargs = _arguments(message)
        queue = (message.delivery_info or {}).get("routing_key") or "celery"
        job = NewJob(name, queue, args=args, kwargs=kwargs, id=id, max_attempts=_ATTEMPTS)
        with runtime().db.write() as conn:
            enqueue(conn, job, now=runtime().clock.now())
    except Exception:
        log.exception("a message for an unknown task cannot be kept", task=name, id=id)
    else:
        log.error("no installed module declares this task; its job waits in the ledger", task=name, job=id)


def _arguments(message: Any) -> tuple[list[Any], dict[str, Any]]:
    """Positional and named arguments, in version 1 and 2 of Celery's message protocol."""
    body = message.decode()
    if isinstance(body, dict):
        return list(body.get("args") or ()), dict(body.get("kwargs") or {})
    args, kwargs, _ = body
    return list(args), dict(kwargs)
