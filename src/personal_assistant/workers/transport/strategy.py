"""Messages straight from the consumer to the runner, where both live in one process."""

import logging
from collections.abc import Callable
from typing import Any

from personal_assistant.workers.transport.worker import inbox

log = logging.getLogger(__name__)


def direct(task: Any, app: Any, consumer: Any, **options: Any) -> Callable[..., None]:
    """Celery's «strategy» for `run_jobs` on the pools of threads: what is done with each message.

    The runner has threads of its own, so the pool's would only wait. A message is acknowledged when its jobs need no
    thread any more: the limit of unacknowledged messages is what keeps a worker from taking more than it can do.
    """
    del task, app, options
    errors = consumer.connection_errors

    def handle(message: Any, body: Any, ack: Any, reject: Any, callbacks: Any, **given: Any) -> None:
        del body, reject, callbacks, given
        (name, ids), _, _ = message.decode()
        inbox().offer(name, ids, lambda: ack(log, errors))

    return handle
