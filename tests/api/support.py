"""What the tests over HTTP share: the real server on a socket, and a client that follows nothing."""

import http.client
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from personal_assistant.api.listening import listen
from personal_assistant.api.server import serving
from personal_assistant.workers.runtime import Runtime


@dataclass(frozen=True)
class Answer:
    """What the server said; header names are in small letters, what comes twice is on two lines."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def headers_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers of an answer."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name.lower()] = f"{found[name.lower()]}\n{value}" if name.lower() in found else value
    return found


class Client:
    """One request at a time, each over its own connection."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            got = connection.getresponse()
            return Answer(got.status, headers_of(got.getheaders()), got.read())
        finally:
            connection.close()


@contextmanager
def server(runtime: Runtime) -> Iterator[Client]:
    """The server of a runtime, for as long as this lasts."""
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    with serving(runtime, listening):
        yield Client(port)
