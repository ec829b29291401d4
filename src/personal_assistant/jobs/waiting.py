"""Parked jobs: back into the queue by a person's word (`replay`), or at the end of the job that they wait for."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.store.bulk import among
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import WAITS_FOR_A_JOB, jobs

_WAITS = sa.text(WAITS_FOR_A_JOB)


def asking() -> sa.ColumnElement[str | None]:
    """What `slot` is set to in each job that becomes queued: one with a key asks for a slot."""
    return sa.case((jobs.c.concurrency_key.is_not(None), "asks"))


def queued_again(now: datetime) -> dict[str, Any]:
    """The columns of a job that is to run again: with one more attempt than it has used, and nothing in its way."""
    return {
        "state": "queued",
        "slot": asking(),
        "run_at": now,
        "max_attempts": sa.case((jobs.c.max_attempts > jobs.c.attempt, jobs.c.max_attempts), else_=jobs.c.attempt + 1),
        "finished_at": None,
        "counted": False,
        "cancel_requested_at": None,
        "waiting_for": None,
        "waits_for_job_id": None,
        "published_at": None,
    }


def release(conn: sa.Connection, ended: Collection[str], now: datetime) -> None:
    """Queue the jobs that wait for one of these, which have ended in this transaction."""
    if not ended or conn.execute(sa.select(jobs.c.id).where(_WAITS).limit(1)).first() is None:
        return
    waiting = sa.update(jobs).where(_WAITS, among(conn, jobs.c.waits_for_job_id, ended))
    if conn.execute(waiting.values(queued_again(now))).rowcount:
        wake_after_commit(conn)


def release_from_ended(conn: sa.Connection, awaited: Collection[str], now: datetime) -> None:
    """Queue jobs that were parked in this transaction for one of these jobs, where it is no longer open.

    The awaited rows are locked: a transaction that ends one either has committed, and is seen here, or waits for this
    one, and sees who waits for it.
    """
    if not awaited:
        return
    still_open = sa.and_(among(conn, jobs.c.id, awaited), jobs.c.finished_at.is_(None))
    found = set(conn.execute(sa.select(jobs.c.id).where(still_open).with_for_update(read=True)).scalars())
    release(conn, set(awaited) - found, now)
