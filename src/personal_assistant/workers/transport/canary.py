"""A tiny message that each worker sends to itself through the broker: one that lives may have ceased to consume."""

import contextlib
import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.sharedctypes import RawValue
from typing import Any

from celery import Task
from kombu import Queue

from personal_assistant.workers.celery_app import app
from personal_assistant.workers.transport.messages import BrokerError, empty_queues, send_one

_logger = logging.getLogger(__name__)

CANARY = "personal_assistant.canary"
_PREFIX = "canary."
# The queue of a worker that is gone goes after so many of its periods.
_EXPIRES_PERIODS = 6


@app.task(name=CANARY, base=Task, ignore_result=True, Strategy="personal_assistant.workers.transport.canary:coming")
def canary() -> None:
    """Never run: what matters is that the consumer gets the message."""


class Canary:
    """When the broker last reached this worker.

    `is_full` tells whether the worker leaves messages to others because its slots are taken: then it counts as reached.
    The instant lies in memory that the children of a prefork worker share.
    """

    def __init__(self, worker: str, period: float, is_full: Callable[[], bool]) -> None:
        self._period = period
        self._is_full = is_full
        self._heard = RawValue("d", time.time())
        self._send_at = 0.0
        # Consumed by the same consumer as the jobs' messages. It never holds more than one message.
        name = f"{_PREFIX}{worker}"
        expires = math.ceil(period * _EXPIRES_PERIODS)
        self.queue = Queue(name, routing_key=name, expires=expires, auto_delete=True)

    def heard(self) -> datetime:
        """When a message last came, or the worker was full."""
        return datetime.fromtimestamp(self._heard.value, UTC)

    def came(self) -> None:
        """A message has come to this worker."""
        self._heard.value = time.time()

    def turn(self) -> None:
        """Send one, if it is time for it and the last one has been taken."""
        if time.monotonic() < self._send_at:
            return
        self._send_at = time.monotonic() + self._period
        if self._is_full():
            self.came()
            return
        with contextlib.suppress(BrokerError):  # the consumer says so
            if empty_queues([self.queue.name]):
                send_one(CANARY, self.queue.name)


_current: Canary | None = None


def use(canary: Canary) -> None:
    """Make it the one of this process."""
    global _current
    _current = canary


def coming(task: Any, app: Any, consumer: Any, **options: Any) -> Callable[..., None]:
    """Celery's «strategy» for canaries: they reach the consumer, and go no further."""
    del task, app, options
    errors = consumer.connection_errors

    def handle(message: Any, body: Any, ack: Any, reject: Any, callbacks: Any, **given: Any) -> None:
        del body, reject, callbacks, given
        ack(_logger, errors)
        if _current is not None:
            _current.came()

    return handle
