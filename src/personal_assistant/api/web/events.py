"""Telling open pages that something of their person has changed: `changed`, without data. They ask for the rest."""

import time
from collections.abc import AsyncIterator

from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from personal_assistant.api.live.feed import Feed, Stream, TooManyStreamsError
from personal_assistant.api.web.access import is_known_host, session_of

# Proxies end what is silent for long.
_HEARTBEAT_SECONDS = 15
# After so long a page connects anew, and shows its session again.
_LONGEST_SECONDS = 600
_RETRY_MILLISECONDS = 2000


async def stream(request: Request) -> Response:
    """Server-sent events of the person who is signed in."""
    if not is_known_host(request):
        return PlainTextResponse("", 421)
    session = await run_in_threadpool(session_of, request)
    if session is None:
        return PlainTextResponse("", 401)
    feed: Feed = request.app.state.feed
    mine = Stream(session.user_id)
    try:
        await run_in_threadpool(feed.open, mine, None)
    except TooManyStreamsError:
        return PlainTextResponse("", 503, {"Retry-After": "30"})
    return EventSourceResponse(_told(feed, mine), headers={"X-Accel-Buffering": "no"})


async def _told(feed: Feed, mine: Stream) -> AsyncIterator[bytes]:
    try:
        yield format_sse_event(retry=_RETRY_MILLISECONDS)
        last = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < last and not mine.ended:
            news = await mine.next(_HEARTBEAT_SECONDS)
            yield format_sse_event(event="changed", data_str="") if news else format_sse_event(comment="still here")
    finally:
        feed.leave(mine)
