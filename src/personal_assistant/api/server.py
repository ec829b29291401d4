"""The HTTP server: uvicorn in a thread of its own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from personal_assistant.api.app import make_app
from personal_assistant.api.live.feed import MOST_STREAMS, Feed
from personal_assistant.workers.runtime import Runtime

_STOP_SECONDS = 5


def _server(runtime: Runtime, feed: Feed) -> uvicorn.Server:
    """The server. It logs no requests: their paths hold secrets."""
    return uvicorn.Server(
        uvicorn.Config(
            make_app(runtime, feed),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="on",
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
