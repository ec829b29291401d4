"""A database of an earlier version, with what is in it, becomes one of this version."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from tests.support.databases import START

from personal_assistant.jobs.claim import claim, ready
from personal_assistant.jobs.queries import get_job
from personal_assistant.jobs.turns import Turns
from personal_assistant.notifications.inbox import list_notifications
from personal_assistant.store import migrations
from personal_assistant.store.database import Database
from personal_assistant.store.people import create_owner
from personal_assistant.store.schema import upgrade
from personal_assistant.store.tables import deliveries
from personal_assistant.store.types import UTCDateTime

_ROW = """
    INSERT INTO jobs (id, task, queue, args, state, priority, run_at, attempt, max_attempts, at_most_once, worker_id,
                      created_at, started_at, finished_at)
    VALUES (:id, 'work', 'tests', '[[], {}]', :state, 0, :at, :attempt, 3, false, :worker, :at, :begun, :ended)
"""


# As a process of revision 0004 writes it.
_DELIVERY = """
    INSERT INTO deliveries (key, user_id, job_id, ai_task_id, kind, channel, state, title, body, error, due_at,
                            created_at, sent_at)
    VALUES (:key, 1, NULL, NULL, 'reminder', :channel, :state, 'Stretch', NULL, NULL, NULL, :at, :sent)
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
    assert upgrade(db).pending == ("0003", "0004", "0005", "0006", "0007", "0008", "0009")
    with db.write() as conn:
        found = ready(conn, ["work"], 10, Turns())
        assert found == [("waits", "work", 0)]
        [job] = claim(conn, "new", ["waits"], START)
        assert job.concurrency_key is None
        assert get_job(conn, "waits").host is not None
        assert (get_job(conn, "runs").state, get_job(conn, "ended").host) == ("running", None)
    db.close()


def test_messages_of_the_version_before_stay_and_its_processes_go_on_writing_them(empty_url: str) -> None:
    db = Database(empty_url)
    at_revision(db, "0004")
    with db.write() as conn:
        create_owner(conn, name="Ada", zone="UTC", now=START)
        old_insert(conn, "before")
    assert upgrade(db).pending == ("0005", "0006", "0007", "0008", "0009")
    with db.write() as conn:
        old_insert(conn, "after")
        listed = list_notifications(conn, 1)
        assert [it.title for it in listed] == ["Stretch", "Stretch"]
        rows = conn.execute(sa.select(deliveries).order_by(deliveries.c.id)).all()
        assert [(row.attempts, row.repeats, row.urgent, row.message_id) for row in rows] == [(0, 0, False, None)] * 4
    db.close()


def old_insert(conn: sa.Connection, key: str) -> None:
    insert = sa.text(_DELIVERY).bindparams(*(sa.bindparam(name, type_=UTCDateTime()) for name in ("at", "sent")))
    for channel, state, sent in (("in_app", "sent", START), ("email", "failed", None)):
        conn.execute(insert, {"key": f"{key}:{channel}", "channel": channel, "state": state, "at": START, "sent": sent})
