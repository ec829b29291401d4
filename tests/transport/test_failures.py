"""Ways in which Celery is known to fail in production, each harmless here. Others are in the tests beside this."""

import os
import signal
import sys

import psutil
import pytest
from tests.transport.cluster import Cluster, Program
from tests.transport.test_main_path import stranger


def start_prefork(cluster: Cluster, *options: str) -> Program:
    command = [sys.executable, "-m", "celery", "-A", "personal_assistant.workers.celery_app", "worker", "-P", "prefork"]
    worker = cluster.launch([*command, "-Q", "tests", "-l", "INFO", "--without-mingle", *options])
    cluster.until(lambda: "ready." in worker.log, worker)
    return worker


def test_a_message_redelivered_while_its_job_runs_does_nothing(running: Cluster) -> None:
    # As after the visibility timeout: the message comes again, and the job is not over.
    job_id = running.add("tests.block", "visible")
    running.until(lambda: running.marks("visible") == [job_id])
    for _ in range(3):
        stranger(running).send_task("personal_assistant.run_jobs", ("tests.block", [job_id]), queue="tests")
    running.ended(running.add("tests.add", 1))
    (running.folder / "visible.go").touch()
    [job] = running.ended(job_id)
    assert (job.state, job.attempt, running.marks("visible")) == ("succeeded", 1, [job_id])


def test_a_lost_binding_costs_no_job(running: Cluster) -> None:
    client = running.valkey.client
    bindings = list(client.scan_iter(f"{running.prefix}_kombu.binding.*"))
    assert bindings
    client.delete(*bindings)
    assert running.ended(running.add("tests.add", 1))[0].result == 2


def test_cancelling_is_a_column(running: Cluster) -> None:
    plain, waits = running.add("tests.block", "c"), running.add("tests.twice", 1, 60.0)
    later = running.add("tests.add", 1, run_at=running.runtime.clock.now().replace(year=2099))
    running.until(lambda: running.marks("c") == [plain] and running.job(waits).state == "running")
    for job_id in (plain, waits, later):
        running.call("jobs", "cancel", job_id)
    assert {job.state for job in running.ended(plain, waits, later)} == {"cancelled"}


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_another_program_revokes_jobs(cluster: Cluster, pool: str) -> None:
    cluster.start("beat", pool, slots=2)
    waits, runs, last = cluster.add("tests.add", 1, queue="nobody"), *(cluster.add("tests.block", "r") for _ in "12")
    cluster.until(lambda: sorted(cluster.marks("r")) == sorted([runs, last]))
    stranger(cluster).control.revoke([waits, runs], terminate=True)
    assert {job.state for job in cluster.ended(waits, runs)} == {"cancelled"}
    assert cluster.job(last).state == "running"
    done = cluster.celery("control", "terminate", "TERM", last)
    assert f"jobs are being cancelled: {last}" in done.stdout, done.stderr
    assert cluster.ended(last)[0].state == "cancelled"
    assert cluster.ended(cluster.add("tests.add", 1))[0].result == 2


def test_a_job_that_is_cancelled_in_the_queue_is_not_begun(cluster: Cluster) -> None:
    cluster.start("beat")
    cancelled = cluster.add("tests.note", "cancelled")
    cluster.until(lambda: cluster.waiting() == 1)
    cluster.call("jobs", "cancel", cancelled)
    cluster.start("threads", slots=1)
    cluster.ended(cluster.add("tests.add", 1))
    assert cluster.marks("notes") == []


def test_what_is_more_urgent_overtakes_what_waits_at_the_broker(cluster: Cluster) -> None:
    low = [cluster.add("tests.once", f"low{number}") for number in range(300)]
    cluster.start("beat")
    cluster.until(lambda: cluster.waiting() == 100)
    urgent = cluster.add("tests.once", "urgent", priority=9)
    cluster.start("threads", slots=2)
    cluster.ended(urgent)
    # At most a hundred messages of the others were out before it, and half as many went with it.
    assert len(cluster.marks("once")) < 200
    assert cluster.open(low) > 0


def test_a_killed_child_costs_no_job(cluster: Cluster) -> None:
    cluster.start("beat")
    worker = start_prefork(cluster, "-c", "1")
    cut_off = cluster.add("tests.block", "hold", max_attempts=3)
    cluster.until(lambda: cluster.marks("hold") == [cut_off])
    [child] = [it.pid for it in cluster.workers() if it.runs]
    os.kill(child, signal.SIGKILL)
    (cluster.folder / "hold.go").touch()
    [again] = cluster.ended(cut_off)
    assert (again.state, again.attempt) == ("succeeded", 2)
    assert worker.process.poll() is None


def test_children_are_replaced_and_share_no_connection(cluster: Cluster) -> None:
    cluster.start("beat")
    worker = start_prefork(cluster, "-c", "1", "--max-tasks-per-child", "2")
    pids = [cluster.ended(cluster.add("tests.note", f"n{number}"))[0].result for number in range(5)]
    assert len(set(pids)) >= 3
    assert worker.process.pid not in pids
    # The parent has no connection to the database that a child could inherit.
    folder = str(cluster.runtime.db.url.query["host"])
    held = psutil.Process(worker.process.pid).net_connections("unix")
    assert [it for it in held if folder in f"{it.laddr}{it.raddr}"] == []
    assert sorted(cluster.marks("notes")) == [f"n{number}" for number in range(5)]
