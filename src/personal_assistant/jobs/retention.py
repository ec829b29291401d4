"""Removing history whose time is over."""

from datetime import datetime

import sqlalchemy as sa

from personal_assistant.store.tables import jobs


def remove_finished(conn: sa.Connection, before: datetime, limit: int) -> int:
    """Remove at most `limit` jobs that finished before an instant and are counted; returns how many.

    Small steps keep each transaction short, so that nothing due has to wait for the broom.
    """
    old = (
        sa.select(jobs.c.id)
        .where(jobs.c.counted, jobs.c.finished_at < before, jobs.c.finished_at.is_not(None))
        .order_by(jobs.c.finished_at)
        .limit(limit)
    )
    return conn.execute(sa.delete(jobs).where(jobs.c.id.in_(old), jobs.c.counted)).rowcount
