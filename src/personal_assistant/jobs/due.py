"""Jobs whose waiting time is over."""

from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs.waiting import asking
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import jobs


def next_due(conn: sa.Connection) -> datetime | None:
    """The earliest instant at which a scheduled job wants to start."""
    scheduled = jobs.c.state == sa.literal_column("'scheduled'")
    found: datetime | None = conn.execute(sa.select(sa.func.min(jobs.c.run_at)).where(scheduled)).scalar_one()
    return found


def queue_due(conn: sa.Connection, now: datetime, limit: int) -> int:
    """Queue at most `limit` scheduled jobs whose instant has come; returns how many."""
    due = (
        sa.select(jobs.c.id)
        .where(jobs.c.state == sa.literal_column("'scheduled'"), jobs.c.run_at <= now)
        .order_by(jobs.c.run_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    moved = conn.execute(sa.update(jobs).where(jobs.c.id.in_(due)).values(state="queued", slot=asking())).rowcount
    if moved:
        wake_after_commit(conn)
    return moved
