"""A database and a broker of its own for each cluster, and the tasks of this room."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.brokers import Broker
from tests.support.databases import migrate, new_postgres
from tests.support.rabbitmq import RabbitMQ, rabbitmq_missing, rabbitmq_server
from tests.transport.cluster import Cluster

_ENTRY_POINT = "[personal_assistant.tasks]\ntests = transport_work\n"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    """A RabbitMQ server. Where it is not installed its tests are skipped; in continuous integration they fail."""
    if missing := rabbitmq_missing():
        tell = pytest.fail if "CI" in os.environ else pytest.skip
        tell(missing)
    with rabbitmq_server() as server:
        yield server


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Broker:
    """Valkey, or the kind that a test names (`BOTH_BROKERS`)."""
    broker: Broker = request.getfixturevalue(getattr(request, "param", "valkey"))
    return broker


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that Python takes for one with an installed package, which registers the tasks of this room."""
    folder = tmp_path_factory.mktemp("modules")
    shutil.copy(Path(__file__).with_name("transport_work.py"), folder)
    described = folder / "tests_tasks-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: tests-tasks\nVersion: 1\n")
    (described / "entry_points.txt").write_text(_ENTRY_POINT)
    return folder


@contextmanager
def new_cluster(folder: Path, postgres: str, broker: Broker, modules: Path) -> Iterator[Cluster]:
    with new_postgres(postgres) as url:
        migrate(url)
        if isinstance(broker, RabbitMQ):
            broker.clear()  # it has no key prefixes to keep clusters apart
        cluster = Cluster(folder, url, broker, modules)
        try:
            yield cluster
        finally:
            cluster.close()


@pytest.fixture
def cluster(
    tmp_path_factory: pytest.TempPathFactory, postgres: str, broker: Broker, modules: Path
) -> Iterator[Cluster]:
    """One in which no process runs yet; those that the test starts are killed after it."""
    with new_cluster(tmp_path_factory.mktemp(f"cluster{next(_numbers)}"), postgres, broker, modules) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, postgres: str, broker: Broker, modules: Path
) -> Iterator[Cluster]:
    """One for the tests of a module together, with a beat and a worker on threads."""
    with new_cluster(tmp_path_factory.mktemp(f"cluster{next(_numbers)}"), postgres, broker, modules) as cluster:
        cluster.start("beat", "threads")
        yield cluster
