"""A real RabbitMQ server from Debian's package, with a node, ports, folders and a port mapper (epmd) of its own."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import amqp

from personal_assistant.workers.transport.config import QUEUES

# Not the one on the search path: that one changes the user, and asks for root.
_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_START_SECONDS = 60.0
# Not to outlive a test process that is killed.
_GUARD = ("setpriv", "--pdeathsig", "KILL")


def rabbitmq_missing() -> str | None:
    """What has to be installed for a server to be started here; None when nothing has."""
    if _PROGRAM.exists() and shutil.which("epmd"):
        return None
    return "RabbitMQ is not installed here: apt-get install rabbitmq-server"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class RabbitMQ:
    """A server that can be stopped for a while, emptied and restarted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port, self._mapper_port = _free_port(), _free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}//"
        self._environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            # Where the node keeps the secret that it shares with its tools.
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"assistant-{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(_free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "none"),
            # Two schedulers are enough, and they need not spin while they have nothing to do.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
            # Has the script become the server instead of waiting beside it.
            "RUNNING_UNDER_SYSTEMD": "true",
        }
        self._mapper = self._launch("epmd", "-port", str(self._mapper_port), "-address", "127.0.0.1")
        try:
            self._process = self._start()
        except BaseException:
            self._mapper.kill()
            self._mapper.wait()
            raise

    def _launch(self, *command: str) -> "subprocess.Popen[bytes]":
        with (self._folder / "output").open("ab") as log:
            return subprocess.Popen(
                [*_GUARD, *command], env=self._environment, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log,
            )  # fmt: skip

    def _start(self) -> "subprocess.Popen[bytes]":
        process = self._launch(str(_PROGRAM))
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                with self._channel():
                    return process
            except OSError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    process.wait()
                    raise RuntimeError(f"RabbitMQ did not start: {(self._folder / 'output').read_text()}") from error
                time.sleep(0.05)

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        with amqp.Connection(f"127.0.0.1:{self._port}", connect_timeout=5) as connection:
            yield connection.channel()

    def waiting(self, queue: str, prefix: str) -> int:
        """How many messages wait in a queue."""
        del prefix  # it is one of Redis
        with self._channel() as channel:
            try:
                return int(channel.queue_declare(queue=queue, passive=True).message_count)
            except amqp.NotFound:
                return 0

    def clear(self) -> None:
        """Take all messages, and the queues, away under the feet of those who use them."""
        with self._channel() as channel:
            for queue in ("tests", *QUEUES):
                channel.queue_delete(queue)

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
        self._kill()
        shutil.rmtree(self._folder / "mnesia")
        self._process = self._start()

    def stop(self) -> None:
        self._kill()
        self._mapper.kill()
        self._mapper.wait()

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def rabbitmq_server() -> Iterator[RabbitMQ]:
    """Start a server and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="assistant-rabbit-") as folder:
        server = RabbitMQ(Path(folder))
        try:
            yield server
        finally:
            server.stop()
