"""Told to end, a worker and a scheduler end within `drain_seconds` and a little more, whatever is away."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.databases import migrate, new_postgres
from tests.support.postgres import postgres_server
from tests.support.valkey import Valkey, valkey_server
from tests.transport.cluster import Cluster
from tests.transport.conftest import new_cluster

# Beyond `drain_seconds`, on a loaded machine: what is cut off has two seconds, and taking leave three.
MARGIN = 10.0
DRAIN = 2.0


@pytest.fixture
def alone(tmp_path: Path, modules: Path) -> Iterator[Cluster]:
    """A cluster whose servers are its own, to be stopped."""
    with (
        postgres_server() as postgres,
        valkey_server() as valkey,
        new_cluster(tmp_path, postgres, valkey, modules) as it,
    ):
        it.environment["ASSISTANT_DRAIN_SECONDS"] = str(DRAIN)
        yield it


def test_without_database_and_broker_everything_ends_in_time(alone: Cluster) -> None:
    programs = alone.start("beat", "threads", "prefork", slots=1)
    alone.ended(alone.add("tests.add", 1))
    alone.valkey.stop()
    alone.stop_database()
    alone.until(lambda: "nothing is done for now" in programs[1].log)
    started = time.monotonic()
    for program in programs:
        program.process.send_signal(signal.SIGTERM)
    for program in programs:
        program.process.wait(60)
        print(time.monotonic() - started)
    for it in programs:
        print(it.log[-2500:])
    assert time.monotonic() - started < DRAIN + MARGIN
