"""The figures: what the streams cost, and how late the latest event came."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psutil
import sqlalchemy as sa

from personal_assistant.benchmarks.assistant import running, scratch
from personal_assistant.benchmarks.figures import Figure, share
from personal_assistant.benchmarks.relay import free_port
from personal_assistant.benchmarks.reminders import add_reminders
from personal_assistant.benchmarks.servers import postgres_database
from personal_assistant.benchmarks.streams.holding import Held, browser
from personal_assistant.jobs import signals
from personal_assistant.people.accounts import create_account
from personal_assistant.people.audit import Actor
from personal_assistant.people.sessions import create_session
from personal_assistant.people.tokens import READ, create_token
from personal_assistant.store.people import get_owner
from personal_assistant.store.tables import ai_tasks, deliveries
from personal_assistant.workers.runtime import Runtime

# The first events come, what is made once is made; at most for so long.
_FIRST_SECONDS = 15.0
_LAST_SECONDS = 2.0
_LATE_SECONDS = 1.0
_GROWN_MEGABYTES = 5.0


def measure(count: int, seconds: float, say: Callable[[str], None], *, postgresql: bool) -> list[Figure]:
    """`count` streams of REST and as many of the dashboard's pages, of two people with a reminder each a second.

    After the first seconds memory is watched for `seconds`.
    """
    with ExitStack() as stack:
        url, _ = stack.enter_context(postgres_database()) if postgresql else ("", None)
        runtime = stack.enter_context(scratch(url))
        port = free_port()
        settings = {"ASSISTANT_API_REQUESTS_PER_MINUTE": "1000000"}
        assistant = stack.enter_context(running(runtime, settings, ("--web", str(port))))
        people = _people(runtime)
        site = f"http://127.0.0.1:{port}"
        streams = [it for number in range(count) for it in _of(runtime, people[number % 2], site)]
        say(f"holding {len(streams):,} streams for {min(_FIRST_SECONDS, seconds) + seconds:g} s")
        memory = asyncio.run(_hold(runtime, people, streams, assistant.process.pid, port, seconds))
        with runtime.db.read() as conn:
            sent = sa.select(deliveries.c.id, deliveries.c.user_id, deliveries.c.sent_at)
            messages = conn.execute(sent.where(deliveries.c.channel == "in_app")).all()
    late = [
        stream.seconds_after(row.id, row.sent_at)
        for row in messages
        for stream in streams
        if stream.user_id == row.user_id
    ]
    came = sorted(it for it in late if it is not None)
    return [
        Figure("streams", "streams, half of REST and half of pages", len(streams)),
        Figure("broken", "streams that broke", sum(bool(it.error) for it in streams), "", 0),
        Figure("messages", "messages", len(messages)),
        Figure("untold", "of them not told to a stream of their person", len(late) - len(came), "", 0),
        Figure("p50_seconds", "told, half of them within", share(came, 0.5), "s"),
        Figure("last_seconds", "told, all of them within", came[-1] if came else None, "s", _LATE_SECONDS),
        Figure("first_megabytes", "memory of who serves them, after the first seconds", memory[0], "MB"),
        Figure("last_megabytes", "memory at the end", memory[-1], "MB"),
        Figure("grown_megabytes", "grown meanwhile", round(memory[-1] - memory[0], 1), "MB", _GROWN_MEGABYTES),
    ]


def _people(runtime: Runtime) -> tuple[int, int]:
    """The owner and a member."""
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        owner = get_owner(conn).id
        member = create_account(conn, "member@example.org", now, zone="UTC", actor=Actor(owner, "cli"))
    return owner, member.id


def _of(runtime: Runtime, user_id: int, site: str) -> tuple[Held, Held]:
    """A stream of REST and one of a page, each with a way in of its own."""
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        _, token = create_token(conn, user_id, "bench", [READ], None, now)
        secret = create_session(conn, user_id, now, agent="bench", by="bench")
    return (
        Held(user_id, f"{site}/api/v1/events", {"Authorization": f"Bearer {token}"}),
        Held(user_id, f"{site}/events", {"Cookie": f"session={secret}"}),
    )


async def _hold(
    runtime: Runtime, people: tuple[int, int], streams: Sequence[Held], pid: int, port: int, seconds: float
) -> tuple[float, float]:
    """Hold them while reminders fire; the megabytes after the first seconds and at the end."""
    first_seconds = min(_FIRST_SECONDS, seconds)
    async with browser() as client:
        held = [asyncio.create_task(stream.hold(client)) for stream in streams]
        await asyncio.gather(*(stream.open.wait() for stream in streams))
        await asyncio.to_thread(_remind, runtime, people, first_seconds + seconds - _LAST_SECONDS)
        await asyncio.sleep(first_seconds)
        server = _server(pid, port)
        first = _megabytes(server)
        await asyncio.sleep(seconds)
        last = _megabytes(server)
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
    return first, last


def _remind(runtime: Runtime, people: tuple[int, int], seconds: float) -> None:
    """Two reminders a second, of each person one, from the next second on."""
    start = datetime.now(UTC) + timedelta(seconds=1)
    add_reminders(runtime.db, 2 * round(seconds - 1), start, spread=timedelta(seconds=seconds - 1))
    with runtime.db.write() as conn:
        conn.execute(sa.update(ai_tasks).where(ai_tasks.c.id % 2 == 0).values(user_id=people[1]))
    signals.notify(runtime.db)


def _server(pid: int, port: int) -> psutil.Process:
    """Of the assistant and the processes that it has started, the one that has most connections at this port."""
    process = psutil.Process(pid)
    connections = {
        it: sum(connection.laddr.port == port for connection in it.net_connections("tcp"))
        for it in (process, *process.children(recursive=True))
    }
    return max(connections, key=lambda it: connections[it])


def _megabytes(process: psutil.Process) -> float:
    """Its resident memory."""
    return round(process.memory_info().rss / 1_048_576, 1)
