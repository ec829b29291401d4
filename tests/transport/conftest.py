"""A database and a broker of its own for each cluster, and the tasks of this room."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.databases import migrate, new_postgres
from tests.support.valkey import Valkey
from tests.transport.cluster import Cluster

_ENTRY_POINT = "[personal_assistant.tasks]\ntests = transport_work\n"
_numbers = itertools.count(1)


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
def new_cluster(folder: Path, postgres: str, valkey: Valkey, modules: Path) -> Iterator[Cluster]:
    with new_postgres(postgres) as url:
        migrate(url)
        cluster = Cluster(folder, url, valkey, modules)
        try:
            yield cluster
        finally:
            cluster.close()


@pytest.fixture
def cluster(
    tmp_path_factory: pytest.TempPathFactory, postgres: str, valkey: Valkey, modules: Path
) -> Iterator[Cluster]:
    """One in which no process runs yet; those that the test starts are killed after it."""
    with new_cluster(tmp_path_factory.mktemp(f"cluster{next(_numbers)}"), postgres, valkey, modules) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, postgres: str, valkey: Valkey, modules: Path
) -> Iterator[Cluster]:
    """One for the tests of a module together, with a beat and a worker on threads."""
    with new_cluster(tmp_path_factory.mktemp(f"cluster{next(_numbers)}"), postgres, valkey, modules) as cluster:
        cluster.start("beat", "threads")
        yield cluster
