"""A network that can be cut."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from personal_assistant.benchmarks.relay import Relay


@pytest.fixture
def relay() -> Iterator[Relay]:
    """One that leads to a server which sends back what it is sent."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(connection,), daemon=True).start()

    def echo(connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionResetError):
            while data := connection.recv(100):
                connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    relay = Relay(server.getsockname())
    yield relay
    relay.close()
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def connect(relay: Relay) -> socket.socket:
    return socket.create_connection(("127.0.0.1", relay.port), timeout=10)


def test_everything_is_passed_on(relay: Relay) -> None:
    with connect(relay) as client:
        client.sendall(b"there")
        assert client.recv(100) == b"there"


def test_connections_are_reset_and_new_ones_go_through(relay: Relay) -> None:
    with connect(relay) as client:
        client.sendall(b"there")
        assert client.recv(100) == b"there"
        relay.drop()
        with pytest.raises(ConnectionResetError):
            client.recv(100)
    with connect(relay) as client:
        client.sendall(b"again")
        assert client.recv(100) == b"again"


def test_new_connections_are_refused_until_it_is_healed(relay: Relay) -> None:
    relay.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(relay)
    relay.heal()
    with connect(relay) as client:
        client.sendall(b"there")
        assert client.recv(100) == b"there"


def test_what_is_swallowed_arrives_once_it_is_healed(relay: Relay) -> None:
    with connect(relay) as client:
        client.sendall(b"before")
        assert client.recv(100) == b"before"
        relay.swallow()
        client.sendall(b"after")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(100)
        relay.heal()
        client.settimeout(10)
        assert client.recv(100) == b"after"
