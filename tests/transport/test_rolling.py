"""Restarting one worker after the other while jobs come in."""

import itertools
import threading

from tests.transport.cluster import Cluster


def test_a_rolling_restart_loses_and_repeats_nothing(cluster: Cluster) -> None:
    _, *workers = cluster.start("beat", "threads", "threads", "threads", slots=2)
    written: list[str] = []
    texts: list[str] = []
    enough = threading.Event()

    def produce() -> None:
        for number in itertools.count():
            written.append(cluster.add("tests.once", f"o{number}"))
            texts.append(f"o{number}")
            if enough.wait(0.1):
                return

    producer = threading.Thread(target=produce)
    producer.start()
    try:
        for position, worker in enumerate(workers):
            consuming = {it.name for it in cluster.workers() if it.runs and not it.draining}
            assert len(consuming) == 3
            before = len(cluster.marks("once"))
            if position % 2:
                name = next(it.name for it in cluster.workers() if it.pid == worker.process.pid)
                cluster.call("drain", name)
                assert worker.process.wait(30) == 0
            else:
                assert worker.end() == 0
            # The two others go on meanwhile.
            cluster.until(lambda: len(cluster.marks("once")) > before)  # noqa: B023
            cluster.start("threads", slots=2)
    finally:
        enough.set()
        producer.join()
    assert {job.state for job in cluster.ended(*written)} == {"succeeded"}
    assert sorted(cluster.marks("once")) == sorted(texts)
