"""Ten thousand reminders due in one second among a million: how late is the last?"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.benchmarks.assistant import running, scratch
from personal_assistant.benchmarks.floor import raw_sql_seconds
from personal_assistant.benchmarks.reminders import add_reminders
from personal_assistant.jobs import signals
from personal_assistant.store.database import Database
from personal_assistant.store.tables import deliveries

_LEAD_SECONDS = 3.0
_GIVE_UP_SECONDS = 120.0
_LOOK_EVERY_SECONDS = 0.01


def measure(count: int, pending: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Run the burst and its floor. Lateness is seen from outside: when the committed rows can be read."""
    with scratch() as runtime:
        db = runtime.db
        far = datetime.now(UTC) + timedelta(days=30)
        say(f"writing {pending:,} reminders that are not due")
        add_reminders(db, pending, far, spread=timedelta(days=300))
        with running(runtime) as assistant:
            due = datetime.now(UTC) + timedelta(seconds=_LEAD_SECONDS)
            say(f"writing {count:,} that are due in the same second")
            add_reminders(db, count, due, spread=timedelta(0))
            signals.notify(db)
            seen = _watch(db, count, due)
            ready = assistant.ready_seconds
        say("measuring the same rows in raw SQL")
        add_reminders(db, count, datetime.now(UTC), spread=timedelta(0))
        floor = raw_sql_seconds(db, count)
    return {
        "count": count,
        "pending": pending,
        "delivered": seen[-1][1] if seen else 0,
        "p50_lateness_seconds": _reached(seen, count * 0.5),
        "p99_lateness_seconds": _reached(seen, count * 0.99),
        "last_lateness_seconds": _reached(seen, count),
        "floor_seconds": floor,
        "times_floor": round((_reached(seen, count) or 0) / floor, 2),
        "up_ready_seconds": round(ready, 3),
    }


def _watch(db: Database, count: int, due: datetime) -> list[tuple[float, int]]:
    """(seconds after the instant, deliveries there are) until all have come."""
    seen: list[tuple[float, int]] = []
    newest = sa.select(sa.func.count()).select_from(deliveries)
    while True:
        with db.read() as conn:
            there = conn.execute(newest).scalar_one()
        late = (datetime.now(UTC) - due).total_seconds()
        if there:
            seen.append((late, there))
        if there >= count or late > _GIVE_UP_SECONDS:
            return seen
        time.sleep(_LOOK_EVERY_SECONDS)


def _reached(seen: list[tuple[float, int]], number: float) -> float | None:
    return next((round(late, 4) for late, there in seen if there >= number), None)
