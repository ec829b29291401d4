"""Whether a worker is alive and consumes, and having it take no more jobs."""

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest
from tests.support.proxy import Proxy
from tests.transport.cluster import Cluster, Program

from personal_assistant.jobs.draining import Told, tell


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    """The way of the cluster's workers to the broker."""
    proxy = Proxy(cluster.valkey.port)
    yield proxy
    proxy.close()


def start_behind(cluster: Cluster, proxy: Proxy, pool: str) -> Program:
    direct = cluster.environment["CELERY_BROKER_URL"]
    cluster.environment["CELERY_BROKER_URL"] = cluster.valkey.url_by_port(proxy.port)
    [worker] = cluster.start(pool, slots=1)
    cluster.environment["CELERY_BROKER_URL"] = direct
    return worker


def name_of(cluster: Cluster) -> str:
    cluster.until(lambda: any(worker.runs for worker in cluster.workers()))
    [name] = {worker.name for worker in cluster.workers() if worker.runs}
    return name


def silence(cluster: Cluster) -> float:
    """For how many seconds the broker has not reached the worker; more than twice the lease of three is too long."""
    heard = [worker.heard_at.timestamp() for worker in cluster.workers() if worker.heard_at is not None]
    return time.time() - min(heard)


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_worker_whose_connection_is_cut_goes_on(cluster: Cluster, proxy: Proxy, pool: str) -> None:
    start_behind(cluster, proxy, pool)
    cluster.start("beat")
    for number in range(3):
        assert cluster.ended(cluster.add("tests.add", number))[0].result == number + 1
        proxy.cut()
    assert cluster.ended(cluster.add("tests.add", 3))[0].result == 4


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_worker_that_no_longer_consumes_is_named(cluster: Cluster, proxy: Proxy, pool: str) -> None:
    start_behind(cluster, proxy, pool)
    cluster.start("beat")
    name = name_of(cluster)
    assert cluster.run("status", "--worker", name).stdout == f"✅ {name} is alive and at work.\n"
    proxy.swallow()
    cluster.until(lambda: silence(cluster) > 7)
    assert cluster.run("status", "--worker", name).returncode == 1
    found = cluster.run("status", "--worker", name).stdout
    assert f"{name} is alive and has not received anything from the broker for" in found
    assert "Restart it" in found
    [finding] = [it for it in json.loads(cluster.run("doctor", "--json").stdout) if it["check"] == "worker"]
    assert name in finding["message"]
    # At most one message waits for a worker that does not take them.
    assert cluster.valkey.client.llen(f"{cluster.prefix}canary.{name}") <= 1


def test_a_worker_with_full_hands_is_at_work(cluster: Cluster) -> None:
    cluster.start("beat", "threads", slots=1)
    name = name_of(cluster)
    running = cluster.add("tests.block", "hold")
    cluster.until(lambda: cluster.marks("hold") == [running])
    cluster.add("tests.block", "hold")
    begun = time.monotonic()
    # Longer than the silence that counts: twice the lease of three seconds.
    cluster.until(lambda: time.monotonic() - begun > 7)
    assert cluster.run("status", "--worker", name).returncode == 0
    (cluster.folder / "hold.go").touch()


def test_a_broker_that_is_away_is_not_the_workers_fault(cluster: Cluster) -> None:
    cluster.start("threads", slots=1)
    name = name_of(cluster)
    cluster.environment["CELERY_BROKER_URL"] = "redis://127.0.0.1:1/0"
    with cluster.valkey.frozen():
        cluster.until(lambda: silence(cluster) > 7)
        looked = cluster.run("status", "--worker", name)
        assert (looked.returncode, "does not answer" in looked.stdout) == (0, True)
        [finding] = [it for it in json.loads(cluster.run("doctor", "--json").stdout) if it["check"] == "broker"]
    assert "127.0.0.1:1/0 does not answer" in finding["message"]


def test_the_dead_are_not_at_work(cluster: Cluster) -> None:
    beat, worker = cluster.start("beat", "threads", slots=1)
    names = {it.runs: it.name for it in cluster.workers()}
    assert all(cluster.run("status", "--worker", name).returncode == 0 for name in names.values())
    for program in (beat, worker):
        program.kill()
    last = max(it.heartbeat_at.timestamp() for it in cluster.workers())
    cluster.until(lambda: time.time() - last > 4)
    for name in names.values():
        assert cluster.run("status", "--worker", name).returncode == 1
        assert "is not alive" in cluster.run("status", "--worker", name).stdout
    nobody = cluster.run("status", "--worker", "nobody")
    assert (nobody.returncode, nobody.stderr.split(".")[0]) == (1, "❌ There is no process of the name nobody")


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_drained_worker_finishes_and_exits(cluster: Cluster, pool: str) -> None:
    _, worker = cluster.start("beat", pool, slots=2)
    name = name_of(cluster)
    running = cluster.add("tests.block", "hold")
    cluster.until(lambda: cluster.marks("hold") == [running])
    with cluster.runtime.db.write() as conn:
        tell(conn, [it.id for it in cluster.workers() if it.runs], Told.EXIT)
    cluster.until(lambda: "Warm shutdown" in worker.log)
    (cluster.folder / "hold.go").touch()
    assert cluster.call("drain", "--all") == {"told": "exit", "not_yet": []}
    assert worker.process.wait(30) == 0
    assert cluster.job(running).state == "succeeded"
    assert not cluster.valkey.client.exists(f"{cluster.prefix}canary.{name}")


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_worker_rests_until_it_is_told_otherwise(cluster: Cluster, pool: str) -> None:
    _, worker = cluster.start("beat", pool, slots=2)
    name = name_of(cluster)
    cluster.ended(cluster.add("tests.add", 1))
    drained = cluster.run("drain", name, "--keep")
    assert (drained.returncode, drained.stdout.splitlines()[-1]) == (0, "✅ Drained."), drained
    waits = cluster.add("tests.note", "rested")
    cluster.until(lambda: cluster.waiting() == 1)
    assert "it takes no new jobs." in cluster.run("status", "--worker", name).stdout
    assert cluster.job(waits).state == "queued"
    cluster.call("drain", name, "--undo")
    cluster.ended(waits)
    assert worker.process.poll() is None


def test_a_worker_is_drained_without_the_broker(cluster: Cluster) -> None:
    [worker] = cluster.start("threads", slots=1)
    with cluster.valkey.frozen():
        cluster.call("drain", "--all")
        assert worker.process.wait(30) == 0


def test_a_child_rests_when_its_worker_does(cluster: Cluster) -> None:
    cluster.start("beat", "prefork", slots=1)
    name = name_of(cluster)
    cluster.ended(cluster.add("tests.add", 1))
    cluster.call("drain", name, "--keep")
    [child] = [it.pid for it in cluster.workers() if it.runs]
    os.kill(child, signal.SIGKILL)
    cluster.until(lambda: [it.draining for it in cluster.workers() if it.runs and it.pid != child] == [True])
    waits = cluster.add("tests.note", "rested")
    cluster.until(lambda: cluster.waiting() == 1)
    cluster.call("drain", name, "--undo")
    cluster.ended(waits)
