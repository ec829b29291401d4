"""`/events`: what changes of yours, as it happens (server-sent events)."""

import time
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from personal_assistant.api.live.feed import Feed, Stream, TooManyStreamsError
from personal_assistant.api.live.looking import News
from personal_assistant.api.v1.callers import Reader
from personal_assistant.api.v1.problems import problem

router = APIRouter(tags=["Events"])

_HEARTBEAT_SECONDS = 15
# After so long a client connects anew, and shows its token again.
_LONGEST_SECONDS = 600
_RETRY_MILLISECONDS = 2000

_EXAMPLE = (
    'event: notification\ndata: {"id": 7, "kind": "reminder", "title": "Tea", "due_at": "2026-06-02T12:00:00Z", '
    '"sent_at": "2026-06-02T12:00:00.012Z", "read_at": null, "ai_task_id": 3}\nid: 7-1780401600000\n\n'
)
_STREAM: dict[str, Any] = {
    "description": "Events until the stream ends.",
    "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
}
_LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", description="Go on after the event with this id.")]


@router.get("/events", response_class=StreamingResponse, responses={200: _STREAM})
async def stream_events(caller: Reader, request: Request, last_event_id: _LastEventId = None) -> Response:
    """Your jobs that changed (`job`), your new messages (`notification`), and your AI tasks that were made or changed
    (`ai_task`), within a second; the data is JSON.

    `ready` comes first. `reload` says that more has changed than is told one by one: read the lists again. With the
    header Last-Event-ID what was missed of the last hour follows; an event may come twice. A comment comes at least
    every 15 seconds. A stream ends after 10 minutes and when the server stops: connect again.
    """
    feed: Feed = request.app.state.feed
    stream = Stream(caller.user_id)
    try:
        begun = await run_in_threadpool(feed.open, stream, last_event_id)
    except TooManyStreamsError as error:
        return problem(429, str(error), {"Retry-After": "30"})
    return EventSourceResponse(_told(feed, stream, begun), headers={"X-Accel-Buffering": "no"})


async def _told(feed: Feed, stream: Stream, begun: Iterable[News]) -> AsyncIterator[bytes]:
    try:
        yield format_sse_event(retry=_RETRY_MILLISECONDS) + _as_bytes(begun)
        last = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < last:
            news = await stream.next(_HEARTBEAT_SECONDS)
            if news:
                yield _as_bytes(news)
            if stream.ended:
                return
            if not news:
                yield format_sse_event(comment="still here")
    finally:
        feed.leave(stream)


def _as_bytes(news: Iterable[News]) -> bytes:
    return b"".join(format_sse_event(data_str=it.data, event=it.kind, id=it.mark) for it in news)
