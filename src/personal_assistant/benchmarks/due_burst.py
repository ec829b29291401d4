"""Ten thousand reminders due in one second among a million: how late is the last?"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from personal_assistant.benchmarks.assistant import running, scratch
from personal_assistant.benchmarks.figures import Figure
from personal_assistant.benchmarks.floor import raw_sql_seconds
from personal_assistant.benchmarks.reminders import add_reminders
from personal_assistant.jobs import signals
from personal_assistant.store.database import Database
from personal_assistant.store.tables import deliveries

_LEAD_SECONDS = 4.0
_GIVE_UP_SECONDS = 120.0
_LOOK_EVERY_SECONDS = 0.01

_LAST_SECONDS = 2.0
_TIMES_FLOOR = 4.0


def measure(count: int, pending: int, say: Callable[[str], None]) -> list[Figure]:
    """Run the burst and its floor. Lateness is seen from outside: when the committed rows can be read."""
    with scratch() as runtime:
        db = runtime.db
        say(f"writing {pending:,} reminders that are not due")
        add_reminders(db, pending, datetime.now(UTC) + timedelta(days=30), spread=timedelta(days=300))
        with running(runtime) as assistant:
            due = (datetime.now(UTC) + timedelta(seconds=_LEAD_SECONDS)).replace(microsecond=0)
            say(f"writing {count:,} that are due in the same second")
            add_reminders(db, count, due, spread=timedelta(0))
            signals.notify(db)
            say("waiting for them")
            seen = watch(db, count, due)
            ready = assistant.ready_seconds
        say("doing the same in raw SQL")
        add_reminders(db, count, datetime.now(UTC), spread=timedelta(0))
        floor = raw_sql_seconds(db, count)
    last = reached(seen, count)
    times_floor = None if last is None else round(last / floor, 2)
    return [
        Figure("count", "reminders due in one second", count),
        Figure("pending", "active reminders beside them", pending),
        Figure("delivered", "of them delivered", seen[-1][1] if seen else 0),
        Figure("p50_lateness_seconds", "lateness, half of them within", reached(seen, count * 0.5), "s"),
        Figure("p99_lateness_seconds", "lateness, 99 % within", reached(seen, count * 0.99), "s"),
        Figure("last_lateness_seconds", "lateness of the last", last, "s", _LAST_SECONDS),
        Figure("floor_seconds", "the same rows by raw SQL (floor)", floor, "s"),
        Figure("times_floor", "the last, in floors", times_floor, "", _TIMES_FLOOR),
        Figure("up_ready_seconds", "start of the assistant until it is ready", round(ready, 3), "s", 3.0),
    ]


def watch(db: Database, count: int, due: datetime) -> list[tuple[float, int]]:
    """(seconds after the instant, deliveries there are) until all have come."""
    seen: list[tuple[float, int]] = []
    while True:
        with db.read() as conn:
            # Nothing is ever removed here, so the newest number is how many there are; counting them all takes longer.
            there = conn.execute(sa.select(sa.func.max(deliveries.c.id))).scalar_one() or 0
            late = (datetime.now(UTC) - due).total_seconds()
        if there:
            seen.append((late, there))
        if there >= count or late > _GIVE_UP_SECONDS:
            return seen
        time.sleep(_LOOK_EVERY_SECONDS)


def reached(seen: list[tuple[float, int]], number: float) -> float | None:
    return next((round(late, 4) for late, there in seen if there >= number), None)
