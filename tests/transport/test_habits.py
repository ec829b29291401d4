"""What people who know Celery type works, and costs no job."""

import json
import subprocess

import pytest
from tests.transport.cluster import Cluster, Program


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
