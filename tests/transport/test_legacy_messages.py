"""Messages as programs written for the earlier scheduler send them: a plain Celery application, nothing of ours."""

import json
import subprocess
import sys
import time
from typing import Any

import pytest
import sqlalchemy as sa
from tests.transport.cluster import Cluster

from personal_assistant.store.people import find_owner
from personal_assistant.store.tables import ai_tasks

# What the producer is told on its command line: broker, key prefix, result backend, protocol, and what to send.
_PRODUCER = """
import json, sys
from celery import Celery
broker, prefix, protocol, sent = sys.argv[1:5]
app = Celery(broker=broker, backend=broker)
app.conf.update(broker_transport_options={"global_keyprefix": prefix}, task_protocol=int(protocol))
ids = []
for name, options in json.loads(sent):
    task = "personal_assistant.workers.tasks.ai_tasks." + name
    result = app.send_task(task, **options)
    ids.append(result.id)
assert "personal_assistant" not in sys.modules
print(json.dumps([ids, result.state]))
"""


def produce(cluster: Cluster, protocol: int, *sent: tuple[str, dict[str, Any]]) -> tuple[list[str], str]:
    """Send; the ids, and what the last one's result says to the producer."""
    arguments = [cluster.valkey.url, cluster.prefix, str(protocol), json.dumps(sent)]
    command = [sys.executable, "-c", _PRODUCER, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cluster.folder)
    assert done.returncode == 0, done.stderr
    ids, state = json.loads(done.stdout)
    cluster.until(lambda: all(cluster.known(job_id) for job_id in ids))
    return ids, state


def reminders(cluster: Cluster) -> dict[str, Any]:
    """By title."""
    with cluster.runtime.db.read() as conn:
        return {row.title: row for row in conn.execute(sa.select(ai_tasks))}


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize("queue", [{}, {"queue": "ai_tasks"}], ids=["default queue", "ai_tasks"])
def test_they_do_what_they_did(running: Cluster, protocol: int, queue: dict[str, str]) -> None:
    with running.runtime.db.read() as conn:
        owner = find_owner(conn)
    assert owner is not None
    label = f"{protocol} {queue}"
    positional = [owner.id, f"P {label}", "2099-06-01T06:00:00", "About Sunday", ["in_app"]]
    named = {"user_id": owner.id, "title": f"N {label}", "remind_at": "in 2 hours"}
    ids, state = produce(
        running,
        protocol,
        ("process_due_ai_tasks", queue),
        ("create_ai_reminder", {"args": positional, **queue}),
        ("create_ai_reminder", {"kwargs": named, **queue}),
        ("test_scheduler_connection", queue),
        ("cleanup_old_logs", queue),
    )
    done = running.ended(*ids)
    assert [job.state for job in done] == ["succeeded"] * 5, running.errors()
    due, first, second, connection, cleaned = (job.result for job in done)
    assert due.keys() == {"dispatched"}
    assert first.startswith(f"✅ Scheduled: P {label}")
    assert second.startswith(f"✅ Scheduled: N {label}")
    assert connection["ok"]
    assert set(cleaned) == {"jobs_counted", "jobs_removed", "answers_removed", "undos_removed", "samples_removed"}
    made = reminders(running)
    assert made[f"P {label}"].description == "About Sunday"
    assert made[f"N {label}"].user_id == owner.id
    # The producer has a result store of its own, which nobody writes to: results are in the ledger.
    assert state == "PENDING"


@pytest.mark.parametrize("protocol", [1, 2])
def test_what_is_to_come_later_waits_in_the_ledger(running: Cluster, protocol: int) -> None:
    later, soon = {"countdown": 3600}, {"countdown": 1.5}
    sent = time.time()
    ids, _ = produce(running, protocol, ("process_due_ai_tasks", later), ("process_due_ai_tasks", soon))
    waits, comes = ids
    job = running.job(waits)
    assert job.state == "scheduled"
    assert 3590 < job.run_at.timestamp() - sent < 3660
    [done] = running.ended(comes)
    assert done.started_at is not None
    assert done.started_at >= done.run_at
    # No message is held back for it: nothing is unacknowledged at the broker.
    running.until(lambda: not running.valkey.client.hlen(f"{running.prefix}unacked"))


def test_a_message_that_makes_no_sense_stops_nobody(running: Cluster) -> None:
    [wrong], _ = produce(running, 2, ("create_ai_reminder", {"args": [1]}))
    assert running.ended(wrong)[0].state == "failed"
    assert running.ended(running.add("tests.add", 1))[0].result == 2
