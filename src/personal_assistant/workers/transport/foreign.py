"""Messages of other programs that are to wait: Celery would keep them in a worker's memory until their time comes."""

from collections.abc import Callable
from typing import Any

from celery.worker.strategy import default

from personal_assistant.workers.celery_app import DUE


def at_once(task: Any, app: Any, consumer: Any, **options: Any) -> Callable[..., None]:
    """Celery's «strategy» for tasks of the ledger: the message is taken now, and its job waits."""
    handle = default(task, app, consumer, **options)

    def take(message: Any, body: Any, *callbacks: Any, **given: Any) -> None:
        # Version 1 of the message protocol has it in the body, version 2 in the headers.
        told = body if isinstance(body, dict) else message.headers
        if told.get("eta"):
            message.headers = {**(message.headers or {}), DUE: told["eta"], "eta": None}
            told["eta"] = None
        handle(message, body, *callbacks, **given)

    return take
