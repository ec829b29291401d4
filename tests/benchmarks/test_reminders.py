"""Reminders in bulk are like those that the manager makes."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from personal_assistant.ai.due import dispatch_due
from personal_assistant.benchmarks.reminders import add_reminders
from personal_assistant.store.database import Database
from personal_assistant.store.tables import ai_tasks, jobs

FIRST = datetime(2026, 6, 2, 12, 30, tzinfo=UTC)


def test_instants_are_spread_evenly_from_the_first(db: Database) -> None:
    add_reminders(db, 4, FIRST, spread=timedelta(hours=4))
    with db.read() as conn:
        found = conn.execute(sa.select(ai_tasks.c.next_run_at).order_by(ai_tasks.c.id)).scalars().all()
    assert found == [FIRST + timedelta(hours=hour) for hour in range(4)]


def test_half_are_over_after_their_instant_and_half_come_again_the_next_day(db: Database) -> None:
    add_reminders(db, 10, FIRST, spread=timedelta(0))
    with db.write() as conn:
        assert dispatch_due(conn, FIRST, 100) == 10
    with db.read() as conn:
        planned = conn.execute(sa.select(ai_tasks.c.next_run_at).order_by(ai_tasks.c.id)).scalars().all()
        queued = conn.execute(sa.select(sa.func.count()).where(jobs.c.state == "queued")).scalar_one()
    assert planned == [FIRST + timedelta(days=1), None] * 5
    assert queued == 10
