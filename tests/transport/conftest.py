"""A cluster for each test: a database and a broker of its own, and the tasks of this room."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.databases import ReusedDatabase
from tests.support.valkey import Valkey, valkey_server
from tests.transport.cluster import Cluster

_ENTRY_POINT = "[personal_assistant.tasks]\ntests = transport_work\n"


@pytest.fixture(scope="session")
def valkey_of_session() -> Iterator[Valkey]:
    with valkey_server() as server:
        yield server


@pytest.fixture
def valkey(valkey_of_session: Valkey) -> Valkey:
    """An empty server. Fails where it cannot be started."""
    valkey_of_session.client.flushall()
    return valkey_of_session


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that a Python takes for one with an installed package, which registers the tasks of this room."""
    folder = tmp_path_factory.mktemp("modules")
    shutil.copy(Path(__file__).with_name("transport_work.py"), folder)
    described = folder / "tests_tasks-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: tests-tasks\nVersion: 1\n")
    (described / "entry_points.txt").write_text(_ENTRY_POINT)
    return folder


@pytest.fixture
def cluster(tmp_path: Path, postgres_database: ReusedDatabase, valkey: Valkey, modules: Path) -> Iterator[Cluster]:
    """No process runs in it yet; those that the test starts are killed after it."""
    cluster = Cluster(tmp_path, postgres_database.take(), valkey, modules)
    yield cluster
    cluster.close()
