"""Jobs of processes that are gone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.finish import Finished, finish_many
from personal_assistant.jobs.model import CLAIMED_COLUMNS, ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry, Waiting
from personal_assistant.store.tables import jobs, workers

INTERRUPTED = "interrupted"


def recover(conn: sa.Connection, worker_ids: Sequence[str], now: datetime) -> list[Finished]:
    """Take back what these dead processes were running, and forget them.

    The attempt counts: a job that kills its workers ends in `failed`. One that must not be repeated is parked
    instead, because nobody knows whether it happened. Returns what was decided.
    """
    decided: list[Finished] = []
    for worker_id in worker_ids:
        held = sa.select(*CLAIMED_COLUMNS, jobs.c.cancel_requested_at).where(
            jobs.c.worker_id == worker_id, jobs.c.state == sa.literal_column("'running'")
        )
        lost = [(ClaimedJob.of(row), _outcome(row, now)) for row in conn.execute(held)]
        decided += finish_many(conn, worker_id, lost, now)
        conn.execute(sa.delete(workers).where(workers.c.id == worker_id))
    return decided


def abandoned_by_nobody(conn: sa.Connection) -> list[str]:
    """Ids of workers that running jobs name and that have no row: they were forgotten while a claim was under way."""
    known = sa.select(workers.c.id)
    return list(
        conn.execute(
            sa.select(jobs.c.worker_id)
            .distinct()
            .where(jobs.c.state == sa.literal_column("'running'"), jobs.c.worker_id.not_in(known))
        ).scalars()
    )


def _outcome(row: Any, now: datetime) -> Outcome:
    if row.cancel_requested_at is not None:
        return Cancelled()
    if row.at_most_once:
        return Waiting(
            "Its worker died while it ran, so it may or may not have happened, and it is not repeated unasked: "
            "retry it if it did not happen, cancel it if it did."
        )
    if row.attempt >= row.max_attempts:
        return Failed(f"Its worker died during attempt {row.attempt} of {row.max_attempts}.", INTERRUPTED)
    return Retry(now, "Its worker died while it ran.", INTERRUPTED)
