"""A queue that nobody takes, and a worker that rests, are told."""

import json

from tests.transport.cluster import Cluster


def test_a_queue_that_no_worker_takes_is_named(cluster: Cluster) -> None:
    cluster.start("beat", "threads")
    long_ago = cluster.runtime.clock.now().replace(year=2020)
    for number in range(2):
        cluster.add("tests.add", number, queue="my_own", run_at=long_ago)
    findings = [it for it in json.loads(cluster.run("doctor", "--json").stdout) if it["check"] == "queues"]
    assert [(it["level"], it["message"]) for it in findings] == [
        ("warning", "No worker takes the queue my_own (2 job(s)).")
    ]
    assert "Start one with `assistant worker --queues my_own`." in cluster.run("doctor").stdout


def test_a_resting_worker_is_told_of_by_its_name_and_by_who_needs_it(cluster: Cluster) -> None:
    cluster.start("beat", "prefork", slots=2)
    [name] = {worker.name for worker in cluster.workers() if worker.runs}
    assert f"Alive: {name} (2 processes)." in cluster.run("doctor").stdout
    cluster.run("drain", "--all", "--keep")
    assert cluster.run("status", "--worker", name).stdout == f"✅ {name} is alive and rests; it takes no new jobs.\n"
    assert "All workers rest: no job runs." in cluster.run("doctor").stdout
    assert "all workers rest" in cluster.run("jobs", "run", "test_scheduler_connection").stderr
    cluster.run("drain", "--all", "--undo")
    assert "rests" not in cluster.run("status", "--worker", name).stdout
    assert "was not resting" in cluster.run("drain", name, "--undo").stdout
