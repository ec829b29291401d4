"""Told to end, a worker and a scheduler end within `drain_seconds` and a little more, whatever is away."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.support.databases import migrate
from tests.support.postgres import postgres_server
from tests.support.valkey import valkey_server
from tests.transport.cluster import Cluster, Program

# Beyond `drain_seconds`, on a loaded machine: what is cut off has two seconds, taking leave and Celery some more.
MARGIN = 13.0
DRAIN = 1.0


@pytest.fixture
def alone(tmp_path: Path, modules: Path) -> Iterator[Cluster]:
    """A cluster whose servers are its own, to be stopped."""
    with postgres_server() as postgres, valkey_server() as valkey:
        url = postgres.format("postgres")
        migrate(url)
        cluster = Cluster(tmp_path, url, valkey, modules)
        cluster.environment["ASSISTANT_DRAIN_SECONDS"] = str(DRAIN)
        try:
            yield cluster
        finally:
            cluster.close()


def end_all(programs: list[Program]) -> float:
    """Tell them together to end; returns after how many seconds the last one has."""
    started = time.monotonic()
    for program in programs:
        program.process.send_signal(signal.SIGTERM)
    for program in programs:
        assert program.process.wait(60) == 0, program.log
    return time.monotonic() - started


def test_without_database_and_broker_everything_ends_in_time(alone: Cluster) -> None:
    programs = alone.start("beat", "threads", "prefork", slots=1)
    alone.ended(alone.add("tests.add", 1))
    alone.valkey.kill()
    os.kill(alone.database_process(), signal.SIGQUIT)
    for program in programs:
        alone.until(lambda: "nothing is done for now" in program.log)  # noqa: B023
    assert end_all(programs) < DRAIN + MARGIN
    assert not any("Traceback" in program.log for program in programs), [program.log for program in programs]


def test_beside_a_database_and_a_broker_that_hang_everything_ends_in_time(alone: Cluster) -> None:
    programs = alone.start("beat", "threads", "prefork", slots=1)
    alone.ended(alone.add("tests.add", 1))
    server = psutil.Process(alone.database_process())
    frozen = [server, *server.children()]
    with alone.valkey.frozen():
        for process in frozen:
            process.suspend()
        try:
            assert end_all(programs) < DRAIN + MARGIN
        finally:
            for process in frozen:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_job_that_does_not_listen_is_given_back(cluster: Cluster, pool: str) -> None:
    cluster.environment["ASSISTANT_DRAIN_SECONDS"] = str(DRAIN)
    [worker] = cluster.start(pool, slots=2)
    cluster.start("beat")
    deaf, listens = cluster.add("tests.deaf", "deaf", 50.0), cluster.add("tests.block", "listens", 50.0)
    cluster.until(lambda: bool(cluster.marks("deaf") and cluster.marks("listens")))
    assert end_all([worker]) < DRAIN + MARGIN
    for job_id in (deaf, listens):
        job = cluster.job(job_id)
        assert (job.state, job.error_kind, job.error) == ("queued", "interrupted", "It was cut off by a shutdown.")


def test_after_a_child_was_replaced_the_others_hear_of_the_end(cluster: Cluster) -> None:
    cluster.environment["ASSISTANT_DRAIN_SECONDS"] = str(DRAIN)
    [worker] = cluster.start("prefork", slots=2)
    cluster.start("beat")
    children = {it.pid for it in cluster.workers() if it.runs}
    assert len(children) == 2
    os.kill(min(children), signal.SIGKILL)
    cluster.until(lambda: len({it.pid for it in cluster.workers() if it.runs} - {min(children)}) == 2)
    held = [cluster.add("tests.block", "hold", 50.0) for _ in range(2)]
    cluster.until(lambda: sorted(cluster.marks("hold")) == sorted(held))
    assert end_all([worker]) < DRAIN + MARGIN
    assert "did not end by itself" not in worker.log
    assert {(job.state, job.error) for job in map(cluster.job, held)} == {("queued", "It was cut off by a shutdown.")}
