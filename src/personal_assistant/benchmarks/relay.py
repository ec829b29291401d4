"""A network that can be cut: one TCP port that leads to another, until it is told to drop, refuse or swallow."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from personal_assistant.errors import AssistantError

T = TypeVar("T")

_CHUNK_BYTES = 65_536


class Relay:
    """Listens on a free port of this machine and passes everything on to `target`, on an event loop of its own.

    Clients connect to `port`. Each of the three faults lasts until `heal`, except that `drop` is over at once.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"relay-{target[1]}", daemon=True)
        self._thread.start()
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self.port = free_port()
        self._do(self._listen())

    def drop(self) -> None:
        """Reset every connection there is; new ones are let through."""
        self._do(self._drop())

    def refuse(self) -> None:
        """Reset every connection and refuse new ones."""
        self._do(self._refuse())

    def swallow(self) -> None:
        """Keep connections, accept new ones, and pass nothing on."""
        self._do(self._swallow())

    def heal(self) -> None:
        """Pass on again: what was swallowed first."""
        self._do(self._heal())

    def close(self) -> None:
        self._do(self._refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: "Coroutine[Any, Any, T]") -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> None:
        try:
            self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        except OSError as error:
            raise AssistantError(f"The port {self.port} was taken by another program meanwhile: try again.") from error

    async def _drop(self) -> None:
        for writer in self._writers:
            with contextlib.suppress(OSError):  # closed this very moment
                # To close without lingering is to reset.
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._open.set()
        await self._drop()

    async def _swallow(self) -> None:
        self._open.clear()

    async def _heal(self) -> None:
        self._open.set()
        if self._server is None:
            await self._listen()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._open.wait()
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            self._forget(writer)
            return
        self._writers.add(far_writer)
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one side closes, which the other side is told by closing."""
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        await self._open.wait()
        self._forget(writer)

    def _forget(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
