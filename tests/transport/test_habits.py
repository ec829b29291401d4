"""What people who know Celery type works, and costs no job."""

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from tests.transport.cluster import Cluster, Program

from personal_assistant.jobs.logs import lines_of
from personal_assistant.workers.transport.life import Life


def answer(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("inspect ping", "pong"),
        ("inspect registered", "tests.add"),
        ("inspect active", "empty"),
        ("inspect stats", "uptime"),
        ("status", "1 node online"),
        ("report", "software -> celery:5.7"),
    ],
)
def test_one_can_look_into_it(running: Cluster, command: str, said: str) -> None:
    assert said in answer(running.celery(*command.split()))


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_what_runs_is_listed_and_what_it_logs_is_kept(cluster: Cluster, pool: str) -> None:
    cluster.start("beat", pool)
    job_id = cluster.add("tests.block", "hold")
    cluster.until(lambda: cluster.marks("hold") == [job_id])
    [listed] = json.loads(answer(cluster.celery("inspect", "active", "--json"))).values()
    assert [(it["id"], it["name"], it["args"]) for it in listed] == [(job_id, "tests.block", ["hold"])]
    (cluster.folder / "hold.go").touch()
    cluster.ended(job_id)
    with cluster.runtime.db.read() as conn:
        assert [it.text for it in lines_of(conn, job_id)] == ["tests: waits for hold"]


@pytest.mark.parametrize(("broker", "pool"), [("valkey", "threads"), ("rabbitmq", "prefork")], indirect=["broker"])
def test_who_listens_hears_of_each_job(cluster: Cluster, pool: str) -> None:
    cluster.start("beat", pool)
    celery = [sys.executable, "-m", "celery", "-A", "personal_assistant.workers.celery_app"]
    listener = cluster.launch([*celery, "events", "--dump"], PYTHONUNBUFFERED="1")
    answer(cluster.celery("control", "enable_events"))
    cluster.until(lambda: "worker-heartbeat" in listener.log or "heartbeat" in listener.log, listener)

    def heard(job_id: str, *kinds: str) -> bool:
        """Whether these events came in this order."""
        lines = [line for line in listener.log.splitlines() if job_id in line]
        return [kind for kind in kinds if any(kind in line for line in lines)] == list(kinds)

    def heard_of_one() -> bool:
        """Events are sent from the moment on that the worker has taken note."""
        job_id = cluster.add("tests.add", 1)
        cluster.ended(job_id)
        return heard(job_id, "succeeded")

    cluster.until(heard_of_one, listener)
    good, bad = cluster.add("tests.add", 1), cluster.add("tests.add", "no number", max_attempts=1)
    cluster.until(lambda: heard(good, "received", "started", "succeeded"), listener)
    cluster.until(lambda: heard(bad, "received", "started", "failed"), listener)
    assert "run_jobs" not in listener.log


def test_where_nobody_listens_no_events_of_jobs_are_made() -> None:
    def listened_to(**enabled: Any) -> bool:
        consumer = SimpleNamespace(event_dispatcher=SimpleNamespace(**enabled))
        life = Life.__new__(Life)
        life._instance = SimpleNamespace(consumer=consumer)
        return life._has_listeners()

    # Celery enables it for heartbeats; with --task-events it has no groups, and remote control adds one.
    assert not listened_to(enabled=True, groups={"worker"})
    assert not listened_to(enabled=False, groups=set())
    assert listened_to(enabled=True, groups=set())
    assert listened_to(enabled=True, groups={"worker", "task"})


def test_call_and_result_go_through_the_ledger(running: Cluster) -> None:
    job_id = answer(running.celery("call", "tests.add", "--args", "[20, 22]")).strip()
    assert running.ended(job_id)[0].result == 42
    assert "42" in answer(running.celery("result", job_id))


def test_purging_costs_no_job(cluster: Cluster) -> None:
    cluster.start("beat")
    noted = [cluster.add("tests.note", f"p{number}") for number in range(30)]
    cluster.until(lambda: cluster.waiting() > 0)
    assert "Purged" in answer(cluster.celery("purge", "-f", "-Q", "tests"))
    cluster.start("threads")
    cluster.ended(*noted)
    assert sorted(cluster.marks("notes")) == sorted(f"p{number}" for number in range(30))


def test_shutdown_by_remote_control_drains(cluster: Cluster) -> None:
    worker: Program
    _, worker = cluster.start("beat", "threads", slots=1)
    running = cluster.add("tests.block", "hold", 1.0)
    cluster.until(lambda: cluster.marks("hold") == [running])
    cluster.celery("control", "shutdown")
    assert worker.process.wait(30) == 0
    assert cluster.job(running).state == "succeeded"
    assert json.loads(cluster.run("status", "--json").stdout)["processes"][0]["schedules"]
