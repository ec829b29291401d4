"""Ten thousand reminders due in one second among a million, over PostgreSQL and a broker: how late is the last?"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from personal_assistant.benchmarks.due_burst import reached, watch
from personal_assistant.benchmarks.figures import Figure
from personal_assistant.benchmarks.reminders import add_reminders
from personal_assistant.benchmarks.topology import GROUPS, topology
from personal_assistant.jobs import signals

_LEAD_SECONDS = 4.0
_LAST_SECONDS = 2.5


def measure(count: int, pending: int, say: Callable[[str], None]) -> list[Figure]:
    """Run the burst through two schedulers and one worker. Lateness is seen from outside, by the committed rows."""
    say("starting PostgreSQL and Valkey")
    with topology(groups={"worker-io": GROUPS["worker-io"]}, relayed=False) as made:
        db = made.runtime.db
        say(f"writing {pending:,} reminders that are not due")
        add_reminders(db, pending, datetime.now(UTC) + timedelta(days=30), spread=timedelta(days=300))
        with db.write() as conn:
            conn.execute(sa.text("ANALYZE ai_tasks"))  # as autovacuum does a minute later
        made.start()
        due = (datetime.now(UTC) + timedelta(seconds=_LEAD_SECONDS)).replace(microsecond=0)
        say(f"writing {count:,} that are due in the same second")
        add_reminders(db, count, due, spread=timedelta(0))
        signals.notify(db)
        say("waiting for them")
        seen = watch(db, count, due)
    return [
        Figure("count", "reminders due in one second", count),
        Figure("pending", "active reminders beside them", pending),
        Figure("delivered", "of them delivered", seen[-1][1] if seen else 0),
        Figure("p50_lateness_seconds", "lateness, half of them within", reached(seen, count * 0.5), "s"),
        Figure("p99_lateness_seconds", "lateness, 99 % within", reached(seen, count * 0.99), "s"),
        Figure("last_lateness_seconds", "lateness of the last", reached(seen, count), "s", _LAST_SECONDS),
    ]
