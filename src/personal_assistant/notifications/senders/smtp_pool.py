"""Sessions with the server that takes mail: a few for each event loop, kept open for the next message."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from personal_assistant.notifications.model import TryLater
from personal_assistant.notifications.senders.smtp_server import SmtpServer

_SESSIONS = 4
_MESSAGES_EACH = 100
_IDLE_SECONDS = 30.0
_QUIT_SECONDS = 1.0
# How long a message may wait for one of the sessions.
_WAIT_SECONDS = 30.0


@dataclass(slots=True, eq=False)
class _Session:
    client: SMTP
    messages: int = 0
    idle_since: float = 0.0

    def is_fresh(self) -> bool:
        """Whether it may carry one more message, as far as can be known without asking the server."""
        young = time.monotonic() - self.idle_since < _IDLE_SECONDS
        return young and self.messages < _MESSAGES_EACH and self.client.is_connected


class SmtpPool:
    """At most four sessions with one server. Each carries up to 100 messages and is kept for up to 30 idle seconds."""

    def __init__(self, server: SmtpServer, connect_seconds: float, reply_seconds: float) -> None:
        self._server = server
        self._connect_seconds = connect_seconds
        self._reply_seconds = reply_seconds
        self._free = asyncio.Semaphore(_SESSIONS)
        self._idle: list[_Session] = []
        self._name: str | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._quitting: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[SMTP]:
        """A session that is ready for a message. Left by an error other than the server's refusal it is not used again.

        Raises TryLater when none is free for 30 s, and what aiosmtplib raises when none can be opened.
        """
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise TryLater(f"no session with the mail server was free for {_WAIT_SECONDS:g} s") from None
        try:
            session = await self._kept() or _Session(await self._opened())
            try:
                yield session.client
            except BaseException as error:
                if _is_answer(error):
                    await self._keep(session)
                else:
                    session.client.close()
                raise
            await self._keep(session)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Take leave of the server on every session that is idle."""
        if self._sweep is not None:
            self._sweep.cancel()
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_quit(it) for it in idle))

    async def _kept(self) -> _Session | None:
        """A session that still answers; None where a new one has to be opened."""
        while self._idle:
            session = self._idle.pop()
            if not session.is_fresh():
                await _quit(session)
                continue
            try:
                await session.client.rset()
            except (SMTPException, OSError):
                session.client.close()
                return None
            except BaseException:
                session.client.close()
                raise
            return session
        return None

    async def _opened(self) -> SMTP:
        server = self._server
        if self._name is None:
            self._name = await asyncio.to_thread(_own_name)
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            local_hostname=self._name,
            timeout=self._reply_seconds,
            use_tls=server.tls == "from the start",
            start_tls={"required": True, "where offered": None}.get(server.tls, False),
        )
        await client.connect(timeout=self._connect_seconds)
        return client

    async def _keep(self, session: _Session) -> None:
        session.messages += 1
        session.idle_since = time.monotonic()
        if not session.is_fresh():
            await _quit(session)
            return
        self._idle.append(session)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._end_idle)

    def _end_idle(self) -> None:
        self._sweep = None
        stale = [it for it in self._idle if not it.is_fresh()]
        self._idle = [it for it in self._idle if it not in stale]
        for session in stale:
            task = asyncio.get_running_loop().create_task(_quit(session))
            self._quitting.add(task)
            task.add_done_callback(self._quitting.discard)
        if self._idle:
            self._sweep = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._end_idle)


_Key = tuple[asyncio.AbstractEventLoop, SmtpServer, float, float]
_pools: dict[_Key, SmtpPool] = {}
_closing: set[asyncio.Task[None]] = set()


def pool_of(server: SmtpServer, connect_seconds: float, reply_seconds: float) -> SmtpPool:
    """The running loop's sessions with that server. The loop's end closes them."""
    loop = asyncio.get_running_loop()
    key = (loop, server, connect_seconds, reply_seconds)
    if key not in _pools:
        _pools[key] = SmtpPool(server, connect_seconds, reply_seconds)
        # In a context of its own: it is not part of the work that happens to come first.
        task = loop.create_task(_close_at_end(key), context=Context())
        _closing.add(task)
        task.add_done_callback(_closing.discard)
    return _pools[key]


async def _close_at_end(key: _Key) -> None:
    """Wait to be cancelled, which is how a loop of jobs ends what is left on it."""
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await _pools.pop(key).close()


def _is_answer(error: BaseException) -> bool:
    """Whether it is a refusal of one message, after which the session goes on."""
    return isinstance(error, SMTPResponseException) and 400 <= error.code < 600


async def _quit(session: _Session) -> None:
    client = session.client
    try:
        if client.is_connected:
            await client.quit(timeout=_QUIT_SECONDS)
    except (SMTPException, OSError):
        pass  # it has nothing to say that matters
    finally:
        client.close()


def _own_name() -> str:
    """What this machine calls itself to the server (RFC 5321, 4.1.4): a full name, else an address in brackets."""
    name = socket.getfqdn()
    usable = "." in name and name.isascii() and all(it.isalnum() or it in ".-" for it in name)
    return name if usable else "[127.0.0.1]"
