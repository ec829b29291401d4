"""Removing history whose time is over."""

from datetime import datetime

import sqlalchemy as sa

from personal_assistant.store.tables import job_stats, jobs


def remove_finished(conn: sa.Connection, before: datetime, limit: int) -> int:
    """Remove at most `limit` jobs that finished before an instant and are counted already; returns how many.

    Small steps keep each transaction short, so that nothing due has to wait for the broom.
    """
    counted = sa.select(sa.func.max(job_stats.c.hour)).scalar_subquery()
    old = (
        sa.select(jobs.c.id)
        .where(jobs.c.finished_at < before, jobs.c.finished_at < counted)
        .order_by(jobs.c.finished_at)
        .limit(limit)
    )
    return conn.execute(sa.delete(jobs).where(jobs.c.id.in_(old))).rowcount
