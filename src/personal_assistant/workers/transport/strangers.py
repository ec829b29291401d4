"""Messages that were not sent by this system: a task's name and arguments, as any Celery program sends them."""

import logging
import time
from functools import partial
from typing import Any

from celery.worker.consumer import Consumer

from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.transport.aside import aside

log = get_logger(__name__)
_logger = logging.getLogger(__name__)

_ATTEMPTS = 5
# A message that cannot be written down, because the database is away, goes back to the broker after so long.
_AGAIN_SECONDS = 1.0


class LedgerConsumer(Consumer):
    """Celery's, but that a message with an unknown task's name becomes a job.

    It waits in the ledger for the module that declares it, and `assistant doctor` tells of it. Celery itself drops
    such a message with a line in the log.
    """

    connection_errors: tuple[type[Exception], ...]

    def on_unknown_task(self, body: Any, message: Any, exc: Any) -> None:
        """Keep it; until its job is written, the message is all there is."""
        del body, exc
        aside(partial(_keep, message, self.connection_errors))


def _keep(message: Any, errors: Any) -> None:
    """Write the job, then acknowledge the message; without a database it goes back to the broker."""
    try:
        job = _job(message)
        with runtime().db.write() as conn:
            enqueue(conn, job, now=runtime().clock.now())
    except StoreError as error:
        log.warning("a message for an unknown task goes back to the broker", error=str(error))
        time.sleep(_AGAIN_SECONDS)
        message.reject_log_error(_logger, errors, requeue=True)
    except Exception:
        log.exception("a message for an unknown task cannot be kept")
        message.reject_log_error(_logger, errors)
    else:
        log.error("no installed module declares this task; its job waits in the ledger", task=job.task, job=job.id)
        message.ack_log_error(_logger, errors)


def _job(message: Any) -> NewJob:
    """What version 1 of Celery's message protocol has in the body, and version 2 in the headers, too."""
    body = message.decode()
    if isinstance(body, dict):
        told, args, kwargs = body, body.get("args") or (), body.get("kwargs") or {}
    else:
        told, (args, kwargs, _) = message.headers, body
    queue = (message.delivery_info or {}).get("routing_key") or "celery"
    return NewJob(told["task"], queue, args=list(args), kwargs=dict(kwargs), id=told["id"], max_attempts=_ATTEMPTS)
