"""How late is one reminder on an otherwise idle assistant?"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from personal_assistant.ai import AITaskManager
from personal_assistant.benchmarks.assistant import running, scratch
from personal_assistant.benchmarks.figures import Figure, share
from personal_assistant.store.database import Database
from personal_assistant.store.people import get_owner
from personal_assistant.store.tables import deliveries

_LEAD_SECONDS = 0.25
_LOOK_EVERY_SECONDS = 0.0005


def measure(count: int, say: Callable[[str], None]) -> list[Figure]:
    """Add `count` reminders one after the other from this process, each 0.25 s ahead, and watch when each is there."""
    late: list[float] = []
    with scratch() as runtime, running(runtime):
        manager = AITaskManager(runtime.db)
        with runtime.db.read() as conn:
            owner = get_owner(conn)
        for number in range(count):
            due = datetime.now(UTC) + timedelta(seconds=_LEAD_SECONDS)
            manager.create_task(owner.id, f"Reminder {number}", "once", {"run_at": due.isoformat()})
            late.append(_seen_after(runtime.db, number + 1, due))
            if number % 50 == 49:
                say(f"{number + 1} of {count}")
    late.sort()
    return [
        Figure("count", "reminders, one after the other", count),
        Figure("p50_lateness_seconds", "lateness, half of them within", share(late, 0.5), "s", 0.025),
        Figure("p99_lateness_seconds", "lateness, 99 % within", share(late, 0.99), "s", 0.1),
        Figure("worst_lateness_seconds", "lateness of the worst", round(late[-1], 5), "s"),
    ]


def _seen_after(db: Database, number: int, due: datetime) -> float:
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
    newest = sa.select(sa.func.max(deliveries.c.id))
    while True:
        with db.read() as conn:
            if (conn.execute(newest).scalar_one() or 0) >= number:
                return (datetime.now(UTC) - due).total_seconds()
        time.sleep(_LOOK_EVERY_SECONDS)
