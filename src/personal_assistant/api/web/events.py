"""What has changed, told to open pages: one look a second for all of them together, while there are any."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from personal_assistant.api.web.access import is_known_host, session_of
from personal_assistant.store.bulk import among
from personal_assistant.store.errors import StoreError
from personal_assistant.store.tables import ai_tasks, deliveries, jobs
from personal_assistant.workers.runtime import Runtime

_EVERY_SECONDS = 1.0
# Proxies end what is silent for long, and a browser that has gone is noticed by it.
_BEAT_SECONDS = 20.0
_MOST_STREAMS = 150
_Marks = tuple[int, str, datetime | None]


@dataclass
class Watch:
    """Whoever waits, and the task that looks for them."""

    waiting: dict[int, set[asyncio.Event]] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    def count(self) -> int:
        return sum(len(events) for events in self.waiting.values())


async def stream(request: Request) -> Response:
    """Server-sent events of the person who is signed in: `changed`, without data, when something has."""
    runtime: Runtime = request.app.state.runtime
    watch: Watch = request.app.state.watch
    if not is_known_host(request):
        return PlainTextResponse("", 421)
    session = await run_in_threadpool(session_of, request)
    if session is None:
        return PlainTextResponse("", 401)
    if watch.count() >= _MOST_STREAMS:
        return PlainTextResponse("", 503, {"Retry-After": "30"})
    return StreamingResponse(
        _told(runtime, watch, session.user_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _told(runtime: Runtime, watch: Watch, user_id: int) -> AsyncIterator[str]:
    event = asyncio.Event()
    watch.waiting.setdefault(user_id, set()).add(event)
    if watch.task is None or watch.task.done():
        watch.task = asyncio.create_task(_look(runtime, watch))
    try:
        yield "retry: 2000\n\n"
        while True:
            try:
                async with asyncio.timeout(_BEAT_SECONDS):
                    await event.wait()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            event.clear()
            yield "event: changed\ndata: \n\n"
    finally:
        watch.waiting[user_id].discard(event)
        if not watch.waiting[user_id]:
            del watch.waiting[user_id]


async def _look(runtime: Runtime, watch: Watch) -> None:
    """Wake those whose things have changed since the last look."""
    before: dict[int, _Marks] = {}
    while watch.waiting:
        try:
            found = await run_in_threadpool(_marks, runtime, list(watch.waiting))
        except StoreError:
            found = before
        for user_id, marks in found.items():
            if before.get(user_id, marks) != marks:
                for event in watch.waiting.get(user_id, ()):
                    event.set()
        before = found
        await asyncio.sleep(_EVERY_SECONDS)


def _marks(runtime: Runtime, user_ids: list[int]) -> dict[int, _Marks]:
    """Person to what is different after each change: the newest message, the newest job, the last AI task written."""
    with runtime.db.read() as conn:

        def newest(column: sa.Column[object], of: sa.Column[int]) -> dict[int, object]:
            chosen = sa.select(of, sa.func.max(column)).where(among(conn, of, user_ids)).group_by(of)
            return {row[0]: row[1] for row in conn.execute(chosen)}

        messages = newest(deliveries.c.id, deliveries.c.user_id)
        written = newest(ai_tasks.c.updated_at, ai_tasks.c.user_id)
        ended = newest(jobs.c.finished_at, jobs.c.user_id)
    return {it: (messages.get(it, 0), str(ended.get(it)), written.get(it)) for it in user_ids}  # type: ignore[misc]
