"""Statements about given jobs find them by their ids, whatever the database believes of a table that has grown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from tests.support.ledger import TASK, WORKER, Ledger

from personal_assistant.jobs.claim import claim
from personal_assistant.jobs.enqueue import enqueue_many
from personal_assistant.jobs.finish import finish_many, still_held
from personal_assistant.jobs.model import NewJob
from personal_assistant.jobs.outcomes import Succeeded
from personal_assistant.jobs.publish import mark_published, unmark_published
from personal_assistant.store.tables import jobs

BURST = 10_000
CHOSEN = 20


@contextmanager
def explained(conn: sa.Connection) -> Iterator[list[str]]:
    """The plans of the statements about jobs that are executed in the block."""
    plans: list[str] = []
    how = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        del cursor, rest
        if "ANY" in statement or "json_each" in statement:
            own = connection.connection.dbapi_connection.cursor()
            plans.append("\n".join(str(row[-1]) for row in own.execute(f"{how} {statement}", parameters)))
            own.close()

    sa.event.listen(conn, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        sa.event.remove(conn, "before_cursor_execute", explain)


def test_a_burst_is_not_walked_through_at_each_step(ledger: Ledger) -> None:
    primary = "sqlite_autoindex_jobs_1" if ledger.db.is_sqlite else "pk_jobs"
    with ledger.db.write() as conn:
        conn.execute(sa.text("ANALYZE"))
        enqueue_many(conn, [NewJob(TASK, "tests") for _ in range(BURST)], now=ledger.now)
        ids = list(conn.execute(sa.select(jobs.c.id)).scalars())
        claim(conn, WORKER, ids[CHOSEN : BURST // 2], ledger.now)
        with explained(conn) as plans:
            mark_published(conn, ids[:CHOSEN], ledger.now)
            unmark_published(conn, ids[:CHOSEN])
            claimed = claim(conn, WORKER, ids[:CHOSEN], ledger.now)
            still_held(conn, WORKER, claimed)
            finish_many(conn, WORKER, [(job, Succeeded()) for job in claimed], ledger.now)
    assert len(plans) == 5
    for plan in plans:
        assert primary in plan, plan
        assert not any(walk in plan for walk in ("ix_jobs", "Seq Scan on jobs", "SCAN jobs")), plan
