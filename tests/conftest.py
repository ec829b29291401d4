"""What every test can ask for: a migrated database (SQLite and PostgreSQL), a clock that stands still, a runtime."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from tests.support.databases import START, ReusedDatabase, copy_sqlite, migrate, new_postgres
from tests.support.ledger import Ledger
from tests.support.postgres import postgres_server
from tests.support.valkey import Valkey, valkey_server

from personal_assistant.settings import Settings
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime, open_database

hypothesis_settings.register_profile("here", deadline=None, max_examples=50)
hypothesis_settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True)
hypothesis_settings.load_profile("ci" if "CI" in os.environ else "here")


def pytest_configure(config: pytest.Config) -> None:
    """Forget the settings of whoever runs the tests, and keep the tests away from their data."""
    del config
    for name in list(os.environ):
        if name.startswith("ASSISTANT_") or name in ("DATABASE_URL", "CELERY_BROKER_URL", "REDIS_URL"):
            del os.environ[name]
    os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_DATA_HOME"] = "/nonexistent"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server: the URL of its databases, with `{}` for the name. Fails where it cannot be started."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_database(postgres: str) -> ReusedDatabase:
    """A migrated PostgreSQL database that is emptied for every test."""
    return ReusedDatabase(postgres)


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """A Valkey server. Fails where it cannot be started."""
    with valkey_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, on each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with new_postgres(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database that has an owner, on each kind in turn."""
    if request.param == "sqlite":
        yield copy_sqlite(request.getfixturevalue("sqlite_template"), tmp_path / "assistant.db")
        return
    database: ReusedDatabase = request.getfixturevalue("postgres_database")
    yield database.take()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of that database, with the data directory in the test's own folder."""
    return Settings(_env_file=None, data_dir=tmp_path, database_url=database_url)  # type: ignore[call-arg]


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    """A migrated database with an owner, on each kind in turn; wired to wake those that listen."""
    database = open_database(settings)
    yield database
    database.close()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at noon UTC of 2 June 2026 until it is moved."""
    return ManualClock(START)


@pytest.fixture
def runtime(settings: Settings, db: Database, clock: ManualClock) -> Runtime:
    """Settings, database and clock of the test."""
    return Runtime(settings, db, clock)


@pytest.fixture
def ledger(db: Database, clock: ManualClock) -> Ledger:
    """The ledger of the test's database, on each kind in turn."""
    return Ledger(db, clock)
