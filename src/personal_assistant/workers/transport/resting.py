"""A worker that rests: it keeps its connection and its canary, and takes no messages."""

from typing import Any

from personal_assistant.workers.celery_app import app


class Consuming:
    """The queues that a worker consumes. `instance` is Celery's worker."""

    def __init__(self, instance: Any, keep: str) -> None:
        self._instance = instance
        self._keep = keep
        self._left: list[str] = []

    def rest(self) -> None:
        """Consume none but the one that is kept, now and after the next connection."""
        queues = app.amqp.queues
        self._left = [name for name in queues.consume_from if name != self._keep]
        for name in self._left:
            queues.deselect([name])
            self._soon("cancel_task_queue", name)

    def resume(self) -> None:
        """Consume again what was left."""
        queues = app.amqp.queues
        for name in self._left:
            queues.select_add(queues[name])
            self._soon("add_task_queue", name)
        self._left = []

    def _soon(self, method: str, queue: str) -> None:
        """In the consumer's own thread. Without a connection the selection of the queues is enough."""
        consumer = self._instance.consumer
        if consumer is not None and consumer.task_consumer is not None:
            consumer.call_soon(getattr(consumer, method), queue)
