"""A process that takes webhooks and mail and counts them: as little work as can be, so that it is not what is measured.

`GET /counts` says what has come since its start, and how many connections that took.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

_OK = b"HTTP/1.1 204 No Content\r\n\r\n"
_LONGEST = 1_048_576
_SMTP_ANSWERS = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


@dataclass(slots=True)
class Counts:
    """What came over one of the two ports. `different` counts keys of webhooks, or message ids of mails."""

    requests: int = 0
    connections: int = 0
    open_now: int = 0
    most_at_once: int = 0
    keys: set[bytes] = field(default_factory=set)

    def document(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**{name: it for name, it in asdict(self).items() if name != "keys"}, "different": len(self.keys)}


class _Counting(asyncio.Protocol):
    """A connection that is counted, and what has come over it and is not read yet."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.unread = b""
        self.counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def count(self) -> None:
        """Count the connection, once."""
        if not self.counted:
            self.counted = True
            self.counts.connections += 1
            self.counts.open_now += 1
            self.counts.most_at_once = max(self.counts.most_at_once, self.counts.open_now)

    def data_received(self, data: bytes) -> None:
        self.unread += data
        if len(self.unread) > _LONGEST:
            self.transport.close()
            return
        while self.read_one():
            pass

    def read_one(self) -> bool:
        """Answer the first thing that has come whole; False where there is none."""
        raise NotImplementedError

    def connection_lost(self, exc: Exception | None) -> None:
        if self.counted:
            self.counts.open_now -= 1


class Webhook(_Counting):
    """Answers requests with 204."""

    def __init__(self, counts: Counts, mails: Counts) -> None:
        super().__init__(counts)
        self.mails = mails

    def read_one(self) -> bool:
        head, ended, rest = self.unread.partition(b"\r\n\r\n")
        if not ended:
            return False
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        length = int(headers.get(b"content-length", b"0"))
        if len(rest) < length:
            return False
        self.unread = rest[length:]
        if head.startswith(b"GET"):
            self._tell()
            return True
        self.count()
        self.counts.requests += 1
        self.counts.keys.add(headers.get(b"idempotency-key", b""))
        self.transport.write(_OK)
        return True

    def _tell(self) -> None:
        body = json.dumps({"webhook": self.counts.document(), "mail": self.mails.document()}).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()


class Mail(_Counting):
    """Takes every mail."""

    reading_text = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.count()
        self.transport.write(b"220 bench.example\r\n")

    def read_one(self) -> bool:
        end = b"\r\n.\r\n" if self.reading_text else b"\r\n"
        said, ended, rest = self.unread.partition(end)
        if not ended:
            return False
        self.unread = rest
        if self.reading_text:
            self._taken(said)
            return True
        command = said[:4].upper()
        self.reading_text = command == b"DATA"
        self.transport.write(_SMTP_ANSWERS.get(command, b"250 fine\r\n"))
        if command == b"QUIT":
            self.transport.close()
        return True

    def _taken(self, text: bytes) -> None:
        self.reading_text = False
        self.counts.requests += 1
        head = text.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
        ids = [line for line in head.split(b"\r\n") if line.lower().startswith(b"message-id:")]
        self.counts.keys.add(ids[0] if ids else b"")
        self.transport.write(b"250 taken\r\n")


async def main() -> None:
    """Print both ports as one line of JSON, and serve until killed."""
    webhooks, mails = Counts(), Counts()
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(lambda: Webhook(webhooks, mails), "127.0.0.1", 0, backlog=1024),
        await loop.create_server(lambda: Mail(mails), "127.0.0.1", 0, backlog=1024),
    ]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    sys.stdout.write(json.dumps({"webhook": ports[0], "mail": ports[1]}) + "\n")
    sys.stdout.flush()
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main())
