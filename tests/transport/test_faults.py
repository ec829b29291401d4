"""Whatever dies or hangs, no job is lost and none is done twice."""

import sys
import time

import pytest
from tests.transport.cluster import BOTH_BROKERS, Cluster

_POOLS = [("valkey", "threads"), ("valkey", "prefork"), ("rabbitmq", "threads"), ("rabbitmq", "prefork")]


@pytest.mark.parametrize(("broker", "pool"), _POOLS, indirect=["broker"])
def test_the_job_of_a_killed_worker_runs_again(cluster: Cluster, pool: str) -> None:
    _, first = cluster.start("beat", pool, slots=1)
    [sums] = [[cluster.add("tests.add", number) for number in range(20)]]
    cluster.ended(*sums)
    cut_off = cluster.add("tests.block", "hold", max_attempts=3)
    cluster.until(lambda: cluster.marks("hold") == [cut_off])
    behind = cluster.add("tests.add", 7)
    first.kill()
    (cluster.folder / "hold.go").touch()
    cluster.start(pool, slots=1)
    again, after = cluster.ended(cut_off, behind)
    assert (again.state, again.attempt, cluster.marks("hold")) == ("succeeded", 2, [cut_off, cut_off])
    assert after.result == 8


@BOTH_BROKERS
def test_a_broker_that_lost_everything_costs_no_job(cluster: Cluster) -> None:
    cluster.start("beat")
    noted = [cluster.add("tests.note", f"n{number}") for number in range(50)]
    cluster.until(lambda: cluster.waiting() > 0)
    cluster.broker.restart()
    cluster.start("threads")
    cluster.ended(*noted)
    assert sorted(cluster.marks("notes")) == sorted(f"n{number}" for number in range(50))
    cluster.broker.clear()
    assert cluster.ended(cluster.add("tests.add", 1))[0].result == 2


def test_lost_messages_are_sent_again_though_the_broker_was_away_when_it_was_asked_for_them(cluster: Cluster) -> None:
    [beat] = cluster.start("beat")
    noted = [cluster.add("tests.note", f"n{number}") for number in range(5)]
    # Not in the first moments, in which what has just been sent may be sent once more.
    cluster.until(lambda: cluster.told_of(noted, since=0.4) == 5)
    cluster.valkey.kill()
    cluster.until(lambda: "does not say which messages were lost" in beat.log)
    cluster.valkey.forget()
    cluster.valkey.start()
    cluster.until(lambda: cluster.waiting() >= 5)
    cluster.start("threads")
    cluster.ended(*noted)
    assert sorted(cluster.marks("notes")) == [f"n{number}" for number in range(5)]


@BOTH_BROKERS
def test_a_queue_that_was_taken_away_is_noticed_by_those_who_publish(cluster: Cluster) -> None:
    cluster.start("beat")
    cluster.add("tests.note", "before")
    cluster.until(lambda: cluster.waiting() > 0)
    cluster.broker.clear()
    cluster.add("tests.note", "after")
    cluster.until(lambda: cluster.waiting() > 0)


@BOTH_BROKERS
def test_a_frozen_broker_holds_nobody_up(cluster: Cluster) -> None:
    cluster.start("beat", "threads")
    cluster.ended(cluster.add("tests.add", 1))
    started = time.monotonic()
    cluster.call("jobs", "run", "tests.add", "--kwargs", '{"first": 1}')
    usual = time.monotonic() - started
    with cluster.broker.frozen():
        started = time.monotonic()
        accepted = [cluster.add("tests.note", f"f{number}") for number in range(20)]
        reminder = cluster.call("jobs", "run", "tests.add", "--kwargs", '{"first": 1}')
        took = time.monotonic() - started
        # Long enough for time-outs to strike.
        cluster.until(lambda: "does not take messages" in cluster.programs[0].log)
    assert took < usual + 10
    cluster.ended(*accepted, reminder["job_id"])
    assert sorted(cluster.marks("notes")) == sorted(f"f{number}" for number in range(20)), cluster.errors()


def test_two_beats_fire_once(cluster: Cluster) -> None:
    _, second, _ = cluster.start("beat", "beat", "threads")
    for number in range(5):
        cluster.call("remind", f"r{number} in 3 seconds")
    noted = [cluster.add("tests.note", f"b{number}") for number in range(200)]
    cluster.ended(*noted)
    cluster.until(lambda: len(cluster.call("notifications", "list")) == 5)
    assert sorted(cluster.marks("notes")) == sorted(f"b{number}" for number in range(200))
    assert second.end() == 0
    assert cluster.ended(cluster.add("tests.add", 1))[0].result == 2


@pytest.mark.parametrize(("broker", "pool"), _POOLS, indirect=["broker"])
def test_a_worker_that_is_told_to_end_drains(cluster: Cluster, pool: str) -> None:
    _, worker = cluster.start("beat", pool, slots=1)
    running = cluster.add("tests.block", "hold")
    cluster.until(lambda: cluster.marks("hold") == [running])
    waits = [cluster.add("tests.block", "never") for _ in range(3)]
    # A child process may have one of them already.
    cluster.until(lambda: cluster.waiting() >= 2)
    worker.process.terminate()
    cluster.until(lambda: "shutdown" in worker.log)
    (cluster.folder / "hold.go").touch()
    assert worker.process.wait(30) == 0
    assert [job.state for job in cluster.ended(running)] == ["succeeded"]
    assert {cluster.job(job_id).state for job_id in waits} == {"queued"}
    assert cluster.marks("never") == []


def test_without_a_broker_a_sentence_says_what_to_do(cluster: Cluster) -> None:
    command = [sys.executable, "-m", "celery", "-A", "personal_assistant.workers.celery_app"]
    worker = cluster.launch([*command, "worker"], CELERY_BROKER_URL="", ASSISTANT_BROKER_URL="")
    beat = cluster.launch([*command, "beat"], CELERY_BROKER_URL="", ASSISTANT_BROKER_URL="")
    for program in (worker, beat):
        assert program.process.wait(60) == 1
        assert "There is no broker: set CELERY_BROKER_URL" in program.log
        assert "Traceback" not in program.log
