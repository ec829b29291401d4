"""A full database, an empty one of the other kind, and a copy from one to the other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.adoption import legacy
from tests.support.databases import START, new_postgres
from tests.support.ledger import FAILED, Ledger

from personal_assistant.ai import AITaskManager
from personal_assistant.jobs import leases
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.people import audit, one_time_links, sessions
from personal_assistant.people.idempotency import Answer, begin, finish
from personal_assistant.people.tokens import create_token
from personal_assistant.settings import Settings
from personal_assistant.store.database import Database
from personal_assistant.store.tables import (
    addresses,
    deliveries,
    incidents,
    job_logs,
    job_stats,
    notification_settings,
    rates,
    recovery_codes,
    reminders,
    resource_samples,
    schedules,
    second_factors,
    sign_in_tries,
    undos,
    users,
    watches,
)
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.moving import Move, move
from personal_assistant.workers.runtime import Runtime


@pytest.fixture
def other_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database of the other kind than the test's own."""
    if not database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    with new_postgres(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture
def copy(settings: Settings) -> Callable[..., Move]:
    """Copies one database into another; what it tells meanwhile is kept in `told`."""
    return lambda source, target, told=None, **options: move(
        source, target, settings, (told if told is not None else []).append, **options
    )


@pytest.fixture
def full(runtime: Runtime, ledger: Ledger, clock: ManualClock) -> Database:
    """The test's database with something in every table."""
    manager = AITaskManager(runtime.db, clock)
    task = manager.create_task(1, "Straße 🙂", "weekly", {"weekdays": [3, 0], "hour": 9})
    manager.create_task(1, "Removed", "daily")
    manager.delete_task(task.id + 1)
    for number in range(7):
        ledger.add(args=({"n": number, "f": 0.1 + number, "t": True, "x": None},), kwargs={"é": [1, 1.0]})
    ledger.run(ledger.add(max_attempts=3), ledger.retry())
    failed = ledger.run(ledger.add(), FAILED)
    worker = leases.Worker("gone", "far", 1, "0", True, True, START, START, None, False)
    statistics = dict.fromkeys(("run_seconds", "longest_run_seconds", "wait_seconds", "longest_wait_seconds"), 1 / 3)
    schedule = {"name": "s", "task": "t", "schedule_type": "daily", "zone": "UTC", "created_at": START}
    with runtime.db.write() as conn:
        leases.register(conn, worker)
        deliver(conn, [Message("k", 1, "reminder", "Title", None, ["email"], job_id=failed.id, due_at=START)], START)
        conn.execute(sa.insert(schedules).values(updated_at=START, **schedule))
        hour = {"hour": START, "task": "t", "state": "failed", "error_kind": "", "count": 2}
        conn.execute(sa.insert(job_stats).values(**hour, **statistics))
        conn.execute(sa.insert(rates).values(key="a", task="t", spent=[[1, 2]], look_at=START))
        # The lower id points to the higher one, which comes later.
        conn.execute(sa.insert(users).values(id=40, email="b@example.org", hashed_password=legacy.PASSWORD))
        conn.execute(sa.update(users).where(users.c.id == 1).values(role_assigned_by=40))
        _reach(conn, task.id)
        create_token(conn, 1, "phone", ["write"], None, START)
        begin(conn, 1, "key", b"request", START)
        finish(conn, 1, "key", Answer(201, {"etag": '"1"'}, "{}"))
        _sign_in(conn)
        conn.execute(
            sa.insert(job_logs).values(job_id=failed.id, attempt=1, number=1, at=START, level="info", text="é")
        )
        conn.execute(sa.insert(undos).values(ai_task_id=task.id, user_id=1, created_at=START, before="{}"))
        sizes = ("memory_bytes", "memory_available_bytes", "disk_free_bytes", "database_bytes")
        sample = {**dict.fromkeys(sizes, 2**40), "processes": 2, "cpu_percent": 100 / 3}
        conn.execute(sa.insert(resource_samples).values(at=START, host="far", **sample))
    return runtime.db


def _sign_in(conn: sa.Connection) -> None:
    """Something in each table about signing in."""
    sessions.create_session(conn, 1, START, agent="Browser", by="link")
    one_time_links.create_link(conn, 1, "reset", START)
    factor = {"sealed": "1.a.b", "created_at": START, "confirmed_at": START, "last_step": 2**40}
    conn.execute(sa.insert(second_factors).values(user_id=1, **factor))
    conn.execute(sa.insert(recovery_codes).values(user_id=1, hash="0" * 64))
    conn.execute(sa.insert(sign_in_tries).values(key="0" * 64, failures=3, last_at=START))
    audit.note(conn, None, "sign_in.refused", "user:1", START, by="web", details={"é": [1, 1.0]})


def _reach(conn: sa.Connection, task_id: int) -> None:
    """Something in each table about reaching people: an earlier message points to a later one, and the other way."""
    address = {"user_id": 1, "channel": "push", "name": "phone", "sealed": "1.a.b", "masked": "ntfy://n…"}
    conn.execute(sa.insert(addresses).values(id=7, position=0, created_at=START, **address))
    wishes = {"quiet_from": "22:00", "quiet_to": "07:00", "routes": {"reminder": [7], "result": []}, "caps": {"sms": 3}}
    conn.execute(sa.insert(notification_settings).values(user_id=1, updated_at=START, **wishes))
    extras = {"tags": ["é"], "repeat_minutes": 10, "escalate_address_id": 7, "pre_notices": [86_400, 3600]}
    conn.execute(sa.insert(reminders).values(ai_task_id=task_id, notice_at=START, **extras))
    failure = {"about": "address:7", "fingerprint": "0" * 16, "title": "Title", "error": "It is broken."}
    instants = {"first_at": START, "last_at": START}
    conn.execute(sa.insert(incidents).values(user_id=1, count=2, untold=1, **failure, **instants))
    conn.execute(sa.insert(watches).values(user_id=1, ai_task_id=task_id, grace_seconds=60))
    message = {"user_id": 1, "kind": "reminder", "channel": "in_app", "state": "sent", "title": "Title"}
    row = {**message, "created_at": START, "sent_at": START}
    conn.execute(sa.insert(deliveries).values(id=51, key="held", **row))
    conn.execute(sa.insert(deliveries).values(id=52, key="digest", route=[7], **row))
    conn.execute(sa.update(deliveries).where(deliveries.c.id == 51).values(digest_id=52))
    outward = {**row, "channel": "push", "message_id": 52, "address_id": 7, "position": 0, "thread_id": 51}
    conn.execute(sa.insert(deliveries).values(id=53, key="digest:0:push", **outward))


def assert_untouched(url: str) -> None:
    if url.startswith("sqlite"):
        assert not Path(url.removeprefix("sqlite:///")).exists()
        return
    with legacy.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
