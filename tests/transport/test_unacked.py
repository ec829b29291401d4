"""A worker that loses Redis while it holds messages."""

import logging
from typing import Any

import pytest
from kombu import Connection, Queue
from kombu.transport import redis
from tests.support.valkey import valkey_server

from personal_assistant.workers.transport.unacked import PatientQoS


def test_a_channel_that_holds_messages_outlives_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis.Channel, "QoS", PatientQoS)
    with valkey_server() as server:
        connection = Connection(server.url)
        channel: Any = connection.default_channel
        queue = Queue("held", channel=channel)
        queue.declare()
        connection.Producer().publish({"one": 1}, exchange="", routing_key="held")
        message = queue.get()
        assert message is not None
        assert len(channel.qos._delivered) == 1
        server.kill()
        # As Celery's first try to close leaves it: the transport has forgotten its connection, the channel is open.
        channel.connection.client = None
        channel.close()
        assert channel.closed
        errors = connection.connection_errors
        message.ack_log_error(logging.getLogger(__name__), errors)
        assert not message.acknowledged
        connection.close()
