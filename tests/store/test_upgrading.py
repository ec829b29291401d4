"""A database of an earlier version, with what is in it, becomes one of this version."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from tests.support.databases import START

from personal_assistant.jobs.claim import claim, ready
from personal_assistant.jobs.queries import get_job
from personal_assistant.jobs.turns import Turns
from personal_assistant.store import migrations
from personal_assistant.store.database import Database
from personal_assistant.store.schema import upgrade
from personal_assistant.store.types import UTCDateTime

_ROW = """
    INSERT INTO jobs (id, task, queue, args, state, priority, run_at, attempt, max_attempts, at_most_once, worker_id,
                      created_at, started_at, finished_at)
    VALUES (:id, 'work', 'tests', '[[], {}]', :state, 0, :at, :attempt, 3, false, :worker, :at, :begun, :ended)
"""


def at_revision(db: Database, revision: str) -> None:
    """Make the tables as they were."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    with db.write() as conn:
        config.attributes.update(connection=conn, version_table="alembic_version")
        command.upgrade(config, revision)


def test_jobs_of_the_version_before_go_on(empty_url: str) -> None:
    db = Database(empty_url)
    at_revision(db, "0002")
    insert = sa.text(_ROW).bindparams(*(sa.bindparam(name, type_=UTCDateTime()) for name in ("at", "begun", "ended")))
    with db.write() as conn:
        for job_id, state in (("waits", "queued"), ("runs", "running"), ("ended", "succeeded")):
            began = state != "queued"
            row = {"id": job_id, "state": state, "at": START, "attempt": int(began), "worker": "old" if began else None}
            begun, ended = START if began else None, START if state == "succeeded" else None
            conn.execute(insert, {**row, "begun": begun, "ended": ended})
    assert upgrade(db).pending == ("0003", "0004")
    with db.write() as conn:
        found = ready(conn, ["work"], 10, Turns())
        assert found == [("waits", "work", 0)]
        [job] = claim(conn, "new", ["waits"], START)
        assert job.concurrency_key is None
        assert get_job(conn, "waits").host is not None
        assert (get_job(conn, "runs").state, get_job(conn, "ended").host) == ("running", None)
    db.close()
