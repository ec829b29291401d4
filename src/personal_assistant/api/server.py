"""The HTTP server: uvicorn in a thread of its own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from personal_assistant.api.app import make_app
from personal_assistant.api.live.feed import MOST_STREAMS, Feed
from personal_assistant.errors import AssistantError
from personal_assistant.workers.runtime import Runtime

_STOP_SECONDS = 5


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any that is free. Raises AssistantError where it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=256)
        # What is accepted has it from here; without it the body of an answer waits 40 ms for word of its head.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AssistantError(f"Port {port} on {host} cannot be used: {reason}. Choose another with --port.") from error


def _server(runtime: Runtime, feed: Feed) -> uvicorn.Server:
    """The server. It logs no requests: their paths hold secrets."""
    return uvicorn.Server(
        uvicorn.Config(
            make_app(runtime, feed),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            limit_concurrency=MOST_STREAMS + 200,
            h11_max_incomplete_event_size=16_384,
            http="h11",
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    )


@contextmanager
def serving(runtime: Runtime, listening: socket.socket) -> Iterator[None]:
    """Serve in a thread of its own for as long as this lasts. Connections that come before it is ready wait."""
    feed = Feed(runtime)
    server = _server(runtime, feed)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        feed.close()  # first: a server waits for answers that are under way
        server.should_exit = True
        thread.join(_STOP_SECONDS + 1)
        listening.close()
