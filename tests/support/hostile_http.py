"""An HTTP server on a real socket that behaves as badly as it is told to, and notes everything that it was sent."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Behaviour = Callable[["HostileServer", socket.socket], bool]
_CHUNK = b"x" * 4096
_TLS_HELLO = b"\x16\x03"


@dataclass(frozen=True, slots=True)
class Received:
    """One request. Names of headers are in lower case; `connection` is the how manieth connection it came on."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


def answers(status: int, *headers: str, body: bytes = b"") -> Behaviour:
    """Answer with a status, header lines and a body, and keep the connection."""

    def behave(_: "HostileServer", client: socket.socket) -> bool:
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
        client.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return True

    return behave


def says(raw: bytes) -> Behaviour:
    """Send these bytes instead of an answer, and hang up."""

    def behave(_: "HostileServer", client: socket.socket) -> bool:
        client.sendall(raw)
        return False

    return behave


def hangs(server: "HostileServer", client: socket.socket) -> bool:
    """Take the request and never answer."""
    server.closing.wait()
    return False


def hangs_up(_: "HostileServer", __: socket.socket) -> bool:
    """Take the request and end the connection."""
    return False


def answers_and_hangs_up(_: "HostileServer", client: socket.socket) -> bool:
    """Answer as if the connection were kept, and end it."""
    client.sendall(b"HTTP/1.1 204 Said\r\n\r\n")
    return False


def endless_headers(server: "HostileServer", client: socket.socket) -> bool:
    """Answer with headers that have no end."""
    client.sendall(b"HTTP/1.1 200 Said\r\n")
    number = 0
    while not server.closing.is_set():
        number += 1
        client.sendall(f"X-{number}: ".encode() + _CHUNK + b"\r\n")
    return False


def endless_body(server: "HostileServer", client: socket.socket) -> bool:
    """Say that it was taken, in a body that has no end."""
    client.sendall(b"HTTP/1.1 200 Said\r\nConnection: keep-alive\r\n\r\n")
    while not server.closing.is_set():
        client.sendall(_CHUNK)
    return False


def trickles(server: "HostileServer", client: socket.socket) -> bool:
    """Answer one letter at a time, never coming to the end of the first line."""
    client.sendall(b"HTTP/1.1 200 ")
    while not server.closing.wait(0.05):
        client.sendall(b"a")
    return False


OK = answers(204)


class HostileServer:
    """Serves on a loopback port until the block ends. `behave` says what it does with the requests to come."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.peak = 0
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._connections = 0
        self._behaviours: list[Behaviour] = [OK]
        self._lock = threading.Lock()
        self._came = threading.Condition(self._lock)
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def behave(self, *behaviours: Behaviour) -> None:
        """Do these with the next requests, one each; the last with all that follow."""
        with self._lock:
            self._behaviours = list(behaviours)

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Received]:
        """The requests, once there are so many."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.received) >= count, seconds), "the request did not come"
            return list(self.received)

    def __enter__(self) -> "HostileServer":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            left = list(self._open)
        for client in left:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                with self._lock:
                    self._connections += 1
                    number = self._connections
                    self._open.add(client)
                    self.peak = max(self.peak, len(self._open))
                threading.Thread(target=self._serve, args=(client, number), daemon=True).start()

    def _serve(self, client: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), client:
            while (request := _read(client, number)) is not None:
                if not self._next(request)(self, client):
                    break
        with self._lock:
            self._open.discard(client)

    def _next(self, request: Received) -> Behaviour:
        with self._came:
            self.received.append(request)
            self._came.notify_all()
            return self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]


@contextlib.contextmanager
def never_accepts() -> Iterator[str]:
    """The URL of a port whose connections are made and never looked at: what is sent there is not read."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"


@contextlib.contextmanager
def never_connects() -> Iterator[str]:
    """The URL of a port that connections cannot be made to, and are not refused by either."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, contextlib.ExitStack() as fillers:
        for _ in range(3):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"


def refusing_url() -> str:
    """The URL of a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}/hook"


def _read(client: socket.socket, number: int) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := client.recv(65536)):
            return None
        data += more
        if data.startswith(_TLS_HELLO):
            client.sendall(b"HTTP/1.1 400 Said\r\n\r\n")
            return None
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        if not (more := client.recv(65536)):
            return None
        body += more
    method, path, _ = first.split(" ")
    return Received(method, path, headers, body, number)
