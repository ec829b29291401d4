"""One HTTP session for each event loop: its connections are what all deliveries of the process share."""

import asyncio
from contextvars import Context
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp

_PER_HOST = 16
_MAX_HEADERS = 64
_BUFFER_BYTES = 16_384

_Key = tuple[asyncio.AbstractEventLoop, int, bool]
_sessions: dict[_Key, aiohttp.ClientSession] = {}
_closing: set[asyncio.Task[None]] = set()


@dataclass(slots=True, eq=False)
class Progress:
    """How far one request has come. Its time runs anew from when it is sent."""

    limit: asyncio.Timeout
    reply_seconds: float
    sent: bool = False
    reused: bool = False


async def session(connections: int, *, trusted: bool = False) -> aiohttp.ClientSession:
    """The running loop's session, with at most so many connections, 16 of them to one host. The loop's end closes it.

    trusted: for URLs of the operator. Connections are kept open, so those that nothing checked are kept apart.
    """
    loop = asyncio.get_running_loop()
    key = (loop, connections, trusted)
    if key not in _sessions:
        _sessions[key] = _new_session(connections)
        # In a context of its own: it is not part of the work that happens to come first.
        task = loop.create_task(_close_at_end(key), context=Context())
        _closing.add(task)
        task.add_done_callback(_closing.discard)
    return _sessions[key]


def _new_session(connections: int) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=connections, limit_per_host=min(_PER_HOST, connections), resolver=aiohttp.ThreadedResolver()
    )
    tracing = aiohttp.TraceConfig()
    tracing.on_request_headers_sent.append(_sent)
    tracing.on_connection_reuseconn.append(_reused)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),
        max_headers=_MAX_HEADERS,
        read_bufsize=_BUFFER_BYTES,
        trace_configs=[tracing],
    )


async def _close_at_end(key: _Key) -> None:
    """Wait to be cancelled, which is how a loop of jobs ends what is left on it."""
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await _sessions.pop(key).close()


async def _sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
    progress: Progress = context.trace_request_ctx
    progress.sent = True
    progress.limit.reschedule(asyncio.get_running_loop().time() + progress.reply_seconds)


async def _reused(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
    progress: Progress = context.trace_request_ctx
    progress.reused = True
