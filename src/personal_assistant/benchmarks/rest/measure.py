"""The figures: medians of routes and pages beside much data, then a stream of requests beside a burst of reminders."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from socket import create_server

import sqlalchemy as sa

from personal_assistant.benchmarks.assistant import running, scratch
from personal_assistant.benchmarks.figures import Figure
from personal_assistant.benchmarks.reminders import add_reminders
from personal_assistant.benchmarks.rest.asking import Answers, steadily
from personal_assistant.benchmarks.rest.data import add_rest
from personal_assistant.benchmarks.rest.filling import add_jobs
from personal_assistant.benchmarks.rest.looking import look
from personal_assistant.benchmarks.servers import postgres_database
from personal_assistant.jobs import signals
from personal_assistant.people.tokens import ADMIN, READ, WRITE, create_token
from personal_assistant.store.database import Database
from personal_assistant.store.people import get_owner
from personal_assistant.store.tables import deliveries
from personal_assistant.workers.runtime import Runtime

_P99_MS = 300.0
_LATE_SECONDS = 1.0
# What a page of the dashboard or a phone asks for again and again.
_STEADY = ("/ai-tasks?limit=20", "/notifications?limit=20", "/ai-tasks/1", "/ai-tasks?state=active&limit=20")


def measure(
    jobs: int,
    tasks: int,
    rate: int,
    seconds: float,
    burst: int,
    say: Callable[[str], None],
    *,
    postgresql: bool,
    pages: Sequence[str],
) -> list[Figure]:
    """`jobs` ended jobs of `tasks` AI tasks of one person, and what else there is, on SQLite or PostgreSQL: the medians
    of routes and pages. Then `rate` requests a second, and in the middle of that time `burst` reminders that are due in
    one second. `pages` are the paths of the dashboard.
    """
    with ExitStack() as stack:
        url, _ = stack.enter_context(postgres_database()) if postgresql else ("", None)
        runtime = stack.enter_context(scratch(url))
        say(f"writing {tasks:,} AI tasks and {jobs:,} jobs")
        now = datetime.now(UTC)
        add_reminders(runtime.db, tasks, now + timedelta(days=30), spread=timedelta(days=300))
        add_jobs(runtime.db, jobs, tasks, now)
        member = add_rest(runtime.db, jobs, tasks, now)
        port, token = _free_port(), _token(runtime)
        site = f"http://127.0.0.1:{port}"
        with running(runtime, {"ASSISTANT_API_REQUESTS_PER_MINUTE": "1000000"}, ("--web", str(port))):
            say("asking for every route and page")
            found = asyncio.run(look(runtime, site, member, pages))
            say(f"{rate} requests a second for {seconds:g} s, and {burst:,} reminders in the middle")
            answers, late = asyncio.run(_beside_a_burst(runtime.db, f"{site}/api/v1", token, rate, seconds, burst))
    return [*found, *_of_stream(answers, rate, burst, late)]


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _token(runtime: Runtime) -> str:
    with runtime.db.write() as conn:
        owner = get_owner(conn)
        _, secret = create_token(conn, owner.id, "bench", [READ, WRITE, ADMIN], None, runtime.clock.now())
    return secret


async def _beside_a_burst(
    db: Database, base: str, token: str, rate: int, seconds: float, burst: int
) -> tuple[Answers, float | None]:
    due = (datetime.now(UTC) + timedelta(seconds=seconds / 2)).replace(microsecond=0)
    await asyncio.to_thread(add_reminders, db, burst, due, spread=timedelta(0))
    signals.notify(db)
    answers = await steadily(base, token, _STEADY, rate, seconds)
    return answers, await asyncio.to_thread(_latest, db, due, burst)


def _latest(db: Database, due: datetime, burst: int) -> float | None:
    """How late the last of them was told, in seconds; None when one was not."""
    theirs = sa.select(sa.func.count(), sa.func.max(deliveries.c.sent_at)).where(deliveries.c.due_at == due)
    with db.read() as conn:
        count, last = conn.execute(theirs).one()
    return (last - due).total_seconds() if count >= burst else None


def _of_stream(answers: Answers, rate: int, burst: int, late: float | None) -> list[Figure]:
    taken = sorted(answers.seconds)
    p99 = round(taken[int(len(taken) * 0.99)] * 1000, 1) if taken else None
    return [
        Figure("requests", f"requests, {rate} a second", len(taken)),
        Figure("errors", "errors among them", len(answers.errors), "", 0),
        Figure("p50_ms", "answered, half of them within", round(taken[len(taken) // 2] * 1000, 1), "ms"),
        Figure("p99_ms", "answered, 99 % within", p99, "ms", _P99_MS),
        Figure("burst", "reminders due in one second beside them", burst),
        Figure("last_late_seconds", "lateness of the last of those", late, "s", _LATE_SECONDS),
    ]
