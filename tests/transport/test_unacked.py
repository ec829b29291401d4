"""A worker that loses Redis while it holds messages."""

from typing import Any

import pytest
from kombu import Connection, Queue
from kombu.transport import redis
from tests.support.valkey import valkey_server

from personal_assistant.workers.transport.unacked import PatientQoS


def test_closing_a_lost_connection_that_holds_messages_does_not_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis.Channel, "QoS", PatientQoS)
    with valkey_server() as server:
        connection = Connection(server.url)
        queue = Queue("held")
        received: list[Any] = []
        connection.Consumer(queue, callbacks=[lambda body, message: received.append(body)]).consume()
        connection.Producer().publish({"one": 1}, exchange="", routing_key="held")
        while not received:
            connection.drain_events(timeout=10)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.2)  # so that it waits for the next one
        server.kill()
        # What Celery does when it has lost its connection.
        connection.collect()
        connection.close()
