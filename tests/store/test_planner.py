"""SQLite is told to look at its tables."""

import sqlalchemy as sa

from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.store.database import Database
from personal_assistant.store.planner import refresh_planner


def test_the_planner_learns_of_an_index(db: Database) -> None:
    with db.write() as conn:
        enqueue(conn, NewJob("tests.noop", "tests"))
    refresh_planner(db)
    known = "SELECT count(*) FROM sqlite_stat1 WHERE idx = 'ix_jobs_queued'" if db.is_sqlite else "SELECT 1"
    with db.read() as conn:
        assert conn.execute(sa.text(known)).scalar_one() == 1
